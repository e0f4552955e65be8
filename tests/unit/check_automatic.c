/*
 * check_automatic.c - which fields make a report or a bounce, as tables.
 */
#include <check.h>

#include "opendmarc/automatic.h"
#include "tests/unit/exact.h"
#include "tests/unit/suite.h"

enum { NOTHING = 0, REPORT = 1, REPLY = 2 };

#define SUBJECT	"Report Domain: a.example Submitter: b.example"

static const struct field_case {
	const char	*name, *value;
	unsigned	 want;
} fields[] = {
	{ "Subject", SUBJECT " Report-ID: <1779148800-a@b.example>", REPORT },
	{ "Subject", SUBJECT " Report-ID: 1779148800", REPORT },
	{ "Subject", SUBJECT " Report-ID:<1779148800@b.example>", REPORT },
	{ "Subject", SUBJECT, REPORT },
	{ "subject ", " report domain: a.example submitter: b.example report-id: <x>", REPORT },
	{ "SUBJECT", "Report Domain: a.example\r\n\tSubmitter: b.example\n Report-ID:\n <x>", REPORT },
	{ "Subject", "Report Domain:\ta.example; Submitter:  b.example; Report-ID: <x> part 2", REPORT },
	{ "Subject", "", NOTHING },
	{ "Subject", "Report", NOTHING },
	{ "Subject", "Report Domain:", NOTHING },
	{ "Subject", "Report Domain: a.example", NOTHING },
	{ "Subject", "Report Domain: a.example Submitter:", NOTHING },
	{ "Subject", "Report Domain: Submitter: b.example Report-ID: <x>", NOTHING },
	{ "Subject", "Re: " SUBJECT " Report-ID: <x>", NOTHING },
	{ "Subject", "ReportDomain: a.example Submitter: b.example", NOTHING },
	{ "Subject", "Report Domain a.example Submitter b.example", NOTHING },
	{ "Subject", SUBJECT " Report", NOTHING },
	{ "Subject", SUBJECT " and so on", NOTHING },
	{ "X-Subject", SUBJECT, NOTHING },
	{ "Comments", SUBJECT, NOTHING },

	{ "Content-Type", "multipart/report; report-type=feedback-report", REPORT },
	{ "Content-Type", "Multipart/Report;\r\n\tboundary=\"a;report-type=x\";\r\n"
	    "\tReport-Type=\"Feedback-Report\"", REPORT },
	{ "content-type", " multipart / report (x;report-type=y) ; report-type = feedback-report;",
	    REPORT },
	{ "Content-Type", "multipart/report;; ;x; y=; =z; report-type=feedback-report", REPORT },
	{ "Content-Type", "multipart/report; x=\"\\\";\"; report-type=delivery-status", REPLY },
	{ "Content-Type", "multipart/report; report-type=\"disposition-notification\"", REPLY },
	{ "Content-Type", "multipart/report; report-type=delivery-status; boundary=\"", REPLY },
	{ "Content-Type", "multipart/report; report-type=delivery-status;"
	    " report-type=feedback-report", REPLY },
	{ "Content-Type", "multipart/report; report-type=", NOTHING },
	{ "Content-Type", "multipart/report; report-type", NOTHING },
	{ "Content-Type", "multipart/report; report-type*=us-ascii''delivery-status", NOTHING },
	{ "Content-Type", "multipart/report; report-type=delivery-status-x", NOTHING },
	{ "Content-Type", "multipart/report; x-report-type=delivery-status", NOTHING },
	{ "Content-Type", "multipart/report; x=\"; report-type=delivery-status", NOTHING },
	{ "Content-Type", "multipart/report (; report-type=delivery-status", NOTHING },
	{ "Content-Type", "multipart/report; boundary=report-type=delivery-status", NOTHING },
	{ "Content-Type", "multipart/mixed; report-type=delivery-status", NOTHING },
	{ "Content-Type", "text/report; report-type=delivery-status", NOTHING },
	{ "Content-Type", "multipart/reports; report-type=delivery-status", NOTHING },
	{ "Content-Type", "multipart; report-type=delivery-status", NOTHING },
	{ "Content-Type", "multipart/report", NOTHING },
	{ "Content-Type", "/", NOTHING },
	{ "Content-Type", ";", NOTHING },
	{ "Content-Type", "", NOTHING },

	{ "Auto-Submitted", "auto-replied", REPLY },
	{ "auto-submitted", " (vacation) Auto-Replied; owner-email=\"x@a.example\"", REPLY },
	{ "Auto-Submitted", "auto-generated", NOTHING },
	{ "Auto-Submitted", "auto-replied-x", NOTHING },
	{ "Auto-Submitted", "no", NOTHING },
	{ "Auto-Submitted", "", NOTHING },
};

