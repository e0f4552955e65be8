/*
 * script.c - reads the scripts of the replay program. The form is at the top of replay.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/replay/replay.h"

void
bad_script(const struct replay *r, const char *what)
{
	printf("Bail out! %s:%zu: %s\n", r->file, r->line, what);
	exit(1);
}

static void
end_case(struct replay *r)
{
	if (!r->in_case)
		return;
	if (!r->expected.given || (!r->asked_given && r->at_most == 0))
		bad_script(r, "the case before lacks expect, or asked and at-most");
	play_case(r);
	zone_clear(&r->own);
	r->in_case = false;
}

static void
begin_case(struct replay *r, const char *title)
{
	end_case(r);
	r->in_case = true;
	(void)strlcpy(r->title, title, sizeof(r->title));
	r->nauthors = r->nfacts = r->nverdicts = 0;
	r->expected = (struct expected){ .pct = 100 };
	r->asked[0] = r->why[0] = '\0';
	r->asked_given = false;
	r->at_most = 0;
}

/* Takes the next word, cutting it out of the line; "" at the end. */
static char *
word(char **rest)
{
	char *start = *rest + strspn(*rest, " \t");
	size_t len = strcspn(start, " \t");

	*rest = start + len;
	if (**rest != '\0')
		*(*rest)++ = '\0';
	return start;
}

static bool
hex_octet(const char *at, char *c_r)
{
	char digits[3] = { at[0], at[0] == '\0' ? '\0' : at[1], '\0' }, *end;
	unsigned long value = strtoul(digits, &end, 16);

	*c_r = (char)value;
	return end == digits + 2;
}

/* Resolves \t \n \\ \xHH in place and returns the new length. */
static size_t
unescape(const struct replay *r, char *text)
{
	char *to = text;

	for (const char *at = text; *at != '\0'; at++) {
		if (*at != '\\') {
			*to++ = *at;
			continue;
		}
		at++;
		if (*at == 't')
			*to++ = '\t';
		else if (*at == 'n')
			*to++ = '\n';
		else if (*at == '\\')
			*to++ = '\\';
		else if (*at == 'x' && hex_octet(at + 1, to)) {
			to++;
			at += 2;
		} else
			bad_script(r, "unknown escape");
	}
	return (size_t)(to - text);
}

static enum odm_dmarc
dmarc_word(const struct replay *r, const char *text)
{
	for (int i = ODM_DMARC_NONE; i <= ODM_DMARC_PERMERROR; i++)
		if (strcmp(odm_dmarc_name((enum odm_dmarc)i), text) == 0)
			return (enum odm_dmarc)i;
	bad_script(r, "unknown result");
	return ODM_DMARC_NONE;
}

static enum odm_policy
policy_word(const struct replay *r, const char *text)
{
	enum odm_policy policy = ODM_POLICY_UNSET;

	if (!odm_policy_parse(odm_span_str(text), &policy))
		bad_script(r, "unknown policy");
	return policy;
}

static enum odm_policy_tag
tag_word(const struct replay *r, const char *text)
{
	static const char *const names[] = {
		[ODM_TAG_P] = "p",
		[ODM_TAG_SP] = "sp",
		[ODM_TAG_NP] = "np",
	};

	for (size_t i = ODM_TAG_P; i < COUNT(names); i++)
		if (strcmp(names[i], text) == 0)
			return (enum odm_policy_tag)i;
	bad_script(r, "unknown tag");
	return ODM_TAG_NONE;
}

static void
read_name(const struct replay *r, char name[ODM_NAME_MAX + 1], const char *text)
{
	if (text[0] == '\0' || strlcpy(name, text, ODM_NAME_MAX + 1) > ODM_NAME_MAX)
		bad_script(r, "a name is missing or too long");
}

static unsigned long long
read_number(const struct replay *r, const char *text)
{
	unsigned long long n = 0;

	if (!odm_span_number(odm_span_str(text), 1000, &n))
		bad_script(r, "a number was expected");
	return n;
}

static void
read_expect(struct replay *r, char *rest)
{
	struct expected *x = &r->expected;
	bool effective_given = false;
	char *key;

	x->given = true;
	x->result = dmarc_word(r, word(&rest));
	while (*(key = word(&rest)) != '\0') {
		if (strcmp(key, "testing") == 0)
			x->testing = true;
		else if (strcmp(key, "nonexistent") == 0)
			x->nonexistent = true;
		else if (strcmp(key, "pct") == 0)
			x->pct = (unsigned)read_number(r, word(&rest));
		else if (strcmp(key, "at") == 0)
			read_name(r, x->at, word(&rest));
		else if (strcmp(key, "org") == 0)
			read_name(r, x->org, word(&rest));
		else if (strcmp(key, "tag") == 0)
			x->tag = tag_word(r, word(&rest));
		else if (strcmp(key, "published") == 0)
			x->published = policy_word(r, word(&rest));
		else if (strcmp(key, "effective") == 0) {
			x->effective = policy_word(r, word(&rest));
			effective_given = true;
		} else if (strcmp(key, "aligned") == 0) {
			key = word(&rest);
			x->spf = strcmp(key, "spf") == 0 || strcmp(key, "both") == 0;
			x->dkim = strcmp(key, "dkim") == 0 || strcmp(key, "both") == 0;
			if (!x->spf && !x->dkim)
				bad_script(r, "unknown mechanism");
		} else
			bad_script(r, "unknown word in expect");
	}
	if (!effective_given)
		x->effective = x->published;
}

