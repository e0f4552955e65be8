/*
 * check_failreport.c - from a judged message to an entry in the spool, or to none.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/failspool.h"
#include "libopendmarc/parse/record.h"
#include "opendmarc/failreport.h"
#include "tests/unit/suite.h"

static char folder[] = "/tmp/check_failreport.XXXXXX";
static char sent_by[] = "DMARC reports <noreply@receiver.example>";

/* One message with everything that a report is made of. */
struct bed {
	struct conf	 conf;
	struct dmf_context ctx;
	struct dmf_fields fields;
	struct dmf_inputs *inputs;
	struct odm_record record;
	struct odm_verdict verdict;
	struct dmf_decision decision;
	struct odm_strbuf header;
	struct dmf_automatic automatic;
	struct dmf_failreport report;
	struct dmf_failreporter *reporter;
};

static void
add_field(struct bed *b, const char *name, const char *value)
{
	dmf_failreport_field(&b->header, name, value);
	dmf_automatic_field(&b->automatic, odm_span_str(name), odm_span_str(value));
	dmf_fields_add(&b->fields, dmf_field_kind(odm_span_str(name)), odm_span_str(value));
}

static void
make_reporter(struct bed *b)
{
	char why[300] = "";

	dmf_failreporter_free(&b->reporter);
	b->reporter = dmf_failreporter_new(&b->conf, NULL, why, sizeof(why));
	ck_assert_msg(b->reporter != NULL, "%s", why);
}

/* What a reload does: conf takes the place of the configuration so far. */
static void
replace_reporter(struct bed *b, const struct conf *conf)
{
	struct dmf_failreporter *old = b->reporter;
	char why[300] = "";

	b->reporter = dmf_failreporter_new(conf, old, why, sizeof(why));
	ck_assert_msg(b->reporter != NULL, "%s", why);
	dmf_failreporter_free(&old);
}

static void
make_bed(struct bed *b, const char *record)
{
	*b = (struct bed){ .conf = { .failure_reports = true, .dkim_verifiers = 1,
	    .failure_reports_per_domain = 10, .failure_reports_total = 100,
	    .failure_reports_spool = folder, .failure_reports_sent_by = sent_by } };
	(void)strlcpy(folder, "/tmp/check_failreport.XXXXXX", sizeof(folder));
	ck_assert_ptr_nonnull(mkdtemp(folder));
	b->ctx = (struct dmf_context){ .conf = &b->conf, .authserv_id = "mx.receiver.example",
		.job = "4bR2", .mta_name = "mx.receiver.example", .host_name = "mx",
		.sender_domain = "bounce.sender.example", .helo = "relay.example.net" };
	ck_assert(odm_ip_parse(odm_span_str("2001:db8::66"), &b->ctx.client));
	ck_assert(odm_record_parse(odm_span_str(record), &b->record));
	b->verdict = (struct odm_verdict){ .result = ODM_DMARC_FAIL, .record = &b->record,
		.author_domain = "news.sender.example", .policy_domain = "sender.example",
		.org_domain = "sender.example", .published = ODM_POLICY_REJECT, .pct = 100 };
	b->decision = (struct dmf_decision){ .published = "reject", .disposition = "reject",
		.action = DMF_ACTION_REJECT, .history_action = HISTORY_ACTION_REJECT };
	dmf_fields_init(&b->fields);
	odm_strbuf_init(&b->header, ODM_FAILURE_HEADER_MAX);
	add_field(b, "Authentication-Results", "mx.receiver.example;\n\tdkim=fail "
	    "header.d=sender.example header.s=s1");
	add_field(b, "DKIM-Signature", "v=1; a=rsa-sha256; d=other.example; s=s1; "
	    "i=no@other.example; h=from; bh=x; b=y");
	add_field(b, "DKIM-Signature", " v=1; a=rsa-sha256; d=sender.example; s=s1;\n\t"
	    "i=joe@sender.example; h=from; bh=x; b=y");
	add_field(b, "From", "Joe <joe@news.sender.example>");
	add_field(b, "Subject", "hello");
	make_reporter(b);
}

static bool
note(struct bed *b, int64_t now_ms)
{
	static const enum odm_result softfail = ODM_RESULT_SOFTFAIL;

	if (b->inputs == NULL) {
		b->inputs = dmf_inputs_read(&b->ctx, &b->fields);
		dmf_inputs_settle_spf(b->inputs, &softfail);
	}
	b->report = (struct dmf_failreport){ .job = "4bR2", .reporter = "mx.receiver.example",
		.received = 1779268445, .port = 49321, .helo = "relay.example.net",
		.mail_from = b->ctx.null_sender ? "" : "b-17@bounce.sender.example",
		.ctx = &b->ctx, .inputs = b->inputs, .verdict = &b->verdict,
		.decision = &b->decision, .automatic = &b->automatic, .header = &b->header };
	return dmf_failreport_note(b->reporter, &b->report, now_ms);
}

