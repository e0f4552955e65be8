/*
 * check_arf.c - the mail of a failure report: its form, and that no text breaks out.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "reports/arf.h"
#include "reports/mail.h"
#include "tests/unit/suite.h"

static const struct report_redact redact = { { 7 } };

static void
make_sample(struct failure *f, struct report_arf *a)
{
	failure_init(f);
	f->job = "4bR2Xk0mZz";
	f->reporter = f->authserv_id = "mx.receiver.example";
	f->arrived = 1779268445;
	f->ip = "192.0.2.66";
	f->port = 49321;
	f->mail_from = "b-17@bounce.sender.example";
	f->author_domain = f->policy_domain = f->org_domain = "sender.example";
	f->kinds = FAILURE_DMARC;
	f->result = "fail";
	f->published = "reject";
	f->disposition = "reject";
	f->spf = ODM_RESULT_FAIL;
	f->spf_domain = "bounce.sender.example";
	f->dkim[0] = (struct failure_dkim){ ODM_RESULT_PASS, "other.example", "o", "" };
	f->dkim[1] = (struct failure_dkim){ ODM_RESULT_FAIL, "sender.example", "s2026",
	    "joe@sender.example" };
	f->ndkim = 2;
	f->delivery = FAILURE_REJECT;
	f->header = odm_span_str("From: Billing <billing@sender.example>\n"
	    "To: ann@receiver.example\nSubject: Invoice 4711\n");
	*a = (struct report_arf){ .failure = f, .incidents = 1,
		.from = "DMARC reports <noreply@receiver.example>", .to = "ruf@sender.example",
		.message_id = "cafe.1@receiver.example", .boundary_id = "cafe",
		.date = 1779268447, .spf_record = "v=spf1 ip4:198.51.100.0/24 -all" };
}

/* CRLF everywhere, 7 bit, no line over 998 octets. */
static void
check_form(const struct odm_strbuf *mail)
{
	size_t line = 0, i;

	for (i = 0; i < mail->len; i++) {
		ck_assert_int_lt((unsigned char)mail->at[i], 128);
		ck_assert_int_ne(mail->at[i], '\0');
		if (mail->at[i] == '\n') {
			ck_assert(i > 0 && mail->at[i - 1] == '\r');
			line = 0;
			continue;
		}
		ck_assert(mail->at[i] != '\r' || mail->at[i + 1] == '\n');
		ck_assert_uint_le(++line, 999);
	}
}

static void
write_mail(const struct report_arf *a, struct odm_strbuf *out)
{
	odm_strbuf_init(out, REPORT_ARF_MAX);
	ck_assert_int_eq(report_arf_write(a, out), 0);
	check_form(out);
}

static void
has(const struct odm_strbuf *mail, const char *line)
{
	ck_assert_msg(strstr(mail->at, line) != NULL, "no \"%s\" in\n%s", line, mail->at);
}

static void
lacks(const struct odm_strbuf *mail, const char *text)
{
	ck_assert_msg(strstr(mail->at, text) == NULL, "\"%s\" in\n%s", text, mail->at);
}

