/*
 * check_aggxml.c - the XML document: golden file, schema words, hostile text.
 */
#include <limits.h>
#include <stdlib.h>
#include <check.h>
#include <libxml/parser.h>
#include <libxml/tree.h>

#include "libopendmarc/base/strbuf.h"
#include "reports/aggxml.h"
#include "tests/unit/golden.h"
#include "tests/unit/samples.h"
#include "tests/unit/suite.h"

static int
to_strbuf(void *arg, const void *octets, size_t len)
{
	struct odm_strbuf *b = arg;

	odm_strbuf_add(b, (struct odm_span){ octets, len });
	return b->failed ? -1 : 0;
}

static struct report_meta
sample_meta(void)
{
	return (struct report_meta){
		.org_name = "Mail Services of Receiver",
		.email = "dmarc-noreply@receiver.example",
		.report_id = "20260519cafe",
		.generator = "opendmarc-reports/test",
		.window = { SAMPLE_BEGIN, SAMPLE_BEGIN + 86400, 0 },
	};
}

/* Writes the report about n messages; out is initialised here. */
static int
write_report(const struct report_meta *meta, const struct store_policy *policy,
    const struct store_message *list, size_t n, struct odm_strbuf *out)
{
	struct report_aggregate *a = report_aggregate_new(policy, REPORT_AGGREGATE_MAX);
	size_t i;
	int result;

	for (i = 0; i < n; i++)
		ck_assert_int_eq(report_aggregate_add(a, &list[i]), 0);
	odm_strbuf_init(out, 10 * 1024 * 1024);
	result = report_xml_write(meta, policy, a, to_strbuf, out);
	report_aggregate_free(&a);
	return result;
}

/* The same rows in both forms. */
START_TEST(golden)
{
	static const char *const files[] = { "aggregate.xml", "aggregate-rfc7489.xml" };
	static const struct store_dkim passing[] = {
		{ "esp.example.net", "k1", 0 }, { "sender.example", "s2026", 0 } };
	static const struct store_dkim broken[] = { { "sender.example", NULL, 5 } };
	static const struct store_reason reasons[] = {
		{ HISTORY_OVERRIDE_TEST_MODE, "t=y: quarantine (sp) lowered to none" },
		{ HISTORY_OVERRIDE_LOCAL_POLICY, "arc=pass as[1].d=lists.example.org" } };
	struct store_policy policy = sample_policy();
	struct report_meta meta = sample_meta();
	struct store_message list[4];
	struct odm_strbuf out;
	size_t i;

	meta.format = _i == 0 ? REPORT_FORMAT_RFC9990 : REPORT_FORMAT_RFC7489;
	policy.np = 'r';
	policy.testing = true;
	meta.error = "3 messages are not listed: too many different rows";
	for (i = 0; i < COUNT(list); i++)
		list[i] = sample_message();
	list[0].dkim = list[1].dkim = passing;
	list[0].ndkim = list[1].ndkim = COUNT(passing);
	list[0].align_dkim = list[1].align_dkim = HISTORY_ALIGN_PASS;
	list[2] = sample_failure();
	list[2].ip = "2001:DB8:0:1::7";
	list[2].mfrom = "";
	list[2].spf_domain = "mta7.hosting.example.org";
	list[2].spf = 6;
	list[2].action = HISTORY_ACTION_QUARANTINE;
	list[2].effective = 'q';
	list[2].dkim = broken;
	list[2].ndkim = 1;
	list[3] = sample_failure();
	list[3].ip = "198.51.100.9";
	list[3].from = "News.Sender.Example";
	list[3].mfrom = "lists.example.org";
	list[3].spf_domain = NULL;
	list[3].spf = 0;
	list[3].action = HISTORY_ACTION_ACCEPT;
	list[3].policy = HISTORY_POLICY_NONE;
	list[3].effective = 'n';
	list[3].reasons = reasons;
	list[3].nreasons = COUNT(reasons);
	ck_assert_int_eq(write_report(&meta, &policy, list, COUNT(list), &out), 0);
	golden_check(files[_i], out.at, out.len);
	odm_strbuf_free(&out);
}
END_TEST

/* The value of the first element of a name below node; NULL without one. */
static char *
value_of(xmlNode *node, const char *name)
{
	char *value = NULL;
	xmlNode *n;

	for (n = node; n != NULL && value == NULL; n = n->next) {
		if (n->type == XML_ELEMENT_NODE && strcmp((const char *)n->name, name) == 0)
			return (char *)xmlNodeGetContent(n);
		value = value_of(n->children, name);
	}
	return value;
}

