/*
 * historyread.c - the text of a history record to its struct, in all dialects.
 */
#include <stddef.h>
#include <string.h>

#include "common/arcjson.h"
#include "common/history.h"
#include "libopendmarc/base/limits.h"

/* 9999-12-31 23:59:59 UTC: what the databases can show as a date. */
#define RECEIVED_MAX	INT64_C(253402300799)

/* The codes of results that files carry, see history_result(). */
#define CODE_MIN	(-1)
#define CODE_MAX	12

/* How the value of a key is read. */
enum kind {
	KIND_JOB,
	KIND_TEXT,		/* kept as it is */
	KIND_DOMAIN,		/* made lower case */
	KIND_RECEIVED,
	KIND_INT,		/* min..max */
	KIND_LETTER,		/* the letter, or its ASCII code; 0 unset */
	KIND_YES,		/* y, n */
	KIND_DKIM,
	KIND_RUA,
	KIND_ARC_POLICY,	/* a number, then the seals, arcjson.h */
	KIND_OVERRIDE,
	KIND_AUTOMATIC
};

/* Keys whose repetition shows that two records ran together. */
#define ONCE	true

static const struct key {
	const char	*name;
	enum kind	 kind;
	size_t		 offset;	/* of the member */
	int		 min, max;
	const char	*letters;
	bool		 once;
} keys[] = {
#define AT(member)	offsetof(struct history_record, member)
	{ "job",	KIND_JOB,	AT(job),	0, 0, NULL, false },
	{ "id",		KIND_TEXT,	AT(id),		0, 0, NULL, ONCE },
	{ "reporter",	KIND_TEXT,	AT(reporter),	0, 0, NULL, ONCE },
	{ "received",	KIND_RECEIVED,	AT(received),	0, 0, NULL, ONCE },
	{ "ipaddr",	KIND_TEXT,	AT(ipaddr),	0, 0, NULL, false },
	{ "from",	KIND_DOMAIN,	AT(from),	0, 0, NULL, false },
	{ "mfrom",	KIND_DOMAIN,	AT(mfrom),	0, 0, NULL, false },
	{ "dkim",	KIND_DKIM,	AT(dkim),	0, 0, NULL, false },
	{ "spf",	KIND_INT,	AT(spf),	CODE_MIN, CODE_MAX, NULL, false },
	{ "spf_scope",	KIND_INT,	AT(spf_scope),	-1, 2, NULL, false },
	{ "spf_domain",	KIND_DOMAIN,	AT(spf_domain),	0, 0, NULL, false },
	{ "pdomain",	KIND_DOMAIN,	AT(pdomain),	0, 0, NULL, false },
	{ "policy",	KIND_INT,	AT(policy),	13, 18, NULL, false },
	{ "rua",	KIND_RUA,	AT(rua),	0, 0, NULL, false },
	{ "pct",	KIND_INT,	AT(pct),	0, 100, NULL, false },
	{ "adkim",	KIND_LETTER,	AT(adkim),	0, 0, "rs", false },
	{ "aspf",	KIND_LETTER,	AT(aspf),	0, 0, "rs", false },
	{ "p",		KIND_LETTER,	AT(p),		0, 0, "nqr", false },
	{ "sp",		KIND_LETTER,	AT(sp),		0, 0, "nqr", false },
	{ "np",		KIND_LETTER,	AT(np),		0, 0, "nqr", false },
	{ "fo",		KIND_INT,	AT(fo),		0, 15, NULL, false },
	{ "psd",	KIND_LETTER,	AT(psd),	0, 0, "ynu", false },
	{ "t",		KIND_YES,	AT(testing),	0, 0, NULL, false },
	{ "discovery",	KIND_TEXT,	AT(discovery),	0, 0, NULL, false },
	{ "effective",	KIND_LETTER,	AT(effective),	0, 0, "nqr", false },
	{ "align_dkim",	KIND_INT,	AT(align_dkim),	0, 5, NULL, false },
	{ "align_spf",	KIND_INT,	AT(align_spf),	0, 5, NULL, false },
	{ "arc",	KIND_INT,	AT(arc),	CODE_MIN, CODE_MAX, NULL, false },
	{ "arc_policy",	KIND_ARC_POLICY, AT(arc_policy), 0, 2, NULL, false },
	{ "override",	KIND_OVERRIDE,	AT(reasons),	0, 0, NULL, false },
	{ "automatic",	KIND_AUTOMATIC,	AT(automatic),	0, 0, NULL, false },
	{ "action",	KIND_INT,	AT(action),	0, 4, NULL, false },
#undef AT
};

/* One bit of seen for each row of keys. */
_Static_assert(COUNT(keys) <= 64, "seen is too small");

static void
lower(char *text)
{
	for (; *text != '\0'; text++)
		*text = odm_lower(*text);
}

