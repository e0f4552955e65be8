/*
 * check_recordlint.c - cases for recordlint.h: records and what is found in them.
 */
#include <stdio.h>

#include "common/recordlint.h"
#include "tests/unit/exact.h"
#include "tests/unit/suite.h"

/* Findings as "ID@OCTET", in their order. */
static const struct lint_case {
	const char	*record, *findings;
} cases[] = {
	/* nothing to say */
	{ "v=DMARC1; p=reject; rua=mailto:a@b.example", "" },
	{ "v=DMARC1;p=quarantine;rua=mailto:a@b.example;", "" },
	{ "v = DMARC1 ; p = reject ; rua = mailto:a@b.example , mailto:c@d.example ; ", "" },
	{ "v=DMARC1; p=REJECT; adkim=S; aspf=R; fo=1:D:s; ruf=mailto:f@b.example; psd=N; t=N; "
		"np=reject; sp=reject; rua=mailto:a@b.example", "" },

	/* the version */
	{ "", "v-missing@0" },
	{ ";", "v-missing@0" },
	{ "p=none", "v-missing@0" },
	{ "v", "v-missing@0 no-equals@0" },
	{ "v=spf1 -all", "v-value@2" },
	{ "p=none; v=DMARC1", "v-not-first@8" },
	{ "p=none; v=DMARC1; v=DMARC1", "v-not-first@8 v-twice@18" },
	{ "v=dmarc1; p=none", "v-case@2" },
	{ "v=DMARC2; p=none", "v-value@2" },
	{ "v=DMARC10; p=none", "v-value@2" },
	{ "v=; p=none", "v-value@2" },
	{ "v=DMARC1 p=reject", "separator@9" },
	{ "v=DMARC1, p=reject; rua=mailto:a@b.example", "separator@10" },
	{ "v=DMARC1; p=reject; v=DMARC1; p=none", "v-twice@20 duplicate-tag@30" },
	{ " v=DMARC1; p=reject; rua=mailto:a@b.example", "v-blank@0" },
	{ "V=DMARC1; p=reject; rua=mailto:a@b.example", "tag-case@0" },

	/* the writing */
	{ "\"v=DMARC1; p=reject\"", "v-missing@0 quote@0" },
	{ "v=DMARC1; p=\"reject\"; rua=mailto:a@b.example", "quote@12" },
	{ "v=DMARC1; \"p=reject\"; rua=mailto:a@b.example", "quote@10 p-missing@44" },
	{ "v=DMARC1\\; p=reject", "v-value@2 backslash@8" },
	{ "v=DMARC1; p=reject\\; rua=mailto:a@b.example\\;", "backslash@18 rua-missing@45" },
	{ "v=DMARC1; p=reject; rua=mailto:a@b.example; x=\xe2\x80\x9c", "unknown-tag@44 octet@46" },
	{ "v=DMARC1; p=reject; rua=mailto:a@b.example\r\n", "octet@42" },
	{ "v=DMARC1; p=none rua=mailto:a@b.example", "separator@17 rua-missing@39" },
	{ "v=DMARC1; p=none, rua = mailto:a@b.example", "separator@18 rua-missing@42" },
	{ "v=DMARC1; p=reject; rua=mailto:a@b.example ruf=mailto:c@d.example",
		"separator@43 rua-missing@65" },
	{ "v=DMARC1; x=y p=reject; rua=mailto:a@b.example", "separator@14 p-missing@46" },
	{ "v=DMARC1; p=reject; rua", "no-equals@20 rua-missing@23" },
	{ "v=DMARC1; p=reject; rua=mailto:a@b.example; mailto:c@d.example", "no-equals@44" },
	{ "v=DMARC1; p=; rua=mailto:a@b.example", "empty-value@10 p-missing@36" },
	{ "v=DMARC1; =reject; rua=mailto:a@b.example", "empty-value@10 p-missing@41" },
	{ "v=DMARC1;; p=reject; rua=mailto:a@b.example", "empty-tag@9" },
	{ "v=DMARC1; p=reject; rua=mailto:a@b.example; policy=none", "unknown-tag@44" },
	{ "v=DMARC1; p=reject; rua=mailto:a@b.example; pct=100; rf=afrf; ri=86400",
		"historic-tag@44 historic-tag@53 historic-tag@62" },
	{ "v=DMARC1; P=reject; rua=mailto:a@b.example", "tag-case@10" },
	{ "v=DMARC1; p=reject; p=reject; rua=mailto:a@b.example", "duplicate-tag@20" },

	/* the values */
	{ "v=DMARC1; p=rej; rua=mailto:a@b.example", "policy-value@12" },
	{ "v=DMARC1; p=x; rua=mailto:a@b.example", "policy-value@12" },
	{ "v=DMARC1; p=reject; sp=q; rua=mailto:a@b.example", "policy-value@23" },
	{ "v=DMARC1; p=reject; np=block; rua=mailto:a@b.example", "policy-value@23" },
	{ "v=DMARC1; p=reject; adkim=strict; aspf=x; rua=mailto:a@b.example",
		"value@26 value@39" },
	{ "v=DMARC1; p=reject; t=yes; psd=x; rua=mailto:a@b.example", "value@22 value@31" },
	{ "v=DMARC1; p=reject; ruf=mailto:a@b.example; fo=1,d; rua=mailto:a@b.example",
		"fo-value@47" },
	{ "v=DMARC1; p=reject; ruf=mailto:a@b.example; fo=0:1; rua=mailto:a@b.example",
		"fo-conflict@47" },
	{ "v=DMARC1; p=reject; fo=1; rua=mailto:a@b.example", "fo-without-ruf@20" },
	{ "v=DMARC1; rua=mailto:a@b.example", "p-missing@32" },
	{ "v=DMARC1", "p-missing@8 rua-missing@8" },
	{ "v=DMARC1; p=none; rua=mailto:a@b.example", "p-none@10" },
	{ "v=DMARC1; p=reject; sp=none; rua=mailto:a@b.example", "weak-subdomains@20" },
	{ "v=DMARC1; p=reject; np=none; rua=mailto:a@b.example", "weak-subdomains@20" },
	{ "v=DMARC1; p=none; sp=reject; np=none; rua=mailto:a@b.example",
		"p-none@10 weak-subdomains@18" },
	{ "v=DMARC1; p=none; sp=reject; rua=mailto:a@b.example", "p-none@10" },
	{ "v=DMARC1; p=reject; pct=0; rua=mailto:a@b.example", "pct-zero@24" },
	{ "v=DMARC1; p=reject; t=y; rua=mailto:a@b.example", "testing@20" },
	{ "v=DMARC1; p=none; t=y; rua=mailto:a@b.example", "p-none@10 testing-none@18" },
	{ "v=DMARC1; p=reject; psd=y; rua=mailto:a@b.example", "psd-yes@24" },
	{ "v=DMARC1; p=reject; psd=y; rua=mailto:a@b.example; ruf=mailto:a@b.example",
		"psd-yes@24 psd-ruf@51" },

	/* the reporting addresses */
	{ "v=DMARC1; p=reject", "rua-missing@18" },
	{ "v=DMARC1; p=reject; rua=a@b.example", "uri-schemeless@24 rua-missing@35" },
	{ "v=DMARC1; p=reject; rua=mailto:a@b.example c@d.example",
		"uri-malformed@24 rua-missing@54" },
	{ "v=DMARC1; p=reject; rua=mailto:", "uri-malformed@24 rua-missing@31" },
	{ "v=DMARC1; p=reject; rua=mailto:a@b.example,http://c.example/", "uri-scheme@43" },
	{ "v=DMARC1; p=reject; rua=https://c.example/", "uri-https@24" },
	{ "v=DMARC1; p=reject; rua=mailto:a@b.example!10m", "uri-size@42" },
	{ "v=DMARC1; p=reject; rua=mailto:a@b.example!10x", "uri-malformed@24 rua-missing@46" },
	{ "v=DMARC1; p=reject; rua=mailto:a@b.example,,mailto:c@d.example,",
		"uri-empty@43 uri-empty@62" },
	{ "v=DMARC1; p=reject; rua=mailto:a@b.example,mailto:A@b.example", "uri-twice@43" },
	{ "v=DMARC1; p=reject; rua=mailto:a@b.example,mailto:b@b.example,mailto:c@b.example,"
		"mailto:d@b.example,mailto:e@b.example,mailto:f@b.example,mailto:g@b.example,"
		"mailto:h@b.example,mailto:i@b.example,mailto:j@b.example,mailto:k@b.example,"
		"mailto:l@b.example", "uri-many@214" },
};

