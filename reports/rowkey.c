/*
 * rowkey.c - what a report says about one message. RFC 9990, 3.1.1.8 to 3.1.1.14, 3.1.3.
 *
 * A key is a run of NUL-terminated texts: source_ip, disposition, dkim, spf,
 * header_from, envelope_from, spf domain, spf result; type and comment of each reason;
 * an empty text; domain, selector and result of each signature. Clean text holds no
 * NUL and a reason's type is never empty, so a key can be read back without lengths.
 */
#include <assert.h>
#include <stdlib.h>

#include "libopendmarc/base/domain.h"
#include "libopendmarc/base/ipaddr.h"
#include "libopendmarc/base/nametab.h"
#include "reports/cleantext.h"
#include "reports/rowkey.h"

/* A signature before sorting: the text is "domain NUL selector NUL" in a scratch buffer. */
struct candidate {
	int		 rank;		/* 0 first; RFC 9990, 3.1.3 */
	size_t		 at;		/* of its text in the scratch buffer */
	const char	*domain, *selector;
	const char	*result;
};

/* The dkim words of the schema; what it does not know could not be processed: neutral. */
static const struct odm_name dkim_words[] = {
	{ ODM_RESULT_NONE,	"none" },
	{ ODM_RESULT_PASS,	"pass" },
	{ ODM_RESULT_FAIL,	"fail" },
	{ ODM_RESULT_SOFTFAIL,	"fail" },
	{ ODM_RESULT_POLICY,	"policy" },
	{ ODM_RESULT_NEUTRAL,	"neutral" },
	{ ODM_RESULT_TEMPERROR,	"temperror" },
	{ ODM_RESULT_PERMERROR,	"permerror" },
	{ ODM_RESULT_UNKNOWN,	"neutral" },
};

/* The spf words; a code without a word, as that of a name that does not exist, is none. */
static const struct odm_name spf_words[] = {
	{ ODM_RESULT_NONE,	"none" },
	{ ODM_RESULT_PASS,	"pass" },
	{ ODM_RESULT_FAIL,	"fail" },
	{ ODM_RESULT_SOFTFAIL,	"softfail" },
	{ ODM_RESULT_POLICY,	"policy" },
	{ ODM_RESULT_NEUTRAL,	"neutral" },
	{ ODM_RESULT_TEMPERROR,	"temperror" },
	{ ODM_RESULT_PERMERROR,	"permerror" },
	{ ODM_RESULT_UNKNOWN,	"none" },
};

static const struct odm_name policy_words[] = {
	{ 'n',	"none" },
	{ 'q',	"quarantine" },
	{ 'r',	"reject" },
};

const char *
report_policy_word(char letter)
{
	return odm_name_of(policy_words, COUNT(policy_words), letter);
}

/* Ends the text that was appended last. */
static void
end_text(struct odm_strbuf *key)
{
	odm_strbuf_addc(key, '\0');
}

static void
add_word(struct odm_strbuf *key, const char *word)
{
	odm_strbuf_adds(key, word);
	end_text(key);
}

static void
add_domain(struct odm_strbuf *key, const char *domain)
{
	report_clean_domain(odm_span_str(domain), key);
	end_text(key);
}

/* RFC 3986 3.2.2 form: canonical, no brackets, no prefix, no zone. */
static void
add_ip(struct odm_strbuf *key, const char *text)
{
	char canonical[ODM_IP_TEXT_MAX + 1];
	struct odm_ip ip;

	if (odm_ip_parse(odm_span_str(text), &ip)) {
		odm_ip_format(&ip, canonical);
		odm_strbuf_adds(key, canonical);
	} else {
		report_clean_text(odm_span_str(text), ODM_NAME_MAX, key);
	}
	end_text(key);
}

/* The tag that was published for this From domain; np cannot be told from here. */
static char
published_policy(const struct store_policy *policy, const struct store_message *m)
{
	char letter = policy->p;

	if (policy->sp != 0 && !odm_span_ieq(odm_span_str(m->from), policy->domain))
		letter = policy->sp;
	return report_policy_word(letter) == NULL ? 'n' : letter;
}