static const struct key *
find_key(struct odm_span name)
{
	for (size_t i = 0; i < COUNT(keys); i++)
		/* Looked at for each line of a file: most names differ in their first letter. */
		if (name.len > 0 && keys[i].name[0] == name.at[0] &&
		    odm_span_eq(name, keys[i].name))
			return &keys[i];
	return NULL;
}

static uint64_t
key_bit(const struct key *key)
{
	return UINT64_C(1) << (key - keys);
}

/* True when the record had a line of this name. */
static bool
has(const struct history_record *rec, const char *name)
{
	return (rec->seen & key_bit(find_key(odm_span_str(name)))) != 0;
}

/* Reads a number with an optional minus sign. */
static bool
read_int(struct odm_span text, int min, int max, int *number_r)
{
	unsigned long long n;
	bool minus = text.len > 0 && text.at[0] == '-';
	int value;

	if (minus)
		text = odm_span_sub(text, 1, text.len);
	if (!odm_span_number(text, 1000000, &n))
		return false;
	value = minus ? -(int)n : (int)n;
	if (value < min || value > max)
		return false;
	*number_r = value;
	return true;
}

static bool
read_letter(struct odm_span text, const char *letters, char *letter_r)
{
	int code;

	if (text.len == 1 && odm_is_alpha(text.at[0]))
		code = odm_lower(text.at[0]);
	else if (!read_int(text, 0, 127, &code))
		return false;
	if (code != 0 && strchr(letters, code) == NULL)
		return false;
	*letter_r = (char)code;
	return true;
}

static bool
read_yes(struct odm_span text, bool *yes_r)
{
	if (!odm_span_ieq(text, "y") && !odm_span_ieq(text, "n"))
		return false;
	*yes_r = odm_lower(text.at[0]) == 'y';
	return true;
}

/*
 * DOMAIN SELECTOR RESULT, or DOMAIN RESULT as 1.3 wrote it. The blank is a
 * separator each time, since the domain may be empty.
 */
static enum history_line
read_dkim(struct history_record *rec, struct odm_span value, const char **why_r)
{
	struct odm_span domain = { "", 0 }, selector = { "", 0 }, last;
	size_t at = odm_span_find(value, ' '), end = odm_span_rfind(value, ' ');
	int result;

	if (at == value.len) {
		*why_r = "dkim has no result";
		return HISTORY_LINE_BAD;
	}
	domain = odm_span_sub(value, 0, at);
	last = odm_span_sub(value, end + 1, value.len);
	if (end > at) {
		selector = odm_span_sub(value, at + 1, end);
		selector.len = odm_span_find(selector, ' ');
	}
	if (!read_int(last, CODE_MIN, CODE_MAX, &result)) {
		*why_r = "dkim has an impossible result";
		return HISTORY_LINE_BAD;
	}
	if (rec->ndkim == HISTORY_DKIM_MAX) {
		*why_r = "too many dkim results: this one is dropped";
		return HISTORY_LINE_OKAY;
	}
	if (!history_add_dkim(rec, domain, selector, result)) {
		*why_r = "out of memory";
		return HISTORY_LINE_BAD;
	}
	if (rec->ndkim > 0)
		lower(rec->dkim[rec->ndkim - 1].domain);
	return HISTORY_LINE_OKAY;
}

static enum history_line
read_rua(struct history_record *rec, struct odm_span value, const char **why_r)
{
	if (value.len == 0 || odm_span_eq(value, "-"))
		return HISTORY_LINE_OKAY;
	if (rec->nrua == HISTORY_RUA_MAX) {
		*why_r = "too many rua addresses: this one is dropped";
		return HISTORY_LINE_OKAY;
	}
	if (!history_add_rua(rec, value)) {
		*why_r = "out of memory";
		return HISTORY_LINE_BAD;
	}
	return HISTORY_LINE_OKAY;
}

/* TYPE COMMENT; a type of later days is "other" and keeps its words as comment. */
static enum history_line
read_override(struct history_record *rec, struct odm_span value, const char **why_r)
{
	size_t at = odm_span_find(value, ' ');
	struct odm_span comment = { "", 0 };
	enum history_override type;

	if (!history_override_parse(odm_span_sub(value, 0, at), &type)) {
		type = HISTORY_OVERRIDE_OTHER;
		comment = value;
	} else if (at < value.len) {
		comment = odm_span_sub(value, at + 1, value.len);
	}
	if (rec->nreasons == HISTORY_OVERRIDES_MAX) {
		*why_r = "too many override reasons: this one is dropped";
		return HISTORY_LINE_OKAY;
	}
	if (!history_add_reason(rec, type, comment)) {
		*why_r = "out of memory";
		return HISTORY_LINE_BAD;
	}
	return HISTORY_LINE_OKAY;
}

/* A kind of later days is mail like other mail here: it is told. */
static enum history_line
read_automatic(struct history_record *rec, struct odm_span value, const char **why_r)
{
	rec->automatic = HISTORY_AUTOMATIC_NO;
	if (!history_automatic_parse(value, &rec->automatic))
		*why_r = "unknown kind of automatic mail: it counts as other mail";
	return HISTORY_LINE_OKAY;
}