/* Removes everything; the number of entries there were. */
static size_t
end_bed(struct bed *b)
{
	struct failspool_names names;
	char path[300];
	size_t n;

	ck_assert_int_eq(failspool_list(folder, "", &names), 0);
	for (size_t i = 0; i < names.n; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, names.names[i]);
		ck_assert_int_eq(unlink(path), 0);
	}
	n = names.n;
	failspool_names_free(&names);
	ck_assert_int_eq(rmdir(folder), 0);
	dmf_failreporter_free(&b->reporter);
	dmf_inputs_free(&b->inputs);
	dmf_fields_clear(&b->fields);
	odm_strbuf_free(&b->header);
	return n;
}

START_TEST(an_entry_says_all)
{
	struct bed b;
	struct failspool_names names;
	struct odm_strbuf text;
	struct failure f;
	const char *why;

	make_bed(&b, "v=DMARC1; p=reject; fo=1:d:s; "
	    "ruf=mailto:a@sender.example!10m,bad,,mailto:b@x.example");
	ck_assert(note(&b, 1000));
	ck_assert_int_eq(failspool_list(folder, FAILSPOOL_ENTRY, &names), 0);
	ck_assert_uint_eq(names.n, 1);
	odm_strbuf_init(&text, FAILURE_TEXT_MAX);
	ck_assert(failspool_get(folder, names.names[0], &text, &why));
	ck_assert(failure_read(&text, &f, &why));
	ck_assert_str_eq(f.job, "4bR2");
	ck_assert_str_eq(f.ip, "2001:db8::66");
	ck_assert_uint_eq(f.port, 49321);
	ck_assert_str_eq(f.helo, "relay.example.net");
	ck_assert_str_eq(f.mail_from, "b-17@bounce.sender.example");
	ck_assert_str_eq(f.author_domain, "news.sender.example");
	ck_assert_str_eq(f.policy_domain, "sender.example");
	ck_assert_str_eq(f.org_domain, "sender.example");
	ck_assert_str_eq(f.ruf, "mailto:a@sender.example!10m,mailto:b@x.example");
	ck_assert_uint_eq(f.fo, ODM_FO_1 | ODM_FO_D | ODM_FO_S);
	ck_assert_uint_eq(f.kinds, FAILURE_DMARC | FAILURE_DKIM | FAILURE_SPF);
	ck_assert_str_eq(f.result, "fail");
	ck_assert_int_eq(f.spf, ODM_RESULT_SOFTFAIL);
	ck_assert_str_eq(f.spf_domain, "bounce.sender.example");
	ck_assert_int_eq(f.delivery, FAILURE_REJECT);
	ck_assert_uint_eq(f.ndkim, 1);
	ck_assert_str_eq(f.dkim[0].domain, "sender.example");
	ck_assert_str_eq(f.dkim[0].identity, "joe@sender.example");
	ck_assert_uint_eq(f.header.len, b.header.len);
	ck_assert_mem_eq(f.header.at, b.header.at, b.header.len);
	odm_strbuf_free(&text);
	failspool_names_free(&names);
	ck_assert_uint_eq(end_bed(&b), 1);
}
END_TEST

enum { NULL_SENDER = 1, TEMPFAIL = 2, NO_RECORD = 4, TEMPERROR = 8 };

static const struct none_case {
	const char	*what, *record, *name, *value;	/* a further field */
	unsigned	 flags;
	bool		 entry;		/* wanted */
} none_cases[] = {
	{ "as usual", "v=DMARC1; p=reject; ruf=mailto:a@x.example", "X", "y", 0, true },
	{ "no ruf", "v=DMARC1; p=reject", "X", "y", 0, false },
	{ "ruf of no use", "v=DMARC1; p=reject; ruf=foo", "X", "y", 0, false },
	{ "psd=y", "v=DMARC1; p=reject; psd=y; ruf=mailto:a@x.example", "X", "y", 0, false },
	{ "a feedback report", "v=DMARC1; p=reject; ruf=mailto:a@x.example", "Content-Type",
	    "multipart/report;\n\treport-type=\"Feedback-Report\"; boundary=x", 0, false },
	{ "an aggregate report", "v=DMARC1; p=reject; ruf=mailto:a@x.example", "Subject",
	    "Report Domain: a.example\n\tSubmitter: b.example Report-ID: <1@b.example>", 0, false },
	{ "not quite one", "v=DMARC1; p=reject; ruf=mailto:a@x.example", "Content-Type",
	    "text/plain; name=feedback-report", 0, true },
	{ "our own address", "v=DMARC1; p=reject; ruf=mailto:a@x.example", "From",
	    "x <NoReply@receiver.example>", 0, false },
	{ "nearly our own address", "v=DMARC1; p=reject; ruf=mailto:a@x.example", "From",
	    "<no-noreply@receiver.example>, noreply@receiver.example.org", 0, true },
	{ "null sender", "v=DMARC1; p=reject; ruf=mailto:a@x.example", "X", "y", NULL_SENDER,
	    false },
	{ "comes again", "v=DMARC1; p=reject; ruf=mailto:a@x.example", "X", "y", TEMPFAIL, false },
	{ "temperror", "v=DMARC1; p=reject; ruf=mailto:a@x.example", "X", "y", TEMPERROR, false },
	{ "no record", "v=DMARC1; p=reject; ruf=mailto:a@x.example", "X", "y", NO_RECORD, false },
};

