/*
 * decisionlog.c - the one line that tells why a message got its result.
 *
 * The limits below add up to less than the line: names of keys 260, job 64, From 253, three
 * domains 600, DKIM 400, rule 120, reasons 160, the rest 100.
 */
#include <inttypes.h>
#include <stdio.h>

#include "opendmarc/decisionlog.h"
#include "opendmarc/status.h"

#define JOB_MAX		64
#define FROM_MAX	ODM_NAME_MAX
#define DOMAIN_MAX	200
#define DKIM_MAX	400	/* of all results together */
#define DKIM_DOMAIN_MAX	200
#define SELECTOR_MAX	63
#define RULE_MAX	120
#define REASONS_MAX	160
#define COMMENT_MAX	100

/* Where a text stands decides what it must not hold. */
enum place {
	PLACE_VALUE,	/* or part of a list */
	PLACE_QUOTES
};

#define CUT		"..."
#define CUT_LEN		(sizeof(CUT) - 1)

struct line {
	char	*at;
	size_t	 len, size;
};

static void
put(struct line *l, const char *text, size_t len)
{
	if (len >= l->size - l->len)
		return;		/* the limits leave room; this is for a wrong sum */
	memcpy(l->at + l->len, text, len);
	l->len += len;
	l->at[l->len] = '\0';
}

static void
put_text(struct line *l, const char *text)
{
	put(l, text, strlen(text));
}

static bool
may_stand(unsigned char c, enum place place)
{
	if (c == ' ')
		return place == PLACE_QUOTES;
	if (c < ' ' || c >= 0x7f || c == '"' || c == '\\')
		return false;
	return place == PLACE_QUOTES || (c != ',' && c != ':');
}

/* One octet as it may stand there; the number of octets that it became. */
static size_t
show(unsigned char c, enum place place, char out[4])
{
	static const char hex[] = "0123456789abcdef";

	if (may_stand(c, place)) {
		out[0] = (char)c;
		return 1;
	}
	out[0] = '\\';
	out[1] = 'x';
	out[2] = hex[c >> 4];
	out[3] = hex[c & 0x0f];
	return 4;
}

/* A text of at most max octets as they come out; a longer one is cut. "" gives nothing. */
static void
put_safe(struct line *l, const char *text, enum place place, size_t max)
{
	size_t start = l->len, fits = l->len, n;
	char shown[4];

	for (; *text != '\0'; text++) {
		n = show((unsigned char)*text, place, shown);
		if (l->len - start + n > max) {
			l->len = fits;
			put_text(l, CUT);
			return;
		}
		put(l, shown, n);
		if (l->len - start + CUT_LEN <= max)
			fits = l->len;
	}
}

static void
put_key(struct line *l, const char *key)
{
	put_text(l, " ");
	put_text(l, key);
	put_text(l, "=");
}

/* "key=value"; NULL and "" count as no value. */
static void
put_value(struct line *l, const char *key, const char *value, size_t max)
{
	put_key(l, key);
	if (value == NULL || value[0] == '\0')
		value = "-";
	put_safe(l, value, PLACE_VALUE, max);
}

static void
put_number(struct line *l, const char *key, int64_t number)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%" PRId64, number);

	put_key(l, key);
	if (len > 0 && (size_t)len < sizeof(text))
		put(l, text, (size_t)len);
}

static const char *
yes_no(bool yes)
{
	return yes ? "yes" : "no";
}

static void
put_spf(struct line *l, const struct dmf_decisionlog *src)
{
	enum odm_result result = src->inputs != NULL ? dmf_inputs_spf(src->inputs) :
	    ODM_RESULT_UNKNOWN;
	bool known = result != ODM_RESULT_UNKNOWN;

	put_value(l, "spf", known ? odm_result_name(result) : NULL, DOMAIN_MAX);
	put_value(l, "spf_domain", known ? dmf_inputs_spf_domain(src->inputs) : NULL, DOMAIN_MAX);
	put_value(l, "spf_source", !known ? NULL : src->own_spf ? "own" : "header", DOMAIN_MAX);
	put_value(l, "spf_aligned", yes_no(src->verdict != NULL && src->verdict->spf_aligned),
	    DOMAIN_MAX);
}

/* "result:domain:selector"; the lengths leave room for the three limits and two colons. */
static void
put_signature(struct line *l, const struct dmf_dkim *d)
{
	put_text(l, odm_result_name(d->result));
	put_text(l, ":");
	put_safe(l, d->domain, PLACE_VALUE, DKIM_DOMAIN_MAX);
	put_text(l, ":");
	put_safe(l, d->selector[0] != '\0' ? d->selector : "-", PLACE_VALUE, SELECTOR_MAX);
}

