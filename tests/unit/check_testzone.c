/*
 * check_testzone.c - the TestDNSData file: what it says, and what it may not say.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/testzone.h"
#include "opendmarc/evaluation.h"
#include "tests/unit/suite.h"

static struct testzone *
read_text(const char *text, size_t len, char *why, size_t why_size)
{
	char path[] = "/tmp/check_testzone.XXXXXX";
	int fd = mkstemp(path);
	struct testzone *z;
	char *at;

	ck_assert(fd >= 0);
	ck_assert(write(fd, text, len) == (ssize_t)len);
	z = testzone_read(path, why, why_size);
	close(fd);
	unlink(path);
	at = strstr(why, path);		/* the same text whatever the name of the file */
	if (at != NULL)
		memmove(at, at + strlen(path), strlen(at + strlen(path)) + 1);
	return z;
}

static struct testzone *
read_good(const char *text)
{
	char why[300] = "";
	struct testzone *z = read_text(text, strlen(text), why, sizeof(why));

	ck_assert_msg(z != NULL, "%s", why);
	return z;
}

#define FILE_TEXT \
	"# comment\n" \
	"\n" \
	"_dmarc.example.com v=DMARC1; p=reject\n" \
	"  _DMARC.Two.Example.\t \t v=DMARC1;  p=none \t # why\r\n" \
	"_dmarc.example.com v=DMARC1; p=none\n" \
	"_dmarc.b\xc3\xbc" "cher.example text without meaning\n" \
	"a.test._report._dmarc.b.test v=DMARC1"

static const struct answer_case {
	enum odm_question_kind	 kind;
	const char		*name;
	enum odm_answer_status	 status;
	const char		*text;
} answer_cases[] = {
	{ ODM_QUESTION_TXT, "_dmarc.example.com",	ODM_ANSWER_RECORDS, "v=DMARC1; p=reject" },
	{ ODM_QUESTION_TXT, "_DMARC.EXAMPLE.com",	ODM_ANSWER_RECORDS, "v=DMARC1; p=reject" },
	{ ODM_QUESTION_TXT, "_dmarc.two.example",	ODM_ANSWER_RECORDS, "v=DMARC1;  p=none" },
	{ ODM_QUESTION_TXT, "_dmarc.xn--bcher-kva.example", ODM_ANSWER_RECORDS,
	    "text without meaning" },
	{ ODM_QUESTION_TXT, "a.test._report._dmarc.b.test", ODM_ANSWER_RECORDS, "v=DMARC1" },
	{ ODM_QUESTION_TXT, "example.com",		ODM_ANSWER_NODATA, NULL },
	{ ODM_QUESTION_TXT, "_dmarc.x.example.com",	ODM_ANSWER_NODATA, NULL },
	{ ODM_QUESTION_TXT, "_dmarc.other.example",	ODM_ANSWER_NODATA, NULL },
	{ ODM_QUESTION_EXISTS, "_dmarc.example.com",	ODM_ANSWER_RECORDS, NULL },
	{ ODM_QUESTION_EXISTS, "Example.Com",		ODM_ANSWER_RECORDS, NULL },
	{ ODM_QUESTION_EXISTS, "com",			ODM_ANSWER_RECORDS, NULL },
	{ ODM_QUESTION_EXISTS, "ample.com",		ODM_ANSWER_NXDOMAIN, NULL },
	{ ODM_QUESTION_EXISTS, "x.example.com",		ODM_ANSWER_NXDOMAIN, NULL },
	{ ODM_QUESTION_EXISTS, "other.example",		ODM_ANSWER_NXDOMAIN, NULL },
	{ ODM_QUESTION_TXT, "a..b",			ODM_ANSWER_NXDOMAIN, NULL },
};

START_TEST(answer_case)
{
	const struct answer_case *c = &answer_cases[_i];
	struct testzone *z = read_good(FILE_TEXT);
	struct odm_answer a;

	ck_assert(testzone_answer(z, c->kind, c->name, &a));
	ck_assert_msg(a.status == c->status, "%s: got %d, want %d", c->name, (int)a.status,
	    (int)c->status);
	ck_assert_uint_eq(a.ntxt, c->text == NULL ? 0 : 1);
	if (c->text != NULL)
		ck_assert_msg(odm_span_eq(a.txt[0], c->text), "%s: got %.*s", c->name,
		    (int)a.txt[0].len, a.txt[0].at);
	testzone_free(&z);
	ck_assert_ptr_null(z);
	testzone_free(&z);
}
END_TEST

