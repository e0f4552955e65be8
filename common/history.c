/*
 * history.c - the history record: its members, its codes, and its text form.
 * The numbers are those that the files and databases of OpenDMARC carry.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/arcjson.h"
#include "common/history.h"
#include "libopendmarc/base/limits.h"
#include "libopendmarc/base/nametab.h"

/* Code of a result in spf, dkim and arc. 1, 9 to 12 are no result of RFC 8601. */
static const struct code_row {
	int		code;
	enum odm_result	result;
} codes[] = {
	{ 0, ODM_RESULT_PASS },
	{ 2, ODM_RESULT_SOFTFAIL },
	{ 3, ODM_RESULT_NEUTRAL },
	{ 4, ODM_RESULT_TEMPERROR },
	{ 5, ODM_RESULT_PERMERROR },
	{ 6, ODM_RESULT_NONE },
	{ 7, ODM_RESULT_FAIL },
	{ 8, ODM_RESULT_POLICY },
};

static const struct odm_name overrides[] = {
	{ HISTORY_OVERRIDE_LOCAL_POLICY,	"local_policy" },
	{ HISTORY_OVERRIDE_MAILING_LIST,	"mailing_list" },
	{ HISTORY_OVERRIDE_OTHER,		"other" },
	{ HISTORY_OVERRIDE_TEST_MODE,		"policy_test_mode" },
	{ HISTORY_OVERRIDE_TRUSTED_FORWARDER,	"trusted_forwarder" },
};

static const struct odm_name automatics[] = {
	{ HISTORY_AUTOMATIC_REPORT,	"report" },
	{ HISTORY_AUTOMATIC_BOUNCE,	"bounce" },
};

int
history_code(enum odm_result result)
{
	for (size_t i = 0; i < COUNT(codes); i++)
		if (codes[i].result == result)
			return codes[i].code;
	return -1;
}

enum odm_result
history_result(int code)
{
	for (size_t i = 0; i < COUNT(codes); i++)
		if (codes[i].code == code)
			return codes[i].result;
	return ODM_RESULT_UNKNOWN;
}

const char *
history_override_name(enum history_override type)
{
	return odm_name_of(overrides, COUNT(overrides), (int)type);
}

bool
history_override_parse(struct odm_span word, enum history_override *type_r)
{
	int value;

	if (!odm_name_value(overrides, COUNT(overrides), word, &value))
		return false;
	*type_r = (enum history_override)value;
	return true;
}

const char *
history_automatic_name(enum history_automatic kind)
{
	return odm_name_of(automatics, COUNT(automatics), (int)kind);
}

bool
history_automatic_parse(struct odm_span word, enum history_automatic *kind_r)
{
	int value;

	if (!odm_name_value(automatics, COUNT(automatics), word, &value))
		return false;
	*kind_r = (enum history_automatic)value;
	return true;
}

void
history_record_init(struct history_record *rec)
{
	*rec = (struct history_record){
		.spf = -1,
		.spf_scope = HISTORY_SPF_UNKNOWN,
		.align_dkim = HISTORY_ALIGN_FAIL,
		.align_spf = HISTORY_ALIGN_FAIL,
		.arc = 7,
		.arc_policy = 2,
		.action = HISTORY_ACTION_ACCEPT,
	};
}

static void
free_arcseal(struct history_arcseal *seal)
{
	free(seal->domain);
	free(seal->selector);
	free(seal->ip);
}

void
history_record_clear(struct history_record *rec)
{
	for (size_t i = 0; i < rec->ndkim; i++) {
		free(rec->dkim[i].domain);
		free(rec->dkim[i].selector);
	}
	free(rec->dkim);
	for (size_t i = 0; i < rec->nrua; i++)
		free(rec->rua[i]);
	free(rec->rua);
	for (size_t i = 0; i < rec->nreasons; i++)
		free(rec->reasons[i].comment);
	free(rec->reasons);
	for (size_t i = 0; i < rec->narcseals; i++)
		free_arcseal(&rec->arcseals[i]);
	free(rec->arcseals);
	free(rec->job);
	free(rec->reporter);
	free(rec->ipaddr);
	free(rec->from);
	free(rec->mfrom);
	free(rec->pdomain);
	free(rec->spf_domain);
	free(rec->discovery);
	free(rec->id);
	history_record_init(rec);
}