/* The results in header order; those that do not fit whole are only counted. */
static void
put_dkim(struct line *l, const struct dmf_decisionlog *src)
{
	const struct dmf_dkim *d;
	size_t n = 0, start, before;
	bool full = false;

	put_key(l, "dkim");
	start = l->len;
	for (; src->inputs != NULL && (d = dmf_inputs_dkim(src->inputs, n)) != NULL; n++) {
		if (full)
			continue;
		before = l->len;
		if (n > 0)
			put_text(l, ",");
		put_signature(l, d);
		if (l->len - start > DKIM_MAX) {
			full = true;
			l->len = before;
		}
	}
	if (n == 0)
		put_text(l, "-");
	put_number(l, "dkim_count", (int64_t)n);
	put_value(l, "dkim_aligned", yes_no(src->verdict != NULL && src->verdict->dkim_aligned),
	    DOMAIN_MAX);
}

static const char *
tag_word(const struct odm_verdict *v)
{
	static const char *const words[] = { [ODM_TAG_NONE] = NULL, [ODM_TAG_P] = "p",
		[ODM_TAG_SP] = "sp", [ODM_TAG_NP] = "np" };

	return v != NULL ? words[v->tag] : NULL;
}

static void
put_rule(struct line *l, const struct dmf_decisionlog *src)
{
	const struct odm_verdict *v = src->verdict;
	const char *rule = v != NULL ? v->reason : src->rule;

	put_value(l, "tag", tag_word(v), DOMAIN_MAX);
	put_value(l, "p", v != NULL && v->record != NULL ? src->decision->published : NULL,
	    DOMAIN_MAX);
	put_value(l, "policy", src->decision->effective, DOMAIN_MAX);
	put_key(l, "rule");
	put_text(l, "\"");
	put_safe(l, rule != NULL ? rule : "", PLACE_QUOTES, RULE_MAX);
	put_text(l, "\"");
}

/* "type" or "type:comment", separated by commas. */
static void
put_overrides(struct line *l, const struct dmf_decision *d)
{
	size_t i, start, before;

	put_key(l, "override");
	start = l->len;
	for (i = 0; i < d->nreasons; i++) {
		before = l->len;
		if (i > 0)
			put_text(l, ",");
		put_text(l, history_override_name(d->reasons[i].type));
		if (d->reasons[i].comment != NULL) {
			put_text(l, ":");
			put_safe(l, d->reasons[i].comment, PLACE_VALUE, COMMENT_MAX);
		}
		if (l->len - start > REASONS_MAX) {
			l->len = before;
			break;
		}
	}
	if (l->len == start)
		put_text(l, "-");
}

bool
dmf_decisionlog_wanted(const struct conf *c, const struct dmf_decision *d)
{
	switch (c->log_decisions) {
	case CONF_LOG_DECISIONS_NONE:
		return false;
	case CONF_LOG_DECISIONS_ALL:
		return true;
	default:
		return (d->result != ODM_DMARC_PASS && d->result != ODM_DMARC_NONE) ||
		    d->action != DMF_ACTION_ACCEPT;
	}
}

size_t
dmf_decisionlog(const struct dmf_decisionlog *src, char line[DMF_DECISION_SIZE])
{
	struct line l = { line, 0, DMF_DECISION_SIZE };
	const struct dmf_decision *d = src->decision;
	const struct odm_verdict *v = src->verdict;
	char client[ODM_IP_TEXT_MAX + 1];

	line[0] = '\0';
	put_safe(&l, src->job, PLACE_VALUE, JOB_MAX);
	put_text(&l, ": decision");
	put_value(&l, "result", odm_dmarc_name(d->result), DOMAIN_MAX);
	put_value(&l, "from", d->author_domain, FROM_MAX);
	put_value(&l, "policy_domain", v != NULL ? v->policy_domain : NULL, DOMAIN_MAX);
	put_value(&l, "org_domain", v != NULL ? v->org_domain : NULL, DOMAIN_MAX);
	put_spf(&l, src);
	put_dkim(&l, src);
	put_rule(&l, src);
	put_value(&l, "action", dmf_status_outcome_word(dmf_status_outcome(d)), DOMAIN_MAX);
	put_value(&l, "action_would", d->would, DOMAIN_MAX);
	put_overrides(&l, d);
	odm_ip_format(&src->client, client);
	put_key(&l, "client");
	put_text(&l, client);
	put_number(&l, "dns_ms", src->dns_usecs / 1000);
	put_number(&l, "total_ms", src->end_usecs / 1000);
	line[l.len] = '\0';
	return l.len;
}