START_TEST(every_field)
{
	static const char *const lines[] = {
		"From: DMARC reports <noreply@receiver.example>\r\n",
		"To: ruf@sender.example\r\n",
		"Subject: DMARC failure report for sender.example received from 192.0.2.66\r\n",
		"Auto-Submitted: auto-generated\r\n",
		"Message-Id: <cafe.1@receiver.example>\r\n",
		"Content-Type: multipart/report; ",
		"Content-Type: message/feedback-report\r\n",
		"Content-Type: text/rfc822-headers\r\n",
		"\r\nFeedback-Type: auth-failure\r\n",
		"\r\nVersion: 1\r\n",
		"\r\nUser-Agent: OpenDMARC/",
		"\r\nAuth-Failure: dmarc\r\n",
		("\r\nAuthentication-Results: mx.receiver.example; dmarc=fail (p=reject dis=reject)"
		    "\r\n header.from=sender.example\r\n"),
		"\r\nIdentity-Alignment: dkim, spf\r\n",
		"\r\nDKIM-Domain: sender.example\r\n",
		"\r\nDKIM-Identity: joe@sender.example\r\n",
		"\r\nDKIM-Selector: s2026\r\n",
		"\r\nSPF-DNS: txt : bounce.sender.example : \"v=spf1 ip4:198.51.100.0/24 -all\"\r\n",
		"\r\nDelivery-Result: reject\r\n",
		"\r\nOriginal-Envelope-Id: 4bR2Xk0mZz\r\n",
		"\r\nOriginal-Mail-From: <b-17@bounce.sender.example>\r\n",
		"\r\nArrival-Date: Wed, 20 May 2026 09:14:05 +0000\r\n",
		"\r\nReporting-MTA: dns; mx.receiver.example\r\n",
		"\r\nSource-IP: 192.0.2.66\r\n",
		"\r\nSource-Port: 49321\r\n",
		"\r\nReported-Domain: sender.example\r\n",
		"\r\nIncidents: 1\r\n",
		"\r\nSubject: Invoice 4711\r\n",
	};
	struct odm_strbuf out, again;
	struct report_arf a;
	struct failure f;
	size_t i;

	make_sample(&f, &a);
	write_mail(&a, &out);
	for (i = 0; i < COUNT(lines); i++)
		has(&out, lines[i]);
	write_mail(&a, &again);
	ck_assert_str_eq(out.at, again.at);
	odm_strbuf_free(&out);
	odm_strbuf_free(&again);
}
END_TEST

START_TEST(hidden_in_all_parts)
{
	struct odm_strbuf out;
	struct report_arf a;
	struct failure f;
	char token[REPORT_TOKEN_LEN + 1], line[100];

	make_sample(&f, &a);
	f.dkim[1].identity = "b-17@sender.example";
	a.redact = &redact;
	write_mail(&a, &out);
	lacks(&out, "b-17");
	lacks(&out, "billing");
	lacks(&out, "ann@");
	lacks(&out, "Invoice");
	report_redact_token(&redact, odm_span_str("b-17"), token);
	(void)snprintf(line, sizeof(line), "Original-Mail-From: <%s@bounce.sender.example>\r\n",
	    token);
	has(&out, line);
	(void)snprintf(line, sizeof(line), "DKIM-Identity: %s@sender.example\r\n", token);
	has(&out, line);
	odm_strbuf_free(&out);
}
END_TEST

enum { UNSIGNED = 1, V6 = 2 };

static const struct kind_case {
	unsigned	 kinds, flags;
	bool		 dkim, spf;	/* aligned */
	const char	*lines[3];	/* wanted */
	const char	*none;		/* must not be there; NULL */
} kind_cases[] = {
	{ FAILURE_DMARC | FAILURE_SPF, UNSIGNED, false, true, { "Auth-Failure: dmarc\r\n",
	    "Identity-Alignment: dkim\r\n", "dmarc=fail" }, "DKIM-" },
	{ FAILURE_DMARC, 0, true, false, { "Identity-Alignment: spf\r\n", "dmarc=fail", "" }, NULL },
	{ FAILURE_DKIM | FAILURE_SPF, 0, true, true, { "Auth-Failure: signature\r\n",
	    "Identity-Alignment: none\r\n",
	    "mx.receiver.example; dkim=fail header.d=sender.example\r\n header.s=s2026\r\n" },
	    "dmarc=" },
	{ FAILURE_SPF, V6, true, false, { "Auth-Failure: spf\r\n",
	    "mx.receiver.example; spf=fail\r\n", "Source-IP: IPv6:2001:db8::1\r\n" }, "dmarc=" },
};

