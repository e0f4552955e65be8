/*
 * check_savedmsg.c - cases for savedmsg.h.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "opendmarc/savedmsg.h"
#include "tests/unit/suite.h"

#define TEXT(literal)	literal, sizeof(literal) - 1

static const struct {
	const char *text;
	size_t len;
	const char *fields;		/* "name|value;" each */
} cases[] = {
	{ TEXT("From: a@example.com\nTo: b\n\nX: body\n"),	"From|a@example.com;To|b;" },
	{ TEXT("From:a@example.com\r\nTo:  b\r\n\r\n"),		"From|a@example.com;To| b;" },
	{ TEXT("From x Sat Nov 21\nFrom: a@b\n"),		"From|a@b;" },
	{ TEXT("From : a@b\n"),					"From|a@b;" },
	{ TEXT("A: x\n\ty\n z\nB:\n"),				"A|x\n\ty\n z;B|;" },
	{ TEXT("A: x\r\n\ty\r\n"),				"A|x\n\ty;" },
	{ TEXT("A: x"),						"A|x;" },
	{ TEXT("A: x\nno field\nB: y\n"),			"A|x;" },
	{ TEXT(": x\n"),					"" },
	{ TEXT(" A: x\n"),					"" },
	{ TEXT("A b: x\n"),					"" },
	{ TEXT("A: x\0y\nB: z\n"),				"A|x;B|z;" },
	{ TEXT(""),						"" },
	{ TEXT("\nA: x\n"),					"" },
};

START_TEST(fields)
{
	char path[] = "check_savedmsg.XXXXXX";
	struct savedmsg m;
	struct odm_strbuf got;
	const char *why;
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, cases[_i].text, cases[_i].len), (ssize_t)cases[_i].len);
	close(fd);
	odm_strbuf_init(&got, 1000);
	ck_assert_msg(savedmsg_open(&m, path, &why), "%s", why);
	unlink(path);
	while (savedmsg_next(&m))
		odm_strbuf_addf(&got, "%s|%s;", m.name.at, m.value.at);
	ck_assert_str_eq(got.at, cases[_i].fields);
	savedmsg_close(&m);
	odm_strbuf_free(&got);
}
END_TEST

START_TEST(a_file_that_is_not_there)
{
	struct savedmsg m;
	const char *why;

	ck_assert(!savedmsg_open(&m, "no/such/file", &why));
	ck_assert_str_eq(why, "No such file or directory");
	savedmsg_close(&m);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("savedmsg");
	TCase *tc = tcase_create("savedmsg");

	tcase_add_loop_test(tc, fields, 0, (int)COUNT(cases));
	tcase_add_test(tc, a_file_that_is_not_there);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
