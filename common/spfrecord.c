/*
 * spfrecord.c - a strict parser of SPF records. RFC 7208, 12.
 */
#include <arpa/inet.h>

#include "common/spfmacro.h"
#include "common/spfrecord.h"
#include "libopendmarc/base/limits.h"

static const char version[] = "v=spf1";

/* What may follow the name of a mechanism. */
enum argument {
	ARGUMENT_NONE,
	ARGUMENT_DOMAIN,	/* ":" domain-spec */
	ARGUMENT_MAY_DOMAIN,	/* the same or nothing */
	ARGUMENT_HOST,		/* the same or nothing, and prefix lengths */
	ARGUMENT_NET
};

static const struct mechanism {
	const char	*name;
	enum spfterm_kind kind;
	enum argument	 argument;
} mechanisms[] = {
	{ "all",	SPFTERM_ALL,		ARGUMENT_NONE },
	{ "include",	SPFTERM_INCLUDE,	ARGUMENT_DOMAIN },
	{ "a",		SPFTERM_A,		ARGUMENT_HOST },
	{ "mx",		SPFTERM_MX,		ARGUMENT_HOST },
	{ "ptr",	SPFTERM_PTR,		ARGUMENT_MAY_DOMAIN },
	{ "ip4",	SPFTERM_IP4,		ARGUMENT_NET },
	{ "ip6",	SPFTERM_IP6,		ARGUMENT_NET },
	{ "exists",	SPFTERM_EXISTS,		ARGUMENT_DOMAIN },
};

bool
spfrecord_is(struct odm_span text)
{
	size_t len = sizeof(version) - 1;

	return text.len >= len && odm_span_ieq(odm_span_sub(text, 0, len), version) &&
	    (text.len == len || text.at[len] == ' ');
}

struct odm_span
spfrecord_terms(struct odm_span text)
{
	return odm_span_sub(text, sizeof(version) - 1, text.len);
}

/*
 * Cuts "/" (or slashes of them) and a number off the end of *s. False, and
 * nothing changed, when s does not end so; *bits_r is above max when the number
 * is bad.
 */
static bool
cut_length(struct odm_span *s, size_t slashes, unsigned max, unsigned *bits_r)
{
	unsigned long long bits;
	struct odm_span number;
	size_t at = s->len, i;

	while (at > 0 && odm_is_digit(s->at[at - 1]))
		at--;
	number = odm_span_sub(*s, at, s->len);
	if (number.len == 0 || at < slashes)
		return false;
	for (i = 1; i <= slashes; i++)
		if (s->at[at - i] != '/')
			return false;
	*s = odm_span_sub(*s, 0, at - slashes);
	*bits_r = max + 1;
	if ((number.at[0] != '0' || number.len == 1) && odm_span_number(number, max, &bits))
		*bits_r = (unsigned)bits;
	return true;
}

/* ":" domain-spec. */
static bool
read_domain(struct odm_span text, struct spfterm *term)
{
	if (text.len < 2 || text.at[0] != ':')
		return false;
	term->domain = odm_span_sub(text, 1, text.len);
	return spfmacro_is_domain_spec(term->domain);
}

/* [ ":" domain-spec ] [ dual-cidr-length ] */
static bool
read_host(struct odm_span text, struct spfterm *term)
{
	(void)cut_length(&text, 2, 128, &term->bits6);
	(void)cut_length(&text, 1, 32, &term->bits4);
	if (term->bits4 > 32 || term->bits6 > 128)
		return false;
	return text.len == 0 || read_domain(text, term);
}

/* ":" address [ "/" length ] of one family. */
static bool
read_net(struct odm_span text, struct spfterm *term)
{
	bool ipv4 = term->kind == SPFTERM_IP4;
	unsigned max = ipv4 ? 32 : 128, bits = max;
	struct odm_ip ip = { .family = ipv4 ? AF_INET : AF_INET6 };
	char address[ODM_IP_TEXT_MAX + 1];

	(void)cut_length(&text, 1, max, &bits);
	if (bits > max || text.len < 2 || text.at[0] != ':' ||
	    !odm_span_copy(odm_span_sub(text, 1, text.len), address, sizeof(address)))
		return false;
	if (inet_pton(ip.family, address, ip.octets) != 1)
		return false;
	term->net = odm_net_of(&ip, bits);
	return true;
}