START_TEST(kind)
{
	const struct kind_case *c = &kind_cases[_i];
	struct odm_strbuf out;
	struct report_arf a;
	struct failure f;
	size_t i;

	make_sample(&f, &a);
	f.kinds = c->kinds;
	f.dkim_aligned = c->dkim;
	f.spf_aligned = c->spf;
	if ((c->flags & UNSIGNED) != 0)
		f.ndkim = 0;
	if ((c->flags & V6) != 0)
		f.ip = "2001:db8::1";
	write_mail(&a, &out);
	for (i = 0; i < COUNT(c->lines) && c->lines[i][0] != '\0'; i++) {
		if (c->flags == V6 && i == 1)
			has(&out, "spf=fail");
		else
			has(&out, c->lines[i]);
	}
	if (c->none != NULL)
		lacks(&out, c->none);
	odm_strbuf_free(&out);
}
END_TEST

/* Line ends, 8-bit octets and boundaries in every text that comes from outside. */
START_TEST(hostile)
{
	static const char bad[] = "x\r\n\r\n--failure-cafe\r\nBcc: victim@other.example\xFF\x01";
	struct odm_strbuf out, header;
	struct report_arf a;
	struct failure f;
	char *lots = calloc(1, 5001);
	const char *at;
	unsigned n = 0;

	memset(lots, 'y', 5000);
	make_sample(&f, &a);
	f.job = f.mail_from = f.reporter = f.spf_domain = f.helo = bad;
	f.author_domain = lots;
	f.dkim[1].identity = f.dkim[1].selector = f.dkim[1].domain = bad;
	a.spf_record = "v=spf1 \"\\\r\nBcc: x@y\r\n\r\n";
	odm_strbuf_init(&header, ODM_FAILURE_HEADER_MAX);
	odm_strbuf_add(&header, (struct odm_span){ "X-Nul: a\0b\n", 11 });
	odm_strbuf_adds(&header, "X-Bare: a\rb\r\n\tc\nX-Eight: \xC3\xA4\xFF\n no field\n\n"
	    "--failure-other--\nBcc : x@y\n");
	odm_strbuf_addf(&header, "X-Long: %s\n", lots);
	f.header = odm_strbuf_span(&header);
	write_mail(&a, &out);
	lacks(&out, "\nBcc: victim");
	for (at = out.at; (at = strstr(at, "\r\n--failure-cafe")) != NULL; at++)
		n++;
	ck_assert_uint_eq(n, 4);
	lacks(&out, "\n--failure-other");
	has(&out, "Content-Transfer-Encoding: quoted-printable");
	odm_strbuf_free(&out);
	odm_strbuf_free(&header);
	free(lots);
}
END_TEST

static const struct sender_case {
	const char *from, *address;	/* NULL: refused */
} senders[] = {
	{ "noreply@receiver.example", "noreply@receiver.example" },
	{ "DMARC <noreply@receiver.example>", "noreply@receiver.example" },
	{ "\"a, b\" <noreply@receiver.example>", "noreply@receiver.example" },
	{ "a@x.example, b@x.example", NULL }, { "", NULL }, { "noreply", NULL },
	{ "x <-f@x.example>", NULL }, { "g: a@x.example;", NULL },
};

START_TEST(sender)
{
	const struct sender_case *c = &senders[_i];
	char address[ODM_URI_ADDRESS_MAX + 1] = "";
	bool got = report_arf_sender(c->from, address);

	ck_assert_msg(got == (c->address != NULL), "%s", c->from);
	if (got)
		ck_assert_str_eq(address, c->address);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("arf");
	TCase *tc = tcase_create("arf");

	tcase_add_unchecked_fixture(tc, report_mail_init, report_mail_exit);
	tcase_add_test(tc, every_field);
	tcase_add_test(tc, hidden_in_all_parts);
	tcase_add_loop_test(tc, kind, 0, (int)COUNT(kind_cases));
	tcase_add_test(tc, hostile);
	tcase_add_loop_test(tc, sender, 0, (int)COUNT(senders));
	suite_add_tcase(s, tc);
	return run_suite(s);
}