static const struct recordlint_place nowhere = { RECORDLINT_UNKNOWN, RECORDLINT_UNKNOWN };

static void
findings_text(const struct recordlint *lint, char *text, size_t size)
{
	text[0] = '\0';
	for (size_t i = 0; i < lint->n; i++) {
		char one[64];

		ck_assert_int_lt(snprintf(one, sizeof(one), "%s%s@%zu", i > 0 ? " " : "",
		    recordlint_rule(lint->findings[i].code)->id, lint->findings[i].at),
		    (int)sizeof(one));
		ck_assert_uint_lt(strlcat(text, one, size), size);
	}
}

START_TEST(lint_case)
{
	const struct lint_case *c = &cases[_i];
	struct odm_span record = exact(c->record);
	struct recordlint lint;
	char got[4096];

	recordlint_check(record, &nowhere, &lint);
	findings_text(&lint, got, sizeof(got));
	ck_assert_msg(strcmp(got, c->findings) == 0, "%s\n got  %s\n want %s", c->record, got,
	    c->findings);
	for (size_t i = 0; i < lint.n; i++) {
		const struct recordlint_finding *f = &lint.findings[i];

		ck_assert_msg(f->at + f->len <= record.len, "%s: finding outside", c->record);
		ck_assert(f->tag.at >= record.at && f->tag.at + f->tag.len <= record.at + record.len);
		ck_assert_ptr_nonnull(recordlint_fix(f));
	}
	exact_free(record);
}
END_TEST

