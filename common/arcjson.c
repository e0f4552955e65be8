/*
 * arcjson.c - the seals of an ARC chain in the history file. RFC 8259 as far as needed: a
 * list of flat objects whose values are numbers and strings.
 */
#include "common/arcjson.h"
#include "libopendmarc/base/limits.h"

/* One value; the domain is the longest that is needed, the rest is what a name can be. */
#define VALUE_MAX	255

/* The texts of one object. */
struct object {
	unsigned long long instance;	/* 0: none was given */
	char	domain[VALUE_MAX + 1];
	char	selector[VALUE_MAX + 1];
	char	ip[VALUE_MAX + 1];
};

static void
put_string(struct odm_strbuf *out, const char *text)
{
	odm_strbuf_addc(out, '"');
	for (; text != NULL && *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			odm_strbuf_addc(out, '\\');
		odm_strbuf_addc(out, *text >= 0x20 && *text < 0x7f ? *text : '?');
	}
	odm_strbuf_addc(out, '"');
}

static void
put_seal(struct odm_strbuf *out, const struct history_arcseal *seal, bool first)
{
	odm_strbuf_addf(out, "%s{ \"i\": %u, \"d\":", first ? "" : ", ", seal->instance);
	put_string(out, seal->domain);
	odm_strbuf_adds(out, ", \"s\":");
	put_string(out, seal->selector);
	odm_strbuf_adds(out, ", \"ip\":");
	put_string(out, seal->ip);
	odm_strbuf_adds(out, " }");
}

void
arcjson_write(const struct history_record *rec, struct odm_strbuf *out)
{
	size_t start = out->len;

	odm_strbuf_adds(out, "json:[");
	for (size_t i = 0; i < rec->narcseals; i++) {
		const struct history_arcseal *seal = &rec->arcseals[i];
		/* Each octet may be escaped; names and punctuation stay below 64. */
		size_t need = 64 + 2 * (odm_span_str(seal->domain).len +
		    odm_span_str(seal->selector).len + odm_span_str(seal->ip).len);

		if (out->len - start + need > ODM_HISTORY_VALUE_MAX)
			break;
		put_seal(out, seal, i == 0);
	}
	odm_strbuf_addc(out, ']');
}

static void
skip_blanks(struct odm_span *rest)
{
	while (rest->len > 0 && odm_is_fws(rest->at[0]))
		*rest = odm_span_sub(*rest, 1, rest->len);
}

/* Takes one octet c, blanks before it. */
static bool
take(struct odm_span *rest, char c)
{
	skip_blanks(rest);
	if (rest->len == 0 || rest->at[0] != c)
		return false;
	*rest = odm_span_sub(*rest, 1, rest->len);
	return true;
}

/* Takes what stands behind a backslash; octets that need more than ASCII become "?". */
static char
take_escape(struct odm_span *rest)
{
	char c = rest->at[0];

	*rest = odm_span_sub(*rest, 1, rest->len);
	if (c == 'u') {
		*rest = odm_span_sub(*rest, rest->len < 4 ? rest->len : 4, rest->len);
		return '?';
	}
	return c == '"' || c == '\\' || c == '/' ? c : '?';
}

/* Takes a string into buf, of VALUE_MAX + 1 octets; one that is longer does not count. */
static bool
take_string(struct odm_span *rest, char *buf)
{
	size_t len = 0;
	char c;

	if (!take(rest, '"'))
		return false;
	while (rest->len > 0) {
		c = rest->at[0];
		*rest = odm_span_sub(*rest, 1, rest->len);
		if (c == '"') {
			buf[len] = '\0';
			return true;
		}
		if (c == '\\' && rest->len == 0)
			return false;
		if (c == '\\')
			c = take_escape(rest);
		if (len == VALUE_MAX)
			return false;
		buf[len++] = c >= 0x20 && c < 0x7f ? c : '?';
	}
	return false;
}

/* Takes a number, which may stand in quotes. */
static bool
take_number(struct odm_span *rest, unsigned long long *number_r)
{
	char digits[VALUE_MAX + 1];
	size_t len = 0;

	skip_blanks(rest);
	if (rest->len > 0 && rest->at[0] == '"')
		return take_string(rest, digits) &&
		    odm_span_number(odm_span_str(digits), ODM_ARC_SETS_MAX, number_r);
	while (len < rest->len && odm_is_digit(rest->at[len]))
		len++;
	if (!odm_span_number(odm_span_sub(*rest, 0, len), ODM_ARC_SETS_MAX, number_r))
		return false;
	*rest = odm_span_sub(*rest, len, rest->len);
	return true;
}

/* Takes "name": value into o. Other names have string values and are passed over. */
static bool
take_member(struct odm_span *rest, struct object *o)
{
	char name[VALUE_MAX + 1], other[VALUE_MAX + 1];
	struct odm_span key;

	if (!take_string(rest, name) || !take(rest, ':'))
		return false;
	key = odm_span_str(name);
	if (odm_span_eq(key, "i"))
		return take_number(rest, &o->instance);
	if (odm_span_eq(key, "d"))
		return take_string(rest, o->domain);
	if (odm_span_eq(key, "s"))
		return take_string(rest, o->selector);
	return take_string(rest, odm_span_eq(key, "ip") ? o->ip : other);
}

static bool
take_object(struct odm_span *rest, struct object *o_r)
{
	*o_r = (struct object){ 0 };
	if (!take(rest, '{'))
		return false;
	if (take(rest, '}'))
		return true;
	do {
		if (!take_member(rest, o_r))
			return false;
	} while (take(rest, ','));
	return take(rest, '}');
}

static bool
add(struct history_record *rec, struct object *o)
{
	char *at;

	for (at = o->domain; *at != '\0'; at++)
		*at = odm_lower(*at);
	if (o->instance == 0)
		return true;
	return history_add_arcseal(rec, (unsigned)o->instance, odm_span_str(o->domain),
	    odm_span_str(o->selector), odm_span_str(o->ip));
}

bool
arcjson_read(struct history_record *rec, struct odm_span text, const char **why_r)
{
	struct odm_span rest = odm_span_trim(text);
	struct object o;

	if (rest.len < 4 || !odm_span_eq(odm_span_sub(rest, 0, 4), "json"))
		return true;
	rest = odm_span_sub(rest, 4, rest.len);
	(void)take(&rest, ':');
	if (!take(&rest, '[')) {
		*why_r = "the ARC seals cannot be read";
		return true;
	}
	if (take(&rest, ']'))
		return true;
	do {
		if (!take_object(&rest, &o)) {
			*why_r = "some ARC seals cannot be read";
			return true;
		}
		if (!add(rec, &o))
			return false;
	} while (take(&rest, ','));
	return true;
}
