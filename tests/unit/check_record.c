/*
 * check_record.c - cases for record.h: DMARC Policy Records.
 */
#include "libopendmarc/parse/record.h"
#include "tests/unit/exact.h"
#include "tests/unit/suite.h"

#define NONE	ODM_POLICY_NONE
#define QUAR	ODM_POLICY_QUARANTINE
#define REJECT	ODM_POLICY_REJECT

/* Fields that are left out of a row must have their defaults. */
struct record_case {
	const char	*what, *text;
	enum odm_policy	p, sp, np;
	bool		policy_invalid, sp_invalid, testing, pct_zero;
	enum odm_psd	psd;
	enum odm_alignment_mode	adkim, aspf;
	unsigned	fo;		/* 0: the default */
	unsigned	pct;		/* 0 without pct_zero: the default */
	const char	*rua, *ruf;	/* NULL: absent */
};

static const struct record_case cases[] = {
	{ "version alone", "v=DMARC1", .p = ODM_POLICY_UNSET },
	{ "version and separator", "v=DMARC1;", .p = ODM_POLICY_UNSET },
	{ "shortest useful", "v=DMARC1;p=none", .p = NONE },
	{ "blanks everywhere", "v = DMARC1 ; p = reject ;", .p = REJECT },
	{ "blanks before v", " \t v=DMARC1; p=reject", .p = REJECT },
	{ "tabs and line breaks around = and ;", "v\t=\r\n DMARC1\t;\tp\n=\treject\t;\r\n",
		.p = REJECT },
	{ "tag names and keywords in any case", "V=DMARC1; P=Reject; SP=QUARANTINE; ADKIM=S",
		.p = REJECT, .sp = QUAR, .adkim = ODM_ALIGNMENT_STRICT },
	{ "all policies", "v=DMARC1; p=none; sp=quarantine; np=reject",
		.p = NONE, .sp = QUAR, .np = REJECT },
	{ "p need not be second", "v=DMARC1; rua=mailto:a@b.example; p=reject",
		.p = REJECT, .rua = "mailto:a@b.example" },
	{ "np without p", "v=DMARC1; np=reject", .np = REJECT },
	{ "all other tags", "v=DMARC1; p=none; t=y; psd=y; adkim=s; aspf=s; fo=1:d:s; pct=20",
		.p = NONE, .testing = true, .psd = ODM_PSD_YES, .adkim = ODM_ALIGNMENT_STRICT,
		.aspf = ODM_ALIGNMENT_STRICT, .fo = ODM_FO_1 | ODM_FO_D | ODM_FO_S, .pct = 20 },
	{ "all other tags, the other way", "v=DMARC1; p=none; t=n; psd=n; adkim=r; aspf=r; fo=0",
		.p = NONE, .psd = ODM_PSD_NO },
	{ "psd=u", "v=DMARC1; p=none; psd=u", .p = NONE },
	{ "lists are kept whole", "v=DMARC1; rua= mailto:a@x , mailto:b@y!10m ; ruf=mailto:c@z",
		.rua = "mailto:a@x , mailto:b@y!10m", .ruf = "mailto:c@z" },
	{ "a value keeps its further =", "v=DMARC1; rua=mailto:a@x?subject=y",
		.rua = "mailto:a@x?subject=y" },
	{ "unknown tags", "v=DMARC1; x=y; rf=afrf; ri=86400; p=reject; zz=", .p = REJECT },
	{ "parts that are no tags", "v=DMARC1;;foo; =bar; ;p=reject;=;;", .p = REJECT },
	{ "tags that run together",
		"v=DMARC1; p=reject; rf=afrfruf=mailto:x; fo=1; pct=100; rf=afrf",
		.p = REJECT, .fo = ODM_FO_1 },

	/* RFC 9989, 4.8: a bad value gives the default. */
	{ "unknown policy word", "v=DMARC1; p=foo; rua=mailto:a@x", .policy_invalid = true,
		.rua = "mailto:a@x" },
	{ "beginning of a policy word", "v=DMARC1; p=rej", .policy_invalid = true },
	{ "unknown sp", "v=DMARC1; p=reject; sp=foo", .p = REJECT, .policy_invalid = true,
	    .sp_invalid = true },
	{ "unknown np", "v=DMARC1; p=reject; np=foo", .p = REJECT, .policy_invalid = true },
	{ "empty value", "v=DMARC1; p=; sp=reject", .sp = REJECT },
	{ "bad values of other tags",
		"v=DMARC1; p=reject; fo=2; ri=abc; rf=x; adkim=x; aspf=strict;"
		" t=yes; psd=x; pct=101", .p = REJECT },
	{ "pct no number", "v=DMARC1; p=reject; pct=abc", .p = REJECT },
	{ "pct negative", "v=DMARC1; p=reject; pct=-1", .p = REJECT },
	{ "pct zero", "v=DMARC1; p=reject; pct=0", .p = REJECT, .pct_zero = true },
	{ "pct one", "v=DMARC1; p=reject; pct=1", .p = REJECT, .pct = 1 },
	{ "fo without 0 and 1", "v=DMARC1; fo=d", .fo = ODM_FO_D },
	{ "fo with blanks and in any case", "v=DMARC1; fo= D : 1 ", .fo = ODM_FO_1 | ODM_FO_D },
	{ "fo: bad tokens are dropped", "v=DMARC1; fo=1:x:d:", .fo = ODM_FO_1 | ODM_FO_D },
	{ "fo: 0 and 1 exclude each other", "v=DMARC1; fo=1:0:s", .fo = ODM_FO_0 | ODM_FO_S },

	/* Of repeated tags the first counts. */
	{ "repeated p", "v=DMARC1; p=none; p=reject", .p = NONE },
	{ "repeated p, the first bad", "v=DMARC1; p=foo; p=reject", .policy_invalid = true },
	{ "repeated p, the second bad", "v=DMARC1; p=reject; p=foo", .p = REJECT },
	{ "repeated lists",
		"v=DMARC1; rua=mailto:a@x; ruf=mailto:b@x; RUA=mailto:c@x; ruf=mailto:d@x",
		.rua = "mailto:a@x", .ruf = "mailto:b@x" },
	{ "repeated others", "v=DMARC1; adkim=s; adkim=r; t=y; t=n; psd=n; psd=y; pct=5; pct=0",
		.adkim = ODM_ALIGNMENT_STRICT, .testing = true, .psd = ODM_PSD_NO, .pct = 5 },

	/* Octets outside the grammar spoil their tag. */
	{ "8-bit octet in a list", "v=DMARC1; rua=mailto:\xc3\xbc@x; p=none", .p = NONE },
	{ "8-bit octet in a policy", "v=DMARC1; p=none; sp=re\xff" "ject", .p = NONE,
		.policy_invalid = true, .sp_invalid = true },
	{ "control character in a list", "v=DMARC1; ruf=mailto:a\x01@x; rua=mailto:a@x",
		.rua = "mailto:a@x" },
	{ "delete character in a list", "v=DMARC1; rua=mailto:a\x7f@x", .rua = NULL },
	{ "folding inside a list", "v=DMARC1; rua=mailto:a@x,\r\n\tmailto:b@x",
		.rua = "mailto:a@x,\r\n\tmailto:b@x" },
	{ "8-bit octet in a tag name", "v=DMARC1; p\xc3\xbc=reject; p=none", .p = NONE },
};

