/*
 * check_schema.c - reports held against the schema of their form, in a stream.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <check.h>

#include "reports/aggxml.h"
#include "reports/pack.h"
#include "reports/schema.h"
#include "tests/unit/samples.h"
#include "tests/unit/suite.h"

/* Sanitizers keep memory that was freed. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_SANITIZER
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define HAS_SANITIZER
#endif
#ifdef HAS_SANITIZER
static const bool memory_is_true = false;
#else
static const bool memory_is_true = true;
#endif

static struct report_schema *
open_schema(enum report_format format)
{
	const char *top = getenv("top_srcdir");
	char dir[4096], why[REPORT_SCHEMA_WHY_SIZE] = "";
	struct report_schema *s;

	ck_assert_int_lt(snprintf(dir, sizeof(dir), "%s/reports", top == NULL ? "." : top),
	    (int)sizeof(dir));
	s = report_schema_open(dir, format, why);
	ck_assert_msg(s != NULL, "%s", why);
	ck_assert_int_eq(report_schema_format(s), format);
	return s;
}

static struct report_pack *
pack(const char *text, size_t len, struct odm_span *packed_r)
{
	struct report_pack *p = report_pack_new();

	ck_assert_ptr_nonnull(p);
	ck_assert_int_eq(report_pack_write(p, text, len), 0);
	ck_assert_int_eq(report_pack_finish(p, packed_r), 0);
	return p;
}

static bool
check_text(const struct report_schema *s, const char *text, char why[REPORT_SCHEMA_WHY_SIZE])
{
	struct odm_span packed;
	struct report_pack *p = pack(text, strlen(text), &packed);
	bool okay;

	why[0] = '\0';
	okay = report_schema_check(s, packed, why);
	ck_assert_msg(okay == (why[0] == '\0'), "a reason with a fault and only then: %s", why);
	report_pack_free(&p);
	return okay;
}

#define META \
	"<report_metadata><org_name>o</org_name><email>e</email><report_id>i</report_id>" \
	"<date_range><begin>1</begin><end>2</end></date_range></report_metadata>"
#define OLD_POLICY "<policy_published><domain>d</domain><adkim>r</adkim><aspf>r</aspf>" \
	"<p>none</p><sp>none</sp><pct>100</pct><fo>0</fo></policy_published>"
#define POLICY "<policy_published><domain>d</domain><p>none</p></policy_published>"
#define ROW(disposition, reason) \
	"<row><source_ip>192.0.2.1</source_ip><count>1</count><policy_evaluated><disposition>" \
	disposition "</disposition><dkim>fail</dkim><spf>fail</spf>" reason \
	"</policy_evaluated></row>"
#define NAMES "<identifiers><header_from>d</header_from><envelope_from/></identifiers>"
#define RECORD(disposition, reason, results) \
	"<record>" ROW(disposition, reason) NAMES "<auth_results>" results "</auth_results></record>"
#define PLAIN RECORD("none", "", "")
#define SPF(scope, result) "<spf><domain>d</domain>" scope "<result>" result "</result></spf>"
#define NEW(rest) "<feedback xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\" xmlns:x=\"urn:x\">" \
	"<version>1.0</version>" rest "</feedback>"
#define OLD(rest) "<feedback><version>1.0</version>" META OLD_POLICY rest "</feedback>"

static const struct schema_case {
	const char	*what;
	enum report_format format;
	const char	*text;
	const char	*fault;		/* part of the reason; NULL valid */
} cases[] = {
	{ "shortest", REPORT_FORMAT_RFC9990, NEW(META POLICY PLAIN), NULL },
	{ "extensions of others", REPORT_FORMAT_RFC9990,
	    NEW(META POLICY "<extension><x:a b=\"c\"><x:d/></x:a></extension>"
	    "<record>" ROW("pass", "") NAMES "<auth_results/><x:arc>pass</x:arc></record>"), NULL },
	{ "an extension without a name space", REPORT_FORMAT_RFC9990,
	    NEW(META POLICY "<record>" ROW("pass", "") NAMES "<auth_results/><arc/></record>"),
	    "arc" },
	{ "a language", REPORT_FORMAT_RFC9990, NEW(META POLICY RECORD("none",
	    "<reason><type>other</type><comment lang=\"de\">x</comment></reason>", "")), NULL },
	{ "no record", REPORT_FORMAT_RFC9990, NEW(META POLICY), "feedback" },
	{ "no policy", REPORT_FORMAT_RFC9990, NEW(META PLAIN), "record" },
	{ "another version", REPORT_FORMAT_RFC9990, "<feedback "
	    "xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\"><version>2.0</version>" META POLICY PLAIN
	    "</feedback>", "version" },
	{ "no name space", REPORT_FORMAT_RFC9990, OLD(PLAIN), "feedback" },
	{ "pct is gone", REPORT_FORMAT_RFC9990, NEW(META "<policy_published><domain>d</domain>"
	    "<p>none</p><pct>100</pct></policy_published>" PLAIN), "pct" },
	{ "a word of the older form", REPORT_FORMAT_RFC9990, NEW(META POLICY RECORD("none",
	    "<reason><type>sampled_out</type></reason>", "")), "sampled_out" },
	{ "spf before dkim", REPORT_FORMAT_RFC9990, NEW(META POLICY RECORD("none", "",
	    SPF("", "none") "<dkim><domain>d</domain><selector>s</selector><result>pass</result>"
	    "</dkim>")), "dkim" },
	{ "two spf", REPORT_FORMAT_RFC9990,
	    NEW(META POLICY RECORD("none", "", SPF("", "none") SPF("", "none"))), "spf" },
	{ "scope helo", REPORT_FORMAT_RFC9990,
	    NEW(META POLICY RECORD("none", "", SPF("<scope>helo</scope>", "none"))), "helo" },
	{ "a dkim without selector", REPORT_FORMAT_RFC9990, NEW(META POLICY RECORD("none", "",
	    "<dkim><domain>d</domain><result>pass</result></dkim>")), "selector" },
	{ "a result that is none", REPORT_FORMAT_RFC9990,
	    NEW(META POLICY RECORD("none", "", SPF("", "hardfail"))), "hardfail" },
	{ "a count of words", REPORT_FORMAT_RFC9990, NEW(META POLICY "<record><row>"
	    "<source_ip>1</source_ip><count>many</count><policy_evaluated><disposition>none"
	    "</disposition><dkim>fail</dkim><spf>fail</spf></policy_evaluated></row>" NAMES
	    "<auth_results/></record>"), "many" },
	{ "not closed", REPORT_FORMAT_RFC9990, "<feedback>", "line 1" },
	{ "no XML", REPORT_FORMAT_RFC9990, "report", "line" },
	{ "nothing", REPORT_FORMAT_RFC9990, "", "line" },
	{ "old", REPORT_FORMAT_RFC7489, OLD(RECORD("none", "",
	    SPF("<scope>helo</scope>", "none"))), NULL },
	{ "old: several spf", REPORT_FORMAT_RFC7489, OLD(RECORD("none", "",
	    SPF("<scope>helo</scope>", "none") SPF("<scope>mfrom</scope>", "pass"))), NULL },
	{ "old: no spf", REPORT_FORMAT_RFC7489, OLD(PLAIN), "auth_results" },
	{ "old: pass is no disposition", REPORT_FORMAT_RFC7489,
	    OLD(RECORD("pass", "", SPF("<scope>helo</scope>", "none"))), "disposition" },
	{ "old: a word of the newer form", REPORT_FORMAT_RFC7489, OLD(RECORD("none",
	    "<reason><type>policy_test_mode</type></reason>", SPF("<scope>helo</scope>", "none"))),
	    "policy_test_mode" },
	{ "old: new", REPORT_FORMAT_RFC7489, NEW(META POLICY PLAIN), "feedback" },
};