/* policy_published: letters of the store in words; tags that are not there are left out. */
static const struct policy_case {
	const char	*what;
	char		 p, sp, np, adkim, aspf;
	int		 fo;
	bool		 testing;
	const char	*discovery;
	const char	*want[8];	/* p sp np adkim aspf fo testing discovery_method */
} policies[] = {
	{ "everything", 'q', 'n', 'r', 's', 's', ODM_FO_0 | ODM_FO_1 | ODM_FO_D | ODM_FO_S, true,
	    "psl", { "quarantine", "none", "reject", "s", "s", "0:1:d:s", "y", "psl" } },
	{ "nothing", 0, 0, 0, 0, 0, 0, false, NULL,
	    { "none", NULL, NULL, "r", "r", "0", "n", NULL } },
	{ "impossible letters", 'x', '?', -1, 'x', 'x', 1 << 20, false, "guess",
	    { "none", NULL, NULL, "r", "r", "0", "n", NULL } },
};

START_TEST(published_policy)
{
	static const char *const names[] = { "p", "sp", "np", "adkim", "aspf", "fo", "testing",
	    "discovery_method" };
	const struct policy_case *c = &policies[_i];
	struct store_policy policy = sample_policy();
	struct store_message m = sample_message();
	struct report_meta meta = sample_meta();
	struct odm_strbuf out;
	xmlDoc *doc;
	size_t i;

	policy.p = c->p;
	policy.sp = c->sp;
	policy.np = c->np;
	policy.adkim = c->adkim;
	policy.aspf = c->aspf;
	policy.fo = c->fo;
	policy.testing = c->testing;
	policy.discovery = c->discovery;
	ck_assert_int_eq(write_report(&meta, &policy, &m, 1, &out), 0);
	doc = xmlReadMemory(out.at, (int)out.len, NULL, NULL, XML_PARSE_NONET);
	ck_assert_ptr_nonnull(doc);
	for (i = 0; i < COUNT(names); i++) {
		char *got = value_of(xmlDocGetRootElement(doc), names[i]);

		ck_assert_msg((got == NULL) == (c->want[i] == NULL), "%s: %s", c->what, names[i]);
		if (got != NULL)
			ck_assert_msg(strcmp(got, c->want[i]) == 0, "%s: %s: got %s, want %s",
			    c->what, names[i], got, c->want[i]);
		xmlFree(got);
	}
	xmlFreeDoc(doc);
	odm_strbuf_free(&out);
}
END_TEST

/* Any octets anywhere give a document that parses, with the text that was meant. */
START_TEST(hostile_text)
{
	static const char text[] = "a\001\"'<b>&amp;]]>\xFF\xEF\xBF\xBF\r\nz";
	static const char clean[] = "a\"'<b>&amp;]]>? z";
	static const struct store_dkim d = { text, text, 0 };
	static const struct store_reason why = { HISTORY_OVERRIDE_OTHER, text };
	struct store_policy policy = sample_policy();
	struct store_message m = sample_message();
	struct report_meta meta = sample_meta();
	struct odm_strbuf out;
	xmlDoc *doc;
	char *got;

	meta.org_name = meta.email = meta.error = text;
	m.ip = m.from = m.mfrom = m.spf_domain = text;
	m.dkim = &d;
	m.ndkim = m.nreasons = 1;
	m.reasons = &why;
	ck_assert_int_eq(write_report(&meta, &policy, &m, 1, &out), 0);
	doc = xmlReadMemory(out.at, (int)out.len, NULL, NULL, XML_PARSE_NONET);
	ck_assert_ptr_nonnull(doc);
	got = value_of(xmlDocGetRootElement(doc), "org_name");
	ck_assert_str_eq(got, clean);
	xmlFree(got);
	got = value_of(xmlDocGetRootElement(doc), "selector");
	ck_assert_str_eq(got, clean);
	xmlFree(got);
	xmlFreeDoc(doc);
	odm_strbuf_free(&out);
}
END_TEST

struct limited {
	size_t	room, calls;
};

static int
to_limited(void *arg, const void *octets, size_t len)
{
	struct limited *l = arg;

	(void)octets;
	l->calls++;
	if (len > l->room)
		return -1;
	l->room -= len;
	return 0;
}

/* A sink that is full ends the writing at once, with an error. */
START_TEST(full_sink)
{
	struct store_policy policy = sample_policy();
	struct report_aggregate *a = report_aggregate_new(&policy, REPORT_AGGREGATE_MAX);
	struct store_message m = sample_message();
	struct report_meta meta = sample_meta();
	struct limited limited = { 100000, 0 };
	char ip[32];
	int i;

	m.ip = ip;
	for (i = 0; i < 20000; i++) {
		(void)snprintf(ip, sizeof(ip), "10.0.%d.%d", i >> 8, i & 255);
		ck_assert_int_eq(report_aggregate_add(a, &m), 0);
	}
	ck_assert_int_eq(report_xml_write(&meta, &policy, a, to_limited, &limited), -1);
	ck_assert_uint_lt(limited.calls, 100);
	report_aggregate_free(&a);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("aggxml");
	TCase *tc = tcase_create("aggxml");

	tcase_add_loop_test(tc, golden, 0, 2);
	tcase_add_loop_test(tc, published_policy, 0, COUNT(policies));
	tcase_add_test(tc, hostile_text);
	tcase_add_test(tc, full_sink);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