static bool
read_argument(enum argument argument, struct odm_span text, struct spfterm *term)
{
	switch (argument) {
	case ARGUMENT_NONE:
		return text.len == 0;
	case ARGUMENT_DOMAIN:
		return read_domain(text, term);
	case ARGUMENT_MAY_DOMAIN:
		return text.len == 0 || read_domain(text, term);
	case ARGUMENT_HOST:
		return read_host(text, term);
	case ARGUMENT_NET:
		return read_net(text, term);
	}
	return false;
}

/* directive = [ qualifier ] mechanism */
static bool
read_directive(struct odm_span word, struct spfterm *term)
{
	size_t end = 0;

	term->qualifier = '+';
	if (word.len > 0 && word.at[0] != '\0' && strchr("+-~?", word.at[0]) != NULL) {
		term->qualifier = word.at[0];
		word = odm_span_sub(word, 1, word.len);
	}
	while (end < word.len && odm_is_alnum(word.at[end]))
		end++;
	for (size_t i = 0; i < COUNT(mechanisms); i++)
		if (odm_span_ieq(odm_span_sub(word, 0, end), mechanisms[i].name)) {
			term->kind = mechanisms[i].kind;
			return read_argument(mechanisms[i].argument,
			    odm_span_sub(word, end, word.len), term);
		}
	return false;
}

/* The octets of a modifier's name; 0 when word is no modifier. */
static size_t
modifier_name(struct odm_span word)
{
	size_t end = 0;

	while (end < word.len && (odm_is_alnum(word.at[end]) || word.at[end] == '-' ||
	    word.at[end] == '_' || word.at[end] == '.'))
		end++;
	return end > 0 && end < word.len && word.at[end] == '=' && odm_is_alpha(word.at[0]) ?
	    end : 0;
}

/* modifier = redirect / explanation / unknown-modifier */
static bool
read_modifier(struct odm_span word, size_t name_end, struct spfterm *term)
{
	struct odm_span name = odm_span_sub(word, 0, name_end), rest;
	struct spfmacro piece;
	int more;

	term->domain = odm_span_sub(word, name_end + 1, word.len);
	if (odm_span_ieq(name, "redirect") || odm_span_ieq(name, "exp")) {
		term->kind = odm_span_ieq(name, "exp") ? SPFTERM_EXP : SPFTERM_REDIRECT;
		return spfmacro_is_domain_spec(term->domain);
	}
	term->kind = SPFTERM_UNKNOWN;
	rest = term->domain;
	while ((more = spfmacro_next(&rest, &piece)) > 0)
		;
	return more == 0;
}

int
spfrecord_next(struct odm_span *rest, struct spfterm *term_r)
{
	struct spfterm term = { .bits4 = 32, .bits6 = 128 };
	struct odm_span s = *rest, word;
	size_t name_end;

	while (s.len > 0 && s.at[0] == ' ')
		s = odm_span_sub(s, 1, s.len);
	if (s.len == 0) {
		*rest = s;
		return 0;
	}
	word = odm_span_sub(s, 0, odm_span_find(s, ' '));
	name_end = modifier_name(word);
	if (name_end > 0 ? !read_modifier(word, name_end, &term) : !read_directive(word, &term))
		return -1;
	*rest = odm_span_sub(s, word.len, s.len);
	*term_r = term;
	return 1;
}

bool
spfrecord_valid(struct odm_span text)
{
	unsigned redirects = 0, explanations = 0;
	struct spfterm term;
	struct odm_span rest;
	int more;

	if (text.len > ODM_SPF_RECORD_MAX || !spfrecord_is(text))
		return false;
	rest = spfrecord_terms(text);
	while ((more = spfrecord_next(&rest, &term)) > 0) {
		redirects += term.kind == SPFTERM_REDIRECT;
		explanations += term.kind == SPFTERM_EXP;
	}
	return more == 0 && redirects <= 1 && explanations <= 1;
}