/* A cleaned copy; blanks too become "?" in a word. NULL: no memory. */
static char *
clean_copy(struct odm_span text, bool word)
{
	size_t len = text.len < ODM_HISTORY_VALUE_MAX ? text.len : ODM_HISTORY_VALUE_MAX;
	char *copy = malloc(len + 1);

	if (copy == NULL)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		char c = text.at[i];

		if (c == '\r' || c == '\n' || c == '\0' || (word && odm_is_wsp(c)))
			c = '?';
		copy[i] = c;
	}
	copy[len] = '\0';
	return copy;
}

bool
history_set(char **member, struct odm_span text)
{
	char *copy = clean_copy(text, false);

	if (copy == NULL)
		return false;
	free(*member);
	*member = copy;
	return true;
}

/* Makes room for one more; the arrays grow by doubling, up to their limit. */
static bool
grow(void **array, size_t n, size_t max, size_t size)
{
	void *more;

	if (n >= max)
		return false;
	if (n != 0 && (n & (n - 1)) != 0)
		return true;	/* the array has the next power of two already */
	more = reallocarray(*array, n == 0 ? 1 : 2 * n, size);
	if (more == NULL)
		return false;
	*array = more;
	return true;
}

bool
history_add_dkim(struct history_record *rec, struct odm_span domain,
    struct odm_span selector, int result)
{
	struct history_dkim entry = { NULL, NULL, result };
	void *array = rec->dkim;

	if (domain.len == 0 || odm_span_eq(domain, "-"))
		return true;
	if (!grow(&array, rec->ndkim, HISTORY_DKIM_MAX, sizeof(entry)))
		return false;
	rec->dkim = array;

	entry.domain = clean_copy(domain, true);
	if (entry.domain == NULL)
		return false;
	if (selector.len > 0 && !odm_span_eq(selector, "-")) {
		entry.selector = clean_copy(selector, true);
		if (entry.selector == NULL) {
			free(entry.domain);
			return false;
		}
	}
	rec->dkim[rec->ndkim++] = entry;
	return true;
}

bool
history_add_rua(struct history_record *rec, struct odm_span uri)
{
	void *array = rec->rua;
	char *copy;

	if (!grow(&array, rec->nrua, HISTORY_RUA_MAX, sizeof(*rec->rua)))
		return false;
	rec->rua = array;
	copy = clean_copy(uri, false);
	if (copy == NULL)
		return false;
	rec->rua[rec->nrua++] = copy;
	return true;
}

bool
history_add_reason(struct history_record *rec, enum history_override type,
    struct odm_span comment)
{
	struct history_reason reason = { type, NULL };
	void *array = rec->reasons;

	if (!grow(&array, rec->nreasons, HISTORY_OVERRIDES_MAX, sizeof(reason)))
		return false;
	rec->reasons = array;
	if (comment.len > 0) {
		reason.comment = clean_copy(comment, false);
		if (reason.comment == NULL)
			return false;
	}
	rec->reasons[rec->nreasons++] = reason;
	return true;
}

/* A cleaned copy in *member_r, NULL for the empty text. False: no memory. */
static bool
copy_known(struct odm_span text, char **member_r)
{
	*member_r = text.len > 0 ? clean_copy(text, true) : NULL;
	return text.len == 0 || *member_r != NULL;
}

bool
history_add_arcseal(struct history_record *rec, unsigned instance, struct odm_span domain,
    struct odm_span selector, struct odm_span ip)
{
	struct history_arcseal seal = { .instance = instance };
	void *array = rec->arcseals;

	if (instance == 0 || instance > ODM_ARC_SETS_MAX)
		return true;
	for (size_t i = 0; i < rec->narcseals; i++)
		if (rec->arcseals[i].instance == instance)
			return true;
	if (!grow(&array, rec->narcseals, HISTORY_ARCSEALS_MAX, sizeof(seal)))
		return false;
	rec->arcseals = array;
	if (!copy_known(domain, &seal.domain) || !copy_known(selector, &seal.selector) ||
	    !copy_known(ip, &seal.ip)) {
		free_arcseal(&seal);
		return false;
	}
	rec->arcseals[rec->narcseals++] = seal;
	return true;
}

