/*
 * authres.c - reading Authentication-Results fields, result by result.
 * RFC 8601, 2.2; RFC 6008. Fields in use depart from the grammar (unquoted "/",
 * ":" and "=", angle brackets, words without a property type), so values run to
 * white space, "(" or ";", and what nobody can use is passed over. What an open
 * comment or quoted string swallows is lost, never read as results.
 */
#include <assert.h>

#include "libopendmarc/base/nametab.h"
#include "libopendmarc/parse/authres.h"
#include "libopendmarc/parse/cfws.h"

static const struct odm_name method_names[] = {
	{ ODM_METHOD_ARC,	"arc" },
	{ ODM_METHOD_DKIM,	"dkim" },
	{ ODM_METHOD_DMARC,	"dmarc" },
	{ ODM_METHOD_SPF,	"spf" },
};

/* The property types of RFC 8601, 2.3: what may follow an empty value. */
static const char *const ptypes[] = { "body", "header", "policy", "smtp" };

static char
first(struct odm_span s)
{
	return s.len > 0 ? s.at[0] : '\0';
}

/* Takes one octet c, after comments and white space. False when it is not there. */
static bool
take_octet(struct odm_span *rest, char c)
{
	if (!odm_cfws_skip(rest) || first(*rest) != c || rest->len == 0)
		return false;
	*rest = odm_span_sub(*rest, 1, rest->len);
	return true;
}

static bool
is_keyword_octet(char c)
{
	return odm_is_alnum(c) || c == '-' || c == '_';
}

/* Takes a keyword, after comments and white space; "_" is met in practice. May be empty. */
static bool
take_keyword(struct odm_span *rest, struct odm_span *word_r)
{
	size_t len = 0;

	if (!odm_cfws_skip(rest))
		return false;
	while (len < rest->len && is_keyword_octet(rest->at[len]))
		len++;
	*word_r = odm_span_sub(*rest, 0, len);
	*rest = odm_span_sub(*rest, len, rest->len);
	return true;
}

/* Takes digits that must make the one version there is (RFC 8601, 2.6 and 6.1). */
static bool
take_version_1(struct odm_span *rest)
{
	unsigned long long version;
	struct odm_span word;

	return take_keyword(rest, &word) && odm_span_number(word, 1, &version) && version == 1;
}

/* True at the end and before ";", after comments and white space. */
static bool
at_end(struct odm_span *rest)
{
	return odm_cfws_skip(rest) && (rest->len == 0 || first(*rest) == ';');
}

/* Moves to the next ";" that is neither in a comment nor in a quoted string. */
static void
skip_to_separator(struct odm_span *rest)
{
	struct odm_span run;

	while (!at_end(rest))
		if (rest->len > 0 && !odm_run_take(rest, &run))
			return;
}

/* An unquoted authserv-id: "/" before a job id is met in practice, "=" is not. */
static bool
is_id_octet(char c)
{
	return !odm_is_fws(c) && (unsigned char)c >= 0x20 && c != 0x7f &&
	    strchr("()<>,;=\"", c) == NULL;
}

bool
odm_authres_open(struct odm_span value, struct odm_authres *ar_r)
{
	struct odm_authres ar = { .id_quoted = false };
	struct odm_span rest = value;
	size_t len = 0;

	assert(ar_r != NULL);
	*ar_r = ar;

	if (!odm_cfws_skip(&rest))
		return false;
	ar.id_quoted = first(rest) == '"';
	if (ar.id_quoted) {
		if (!odm_quoted_take(&rest, &ar.authserv_id))
			return false;
	} else {
		while (len < rest.len && is_id_octet(rest.at[len]))
			len++;
		ar.authserv_id = odm_span_sub(rest, 0, len);
		rest = odm_span_sub(rest, len, rest.len);
	}
	if (ar.authserv_id.len == 0)
		return false;
	if (!at_end(&rest) && (!take_version_1(&rest) || !at_end(&rest)))
		return false;
	ar.rest = rest;
	*ar_r = ar;
	return true;
}

/* Text that is being decoded; size counts the NUL. */
struct decoder {
	char	*buf;
	size_t	 size, len;
};

static bool
put(struct decoder *d, char c)
{
	if ((unsigned char)c < 0x20 || c == 0x7f || d->len + 1 >= d->size)
		return false;
	d->buf[d->len++] = c;
	return true;
}

/*
 * Puts the inside of a quoted string without its quoted pairs. Folding is no
 * part of the text (RFC 5322, 3.2.4); its tabs become blanks.
 */
static bool
put_quoted(struct decoder *d, struct odm_span inner)
{
	for (size_t i = 0; i < inner.len; i++) {
		char c = inner.at[i];

		if (c == '\\' && i + 1 < inner.len)
			c = inner.at[++i];
		else if (c == '\r' || c == '\n')
			continue;
		if (!put(d, c == '\t' ? ' ' : c))
			return false;
	}
	return true;
}

/* Ends the decoded text; on failure it is the empty one. */
static bool
finish(struct decoder *d, bool good)
{
	if (d->size > 0)
		d->buf[good ? d->len : 0] = '\0';
	return good && d->size > 0;
}

bool
odm_authres_value(struct odm_span raw, char *buf, size_t size)
{
	struct decoder d = { buf, size, 0 };
	struct odm_span inner;
	bool good;

	while ((good = odm_cfws_skip(&raw)) && raw.len > 0) {
		if (raw.at[0] == '"') {
			if (!odm_quoted_take(&raw, &inner) || !put_quoted(&d, inner))
				return finish(&d, false);
		} else {
			if (!put(&d, raw.at[0]))
				return finish(&d, false);
			raw = odm_span_sub(raw, 1, raw.len);
		}
	}
	return finish(&d, good);
}