static void
read_verdict(struct replay *r, char *rest)
{
	struct expected_author *x = &r->verdicts[r->nverdicts];
	char *policy;

	if (r->nverdicts++ == VERDICTS_MAX)
		bad_script(r, "too many verdicts");
	read_name(r, x->domain, word(&rest));
	x->result = dmarc_word(r, word(&rest));
	policy = word(&rest);
	x->effective = *policy == '\0' ? ODM_POLICY_UNSET : policy_word(r, policy);
}

static void
add_fact(struct replay *r, bool dkim, const char *result, const char *domain)
{
	struct fact *f = &r->facts[r->nfacts];

	if (r->nfacts++ == FACTS_MAX ||
	    strlcpy(f->domain, domain, sizeof(f->domain)) > ODM_NAME_MAX)
		bad_script(r, "too many results, or a name too long");
	f->dkim = dkim;
	f->result = odm_result_parse(odm_span_str(result));
	if (f->result == ODM_RESULT_UNKNOWN)
		bad_script(r, "unknown result");
}

static void
read_many(struct replay *r, char *rest)
{
	unsigned long long n = read_number(r, word(&rest));
	const char *result = word(&rest), *parent = word(&rest);
	char domain[2 * ODM_NAME_MAX];

	for (unsigned long long i = 1; i <= n; i++) {
		int len = snprintf(domain, sizeof(domain), "%llu.%s", i, parent);

		if (len < 0 || (size_t)len >= sizeof(domain))
			bad_script(r, "a name is too long");
		add_fact(r, true, result, domain);
	}
}

/* The lines that describe the DNS. False for other lines. */
static bool
read_dns_line(struct replay *r, const char *key, char *rest)
{
	static const struct {
		const char	*key;
		enum entry_kind	 kind;
	} keys[] = {
		{ "exists", ENTRY_EXISTS },
		{ "nxdomain", ENTRY_NXDOMAIN },
		{ "failure", ENTRY_FAILURE },
		{ "silent", ENTRY_SILENT },
	};
	char name[ODM_NAME_MAX + 1], text[LINE_MAX_OCTETS];
	int len;

	if (strcmp(key, "txt") == 0) {
		read_name(r, name, word(&rest));
		zone_add(r, ENTRY_TXT, name, rest, unescape(r, rest));
		return true;
	}
	if (strcmp(key, "policy") == 0) {
		len = snprintf(name, sizeof(name), "_dmarc.%s", word(&rest));
		if (len < 0 || (size_t)len >= sizeof(name))
			bad_script(r, "a name is too long");
		len = snprintf(text, sizeof(text), "v=DMARC1; %s", rest);
		if (len < 0 || (size_t)len >= sizeof(text))
			bad_script(r, "a record is too long");
		zone_add(r, ENTRY_TXT, name, text, (size_t)len);
		return true;
	}
	for (size_t i = 0; i < COUNT(keys); i++)
		if (strcmp(keys[i].key, key) == 0) {
			zone_add(r, keys[i].kind, word(&rest), "", 0);
			return true;
		}
	return false;
}

/* The lines of a case that are not about the DNS. */
static void
read_case_line(struct replay *r, const char *key, char *rest)
{
	const char *result;

	if (!r->in_case)
		bad_script(r, "this line belongs into a case");
	if (strcmp(key, "from") == 0) {
		if (r->nauthors == COUNT(r->authors))
			bad_script(r, "too many authors");
		read_name(r, r->authors[r->nauthors++], word(&rest));
	} else if (strcmp(key, "spf") == 0 || strcmp(key, "dkim") == 0) {
		result = word(&rest);
		add_fact(r, key[0] == 'd', result, word(&rest));
	} else if (strcmp(key, "many") == 0)
		read_many(r, rest);
	else if (strcmp(key, "expect") == 0)
		read_expect(r, rest);
	else if (strcmp(key, "verdict") == 0)
		read_verdict(r, rest);
	else if (strcmp(key, "asked") == 0) {
		r->asked_given = true;
		(void)strlcpy(r->asked, rest + strspn(rest, " \t"), sizeof(r->asked));
	} else if (strcmp(key, "at-most") == 0)
		r->at_most = read_number(r, word(&rest));
	else
		bad_script(r, "unknown line");
}

/* The list stands beside the script. */
static void
read_list(struct replay *r, const char *name)
{
	const char *slash = strrchr(r->file, '/');
	char path[LINE_MAX_OCTETS];
	int len;

	end_case(r);
	odm_psl_free(&r->psl);
	len = snprintf(path, sizeof(path), "%.*s%s",
	    slash == NULL ? 0 : (int)(slash + 1 - r->file), r->file, name);
	if (len < 0 || (size_t)len >= sizeof(path) || (r->psl = odm_psl_open(path)) == NULL)
		bad_script(r, "the list cannot be opened");
}

static void
read_line(struct replay *r, char *line)
{
	char *rest = line, *key;

	line[strcspn(line, "\n")] = '\0';
	key = word(&rest);
	if (*key == '\0' || *key == '#')
		return;
	if (strcmp(key, "case") == 0)
		begin_case(r, rest);
	else if (strcmp(key, "shared") == 0) {
		end_case(r);
		zone_clear(&r->shared);
	} else if (strcmp(key, "list") == 0) {
		read_list(r, word(&rest));
	} else if (!read_dns_line(r, key, rest))
		read_case_line(r, key, rest);
}

void
script_play(struct replay *r, const char *path)
{
	char line[LINE_MAX_OCTETS];
	FILE *file = fopen(path, "r");

	r->file = path;
	r->line = 0;
	if (file == NULL)
		bad_script(r, "cannot be opened");
	while (fgets(line, sizeof(line), file) != NULL) {
		r->line++;
		read_line(r, line);
	}
	end_case(r);
	zone_clear(&r->shared);
	odm_psl_free(&r->psl);
	(void)fclose(file);
}
