/*
 * check_mail.c - the report mail: golden file, and what must hold for all of them.
 */
#include <stdlib.h>
#include <check.h>
#include <gmime/gmime.h>

#include "reports/mail.h"
#include "tests/unit/golden.h"
#include "tests/unit/suite.h"

static struct report_mail
sample_mail(void)
{
	return (struct report_mail){
		.from_address = "dmarc-noreply@receiver.example",
		.from_name = "Mail Services of Receiver",
		.to = "dmarc@sender.example",
		.policy_domain = "sender.example",
		.submitter = "receiver.example",
		.report_id = "20260519cafe",
		.message_id = "20260519cafe.1@receiver.example",
		.file_name = "receiver.example!sender.example!1779148800!1779235199.xml.gz",
		.date = 1779235951,
		.window = { 1779148800, 1779235200, 0 },
		.messages = 314,
		.rows = 3,
		.packed = odm_span_str("not really gzip, but long enough to fill more than one "
		    "line of base64 with it.\n.\r\n"),
	};
}

/* CRLF everywhere, 7 bit, lines of at most 998 octets. */
static void
check_form(const struct odm_strbuf *mail)
{
	size_t line = 0, i;

	for (i = 0; i < mail->len; i++) {
		ck_assert_int_lt((unsigned char)mail->at[i], 128);
		if (mail->at[i] == '\n') {
			ck_assert(i > 0 && mail->at[i - 1] == '\r');
			line = 0;
			continue;
		}
		ck_assert(mail->at[i] != '\r' || mail->at[i + 1] == '\n');
		ck_assert_uint_le(++line, 999);
	}
	ck_assert(mail->len > 2 && mail->at[mail->len - 1] == '\n');
}

START_TEST(golden)
{
	struct report_mail m = sample_mail();
	struct odm_strbuf out;

	odm_strbuf_init(&out, REPORT_MAIL_MAX);
	ck_assert_int_eq(report_mail_write(&m, &out), 0);
	check_form(&out);
	golden_check("aggregate.eml", out.at, out.len);
	odm_strbuf_free(&out);
}
END_TEST

START_TEST(equal_input_equal_octets)
{
	struct report_mail m = sample_mail();
	struct odm_strbuf one, two;

	odm_strbuf_init(&one, REPORT_MAIL_MAX);
	odm_strbuf_init(&two, REPORT_MAIL_MAX);
	ck_assert_int_eq(report_mail_write(&m, &one), 0);
	ck_assert_int_eq(report_mail_write(&m, &two), 0);
	ck_assert_str_eq(one.at, two.at);
	odm_strbuf_free(&one);
	odm_strbuf_free(&two);
}
END_TEST

/* The content of the n-th part, and its file name, read back by GMime. */
static void
read_back(const struct odm_strbuf *mail, struct odm_strbuf *content, char *file, size_t size)
{
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(mail->at, mail->len), *out;
	GMimeParser *parser = g_mime_parser_new_with_stream(stream);
	GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
	GMimeObject *body = g_mime_message_get_mime_part(message), *part;
	GByteArray *octets;

	ck_assert(GMIME_IS_MULTIPART(body));
	ck_assert_int_eq(g_mime_multipart_get_count(GMIME_MULTIPART(body)), 2);
	part = g_mime_multipart_get_part(GMIME_MULTIPART(body), 1);
	ck_assert_str_eq(g_mime_object_get_header(part, "Content-Transfer-Encoding"), "base64");
	(void)g_strlcpy(file, g_mime_part_get_filename(GMIME_PART(part)), size);
	out = g_mime_stream_mem_new();
	g_mime_data_wrapper_write_to_stream(g_mime_part_get_content(GMIME_PART(part)), out);
	octets = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(out));
	odm_strbuf_add(content, (struct odm_span){ (const char *)octets->data, octets->len });
	g_object_unref(out);
	g_object_unref(message);
	g_object_unref(parser);
	g_object_unref(stream);
}