/* Decodes one part of the authserv-id. */
static bool
id_part(struct odm_span part, bool quoted, char *buf, size_t size)
{
	struct decoder d = { buf, size, 0 };
	bool good = true;

	if (quoted)
		return finish(&d, put_quoted(&d, part));
	for (size_t i = 0; i < part.len && good; i++)
		good = put(&d, part.at[i]);
	return finish(&d, good);
}

bool
odm_authres_id(const struct odm_authres *ar, char *id_r, size_t id_size,
    char *job_r, size_t job_size)
{
	struct odm_span id = ar->authserv_id;
	size_t slash = odm_span_find(id, '/');
	size_t job = slash < id.len ? slash + 1 : id.len;
	bool good;

	good = id_part(odm_span_sub(id, 0, slash), ar->id_quoted, id_r, id_size);
	return id_part(odm_span_sub(id, job, id.len), ar->id_quoted, job_r, job_size) &&
	    good && id_r[0] != '\0';
}

/* True when text begins with a property such as "smtp.helo=" and not with an address. */
static bool
begins_property(struct odm_span text)
{
	struct odm_span run, ptype;
	size_t dot, equals;

	if (!odm_run_take(&text, &run) || odm_span_find(run, '@') < run.len)
		return false;
	dot = odm_span_find(run, '.');
	equals = odm_span_find(run, '=');
	if (equals == run.len || dot >= equals)
		return false;
	ptype = odm_span_sub(run, 0, dot);
	for (size_t i = 0; i < COUNT(ptypes); i++)
		if (odm_span_ieq(ptype, ptypes[i]))
			return true;
	return false;
}

static void
keep_prop(struct odm_authres_result *res, struct odm_authres_prop prop)
{
	if (res->nprops < COUNT(res->props))
		res->props[res->nprops++] = prop;
}

/*
 * Takes the next thing behind a result: ptype.property=value is kept, reason=
 * and other words are passed over. False when the result cannot be used: open
 * comments and strings, and text that would go on with a value that has ended.
 */
static bool
take_prop(struct odm_span *rest, struct odm_authres_result *res)
{
	struct odm_span start = *rest, run;
	struct odm_authres_prop prop;

	if (first(start) == '.' || first(start) == '@')
		return false;
	if (take_keyword(rest, &prop.ptype) && prop.ptype.len > 0) {
		if (take_octet(rest, '='))
			return odm_value_take(rest, begins_property, &run);
		if (take_octet(rest, '.') && take_keyword(rest, &prop.name) &&
		    prop.name.len > 0 && take_octet(rest, '=')) {
			if (!odm_value_take(rest, begins_property, &prop.value))
				return false;
			keep_prop(res, prop);
			return true;
		}
	}
	*rest = start;
	return odm_run_take(rest, &run);
}

/* Reads method[/version]=result and what follows it, up to the next ";". */
static bool
take_result(struct odm_span *rest, struct odm_authres_result *res)
{
	struct odm_span method, word, before;
	int value;
	bool supported = true;

	if (!take_keyword(rest, &method) || method.len == 0)
		return false;
	if (take_octet(rest, '/')) {
		before = *rest;
		supported = take_version_1(rest);
		if (!supported && rest->at == before.at)
			return false;
	}
	if (!take_octet(rest, '=') || !take_keyword(rest, &word) || word.len == 0)
		return false;
	if (rest->len > 0 && !odm_is_fws(first(*rest)) && first(*rest) != '(' &&
	    first(*rest) != ';')
		return false;
	if (supported && odm_name_value(method_names, COUNT(method_names), method, &value))
		res->method = (enum odm_method)value;
	res->result = odm_result_parse(word);

	while (!at_end(rest))
		if (rest->len == 0 || !take_prop(rest, res))
			return false;
	return true;
}

/* True for "none" alone, which says that there are no results. RFC 8601, 2.2. */
static bool
is_no_result(struct odm_span rest)
{
	struct odm_span word;

	return take_keyword(&rest, &word) && odm_span_ieq(word, "none") && at_end(&rest);
}

int
odm_authres_next(struct odm_authres *ar, struct odm_authres_result *res_r)
{
	bool good;

	assert(ar != NULL && res_r != NULL);

	while (ar->nresults < ODM_AUTHRES_RESULTS_MAX) {
		if (!odm_cfws_skip(&ar->rest))
			return -1;
		if (ar->rest.len == 0)
			return 0;
		if (first(ar->rest) == ';') {
			ar->rest = odm_span_sub(ar->rest, 1, ar->rest.len);
			continue;
		}
		if (is_no_result(ar->rest)) {
			skip_to_separator(&ar->rest);
			continue;
		}
		res_r->method = ODM_METHOD_OTHER;
		res_r->result = ODM_RESULT_UNKNOWN;
		res_r->nprops = 0;
		good = take_result(&ar->rest, res_r);
		ar->nresults++;
		if (good)
			return 1;
		skip_to_separator(&ar->rest);
		return -1;
	}
	return 0;
}

const struct odm_authres_prop *
odm_authres_find(const struct odm_authres_result *res, const char *ptype, const char *name)
{
	for (size_t i = 0; i < res->nprops; i++)
		if (odm_span_ieq(res->props[i].ptype, ptype) &&
		    odm_span_ieq(res->props[i].name, name))
			return &res->props[i];
	return NULL;
}
