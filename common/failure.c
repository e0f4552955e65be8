/*
 * failure.c - a failed message as text, and back.
 */
#include "common/failure.h"
#include "libopendmarc/base/nametab.h"

#define MEMBER(name)	offsetof(struct failure, name)

static const struct odm_name deliveries[] = {
	{ FAILURE_DELIVERED,	"delivered" },
	{ FAILURE_SPAM,		"spam" },
	{ FAILURE_POLICY,	"policy" },
	{ FAILURE_REJECT,	"reject" },
	{ FAILURE_OTHER,	"other" },
};

/* Keys whose value is a text. */
static const struct text_key {
	const char	*key;
	size_t		 offset;
	bool		 needed;
} texts[] = {
	{ "job",	MEMBER(job), false },
	{ "reporter",	MEMBER(reporter), true },
	{ "authserv",	MEMBER(authserv_id), true },
	{ "ipaddr",	MEMBER(ip), true },
	{ "helo",	MEMBER(helo), false },
	{ "mfrom",	MEMBER(mail_from), false },
	{ "from",	MEMBER(author_domain), true },
	{ "pdomain",	MEMBER(policy_domain), true },
	{ "org",	MEMBER(org_domain), false },
	{ "ruf",	MEMBER(ruf), false },
	{ "result",	MEMBER(result), true },
	{ "policy",	MEMBER(published), false },
	{ "disposition", MEMBER(disposition), false },
	{ "spf_domain",	MEMBER(spf_domain), false },
};

/* Keys whose value is a small number. */
static const struct number_key {
	const char	*key;
	size_t		 offset;
	unsigned	 max;
} numbers[] = {
	{ "port",	MEMBER(port), 65535 },
	{ "fo",		MEMBER(fo), 15 },
	{ "kinds",	MEMBER(kinds), FAILURE_DMARC | FAILURE_DKIM | FAILURE_SPF },
};

/* Keys whose value is "yes" or "no". */
static const struct flag_key {
	const char	*key;
	size_t		 offset;
} flags[] = {
	{ "dkim_aligned",	MEMBER(dkim_aligned) },
	{ "spf_aligned",	MEMBER(spf_aligned) },
	{ "spf_is_helo",	MEMBER(spf_is_helo) },
};

static const char **
text_of(struct failure *f, size_t offset)
{
	return (const char **)(void *)((char *)f + offset);
}

static const char *
text_in(const struct failure *f, size_t offset)
{
	return *(const char *const *)(const void *)((const char *)f + offset);
}

void
failure_init(struct failure *f)
{
	*f = (struct failure){ .psd = 'u', .header = odm_span_str("") };
	for (size_t i = 0; i < COUNT(texts); i++)
		*text_of(f, texts[i].offset) = "";
}

const char *
failure_delivery_name(enum failure_delivery delivery)
{
	return odm_name_of(deliveries, COUNT(deliveries), (int)delivery);
}

/* A value that stays on its line; of a word also blanks go. */
static void
add_value(struct odm_strbuf *out, const char *text, bool is_word)
{
	size_t n;

	for (n = 0; n < FAILURE_VALUE_MAX && text[n] != '\0'; n++) {
		bool bad = text[n] == '\r' || text[n] == '\n' || (is_word && odm_is_wsp(text[n]));

		odm_strbuf_addc(out, bad ? '?' : text[n]);
	}
	if (n == 0 && is_word)
		odm_strbuf_addc(out, '-');
}

static void
add_line(struct odm_strbuf *out, const char *key, const char *text)
{
	if (text[0] == '\0')
		return;
	odm_strbuf_addf(out, "%s ", key);
	add_value(out, text, false);
	odm_strbuf_addc(out, '\n');
}