START_TEST(schema_case)
{
	const struct schema_case *c = &cases[_i];
	struct report_schema *s = open_schema(c->format);
	char why[REPORT_SCHEMA_WHY_SIZE];
	bool okay = check_text(s, c->text, why);

	ck_assert_msg(okay == (c->fault == NULL), "%s: %s", c->what, why);
	if (c->fault != NULL)
		ck_assert_msg(strstr(why, c->fault) != NULL, "%s: %s", c->what, why);
	report_schema_free(&s);
	ck_assert_ptr_null(s);
}
END_TEST

/* Entities that would fill the memory are not read: there is no DOCTYPE in a report. */
START_TEST(bomb)
{
	static const char text[] = "<!DOCTYPE a [<!ENTITY a \"aaaaaaaaaa\">"
	    "<!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;\">]>"
	    "<feedback>&c;</feedback>";
	struct report_schema *s = open_schema(REPORT_FORMAT_RFC9990);
	char why[REPORT_SCHEMA_WHY_SIZE];

	ck_assert(!check_text(s, text, why));
	report_schema_free(&s);
}
END_TEST

START_TEST(broken_gzip)
{
	struct report_schema *s = open_schema(REPORT_FORMAT_RFC9990);
	struct odm_span packed;
	const char *text = cases[0].text;
	struct report_pack *p = pack(text, strlen(text), &packed);
	char why[REPORT_SCHEMA_WHY_SIZE], *more = malloc(packed.len + 1);
	size_t len;

	ck_assert(report_schema_check(s, packed, why));
	for (len = 0; len < packed.len; len++)
		ck_assert_msg(!report_schema_check(s, odm_span_sub(packed, 0, len), why),
		    "%zu of %zu octets", len, packed.len);
	memcpy(more, packed.at, packed.len);
	more[packed.len] = 'x';
	ck_assert(!report_schema_check(s, (struct odm_span){ more, packed.len + 1 }, why));
	more[packed.len / 2] ^= 0x55;
	ck_assert(!report_schema_check(s, (struct odm_span){ more, packed.len }, why));
	free(more);
	report_pack_free(&p);
	report_schema_free(&s);
}
END_TEST