/* What was to be done with a failing message, after t=y; old records do not say it. */
static char
effective_policy(const struct store_policy *policy, const struct store_message *m)
{
	char published = published_policy(policy, m);

	if (report_policy_word(m->effective) != NULL)
		return m->effective;
	switch (m->policy) {
	case HISTORY_POLICY_REJECT:
		return 'r';
	case HISTORY_POLICY_QUARANTINE:
		return 'q';
	case HISTORY_POLICY_NONE:
		return 'n';
	}
	if (!policy->testing)
		return published;
	return published == 'r' ? 'q' : 'n';
}

/* RFC 9990, 3.1.1.9: what was done with the message. */
static const char *
disposition_word(const struct store_message *m, char effective)
{
	switch (m->action) {
	case HISTORY_ACTION_REJECT:
	case HISTORY_ACTION_DISCARD:
		return "reject";
	case HISTORY_ACTION_QUARANTINE:
		return "quarantine";
	}
	return m->policy == HISTORY_POLICY_PASS && effective != 'n' ? "pass" : "none";
}

/*
 * The reasons on record. Where there are none but the outcome differs from the
 * policy, one is needed (RFC 9990, 3.1.1.9): then it was local policy, or t=y.
 */
static void
add_reasons(const struct store_policy *policy, const struct store_message *m,
    char effective, const char *disposition, struct odm_strbuf *key)
{
	bool passed = m->policy == HISTORY_POLICY_PASS;
	const char *due = passed ? (effective != 'n' ? "pass" : "none") :
	    report_policy_word(effective);
	const char *type = NULL;
	size_t i;

	for (i = 0; i < m->nreasons && i < HISTORY_OVERRIDES_MAX; i++) {
		add_word(key, history_override_name(m->reasons[i].type));
		report_clean_text(odm_span_str(m->reasons[i].comment), REPORT_TEXT_MAX, key);
		end_text(key);
	}
	if (m->nreasons == 0) {
		if (strcmp(disposition, due) != 0)
			type = history_override_name(HISTORY_OVERRIDE_LOCAL_POLICY);
		else if (!passed && policy->testing &&
		    effective != published_policy(policy, m))
			type = history_override_name(HISTORY_OVERRIDE_TEST_MODE);
	}
	if (type != NULL) {
		add_word(key, type);
		end_text(key);		/* no comment */
	}
	end_text(key);
}

/*
 * True when domain and the From domain share their Organizational Domain, as far
 * as can be told without the DNS; it only decides the order of signatures.
 */
static bool
is_related(const struct store_policy *policy, const char *from, const char *domain)
{
	if (odm_domain_is_below(from, domain) || odm_domain_is_below(domain, from))
		return true;
	return policy->psd != 'y' && (strcmp(domain, policy->domain) == 0 ||
	    odm_domain_is_below(domain, policy->domain));
}

static int
rank_of(const struct store_policy *policy, const char *from, const struct candidate *c)
{
	if (strcmp(c->result, "pass") != 0)
		return 3;
	if (strcmp(c->domain, from) == 0)
		return 0;
	return is_related(policy, from, c->domain) ? 1 : 2;
}

static int
compare_candidates(const void *va, const void *vb)
{
	const struct candidate *a = va, *b = vb;
	int order = a->rank - b->rank;

	if (order == 0)
		order = strcmp(a->domain, b->domain);
	if (order == 0)
		order = strcmp(a->selector, b->selector);
	return order != 0 ? order : strcmp(a->result, b->result);
}

/* The signatures, most important first, the rest of the order fixed by their texts. */
static void
add_signatures(const struct store_policy *policy, const struct store_message *m,
    const char *from, struct odm_strbuf *key)
{
	struct candidate list[HISTORY_DKIM_MAX];
	struct odm_strbuf scratch;
	size_t n = m->ndkim < COUNT(list) ? m->ndkim : COUNT(list), i;

	odm_strbuf_init(&scratch, COUNT(list) * 2 * (ODM_NAME_MAX + 1));
	for (i = 0; i < n; i++) {
		list[i].at = scratch.len;
		add_domain(&scratch, m->dkim[i].domain);
		report_clean_text(odm_span_str(m->dkim[i].selector), ODM_NAME_MAX, &scratch);
		end_text(&scratch);
		list[i].result = odm_name_of(dkim_words, COUNT(dkim_words),
		    (int)history_result(m->dkim[i].result));
	}
	if (scratch.failed) {
		key->failed = true;
		n = 0;
	}
	for (i = 0; i < n; i++) {
		list[i].domain = scratch.at + list[i].at;
		list[i].selector = list[i].domain + strlen(list[i].domain) + 1;
		list[i].rank = rank_of(policy, from, &list[i]);
	}
	if (n > 0)
		qsort(list, n, sizeof(list[0]), compare_candidates);
	for (i = 0; i < n && i < REPORT_SIGNATURES_MAX; i++) {
		add_word(key, list[i].domain);
		add_word(key, list[i].selector);
		add_word(key, list[i].result);
	}
	odm_strbuf_free(&scratch);
}