START_TEST(one_field)
{
	const struct field_case *c = &fields[_i];
	struct dmf_automatic a = { false, false };
	struct odm_span value = exact(c->value);

	dmf_automatic_field(&a, odm_span_str(c->name), value);
	ck_assert_msg((unsigned)a.report * REPORT + (unsigned)a.reply * REPLY == c->want,
	    "%s: %s: report %d, reply %d", c->name, c->value, a.report, a.reply);
	exact_free(value);
}
END_TEST

/* What one field says another does not take back. */
START_TEST(several_fields)
{
	struct dmf_automatic a = { false, false };

	dmf_automatic_field(&a, odm_span_str("Subject"), odm_span_str(SUBJECT));
	dmf_automatic_field(&a, odm_span_str("Subject"), odm_span_str("hello"));
	dmf_automatic_field(&a, odm_span_str("Auto-Submitted"), odm_span_str("auto-replied"));
	dmf_automatic_field(&a, odm_span_str("Auto-Submitted"), odm_span_str("no"));
	dmf_automatic_field(&a, odm_span_str("Content-Type"), odm_span_str("text/plain"));
	ck_assert(a.report && a.reply);
}
END_TEST

/* Only a report that passes is one; a bounce needs the null sender and nothing else. */
static const struct kind_case {
	unsigned	 says;
	bool		 null_sender;
	enum odm_dmarc	 result;
	enum history_automatic want;
} kinds[] = {
	{ NOTHING, false, ODM_DMARC_PASS, HISTORY_AUTOMATIC_NO },
	{ NOTHING, true, ODM_DMARC_FAIL, HISTORY_AUTOMATIC_NO },
	{ REPORT, false, ODM_DMARC_PASS, HISTORY_AUTOMATIC_REPORT },
	{ REPORT, true, ODM_DMARC_PASS, HISTORY_AUTOMATIC_REPORT },
	{ REPORT, false, ODM_DMARC_FAIL, HISTORY_AUTOMATIC_NO },
	{ REPORT, true, ODM_DMARC_FAIL, HISTORY_AUTOMATIC_NO },
	{ REPORT, false, ODM_DMARC_NONE, HISTORY_AUTOMATIC_NO },
	{ REPORT, false, ODM_DMARC_TEMPERROR, HISTORY_AUTOMATIC_NO },
	{ REPORT, false, ODM_DMARC_PERMERROR, HISTORY_AUTOMATIC_NO },
	{ REPLY, true, ODM_DMARC_PASS, HISTORY_AUTOMATIC_BOUNCE },
	{ REPLY, true, ODM_DMARC_FAIL, HISTORY_AUTOMATIC_BOUNCE },
	{ REPLY, false, ODM_DMARC_PASS, HISTORY_AUTOMATIC_NO },
	{ REPLY, false, ODM_DMARC_FAIL, HISTORY_AUTOMATIC_NO },
	{ REPORT | REPLY, true, ODM_DMARC_PASS, HISTORY_AUTOMATIC_REPORT },
	{ REPORT | REPLY, true, ODM_DMARC_FAIL, HISTORY_AUTOMATIC_BOUNCE },
};

START_TEST(kind_of_message)
{
	const struct kind_case *c = &kinds[_i];
	const struct dmf_automatic a = { (c->says & REPORT) != 0, (c->says & REPLY) != 0 };

	ck_assert_int_eq(dmf_automatic_kind(&a, c->null_sender, c->result), c->want);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("automatic");
	TCase *tc = tcase_create("automatic");

	tcase_add_loop_test(tc, one_field, 0, (int)COUNT(fields));
	tcase_add_test(tc, several_fields);
	tcase_add_loop_test(tc, kind_of_message, 0, (int)COUNT(kinds));
	suite_add_tcase(s, tc);
	return run_suite(s);
}