START_TEST(empty_asks_the_dns)
{
	struct testzone *z = read_good("# nothing\n\n");
	struct odm_answer a;

	ck_assert(!testzone_answer(z, ODM_QUESTION_TXT, "_dmarc.example.com", &a));
	ck_assert(!testzone_answer(NULL, ODM_QUESTION_TXT, "_dmarc.example.com", &a));
	testzone_free(&z);
}
END_TEST

static const struct bad_case {
	const char	*text;
	size_t		 len;
	const char	*why;
} bad_cases[] = {
#define TEXT(t)	(t), sizeof(t) - 1
	{ TEXT("_dmarc.a.test v=DMARC1\n\n_dmarc.b.test\n"),
	    ": line 3: there is no record after the name" },
	{ TEXT("_dmarc.b.test # v=DMARC1; p=none\n"),
	    ": line 1: there is no record after the name" },
	{ TEXT("_dmarc..test v=DMARC1; p=none\n"), ": line 1: the first word is no domain name" },
	{ TEXT("*.a.test v=DMARC1; p=none\n"), ": line 1: the first word is no domain name" },
	{ TEXT("v=DMARC1; p=none\n"), ": line 1: the first word is no domain name" },
	{ TEXT("a.test\0 v=DMARC1; p=none\n"), ": line 1: the first word is no domain name" },
	{ TEXT("\377\0\1 \n"), ": line 1: the first word is no domain name" },
};

START_TEST(bad_case)
{
	const struct bad_case *c = &bad_cases[_i];
	char why[300] = "";

	ck_assert_ptr_null(read_text(c->text, c->len, why, sizeof(why)));
	ck_assert_str_eq(why, c->why);
}
END_TEST

START_TEST(bad_files)
{
	char *large = malloc(1024 * 1024 + 1), why[300] = "";

	ck_assert_ptr_nonnull(large);
	memset(large, '\n', 1024 * 1024 + 1);
	ck_assert_ptr_null(read_text(large, 1024 * 1024 + 1, why, sizeof(why)));
	ck_assert_str_eq(why, ": File too large");
	free(large);
	ck_assert_ptr_null(testzone_read("/nonexistent/file", why, sizeof(why)));
	ck_assert_str_eq(why, "/nonexistent/file: No such file or directory");
	ck_assert_ptr_null(testzone_read("/nonexistent/file", why, 10));
	ck_assert_str_eq(why, "/nonexist");
}
END_TEST

static const struct verdict_case {
	const char		*author;
	enum odm_policy_tag	 tag;
	enum odm_policy		 published;
} verdict_cases[] = {
	{ "example.com",	ODM_TAG_P,	ODM_POLICY_NONE },
	{ "sub.example.com",	ODM_TAG_SP,	ODM_POLICY_QUARANTINE },
	{ "gone.example.com",	ODM_TAG_NP,	ODM_POLICY_REJECT },
	{ "other.test",		ODM_TAG_NONE,	ODM_POLICY_UNSET },
};

/* A whole evaluation, with no name server to ask: nothing waits, nothing is asked. */
START_TEST(verdict_case)
{
	const struct verdict_case *c = &verdict_cases[_i];
	struct testzone *z = read_good(
	    "_dmarc.example.com v=DMARC1; p=none; sp=quarantine; np=reject\n"
	    "sub.example.com a name that exists\n");
	char word[] = "127.0.0.1@1", *words[1] = { word }, why[200];
	struct conf_list list = { .words = words, .nwords = 1 };
	struct resolver *r = resolver_new(&list, 60, why, sizeof(why));
	struct dmf_evaluation *ev = dmf_evaluation_start(r, NULL, z, c->author);
	const struct odm_verdict *v;
	struct resolver_counts counts;

	ck_assert_ptr_nonnull(ev);
	v = dmf_evaluation_finish(ev, resolver_now() + 60000);
	ck_assert_ptr_nonnull(v);
	ck_assert_msg(v->tag == c->tag && v->published == c->published, "%s: got %d, %d",
	    c->author, (int)v->tag, (int)v->published);
	resolver_counts(r, &counts);
	ck_assert_uint_eq(counts.asked, 0);
	dmf_evaluation_free(&ev);
	resolver_free(&r);
	testzone_free(&z);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("testzone");
	TCase *tc = tcase_create("testzone");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, answer_case, 0, COUNT(answer_cases));
	tcase_add_test(tc, empty_asks_the_dns);
	tcase_add_loop_test(tc, bad_case, 0, COUNT(bad_cases));
	tcase_add_test(tc, bad_files);
	tcase_add_loop_test(tc, verdict_case, 0, COUNT(verdict_cases));
	suite_add_tcase(s, tc);
	return run_suite(s);
}