/* A caller may have filled the members without history_set(): look again. */
static void
put_clean(struct odm_strbuf *out, const char *text, const char *bad)
{
	size_t clean = strcspn(text, bad);

	while (text[clean] != '\0') {
		odm_strbuf_add(out, (struct odm_span){ text, clean });
		odm_strbuf_addc(out, '?');
		text += clean + 1;
		clean = strcspn(text, bad);
	}
	odm_strbuf_add(out, (struct odm_span){ text, clean });
}

static void
put_text(struct odm_strbuf *out, const char *key, const char *text)
{
	odm_strbuf_adds(out, key);
	odm_strbuf_addc(out, ' ');
	if (text != NULL)
		put_clean(out, text, "\r\n");
	odm_strbuf_addc(out, '\n');
}

static void
put_int(struct odm_strbuf *out, const char *key, int number)
{
	odm_strbuf_addf(out, "%s %d\n", key, number);
}

static void
put_dkim(struct odm_strbuf *out, const struct history_record *rec)
{
	for (size_t i = 0; i < rec->ndkim; i++) {
		const struct history_dkim *d = &rec->dkim[i];

		odm_strbuf_adds(out, "dkim ");
		put_clean(out, d->domain, " \t\r\n");
		odm_strbuf_addc(out, ' ');
		put_clean(out, d->selector == NULL ? "-" : d->selector, " \t\r\n");
		odm_strbuf_addf(out, " %d\n", d->result);
	}
}

static void
put_published(struct odm_strbuf *out, const struct history_record *rec, bool full)
{
	if (rec->nrua == 0)
		put_text(out, "rua", "-");
	for (size_t i = 0; i < rec->nrua; i++)
		put_text(out, "rua", rec->rua[i]);
	put_int(out, "pct", rec->pct);
	put_int(out, "adkim", rec->adkim);
	put_int(out, "aspf", rec->aspf);
	put_int(out, "p", rec->p);
	put_int(out, "sp", rec->sp);
	if (!full)
		return;
	put_int(out, "np", rec->np);
	put_int(out, "fo", rec->fo);
	if (rec->psd != 0)
		odm_strbuf_addf(out, "psd %c\n", rec->psd);
	put_text(out, "t", rec->testing ? "y" : "n");
	if (rec->discovery != NULL)
		put_text(out, "discovery", rec->discovery);
	if (rec->effective != 0)
		put_int(out, "effective", rec->effective);
}

static void
put_reasons(struct odm_strbuf *out, const struct history_record *rec)
{
	for (size_t i = 0; i < rec->nreasons; i++) {
		const struct history_reason *r = &rec->reasons[i];

		odm_strbuf_addf(out, "override %s", history_override_name(r->type));
		if (r->comment != NULL) {
			odm_strbuf_addc(out, ' ');
			put_clean(out, r->comment, "\r\n");
		}
		odm_strbuf_addc(out, '\n');
	}
}

void
history_write(const struct history_record *rec, bool full, struct odm_strbuf *out)
{
	put_text(out, "job", rec->job == NULL ? "(unknown-jobid)" : rec->job);
	if (full && rec->id != NULL)
		put_text(out, "id", rec->id);
	put_text(out, "reporter", rec->reporter);
	odm_strbuf_addf(out, "received %" PRId64 "\n", rec->received);
	put_text(out, "ipaddr", rec->ipaddr == NULL ? "127.0.0.1" : rec->ipaddr);
	put_text(out, "from", rec->from);
	put_text(out, "mfrom", rec->mfrom);
	put_dkim(out, rec);
	put_int(out, "spf", rec->spf);
	if (full) {
		put_int(out, "spf_scope", rec->spf_scope);
		if (rec->spf_domain != NULL)
			put_text(out, "spf_domain", rec->spf_domain);
	}
	put_text(out, "pdomain", rec->pdomain);
	put_int(out, "policy", rec->policy);
	put_published(out, rec, full);
	put_int(out, "align_dkim", rec->align_dkim);
	put_int(out, "align_spf", rec->align_spf);
	put_int(out, "arc", rec->arc);
	odm_strbuf_addf(out, "arc_policy %d ", rec->arc_policy);
	arcjson_write(rec, out);
	odm_strbuf_addc(out, '\n');
	if (full) {
		put_reasons(out, rec);
		if (rec->automatic != HISTORY_AUTOMATIC_NO)
			put_text(out, "automatic", history_automatic_name(rec->automatic));
	}
	put_int(out, "action", rec->action);
}