/* What we write fits, in both forms, and memory does not grow with the rows. */
START_TEST(many_rows)
{
	static const struct store_dkim dkim = { "sender.example", NULL, 0 };
	struct report_schema *s = open_schema((enum report_format)_i);
	struct store_policy policy = sample_policy();
	struct report_aggregate *a = report_aggregate_new(&policy, REPORT_AGGREGATE_MAX);
	struct report_meta meta = { .org_name = "o", .email = "e@o.example", .report_id = "i",
	    .generator = "g", .window = { SAMPLE_BEGIN, SAMPLE_BEGIN + 86400, 0 },
	    .format = (enum report_format)_i };
	struct report_pack *p = report_pack_new();
	struct store_message m = sample_message();
	char ip[32], why[REPORT_SCHEMA_WHY_SIZE];
	struct rusage before, after;
	struct odm_span packed;
	int i;

	m.dkim = &dkim;
	m.ndkim = 1;
	m.ip = ip;
	for (i = 0; i < 300000; i++) {
		(void)snprintf(ip, sizeof(ip), "10.%d.%d.%d", i >> 16, (i >> 8) & 255, i & 255);
		ck_assert_int_eq(report_aggregate_add(a, &m), 0);
	}
	ck_assert_int_eq(report_xml_write(&meta, &policy, a, report_pack_write, p), 0);
	ck_assert_int_eq(report_pack_finish(p, &packed), 0);
	getrusage(RUSAGE_SELF, &before);
	ck_assert_msg(report_schema_check(s, packed, why), "%s", why);
	getrusage(RUSAGE_SELF, &after);
	/* The document has 200 MB. */
	if (memory_is_true)
		ck_assert_int_lt(after.ru_maxrss - before.ru_maxrss, 10000);
	report_pack_free(&p);
	report_aggregate_free(&a);
	report_schema_free(&s);
}
END_TEST

START_TEST(no_schema)
{
	char why[REPORT_SCHEMA_WHY_SIZE];

	ck_assert_ptr_null(report_schema_open("/nonexistent", REPORT_FORMAT_RFC7489, why));
	ck_assert_ptr_nonnull(strstr(why, "/nonexistent/rfc7489.xsd"));
}
END_TEST

START_TEST(names)
{
	enum report_format format = REPORT_FORMAT_RFC9990;

	ck_assert(report_format_of("RFC7489", &format));
	ck_assert_int_eq(format, REPORT_FORMAT_RFC7489);
	ck_assert_str_eq(report_format_name(format), "rfc7489");
	ck_assert(!report_format_of("rfc", &format));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("schema");
	TCase *tc = tcase_create("schema");

	tcase_set_timeout(tc, 600);
	tcase_add_loop_test(tc, schema_case, 0, COUNT(cases));
	tcase_add_test(tc, bomb);
	tcase_add_test(tc, broken_gzip);
	tcase_add_loop_test(tc, many_rows, 0, 2);
	tcase_add_test(tc, no_schema);
	tcase_add_test(tc, names);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
