/*
 * check_failspool.c - failed messages as text and back, and the folder they wait in.
 */
#include <sys/stat.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/failspool.h"
#include "tests/unit/suite.h"

static char folder[] = "/tmp/check_failspool.XXXXXX";

static void
make_folder(void)
{
	(void)strlcpy(folder, "/tmp/check_failspool.XXXXXX", sizeof(folder));
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void
remove_folder(void)
{
	struct failspool_names names;
	char path[200];

	ck_assert_int_eq(failspool_list(folder, "", &names), 0);
	for (size_t i = 0; i < names.n; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, names.names[i]);
		(void)unlink(path);
	}
	failspool_names_free(&names);
	ck_assert_int_eq(rmdir(folder), 0);
}

static struct failure
sample(void)
{
	struct failure f;

	failure_init(&f);
	f.job = "4bR2";
	f.reporter = "mx.receiver.example";
	f.authserv_id = "mx.receiver.example";
	f.arrived = 1779268445;
	f.ip = "192.0.2.66";
	f.port = 49321;
	f.helo = "relay.example.net";
	f.mail_from = "b-17@bounce.sender.example";
	f.author_domain = f.policy_domain = f.org_domain = "sender.example";
	f.ruf = "mailto:a@sender.example, mailto:b@other.example!10m";
	f.fo = 14;
	f.kinds = FAILURE_DMARC | FAILURE_SPF;
	f.psd = 'n';
	f.result = "fail";
	f.published = "reject";
	f.disposition = "reject";
	f.spf_aligned = true;
	f.spf = ODM_RESULT_SOFTFAIL;
	f.spf_domain = "bounce.sender.example";
	f.spf_is_helo = true;
	f.dkim[0] = (struct failure_dkim){ ODM_RESULT_FAIL, "sender.example", "s1",
	    "joe@sender.example" };
	f.dkim[1] = (struct failure_dkim){ ODM_RESULT_PASS, "other.example", "", "" };
	f.ndkim = 2;
	f.delivery = FAILURE_REJECT;
	f.header = odm_span_str("From: a@sender.example\nSubject: x\n\ty\n");
	return f;
}

static void
round_trip(const struct failure *f, struct odm_strbuf *text, struct failure *back_r)
{
	const char *why = "";

	odm_strbuf_init(text, FAILURE_TEXT_MAX);
	failure_write(f, text);
	ck_assert(!text->failed);
	ck_assert_msg(failure_read(text, back_r, &why), "%s", why);
}

START_TEST(what_is_written_is_read)
{
	struct failure f = sample(), back;
	struct odm_strbuf text;

	round_trip(&f, &text, &back);
	ck_assert_str_eq(back.job, f.job);
	ck_assert_str_eq(back.reporter, f.reporter);
	ck_assert_str_eq(back.authserv_id, f.authserv_id);
	ck_assert_int_eq(back.arrived, f.arrived);
	ck_assert_str_eq(back.ip, f.ip);
	ck_assert_uint_eq(back.port, f.port);
	ck_assert_str_eq(back.helo, f.helo);
	ck_assert_str_eq(back.mail_from, f.mail_from);
	ck_assert_str_eq(back.author_domain, f.author_domain);
	ck_assert_str_eq(back.policy_domain, f.policy_domain);
	ck_assert_str_eq(back.org_domain, f.org_domain);
	ck_assert_str_eq(back.ruf, f.ruf);
	ck_assert_uint_eq(back.fo, f.fo);
	ck_assert_uint_eq(back.kinds, f.kinds);
	ck_assert_int_eq(back.psd, f.psd);
	ck_assert_str_eq(back.result, f.result);
	ck_assert_str_eq(back.published, f.published);
	ck_assert_str_eq(back.disposition, f.disposition);
	ck_assert(!back.dkim_aligned && back.spf_aligned && back.spf_is_helo);
	ck_assert_int_eq(back.spf, f.spf);
	ck_assert_str_eq(back.spf_domain, f.spf_domain);
	ck_assert_uint_eq(back.ndkim, 2);
	ck_assert_int_eq(back.dkim[0].result, ODM_RESULT_FAIL);
	ck_assert_str_eq(back.dkim[0].identity, "joe@sender.example");
	ck_assert_str_eq(back.dkim[1].domain, "other.example");
	ck_assert_str_eq(back.dkim[1].selector, "");
	ck_assert_int_eq(back.delivery, FAILURE_REJECT);
	ck_assert_uint_eq(back.header.len, f.header.len);
	ck_assert_mem_eq(back.header.at, f.header.at, f.header.len);
	odm_strbuf_free(&text);
}
END_TEST

