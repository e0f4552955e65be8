/*
 * suppress.c - the list of suppressed destinations: kept, shown, asked.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/log.h"
#include "libopendmarc/base/domain.h"
#include "libopendmarc/parse/uri.h"
#include "reports/cleantext.h"
#include "reports/mail.h"
#include "reports/suppress.h"
#include "reports/transport.h"
#include "reports/window.h"

/* Text of the store as one clean line; it may have come with a bounce. */
static void
clean(const char *text, char line_r[REPORT_SUPPRESS_WHY_SIZE])
{
	struct odm_strbuf line;

	odm_strbuf_init(&line, REPORT_SUPPRESS_WHY_SIZE);
	report_clean_text(odm_span_str(text), REPORT_SUPPRESS_WHY_SIZE - 1, &line);
	if (line.failed || line.at == NULL ||
	    !odm_span_copy(odm_strbuf_span(&line), line_r, REPORT_SUPPRESS_WHY_SIZE))
		line_r[0] = '\0';
	odm_strbuf_free(&line);
}

static int
store_failed(const struct store *store)
{
	log_write(LOG_LEVEL_ERROR, "database: %s", store_error(store));
	return CLI_EXIT_FAILED;
}

/* An address as it is, a domain normalised; false, all said, for anything else. */
static bool
read_destination(const char *text, const char *option, char name_r[ODM_URI_ADDRESS_MAX + 1])
{
	char domain[ODM_NAME_MAX + 1];
	const char *name = text;
	bool okay;

	if (strchr(text, '@') != NULL) {
		okay = report_mail_address_okay(odm_span_str(text));
	} else {
		okay = odm_domain_normalise(odm_span_str(text), domain);
		name = domain;
	}
	if (okay && odm_span_copy(odm_span_str(name), name_r, ODM_URI_ADDRESS_MAX + 1))
		return true;
	log_write(LOG_LEVEL_ERROR, "--%s \"%s\" is neither a mail address nor a domain name",
	    option, text);
	return false;
}

static int
add_all(const struct report_settings *s, struct store *store, int64_t now)
{
	char name[ODM_URI_ADDRESS_MAX + 1];
	struct report_window day = { 0 };
	size_t i;

	if (s->until != NULL &&
	    (!report_window_of_date(odm_span_str(s->until), &day) || day.begin <= now)) {
		log_write(LOG_LEVEL_ERROR, "--until \"%s\" is no day to come, such as 2036-05-19",
		    s->until);
		return CLI_EXIT_FAILED;
	}
	for (i = 0; i < s->suppress.nwords; i++) {
		if (!read_destination(s->suppress.words[i], "suppress", name))
			return CLI_EXIT_FAILED;
		if (store_suppress(store, name, s->reason != NULL ? s->reason : "", day.begin) != 0)
			return store_failed(store);
	}
	return CLI_EXIT_OKAY;
}

static int
remove_all(const struct report_settings *s, struct store *store)
{
	char name[ODM_URI_ADDRESS_MAX + 1];
	int status = CLI_EXIT_OKAY;
	bool removed;
	size_t i;

	for (i = 0; i < s->unsuppress.nwords; i++) {
		if (!read_destination(s->unsuppress.words[i], "unsuppress", name))
			return CLI_EXIT_FAILED;
		if (store_unsuppress(store, name, &removed) != 0)
			return store_failed(store);
		if (!removed) {
			log_write(LOG_LEVEL_WARNING, "--unsuppress %s: it is not suppressed", name);
			status = CLI_EXIT_FAILED;
		}
	}
	return status;
}

/* DESTINATION TAB last day or "-" TAB reason */
static int
print_one(const struct store_suppression *p, void *arg)
{
	char why[REPORT_SUPPRESS_WHY_SIZE], date[REPORT_DATE_SIZE] = "-";
	struct report_window day = { .begin = p->until };

	(void)arg;
	clean(p->reason, why);
	if (p->until != 0)
		report_window_date(&day, date);
	(void)printf("%s\t%s\t%s\n", p->destination, date, why);
	return 0;
}

int
report_suppress_work(const struct report_settings *s, struct store *store, int64_t now)
{
	int status = add_all(s, store, now);

	if (status == CLI_EXIT_OKAY)
		status = remove_all(s, store);
	if (status == CLI_EXIT_OKAY && s->list_suppressed &&
	    store_each_suppression(store, now, print_one, NULL) != 0)
		status = store_failed(store);
	return status;
}

int
report_suppress_bounce(struct store *store, const struct report_bounce *bounce, int64_t now)
{
	char why[REPORT_SUPPRESS_WHY_SIZE], text[REPORT_REASON_SIZE + 32];
	int64_t until = now + REPORT_BOUNCE_EXPIRY_SECS;
	bool lasts;

	if (store_suppressed(store, bounce->recipient, until, &lasts, why, sizeof(why)) != 0)
		return -1;
	if (lasts)
		return 0;
	(void)snprintf(text, sizeof(text), "came back: %s %s", bounce->status, bounce->reason);
	clean(text, why);
	return store_suppress(store, bounce->recipient, why, until);
}

int
report_suppressed(struct store *store, const char *destination, int64_t now, bool *yes_r,
    char why[REPORT_SUPPRESS_WHY_SIZE])
{
	char reason[REPORT_SUPPRESS_WHY_SIZE] = "";
	struct odm_span rest = odm_span_str(destination);
	struct odm_uri uri;

	if (report_destination_is_https(destination)) {
		*yes_r = false;
		if (!odm_uri_next(&rest, &uri) || uri.malformed)
			return 0;
		destination = uri.host;
	}
	if (store_suppressed(store, destination, now, yes_r, reason, sizeof(reason)) != 0)
		return -1;
	clean(reason, why);
	return 0;
}