static void
add_dkim(struct odm_strbuf *out, const struct failure_dkim *d)
{
	odm_strbuf_addf(out, "dkim %s ", odm_result_name(d->result));
	add_value(out, d->domain, true);
	odm_strbuf_addc(out, ' ');
	add_value(out, d->selector, true);
	odm_strbuf_addc(out, ' ');
	add_value(out, d->identity, true);
	odm_strbuf_addc(out, '\n');
}

/* The part of the header that is kept: whole lines. */
static struct odm_span
bounded_header(struct odm_span header)
{
	if (header.len <= ODM_FAILURE_HEADER_MAX)
		return header;
	header.len = ODM_FAILURE_HEADER_MAX;
	while (header.len > 0 && header.at[header.len - 1] != '\n')
		header.len--;
	return header;
}

void
failure_write(const struct failure *f, struct odm_strbuf *out)
{
	struct odm_span header = bounded_header(f->header);
	size_t i;

	odm_strbuf_adds(out, "failure 1\n");
	for (i = 0; i < COUNT(texts); i++)
		add_line(out, texts[i].key, text_in(f, texts[i].offset));
	for (i = 0; i < COUNT(numbers); i++)
		odm_strbuf_addf(out, "%s %u\n", numbers[i].key,
		    *(const unsigned *)(const void *)((const char *)f + numbers[i].offset));
	for (i = 0; i < COUNT(flags); i++)
		odm_strbuf_addf(out, "%s %s\n", flags[i].key,
		    *(const bool *)(const void *)((const char *)f + flags[i].offset) ?
		    "yes" : "no");
	odm_strbuf_addf(out, "received %lld\npsd %c\nspf %s\ndelivery %s\n",
	    (long long)f->arrived, f->psd, odm_result_name(f->spf),
	    failure_delivery_name(f->delivery));
	for (i = 0; i < f->ndkim && i < FAILURE_DKIM_MAX; i++)
		add_dkim(out, &f->dkim[i]);
	odm_strbuf_addf(out, "header %zu\n", header.len);
	odm_strbuf_add(out, header);
}

/* The next line of *rest, its LF overwritten by NUL so that values are texts. */
static bool
next_line(struct odm_strbuf *text, size_t *at, char **key_r, char **value_r)
{
	char *line = text->at + *at, *end;

	if (*at >= text->len || (end = memchr(line, '\n', text->len - *at)) == NULL)
		return false;
	*end = '\0';
	*at = (size_t)(end + 1 - text->at);
	*key_r = line;
	*value_r = strchr(line, ' ');
	if (*value_r == NULL)
		*value_r = end;
	else
		*(*value_r)++ = '\0';
	return true;
}

/* Cuts the next word off *rest. */
static const char *
next_word(char **rest)
{
	char *word = *rest, *end = strchr(word, ' ');

	if (end == NULL)
		end = word + strlen(word);
	*rest = *end == '\0' ? end : end + 1;
	*end = '\0';
	return strcmp(word, "-") == 0 ? "" : word;
}

static bool
read_number(const char *value, unsigned long long max, unsigned long long *n_r)
{
	return odm_span_number(odm_span_str(value), max, n_r);
}

static bool
read_dkim(struct failure *f, char *value)
{
	struct failure_dkim *d = &f->dkim[f->ndkim];

	if (f->ndkim == FAILURE_DKIM_MAX)
		return true;
	d->result = odm_result_parse(odm_span_str(next_word(&value)));
	d->domain = next_word(&value);
	d->selector = next_word(&value);
	d->identity = next_word(&value);
	f->ndkim++;
	return d->domain[0] != '\0';
}

/* The keys that have a form of their own; unknown ones are fine. */
static bool
read_special(struct failure *f, const char *key, char *value)
{
	unsigned long long n;
	int delivery;

	if (strcmp(key, "received") == 0) {
		if (!read_number(value, INT64_MAX, &n))
			return false;
		f->arrived = (int64_t)n;
	} else if (strcmp(key, "psd") == 0) {
		f->psd = value[0];
	} else if (strcmp(key, "spf") == 0) {
		f->spf = odm_result_parse(odm_span_str(value));
	} else if (strcmp(key, "dkim") == 0) {
		return read_dkim(f, value);
	} else if (strcmp(key, "delivery") == 0) {
		if (!odm_name_value(deliveries, COUNT(deliveries), odm_span_str(value),
		    &delivery))
			return false;
		f->delivery = (enum failure_delivery)delivery;
	}
	return true;
}