/* What depends on the name where the record stands. */
static const struct place_case {
	const char	*record;
	struct recordlint_place place;
	const char	*findings;
} place_cases[] = {
	{ "v=DMARC1; p=reject; sp=none; rua=mailto:a@b.example",
		{ RECORDLINT_NO, RECORDLINT_NO }, "inert@20" },
	{ "v=DMARC1; p=reject; np=reject; rua=mailto:a@b.example",
		{ RECORDLINT_NO, RECORDLINT_NO }, "inert@20" },
	{ "v=DMARC1; p=reject; np=reject; rua=mailto:a@b.example",
		{ RECORDLINT_YES, RECORDLINT_NO }, "" },
	{ "v=DMARC1; p=reject; psd=y; rua=mailto:a@b.example",
		{ RECORDLINT_YES, RECORDLINT_YES }, "" },
	{ "v=DMARC1; p=reject; psd=y; rua=mailto:a@b.example",
		{ RECORDLINT_YES, RECORDLINT_NO }, "psd-yes@24" },
};

START_TEST(place_case)
{
	const struct place_case *c = &place_cases[_i];
	struct odm_span record = exact(c->record);
	struct recordlint lint;
	char got[1024];

	recordlint_check(record, &c->place, &lint);
	findings_text(&lint, got, sizeof(got));
	ck_assert_msg(strcmp(got, c->findings) == 0, "%s\n got  %s\n want %s", c->record, got,
	    c->findings);
	exact_free(record);
}
END_TEST

/* What is proposed where the words of the record show what was meant. */
static const struct fix_case {
	const char	*record, *fix;
} fixes[] = {
	{ "v=DMARC1; p=rej; rua=mailto:a@b.example", "p=reject" },
	{ "v=DMARC1; sp=q; p=reject; rua=mailto:a@b.example", "sp=quarantine" },
	{ "v=DMARC1; p=monitor; rua=mailto:a@b.example", "p=none" },
	{ "v=DMARC1; p=reject; adkim=strict; rua=mailto:a@b.example", "adkim=s" },
	{ "v=DMARC1; p=reject; aspf=x; rua=mailto:a@b.example", "aspf with the value r or s" },
	{ "v=DMARC1; p=reject; psd=x; rua=mailto:a@b.example", "psd with the value y, n or u" },
	{ "v=DMARC1; p=reject; rua=a@b.example", "mailto:a@b.example" },
	{ "v=DMARC1; p=reject; rua=mailto:a@b.example!10m", "mailto:a@b.example" },
	{ "v=DMARC1; p=reject rua=mailto:a@b.example", "; before rua=" },
};

START_TEST(fix_case)
{
	struct odm_span record = exact(fixes[_i].record);
	struct recordlint lint;

	recordlint_check(record, &nowhere, &lint);
	ck_assert_uint_ge(lint.n, 1);
	ck_assert_str_eq(recordlint_fix(&lint.findings[0]), fixes[_i].fix);
	exact_free(record);
}
END_TEST

/* Each rule has its words, and no two the same id. */
START_TEST(rules_complete)
{
	for (int i = 0; i < RECORDLINT_CODES; i++) {
		const struct recordlint_rule *r = recordlint_rule((enum recordlint_code)i);

		ck_assert_msg(r->id != NULL && r->what != NULL && r->effect != NULL && r->fix != NULL,
		    "rule %d lacks words", i);
		for (int k = 0; k < i; k++)
			ck_assert_str_ne(r->id, recordlint_rule((enum recordlint_code)k)->id);
	}
}
END_TEST

/* More findings than are kept are counted, and a long record is told. */
START_TEST(bounded)
{
	struct odm_span record = exact_repeat("a=b;", 1000);
	struct recordlint lint;

	recordlint_check(record, &nowhere, &lint);
	ck_assert_uint_eq(lint.n, RECORDLINT_MAX);
	ck_assert_uint_eq(lint.n + lint.dropped, 1 + 1000 + 1);
	exact_free(record);
}
END_TEST

START_TEST(looks_like)
{
	static const char *const yes[] = { "v=DMARC1", "\"v=dmarc1;", "  V=DMARC2", "p=none" };
	static const char *const no[] = { "", "v=spf1 -all", "verification=dm arc", "dmar" };

	for (size_t i = 0; i < COUNT(yes); i++)
		ck_assert_msg(recordlint_looks_like_dmarc(odm_span_str(yes[i])), "%s", yes[i]);
	for (size_t i = 0; i < COUNT(no); i++)
		ck_assert_msg(!recordlint_looks_like_dmarc(odm_span_str(no[i])), "%s", no[i]);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("recordlint");
	TCase *tc = tcase_create("recordlint");

	tcase_add_loop_test(tc, lint_case, 0, COUNT(cases));
	tcase_add_loop_test(tc, place_case, 0, COUNT(place_cases));
	tcase_add_loop_test(tc, fix_case, 0, COUNT(fixes));
	tcase_add_test(tc, rules_complete);
	tcase_add_test(tc, bounded);
	tcase_add_test(tc, looks_like);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
