/*
 * failqueue.c - failure report mail that waits in the spool.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/failspool.h"
#include "common/log.h"
#include "reports/failqueue.h"
#include "reports/mail.h"
#include "reports/queue.h"

int
report_failqueue_put(const char *spool, const char *name, const struct report_failmail *m)
{
	struct odm_strbuf text;
	int result = -1;

	odm_strbuf_init(&text, REPORT_FAILQUEUE_MAX);
	odm_strbuf_addf(&text, "mail 1\nto %s\ndomain %s\ntries %d\nnext %" PRId64 "\noctets %zu\n",
	    m->recipient, m->domain, m->tries, m->next_try, m->mail.len);
	odm_strbuf_add(&text, m->mail);
	if (text.failed)
		errno = ENOMEM;
	else
		result = failspool_put(spool, name, odm_strbuf_span(&text));
	odm_strbuf_free(&text);
	return result;
}

bool
report_failqueue_has(const char *spool, const char *name)
{
	char path[PATH_MAX];
	int len = snprintf(path, sizeof(path), "%s/%s", spool, name);

	return len > 0 && (size_t)len < sizeof(path) && access(path, F_OK) == 0;
}

/* The value of the next line, which must have that key; NULL when it has not. */
static char *
take(struct odm_strbuf *text, size_t *at, const char *key)
{
	char *line = text->at + *at, *end = memchr(line, '\n', text->len - *at);
	size_t len = strlen(key);

	if (end == NULL || (size_t)(end - line) <= len || strncmp(line, key, len) != 0 ||
	    line[len] != ' ')
		return NULL;
	*end = '\0';
	*at = (size_t)(end + 1 - text->at);
	return line + len + 1;
}

static bool
take_number(struct odm_strbuf *text, size_t *at, const char *key, unsigned long long max,
    unsigned long long *n_r)
{
	const char *value = take(text, at, key);

	return value != NULL && odm_span_number(odm_span_str(value), max, n_r);
}

/* Reads a file; the texts of *m_r point into it. */
static bool
read_mail(struct odm_strbuf *text, struct report_failmail *m_r)
{
	unsigned long long tries, next, octets;
	const char *version;
	size_t at = 0;

	version = take(text, &at, "mail");
	if (version == NULL || strcmp(version, "1") != 0 ||
	    (m_r->recipient = take(text, &at, "to")) == NULL ||
	    (m_r->domain = take(text, &at, "domain")) == NULL ||
	    !take_number(text, &at, "tries", 1000, &tries) ||
	    !take_number(text, &at, "next", INT64_MAX, &next) ||
	    !take_number(text, &at, "octets", REPORT_ARF_MAX, &octets) ||
	    octets != text->len - at || !report_mail_address_okay(odm_span_str(m_r->recipient)))
		return false;
	m_r->tries = (int)tries;
	m_r->next_try = (int64_t)next;
	m_r->mail = (struct odm_span){ text->at + at, (size_t)octets };
	return true;
}

static void
remove_mail(struct report_failqueue *q, const char *name)
{
	char path[PATH_MAX];
	int len = snprintf(path, sizeof(path), "%s/%s", q->spool, name);

	if (len < 0 || (size_t)len >= sizeof(path) || unlink(path) != 0) {
		log_write(LOG_LEVEL_ERROR, "%s/%s: %s", q->spool, name, strerror(errno));
		q->broken++;
	}
}

/* A mail that nobody took: again later, or never. */
static void
note_failure(struct report_failqueue *q, const char *name, struct report_failmail *m,
    bool refused, const char *reason)
{
	if (refused ||
	    report_queue_retry(m->tries, q->now, &m->next_try) == STORE_DELIVERY_DEAD) {
		log_write(LOG_LEVEL_WARNING, "failure report for %s to %s is given up (%s)",
		    m->domain, m->recipient, reason);
		q->dropped++;
		remove_mail(q, name);
		return;
	}
	if (m->tries++ == 0 || q->verbose)
		log_write(LOG_LEVEL_WARNING, "failed to send failure report for %s to %s (%s)",
		    m->domain, m->recipient, reason);
	q->failed++;
	if (report_failqueue_put(q->spool, name, m) != 0) {
		log_write(LOG_LEVEL_ERROR, "%s/%s: %s", q->spool, name, strerror(errno));
		q->broken++;
	}
}

/* Sends one mail if it is due; *refusals counts tries in a row that reached nothing. */
static void
send_one(struct report_failqueue *q, const char *name, struct report_failmail *m,
    unsigned *refusals)
{
	char reason[REPORT_REASON_SIZE] = "";
	enum report_outcome outcome;

	if (failspool_time(name) < q->now - q->max_age_secs) {
		log_write(LOG_LEVEL_WARNING, "failure report for %s to %s is given up: too old",
		    m->domain, m->recipient);
		q->dropped++;
		remove_mail(q, name);
		return;
	}
	if (m->next_try > q->now) {
		q->failed++;
		return;
	}
	outcome = q->send(q->arg, m->recipient, m->mail, reason);
	switch (outcome) {
	case REPORT_SENT:
		*refusals = 0;
		q->sent++;
		remove_mail(q, name);
		if (q->verbose)
			(void)printf("sent failure report for %s to %s\n", m->domain, m->recipient);
		break;
	case REPORT_FAILED:
	case REPORT_REFUSED:
		*refusals = 0;
		note_failure(q, name, m, outcome == REPORT_REFUSED, reason);
		break;
	case REPORT_HELD:
	case REPORT_BARRED:
		q->failed++;
		break;
	case REPORT_UNREACHABLE:
		q->failed++;
		if (++*refusals == 1)
			log_write(LOG_LEVEL_ERROR, "failure reports cannot be sent: %s; they wait "
			    "for the next run", reason);
		q->unreachable = *refusals == REPORT_QUEUE_UNREACHABLE_MAX;
		break;
	}
}

int
report_failqueue_run(struct report_failqueue *q)
{
	struct failspool_names names;
	struct report_failmail m;
	struct odm_strbuf text;
	unsigned refusals = 0;
	const char *why;
	size_t i;

	if (failspool_list(q->spool, REPORT_FAILQUEUE_MAIL, &names) != 0)
		return -1;
	odm_strbuf_init(&text, REPORT_FAILQUEUE_MAX);
	for (i = 0; i < names.n && !q->unreachable; i++) {
		odm_strbuf_clear(&text);
		if (!failspool_get(q->spool, names.names[i], &text, &why) ||
		    (why = "damaged; remove it", !read_mail(&text, &m))) {
			log_write(LOG_LEVEL_ERROR, "%s/%s: %s", q->spool, names.names[i], why);
			q->broken++;
			continue;
		}
		send_one(q, names.names[i], &m, &refusals);
	}
	odm_strbuf_free(&text);
	failspool_names_free(&names);
	return 0;
}