/* A value cannot become a line of its own, however it looks. */
START_TEST(hostile_values)
{
	struct failure f = sample(), back;
	struct odm_strbuf text;
	char lots[3 * FAILURE_VALUE_MAX];

	memset(lots, 'x', sizeof(lots) - 1);
	lots[sizeof(lots) - 1] = '\0';
	f.mail_from = "a@b\nruf mailto:victim@x.example\r\nheader 0";
	f.helo = lots;
	f.dkim[0].selector = "s 1\nkinds 7";
	round_trip(&f, &text, &back);
	ck_assert_str_eq(back.mail_from, "a@b?ruf mailto:victim@x.example??header 0");
	ck_assert_str_eq(back.ruf, f.ruf);
	ck_assert_uint_eq(strlen(back.helo), FAILURE_VALUE_MAX);
	ck_assert_str_eq(back.dkim[0].selector, "s?1?kinds?7");
	odm_strbuf_free(&text);
}
END_TEST

START_TEST(a_long_header_ends_with_a_whole_line)
{
	struct failure f = sample(), back;
	struct odm_strbuf text, header;

	odm_strbuf_init(&header, 10 * ODM_FAILURE_HEADER_MAX);
	while (header.len <= ODM_FAILURE_HEADER_MAX)
		odm_strbuf_adds(&header, "X-Long: 0123456789\n");
	f.header = odm_strbuf_span(&header);
	round_trip(&f, &text, &back);
	ck_assert_uint_le(back.header.len, ODM_FAILURE_HEADER_MAX);
	ck_assert_uint_gt(back.header.len, ODM_FAILURE_HEADER_MAX - 30);
	ck_assert_int_eq(back.header.at[back.header.len - 1], '\n');
	odm_strbuf_free(&header);
	odm_strbuf_free(&text);
}
END_TEST

static const char *const bad_texts[] = {
	"", "failure 2\nheader 0\n", "failure 1\n", "failure 1", "\n\n\n",
	"failure 1\nkinds 1\nheader 0\n",
	"failure 1\nport 65536\nheader 0\n", "failure 1\nreceived -1\nheader 0\n",
	"failure 1\nheader 5\nabc", "failure 1\nheader 99999999999999999999\n",
	"failure 1\nheader 2\nabc", "failure 1\ndkim\nheader 0\n", "failure 1\ndkim pass -\nheader 0\n",
	"failure 1\ndelivery home\nheader 0\n", "failure 1\nkinds 8\nheader 0\n",
};

START_TEST(bad_text)
{
	const char *why = NULL;
	struct odm_strbuf text;
	struct failure f;

	odm_strbuf_init(&text, FAILURE_TEXT_MAX);
	odm_strbuf_adds(&text, bad_texts[_i]);
	ck_assert_msg(!failure_read(&text, &f, &why), "%s", bad_texts[_i]);
	ck_assert_ptr_nonnull(why);
	odm_strbuf_free(&text);
}
END_TEST

/* Every beginning of a text is incomplete, and reading it stays inside. */
START_TEST(cut_anywhere)
{
	struct failure f = sample(), back;
	struct odm_strbuf whole, part;
	const char *why;
	size_t n;

	odm_strbuf_init(&whole, FAILURE_TEXT_MAX);
	failure_write(&f, &whole);
	for (n = 0; n < whole.len; n++) {
		odm_strbuf_init(&part, FAILURE_TEXT_MAX);
		odm_strbuf_add(&part, (struct odm_span){ whole.at, n });
		ck_assert_msg(!failure_read(&part, &back, &why), "%zu octets", n);
		odm_strbuf_free(&part);
	}
	odm_strbuf_free(&whole);
}
END_TEST