static bool
read_key(struct failure *f, const char *key, char *value)
{
	unsigned long long n;
	size_t i;

	for (i = 0; i < COUNT(texts); i++)
		if (strcmp(key, texts[i].key) == 0) {
			*text_of(f, texts[i].offset) = value;
			return true;
		}
	for (i = 0; i < COUNT(numbers); i++)
		if (strcmp(key, numbers[i].key) == 0) {
			if (!read_number(value, numbers[i].max, &n))
				return false;
			*(unsigned *)(void *)((char *)f + numbers[i].offset) = (unsigned)n;
			return true;
		}
	for (i = 0; i < COUNT(flags); i++)
		if (strcmp(key, flags[i].key) == 0) {
			*(bool *)(void *)((char *)f + flags[i].offset) =
			    strcmp(value, "yes") == 0;
			return true;
		}
	return read_special(f, key, value);
}

static bool
has_all(const struct failure *f, const char **why_r)
{
	size_t i;

	for (i = 0; i < COUNT(texts); i++)
		if (texts[i].needed && text_in(f, texts[i].offset)[0] == '\0') {
			*why_r = "a line that it needs is missing";
			return false;
		}
	if (f->kinds != 0)
		return true;
	*why_r = "it says nothing about the kind of report";
	return false;
}

bool
failure_read(struct odm_strbuf *text, struct failure *f_r, const char **why_r)
{
	unsigned long long len;
	char *key, *value;
	size_t at = 0;

	failure_init(f_r);
	if (!next_line(text, &at, &key, &value) || strcmp(key, "failure") != 0 ||
	    strcmp(value, "1") != 0) {
		*why_r = "its first line is not \"failure 1\"";
		return false;
	}
	while (next_line(text, &at, &key, &value)) {
		if (strcmp(key, "header") == 0) {
			if (!read_number(value, ODM_FAILURE_HEADER_MAX, &len) ||
			    len != text->len - at) {
				*why_r = "its header has another length than it says";
				return false;
			}
			f_r->header = (struct odm_span){ text->at + at, (size_t)len };
			return has_all(f_r, why_r);
		}
		if (!read_key(f_r, key, value)) {
			*why_r = "a line has an impossible value";
			return false;
		}
	}
	*why_r = "it has no header";
	return false;
}

/* The length of the first field or stray line in s, with its folds and final LF. */
static size_t
field_len(struct odm_span s)
{
	size_t end = odm_span_find(s, '\n');

	while (end + 1 < s.len && odm_is_wsp(s.at[end + 1]))
		end += 1 + odm_span_find(odm_span_sub(s, end + 1, s.len), '\n');
	return end < s.len ? end + 1 : s.len;
}

bool
failure_field(struct odm_span *rest_r, struct odm_span *name_r, struct odm_span *value_r)
{
	struct odm_span field;
	size_t len, colon;

	while (rest_r->len > 0) {
		len = field_len(*rest_r);
		field = odm_span_sub(*rest_r, 0, len);
		*rest_r = odm_span_sub(*rest_r, len, rest_r->len);
		colon = odm_span_find(field, ':');
		if (field.at[field.len - 1] == '\n')
			field.len--;
		*name_r = odm_span_trim(odm_span_sub(field, 0, colon < field.len ? colon : 0));
		if (name_r->len == 0 || odm_is_fws(field.at[0]) ||
		    odm_span_find(*name_r, '\n') < name_r->len)
			continue;
		*value_r = odm_span_sub(field, colon + 1, field.len);
		return true;
	}
	return false;
}