START_TEST(who_gets_none)
{
	const struct none_case *c = &none_cases[_i];
	struct bed b;

	make_bed(&b, c->record);
	add_field(&b, c->name, c->value);
	b.ctx.null_sender = (c->flags & NULL_SENDER) != 0;
	if ((c->flags & TEMPFAIL) != 0)
		b.decision.action = DMF_ACTION_TEMPFAIL;
	if ((c->flags & TEMPERROR) != 0)
		b.verdict.result = ODM_DMARC_TEMPERROR;
	if ((c->flags & NO_RECORD) != 0)
		b.verdict.record = NULL;
	ck_assert_msg(note(&b, 1000) == c->entry, "%s", c->what);
	ck_assert_uint_eq(end_bed(&b), c->entry ? 1 : 0);
}
END_TEST

/* 40 000 spoofed messages bring no more entries than the limits say. */
START_TEST(flood)
{
	struct bed b;
	int i;

	make_bed(&b, "v=DMARC1; p=reject; ruf=mailto:a@sender.example");
	for (i = 0; i < 40000; i++)
		ck_assert(note(&b, 1000 + i * 10) == (i < 10));
	b.verdict.org_domain = "other.example";
	ck_assert(note(&b, 500000));
	b.verdict.org_domain = "sender.example";
	ck_assert(note(&b, 1000 + 3600 * 1000));
	ck_assert_uint_eq(end_bed(&b), 12);
}
END_TEST

/* A reload begins a new hour only where a limit is another one. */
START_TEST(counts_outlive_a_reload)
{
	struct conf same, other;
	struct bed b;
	int i;

	make_bed(&b, "v=DMARC1; p=reject; ruf=mailto:a@sender.example");
	for (i = 0; i < 10; i++)
		ck_assert(note(&b, 1000));
	same = b.conf;
	replace_reporter(&b, &same);
	ck_assert(!note(&b, 2000));
	other = b.conf;
	other.failure_reports_per_domain = 1;
	replace_reporter(&b, &other);
	ck_assert(note(&b, 3000));
	ck_assert(!note(&b, 3000));
	ck_assert_uint_eq(end_bed(&b), 11);
}
END_TEST

/* A spool that goes away costs no message anything. */
START_TEST(spool_gone)
{
	struct bed b;

	make_bed(&b, "v=DMARC1; p=reject; ruf=mailto:a@sender.example");
	ck_assert_int_eq(rmdir(folder), 0);
	ck_assert(!note(&b, 1000));
	ck_assert_ptr_nonnull(mkdtemp(memcpy(folder, "/tmp/check_failreport.XXXXXX",
	    sizeof(folder))));
	ck_assert_uint_eq(end_bed(&b), 0);
}
END_TEST

START_TEST(the_header_is_bounded)
{
	struct odm_strbuf header;
	char *value = calloc(1, ODM_FAILURE_HEADER_MAX);

	memset(value, 'x', ODM_FAILURE_HEADER_MAX - 100);
	odm_strbuf_init(&header, ODM_FAILURE_HEADER_MAX);
	dmf_failreport_field(&header, "A", value);
	dmf_failreport_field(&header, "B", value);
	dmf_failreport_field(&header, "C", "small");
	ck_assert(!header.failed);
	ck_assert_ptr_null(strstr(header.at, "\nB:"));
	ck_assert_ptr_nonnull(strstr(header.at, "\nC: small\n"));
	odm_strbuf_free(&header);
	free(value);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("failreport");
	TCase *tc = tcase_create("failreport");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, an_entry_says_all);
	tcase_add_loop_test(tc, who_gets_none, 0, (int)COUNT(none_cases));
	tcase_add_test(tc, flood);
	tcase_add_test(tc, counts_outlive_a_reload);
	tcase_add_test(tc, spool_gone);
	tcase_add_test(tc, the_header_is_bounded);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