START_TEST(entries_wait_in_the_folder)
{
	struct failure f = sample(), back;
	struct failspool_names names;
	struct failspool *s;
	struct odm_strbuf text;
	char why[200], path[300];
	const char *reason;
	int64_t waiting = -1;
	struct stat st;

	s = failspool_open(folder, why, sizeof(why));
	ck_assert_msg(s != NULL, "%s", why);
	ck_assert_int_eq(failspool_write(s, &f, 5000, &waiting), FAILSPOOL_WRITTEN);
	ck_assert_int_eq(waiting, 0);
	ck_assert_int_eq(failspool_write(s, &f, 4000, &waiting), FAILSPOOL_WRITTEN);
	ck_assert_int_eq(failspool_write(s, &f, 4000, &waiting), FAILSPOOL_WRITTEN);
	ck_assert_int_eq(failspool_write(s, &f, 9000, &waiting), FAILSPOOL_WRITTEN);
	ck_assert_int_eq(waiting, 5000);
	ck_assert_int_eq(failspool_list(folder, FAILSPOOL_ENTRY, &names), 0);
	ck_assert_uint_eq(names.n, 4);
	ck_assert_int_eq(failspool_time(names.names[0]), 4000);
	ck_assert_int_eq(failspool_time(names.names[3]), 9000);
	odm_strbuf_init(&text, FAILURE_TEXT_MAX);
	ck_assert(failspool_get(folder, names.names[2], &text, &reason));
	ck_assert(failure_read(&text, &back, &reason));
	ck_assert_str_eq(back.ruf, f.ruf);
	(void)snprintf(path, sizeof(path), "%s/%s", folder, names.names[0]);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	odm_strbuf_free(&text);
	failspool_names_free(&names);
	failspool_free(&s);
}
END_TEST

START_TEST(the_folder_is_capped)
{
	struct failure f = sample();
	struct failspool *s;
	char why[200], name[40];
	int64_t waiting;
	int i;

	s = failspool_open(folder, why, sizeof(why));
	for (i = 0; i < ODM_FAILSPOOL_FILES_MAX - 1; i++) {
		(void)snprintf(name, sizeof(name), "%d.x", i);
		ck_assert_int_eq(failspool_put(folder, name, odm_span_str("x")), 0);
	}
	ck_assert_int_eq(failspool_write(s, &f, 4000, &waiting), FAILSPOOL_WRITTEN);
	ck_assert_int_eq(failspool_write(s, &f, 4000, &waiting), FAILSPOOL_FULL);
	failspool_free(&s);
}
END_TEST

START_TEST(octets_are_capped)
{
	struct failure f = sample();
	struct failspool *s;
	char why[200], path[300];
	int64_t waiting;

	s = failspool_open(folder, why, sizeof(why));
	ck_assert_int_eq(failspool_put(folder, "large.x", odm_span_str("x")), 0);
	(void)snprintf(path, sizeof(path), "%s/large.x", folder);
	ck_assert_int_eq(truncate(path, ODM_FAILSPOOL_OCTETS_MAX), 0);
	ck_assert_int_eq(failspool_write(s, &f, 4000, &waiting), FAILSPOOL_FULL);
	failspool_free(&s);
}
END_TEST

START_TEST(a_folder_that_cannot_be_used)
{
	char why[200] = "";

	ck_assert_ptr_null(failspool_open("/nonexistent/failures", why, sizeof(why)));
	ck_assert_ptr_nonnull(strstr(why, "/nonexistent/failures: "));
	ck_assert_ptr_null(failspool_open("/dev/null", why, sizeof(why)));
	ck_assert_ptr_nonnull(strstr(why, "Not a directory"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("failspool");
	TCase *tc = tcase_create("failspool");

	tcase_add_checked_fixture(tc, make_folder, remove_folder);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, what_is_written_is_read);
	tcase_add_test(tc, hostile_values);
	tcase_add_test(tc, a_long_header_ends_with_a_whole_line);
	tcase_add_loop_test(tc, bad_text, 0, (int)COUNT(bad_texts));
	tcase_add_test(tc, cut_anywhere);
	tcase_add_test(tc, entries_wait_in_the_folder);
	tcase_add_test(tc, the_folder_is_capped);
	tcase_add_test(tc, octets_are_capped);
	tcase_add_test(tc, a_folder_that_cannot_be_used);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
