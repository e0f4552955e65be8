/*
 * fuzz_spfrecord.c - SPF records and their macros. The input is the record; when
 * it holds a NUL, what stands before the first one is the value of all macros.
 */
#include "common/spfmacro.h"
#include "common/spfrecord.h"
#include "libopendmarc/base/limits.h"
#include "tests/fuzz/fuzz.h"

static const char *
value_of(void *arg, char letter)
{
	fuzz_need(letter != '\0' && strchr("slodiphv", letter) != NULL,
	    "only macros of a domain-spec are expanded");
	return arg;
}

static void
check_expansion(struct odm_span domain, char *value)
{
	char name[ODM_NAME_MAX + 1];
	size_t len;

	memset(name, 'x', sizeof(name));
	fuzz_need(spfmacro_is_domain_spec(domain), "the domain of a term is a domain-spec");
	fuzz_need(spfmacro_expand(domain, value_of, value, name),
	    "a domain-spec with known values can be expanded");
	len = strnlen(name, sizeof(name));
	fuzz_need(len <= ODM_NAME_MAX, "a name has at most 253 octets");
}

static void
check_net(const struct spfterm *term)
{
	bool ipv4 = term->kind == SPFTERM_IP4;

	fuzz_need(term->net.ip.family == (ipv4 ? AF_INET : AF_INET6), "a network has a family");
	fuzz_need(term->net.bits <= (ipv4 ? 32 : 128), "a prefix fits its family");
	fuzz_need(odm_net_contains(&term->net, &term->net.ip), "a network holds itself");
}

static void
check_term(const struct spfterm *term, struct odm_span whole, char *value)
{
	fuzz_inside(term->domain, whole);
	fuzz_need(term->bits4 <= 32 && term->bits6 <= 128, "prefix lengths are in range");
	fuzz_need((term->qualifier == '\0') == (term->kind >= SPFTERM_REDIRECT),
	    "mechanisms have qualifiers, modifiers none");
	if (term->kind == SPFTERM_IP4 || term->kind == SPFTERM_IP6)
		check_net(term);
	else if (term->domain.len > 0 && term->kind != SPFTERM_UNKNOWN)
		check_expansion(term->domain, value);
}

/* Walks all terms. Returns whether the end was reached. */
static bool
check_terms(struct odm_span text, char *value)
{
	struct odm_span rest = text;
	size_t before = rest.len;
	struct spfterm term;
	int more;

	while ((more = spfrecord_next(&rest, &term)) > 0) {
		fuzz_need(rest.len < before, "every term takes something");
		before = rest.len;
		fuzz_inside(rest, text);
		check_term(&term, text, value);
	}
	fuzz_need(more < 0 || rest.len == 0, "the end is the end");
	return more == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct odm_span text = fuzz_span(octets, len);
	size_t nul = odm_span_find(text, '\0');
	char *value = strndup(nul < len ? text.at : "strong-bad", nul < len ? nul : 10);

	if (value == NULL)
		return 0;
	if (nul < len)
		text = odm_span_sub(text, nul + 1, len);
	if (spfrecord_valid(text)) {
		fuzz_need(text.len <= ODM_SPF_RECORD_MAX, "a good record is of bounded length");
		fuzz_need(spfrecord_is(text), "a good record is a record");
		fuzz_need(check_terms(spfrecord_terms(text), value),
		    "a good record has good terms only");
	}
	(void)check_terms(text, value);
	free(value);
	return 0;
}
