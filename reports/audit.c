/*
 * audit.c - the balance of one day.
 */
#include <inttypes.h>
#include <stdio.h>

#include "common/log.h"
#include "reports/audit.h"
#include "reports/cli.h"

#define EXIT_LATER	75	/* EX_TEMPFAIL */

/* The sum of the messages of all reasons is held against that of the store. */
static int
print_reason(const char *reason, int64_t messages, void *arg)
{
	int64_t *sum = arg;

	*sum += messages;
	(void)printf("  %" PRId64 " withheld: %s\n", messages, reason);
	return 0;
}

static void
print_fate(int64_t messages, const char *fate)
{
	if (messages != 0)
		(void)printf("  %" PRId64 " %s\n", messages, fate);
}

/* The reason is what another host said, made one clean line when it was noted. */
static int
print_failure(const struct store_delivery *d, void *arg)
{
	(void)arg;
	(void)printf("  %s to %s: %s%s\n", d->policy_domain, d->destination,
	    d->reason == NULL ? "no reason is noted" : d->reason,
	    d->state == STORE_DELIVERY_FAILED ? " (waiting)" : "");
	return 0;
}

int
report_audit(struct store *store, const struct report_window *day)
{
	char date[REPORT_DATE_SIZE];
	int64_t reasons = 0, settled;
	struct store_audit a;

	report_window_date(day, date);
	(void)printf("%s:\n", date);
	if (store_audit(store, day->begin, day->end, &a, print_reason, &reasons) != 0 ||
	    store_each_undelivered(store, day->begin, day->end, print_failure, NULL) != 0) {
		log_write(LOG_LEVEL_ERROR, "database: %s", store_error(store));
		return CLI_EXIT_FAILED;
	}
	print_fate(a.not_owed, "not owed: the policy asks for no reports, or there is none");
	print_fate(a.undeliverable, "given up: no destination took the report");
	print_fate(a.waiting, "waiting: no destination has taken the report yet");
	print_fate(a.unreported, "waiting: no report is made yet");
	print_fate(a.told, "told");
	settled = a.told + a.undeliverable + a.withheld + a.not_owed;
	(void)printf("  %" PRId64 " seen\n", a.seen);
	if (settled + a.waiting + a.unreported != a.seen || reasons != a.withheld) {
		log_write(LOG_LEVEL_ERROR, "%s: the numbers do not add up; the database was changed "
		    "by hand, or this is a defect", date);
		return CLI_EXIT_FAILED;
	}
	return settled == a.seen ? CLI_EXIT_OKAY : EXIT_LATER;
}