/*
 * Only the MAIL FROM identity counts, or with a null sender the HELO name in its
 * place; RFC 9990, 3.1.1.13. Without a domain there can be no element.
 */
static void
add_spf(const struct store_message *m, struct odm_strbuf *key)
{
	bool null_sender = m->mfrom == NULL || m->mfrom[0] == '\0';
	const char *domain = m->spf_domain;

	if (domain == NULL || domain[0] == '\0')
		domain = m->mfrom;	/* empty with a null sender */
	if (m->spf < 0 || (!null_sender && m->spf_scope == HISTORY_SPF_HELO))
		domain = NULL;
	add_domain(key, domain);
	add_word(key, odm_name_of(spf_words, COUNT(spf_words), (int)history_result(m->spf)));
}

bool
report_rowkey(const struct store_policy *policy, const struct store_message *m,
    struct odm_strbuf *key)
{
	char effective = effective_policy(policy, m);
	const char *disposition = disposition_word(m, effective);
	struct odm_strbuf from;

	odm_strbuf_clear(key);
	if (m->policy != HISTORY_POLICY_PASS && m->policy != HISTORY_POLICY_REJECT &&
	    m->policy != HISTORY_POLICY_QUARANTINE && m->policy != HISTORY_POLICY_NONE)
		return false;

	odm_strbuf_init(&from, ODM_NAME_MAX + 1);
	add_domain(&from, m->from);
	add_ip(key, m->ip);
	add_word(key, disposition);
	add_word(key, m->align_dkim == HISTORY_ALIGN_PASS ? "pass" : "fail");
	add_word(key, m->align_spf == HISTORY_ALIGN_PASS ? "pass" : "fail");
	odm_strbuf_add(key, odm_strbuf_span(&from));
	add_domain(key, m->mfrom);
	add_spf(m, key);
	add_reasons(policy, m, effective, disposition, key);
	if (from.failed)
		key->failed = true;
	else
		add_signatures(policy, m, from.at, key);
	odm_strbuf_free(&from);
	return true;
}

/* The text at *rest, which is moved behind it; "" at the end. */
static const char *
next_text(struct odm_span *rest)
{
	const char *text = rest->len > 0 ? rest->at : "";
	size_t len = rest->len > 0 ? strlen(text) + 1 : 0;

	assert(len <= rest->len);
	rest->at += len;
	rest->len -= len;
	return text;
}

void
report_rowkey_read(const char *ip, struct odm_span rest, struct report_row *row_r)
{
	const char *type;

	row_r->source_ip = ip;
	row_r->disposition = next_text(&rest);
	row_r->dkim = next_text(&rest);
	row_r->spf = next_text(&rest);
	row_r->header_from = next_text(&rest);
	row_r->envelope_from = next_text(&rest);
	row_r->spf_domain = next_text(&rest);
	row_r->spf_result = next_text(&rest);
	row_r->nreasons = 0;
	while (*(type = next_text(&rest)) != '\0') {
		assert(row_r->nreasons < COUNT(row_r->reasons));
		row_r->reasons[row_r->nreasons].type = type;
		row_r->reasons[row_r->nreasons++].comment = next_text(&rest);
	}
	row_r->nsignatures = 0;
	while (rest.len > 0) {
		struct report_signature *s = &row_r->signatures[row_r->nsignatures++];

		assert(row_r->nsignatures <= COUNT(row_r->signatures));
		s->domain = next_text(&rest);
		s->selector = next_text(&rest);
		s->result = next_text(&rest);
	}
}