static enum history_line
read_arc_policy(struct history_record *rec, const struct key *key, struct odm_span value,
    const char **why_r)
{
	size_t at = odm_span_find(value, ' ');

	if (!read_int(odm_span_sub(value, 0, at), key->min, key->max, &rec->arc_policy)) {
		*why_r = "impossible value";
		return HISTORY_LINE_BAD;
	}
	if (!arcjson_read(rec, odm_span_sub(value, at, value.len), why_r)) {
		*why_r = "out of memory";
		return HISTORY_LINE_BAD;
	}
	return HISTORY_LINE_OKAY;
}

static enum history_line
read_text(char **member, struct odm_span value, bool domain, const char **why_r)
{
	if (!history_set(member, value)) {
		*why_r = "out of memory";
		return HISTORY_LINE_BAD;
	}
	if (domain)
		lower(*member);
	return HISTORY_LINE_OKAY;
}

/* The value of a known key into the member that its row names. */
static enum history_line
read_value(struct history_record *rec, const struct key *key, struct odm_span value,
    const char **why_r)
{
	void *member = (char *)rec + key->offset;
	unsigned long long seconds;
	bool good = false;

	/* Cut short, a domain or an address would be another one. */
	if (value.len > ODM_HISTORY_VALUE_MAX && key->kind != KIND_ARC_POLICY &&
	    key->kind != KIND_OVERRIDE) {
		*why_r = "value too long";
		return HISTORY_LINE_BAD;
	}
	switch (key->kind) {
	case KIND_JOB:
	case KIND_TEXT:
	case KIND_DOMAIN:
		return read_text(member, value, key->kind == KIND_DOMAIN, why_r);
	case KIND_DKIM:
		return read_dkim(rec, value, why_r);
	case KIND_RUA:
		return read_rua(rec, value, why_r);
	case KIND_OVERRIDE:
		return read_override(rec, value, why_r);
	case KIND_AUTOMATIC:
		return read_automatic(rec, value, why_r);
	case KIND_RECEIVED:
		good = odm_span_number(value, RECEIVED_MAX, &seconds);
		if (good)
			rec->received = (int64_t)seconds;
		break;
	case KIND_ARC_POLICY:
		return read_arc_policy(rec, key, value, why_r);
	case KIND_INT:
		good = read_int(value, key->min, key->max, member);
		break;
	case KIND_LETTER:
		good = read_letter(value, key->letters, member);
		break;
	case KIND_YES:
		good = read_yes(value, member);
		break;
	}
	if (!good)
		*why_r = "impossible value";
	return good ? HISTORY_LINE_OKAY : HISTORY_LINE_BAD;
}

enum history_line
history_read_line(struct history_record *rec, struct odm_span line, bool first,
    const char **why_r)
{
	const struct key *key;
	struct odm_span value = { "", 0 };
	size_t at;

	*why_r = NULL;
	/* A file that lost its end in a crash may go on after a run of NULs. */
	while (line.len > 0 && line.at[0] == '\0')
		line = odm_span_sub(line, 1, line.len);
	if (line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	if (line.len == 0)
		return HISTORY_LINE_EMPTY;

	at = odm_span_find(line, ' ');
	key = find_key(odm_span_sub(line, 0, at));
	if (key == NULL)
		return HISTORY_LINE_UNKNOWN;
	if (key->kind == KIND_JOB && !first)
		return HISTORY_LINE_JOB;
	if (key->once && (rec->seen & key_bit(key)) != 0) {
		*why_r = "repeated: two records ran together";
		return HISTORY_LINE_BAD;
	}
	if (at < line.len)
		value = odm_span_sub(line, at + 1, line.len);
	rec->seen |= key_bit(key);
	return read_value(rec, key, value, why_r);
}

/* "-" stands for an unknown value in old files. */
static bool
unusable(const char *text)
{
	return text == NULL || *text == '\0' || strcmp(text, "-") == 0;
}

bool
history_complete(const struct history_record *rec, const char **why_r)
{
	const char *missing = NULL;

	if (rec->job == NULL)
		missing = "no job";
	else if (unusable(rec->reporter))
		missing = "no reporter";
	else if (rec->received <= 0)
		missing = "no received";
	else if (unusable(rec->ipaddr))
		missing = "no ipaddr";
	else if (unusable(rec->from))
		missing = "no from";
	else if (rec->mfrom == NULL || strcmp(rec->mfrom, "-") == 0)
		missing = "no mfrom";
	else if (unusable(rec->pdomain))
		missing = "no pdomain";
	else if (rec->policy == 0)
		missing = "no policy";
	else if (rec->id != NULL && !has(rec, "action"))
		missing = "cut off before action";
	if (missing != NULL)
		*why_r = missing;
	return missing == NULL;
}