static const char *const not_dmarc[] = {
	"", ";", " ", "v", "v=", "=DMARC1", "v=;p=none", ";v=DMARC1",
	"p=none; v=DMARC1",
	"foo v=DMARC1; p=reject",
	"v=DMARC1 p=reject",
	"v=DMARC10; p=reject",
	"v=dmarc1; p=reject",
	"v=DMARC2; p=reject",
	"v=DMARC1\x01; p=reject",
	"v=spf1 -all",
	"vv=DMARC1",
	"v=DMARC1; p=reject; v=DMARC1",
	"v=DMARC1; p=reject; v=spf1",
	"v=DMARC1; p=reject; V = x",
};

static void
need_list(const struct record_case *c, const char *name, struct odm_span got, const char *want)
{
	ck_assert_msg(odm_span_eq(got, want == NULL ? "" : want), "%s: %s got \"%.*s\"", c->what,
	    name, SHOW(got));
}

START_TEST(record_case)
{
	const struct record_case *c = &cases[_i];
	struct odm_span text = exact(c->text);
	struct odm_record rec;

	ck_assert_msg(odm_record_parse(text, &rec), "%s: not taken as a record", c->what);
	ck_assert_msg(rec.p == c->p, "%s: p got %d", c->what, (int)rec.p);
	ck_assert_msg(rec.sp == c->sp, "%s: sp got %d", c->what, (int)rec.sp);
	ck_assert_msg(rec.np == c->np, "%s: np got %d", c->what, (int)rec.np);
	ck_assert_msg(rec.policy_invalid == c->policy_invalid, "%s: policy_invalid", c->what);
	ck_assert_msg(rec.sp_invalid == c->sp_invalid, "%s: sp_invalid", c->what);
	ck_assert_msg(rec.testing == c->testing, "%s: testing", c->what);
	ck_assert_msg(rec.pct_zero == c->pct_zero, "%s: pct_zero", c->what);
	ck_assert_msg(rec.psd == c->psd, "%s: psd got %d", c->what, (int)rec.psd);
	ck_assert_msg(rec.adkim == c->adkim, "%s: adkim", c->what);
	ck_assert_msg(rec.aspf == c->aspf, "%s: aspf", c->what);
	ck_assert_msg(rec.fo == (c->fo == 0 ? ODM_FO_0 : c->fo), "%s: fo got %u", c->what, rec.fo);
	ck_assert_msg(rec.pct == (c->pct == 0 && !c->pct_zero ? 100 : c->pct), "%s: pct got %u",
	    c->what, rec.pct);
	need_list(c, "rua", rec.rua, c->rua);
	need_list(c, "ruf", rec.ruf, c->ruf);
	exact_free(text);
}
END_TEST