/* The names are as long as names can be, the report is every octet there is. */
START_TEST(longest_names)
{
	struct report_mail m = sample_mail();
	struct odm_strbuf out, label, name, content;
	char file[2000], octets[1024], fold[600], a[64];
	int i;

	odm_strbuf_init(&label, 1000);
	odm_strbuf_init(&name, 1000);
	odm_strbuf_init(&content, 10000);
	memset(a, 'a', 63);
	a[63] = '\0';
	odm_strbuf_addf(&label, "%s.%s.%s.%.61s", a, a, a, a);
	odm_strbuf_addf(&name, "%s!%s!1779148800!1779235199.xml.gz", label.at,
	    label.at);
	for (i = 0; i < (int)sizeof(octets); i++)
		octets[i] = (char)i;
	m.policy_domain = m.submitter = label.at;
	m.file_name = name.at;
	m.packed = (struct odm_span){ octets, sizeof(octets) };
	odm_strbuf_init(&out, REPORT_MAIL_MAX);
	ck_assert_int_eq(report_mail_write(&m, &out), 0);
	check_form(&out);
	(void)snprintf(fold, sizeof(fold), "Subject: Report Domain: %s\r\n Submitter: %s\r\n "
	    "Report-ID: <20260519cafe>\r\n", label.at, label.at);
	ck_assert_ptr_nonnull(strstr(out.at, fold));
	read_back(&out, &content, file, sizeof(file));
	ck_assert_str_eq(file, name.at);
	ck_assert_uint_eq(content.len, sizeof(octets));
	ck_assert_mem_eq(content.at, octets, sizeof(octets));
	odm_strbuf_free(&out);
	odm_strbuf_free(&label);
	odm_strbuf_free(&name);
	odm_strbuf_free(&content);
}
END_TEST

/* A name of the organization cannot become a header field of its own. */
START_TEST(odd_organizations)
{
	static const char *const names[] = {
		("Pr\xC3\xBC" "f \"GmbH\" <x@y.example>, Z"), "a\r\nBcc: victim@other.example", "",
		"\xFF\xFE\x80", "=?utf-8?q?x=0D=0ABcc:_v?=",
	};
	struct report_mail m = sample_mail();
	InternetAddressList *list;
	GMimeMessage *message;
	GMimeStream *stream;
	GMimeParser *parser;
	struct odm_strbuf out;

	m.from_name = names[_i];
	odm_strbuf_init(&out, REPORT_MAIL_MAX);
	ck_assert_int_eq(report_mail_write(&m, &out), 0);
	check_form(&out);
	ck_assert_ptr_null(strstr(out.at, "\nBcc:"));
	stream = g_mime_stream_mem_new_with_buffer(out.at, out.len);
	parser = g_mime_parser_new_with_stream(stream);
	message = g_mime_parser_construct_message(parser, NULL);
	list = g_mime_message_get_from(message);
	ck_assert_int_eq(internet_address_list_length(list), 1);
	ck_assert_str_eq(internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(
	    internet_address_list_get_address(list, 0))), "dmarc-noreply@receiver.example");
	g_object_unref(message);
	g_object_unref(parser);
	g_object_unref(stream);
	odm_strbuf_free(&out);
}
END_TEST

static const struct address_case {
	const char	*text;
	bool		 okay;
} addresses[] = {
	{ "dmarc@example.com", true },
	{ "a.b+c/d=e@mail.example.com", true },
	{ "dmarc@b\xC3\xBC" "cher.example", false },
	{ "dmarc", false }, { "@example.com", false }, { "dmarc@", false }, { "", false },
	{ "a@b@example.com", false }, { "a b@example.com", false },
	{ "a\r\nb@example.com", false }, { "<a@example.com>", false },
	{ "\"a\"@example.com", false }, { "-a@example.com", false },
	{ "a@exa mple.com", false }, { "a@example..com", false },
	{ "a,b@example.com", false }, { "a@[192.0.2.1]", false },
};

START_TEST(address)
{
	const struct address_case *c = &addresses[_i];
	size_t len = strlen(c->text);
	char *exact = malloc(len ? len : 1);

	memcpy(exact, c->text, len);
	ck_assert_msg(report_mail_address_okay((struct odm_span){ exact, len }) == c->okay, "%s",
	    c->text);
	free(exact);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("mail");
	TCase *tc = tcase_create("mail");

	tcase_add_unchecked_fixture(tc, report_mail_init, report_mail_exit);
	tcase_add_test(tc, golden);
	tcase_add_test(tc, equal_input_equal_octets);
	tcase_add_test(tc, longest_names);
	tcase_add_loop_test(tc, odd_organizations, 0, 5);
	tcase_add_loop_test(tc, address, 0, COUNT(addresses));
	suite_add_tcase(s, tc);
	return run_suite(s);
}
