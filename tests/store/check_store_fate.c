/*
 * check_store_fate.c - what became of all messages of a window, and what may be removed.
 */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tests/store/storebed.h"
#include "tests/unit/suite.h"

static int
see_reason(const char *reason, int64_t messages, void *arg)
{
	note(arg, "%s=%lld ", reason, (long long)messages);
	return 0;
}

static const char *
audit(void)
{
	static struct seen seen;
	struct store_audit a;

	seen = (struct seen){ .text = "" };
	ck_assert_msg(store_audit(st, T0, T0 + DAY, &a, see_reason, &seen) == 0, "%s",
	    store_error(st));
	note(&seen, "seen=%d told=%d waiting=%d undeliverable=%d withheld=%d unreported=%d "
	    "not_owed=%d", (int)a.seen, (int)a.told, (int)a.waiting, (int)a.undeliverable,
	    (int)a.withheld, (int)a.unreported, (int)a.not_owed);
	ck_assert_int_eq(a.seen, a.told + a.waiting + a.undeliverable + a.withheld +
	    a.unreported + a.not_owed);
	return seen.text;
}

/* Messages of six domains that ask for reports, one that does not, one without a policy. */
static void
add_many(void)
{
	for (int i = 0; i < 20; i++) {
		char lines[128], id[8];

		snprintf(lines, sizeof(lines), "pdomain d%d.example\nfrom d%d.example\n%s", i % 6,
		    i % 6, "rua mailto:r@a.example\n");
		snprintf(id, sizeof(id), "m%d", i);
		add(id, T0 + i, lines);
	}
	add("quiet", T0, "pdomain quiet.example\n");
	add("none", T0, "pdomain none.example\np 0\npolicy 14\n");
	add("elsewhere", T0 + DAY, "rua mailto:r@a.example\n");
}

START_TEST(every_message_is_accounted_for)
{
	static const struct store_delivery d[] = {
		{ .destination = "good@a.example" }, { .destination = "later@a.example" },
		{ .destination = "dead@a.example" },
	};
	struct seen seen = { .text = "" };
	struct store_claim claim;
	enum store_claimed how;

	add_many();
	ck_assert_str_eq(audit(), "seen=22 told=0 waiting=0 undeliverable=0 withheld=0 "
	    "unreported=20 not_owed=2");
	ck_assert(add_report(st, "d0.example", "r0", d, 2));		/* 4 messages */
	ck_assert(add_report(st, "d1.example", "r1", d + 1, 2));	/* 4 */
	ck_assert(add_report(st, "d2.example", "r2", d + 2, 1));	/* 3 */
	ck_assert_int_eq(store_report_claim(st, "d3.example", T0, T0 + DAY, 0, &claim, &how), 0);
	ck_assert_str_eq(audit(), "seen=22 told=0 waiting=11 undeliverable=0 withheld=0 "
	    "unreported=9 not_owed=2");
	ck_assert_int_eq(store_report_withhold(st, &claim, "suppressed"), 0);
	ck_assert_int_eq(store_report_claim(st, "d4.example", T0, T0 + DAY, 0, &claim, &how), 0);
	ck_assert_int_eq(store_report_withhold(st, &claim, "no destination"), 0);
	ck_assert_int_eq(store_each_due(st, 1, try_delivery, &seen), 0);
	ck_assert_str_eq(audit(), "no destination=3 suppressed=3 seen=22 told=4 waiting=4 "
	    "undeliverable=3 withheld=6 unreported=3 not_owed=2");
}
END_TEST

static struct store_expired
expire(int64_t before, bool all, bool unreported)
{
	const struct store_expiry expiry = { .before = before, .batch = 7, .all_tables = all,
	    .unreported = unreported };
	struct store_expired counts;

	ck_assert_msg(store_expire(st, &expiry, &counts) == 0, "%s", store_error(st));
	return counts;
}

START_TEST(expiry)
{
	static const struct store_delivery good = { .destination = "good@a.example" };
	static const struct store_delivery later = { .destination = "later@a.example" };
	struct seen seen = { .text = "" };
	struct store_expired gone;
	bool known;

	add_many();
	ck_assert_int_eq(store_request_lock(st, "d0.example", "mailto:x@b.example"), 0);
	ck_assert_int_eq(store_suppress(st, "old.example", "", 1000), 0);
	ck_assert_int_eq(store_suppress(st, "new.example", "", 0), 0);
	gone = expire(T0 + 10, false, false);
	ck_assert_int_eq(gone.messages, 2);	/* only those that nobody wants to hear of */
	ck_assert_int_eq(gone.kept, 10);
	ck_assert_int_eq(gone.suppressions, 1);
	ck_assert_int_eq(count_messages(), 21);

	ck_assert(add_report(st, "d0.example", "r0", &good, 1));
	ck_assert(add_report(st, "d1.example", "r1", &later, 1));
	ck_assert_int_eq(store_each_due(st, 1, try_delivery, &seen), 0);
	gone = expire(T0 + 10, false, false);
	ck_assert_int_eq(gone.messages, 4);
	ck_assert_int_eq(gone.kept, 6);
	ck_assert_int_eq(gone.reports, 0);

	/* The window is over: the report that was sent goes, the one that waits stays. */
	gone = expire(T0 + DAY, false, false);
	ck_assert_int_eq(gone.messages, 4);
	ck_assert_int_eq(gone.kept, 12);
	ck_assert_int_eq(gone.reports, 1);
	ck_assert_int_eq(store_report_known(st, "d1.example", T0, T0 + DAY, &known), 0);
	ck_assert(known);
	ck_assert_ptr_nonnull(strstr(request("d0.example"), "locked=1"));
	ck_assert_str_eq(request("d1.example"), "");

	gone = expire(T0 + DAY, true, true);
	ck_assert_int_eq(gone.messages, 12);
	ck_assert_int_eq(gone.kept, 0);
	ck_assert_int_eq(count_messages(), 1);
	if (kind != JUDGE) {
		/* Left are those of one message, a lock and a report that waits. */
		ck_assert_int_eq(gone.domains, 6);
		ck_assert_int_eq(gone.policies, 7);
		ck_assert_int_eq(gone.addresses, 0);
		ck_assert_int_eq(gone.selectors, 0);
	}
	/* Ids that were removed are not used again. */
	add("again", T0, "pdomain d3.example\n");
	seen = (struct seen){ .text = "" };
	ck_assert_int_eq(store_each_message(st, "d3.example", T0, T0 + DAY, see_message, &seen),
	    0);
	ck_assert_int_eq(seen.calls, 1);
	gone = expire(T0 + DAY + 1, true, true);
	ck_assert_int_eq(gone.messages, 2);
	if (kind != JUDGE)
		ck_assert_int_eq(gone.addresses, 1);
}
END_TEST

void
add_fate_cases(TCase *tc)
{
	tcase_add_test(tc, every_message_is_accounted_for);
	tcase_add_test(tc, expiry);
}