START_TEST(no_record)
{
	struct odm_span text = exact(not_dmarc[_i]);
	struct odm_record rec;

	ck_assert_msg(!odm_record_parse(text, &rec), "\"%s\" was taken as a record", not_dmarc[_i]);
	ck_assert_int_eq((int)rec.p, ODM_POLICY_UNSET);
	ck_assert_uint_eq(rec.fo, ODM_FO_0);
	ck_assert_uint_eq(rec.pct, 100);
	exact_free(text);
}
END_TEST

START_TEST(nul_octets)
{
	static const char in_version[] = "v=DMARC1\0; p=reject",
	in_policy[] = "v=DMARC1; p=re\0ject";
	struct odm_span text = exact_copy(in_version, sizeof(in_version) - 1);
	struct odm_record rec;

	ck_assert(!odm_record_parse(text, &rec));
	exact_free(text);
	text = exact_copy(in_policy, sizeof(in_policy) - 1);
	ck_assert(odm_record_parse(text, &rec));
	ck_assert_int_eq((int)rec.p, ODM_POLICY_UNSET);
	ck_assert(rec.policy_invalid);
	exact_free(text);
	ck_assert(!odm_record_parse((struct odm_span){ NULL, 0 }, &rec));
}
END_TEST

/* Lists of many lengths round the sizes that buffers like to have. */
START_TEST(long_values)
{
	static const char head[] = "v=DMARC1;p=reject;rua=";
	static const size_t lens[] = { 254, 255, 256, 257, 511, 512, 513, 1024, 65000 };
	size_t len = lens[_i];
	char *text = malloc(sizeof(head) - 1 + len);
	struct odm_record rec;

	ck_assert_ptr_nonnull(text);
	memcpy(text, head, sizeof(head) - 1);
	memset(text + sizeof(head) - 1, 'x', len);
	ck_assert(odm_record_parse((struct odm_span){ text, sizeof(head) - 1 + len }, &rec));
	ck_assert_int_eq((int)rec.p, ODM_POLICY_REJECT);
	ck_assert_uint_eq(rec.rua.len, len);
	free(text);
}
END_TEST

START_TEST(policy_words)
{
	static const enum odm_policy all[] = { NONE, QUAR, REJECT };
	enum odm_policy policy = ODM_POLICY_UNSET;

	for (size_t i = 0; i < COUNT(all); i++) {
		ck_assert(odm_policy_parse(odm_span_str(odm_policy_name(all[i])), &policy));
		ck_assert_int_eq((int)policy, (int)all[i]);
	}
	ck_assert(odm_policy_parse(odm_span_str("NoNe"), &policy));
	ck_assert_int_eq((int)policy, ODM_POLICY_NONE);
	ck_assert(!odm_policy_parse(odm_span_str("nonesuch"), &policy));
	ck_assert(!odm_policy_parse(odm_span_str(""), &policy));
	ck_assert_int_eq((int)policy, ODM_POLICY_NONE);
	ck_assert_ptr_null(odm_policy_name(ODM_POLICY_UNSET));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("record");
	TCase *tc = tcase_create("record");

	tcase_add_loop_test(tc, record_case, 0, COUNT(cases));
	tcase_add_loop_test(tc, no_record, 0, COUNT(not_dmarc));
	tcase_add_loop_test(tc, long_values, 0, 9);
	tcase_add_test(tc, nul_octets);
	tcase_add_test(tc, policy_words);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
