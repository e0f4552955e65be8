/*
 * check_namelist.c - files of addresses and domains that are to be left alone.
 */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libopendmarc/base/span.h"
#include "reports/namelist.h"
#include "tests/unit/suite.h"

/* Reads a file of these octets; where it was is cut off the reason. */
static struct report_namelist *
read_text(const char *text, size_t len, bool strict, char why[512])
{
	char path[] = "/tmp/check_namelist.XXXXXX", reason[512] = "";
	struct report_namelist *l;
	int fd = mkstemp(path);

	ck_assert_int_eq(write(fd, text, len), (int)len);
	ck_assert_int_eq(close(fd), 0);
	l = report_namelist_read(path, strict, reason, sizeof(reason));
	ck_assert_int_eq(unlink(path), 0);
	ck_assert((l == NULL) == (strncmp(reason, path, strlen(path)) == 0));
	(void)strlcpy(why, l == NULL ? reason + strlen(path) : "", 512);
	return l;
}

static const char text[] = "# quiet\r\nB@x.example\n\n w.example # why\nX.Example.\n"
    "b\xc3\xbc" "cher.example\n";

static const struct name_case {
	const char	*name;
	bool		 has;
} names[] = {
	{ "b@x.example", true }, { "B@X.EXAMPLE", true }, { "w.example", true },
	{ "anybody@w.example", true }, { "W.EXAMPLE", true }, { "x.example", true },
	{ "xn--bcher-kva.example", true }, { "sub.w.example", false }, { "example", false },
	{ "b@y.example", false }, { "", false }, { "@", false }, { "# quiet", false },
};

START_TEST(has_name)
{
	const struct name_case *c = &names[_i / 2];
	char why[512];
	struct report_namelist *l = read_text(text, sizeof(text) - 1, _i % 2 == 0, why);

	ck_assert_ptr_nonnull(l);
	ck_assert_msg(report_namelist_has(l, c->name) == c->has, "%s", c->name);
	report_namelist_free(&l);
	ck_assert_ptr_null(l);
	report_namelist_free(&l);
	ck_assert(!report_namelist_has(NULL, c->name));
}
END_TEST

static const struct line_case {
	const char	*text;
	size_t		 len;
	const char	*why;	/* strict */
} lines[] = {
#define LINE(text, why)	{ text, sizeof(text) - 1, why }
	LINE("", ""),
	LINE("\n\n#\n", ""),
	LINE("x.example\nnot a domain!\n", ": line 2: neither a mail address nor a domain"),
	LINE("a b@x.example", ": line 1: neither a mail address nor a domain"),
	LINE("x.example\n\n@x.example\n", ": line 3: neither a mail address nor a domain"),
	LINE("a@x.example\0b\n", ": line 1: neither a mail address nor a domain"),
#undef LINE
};

START_TEST(odd_line)
{
	const struct line_case *c = &lines[_i];
	struct report_namelist *l;
	char why[512];

	l = read_text(c->text, c->len, true, why);
	ck_assert_str_eq(why, c->why);
	ck_assert((l == NULL) == (c->why[0] != '\0'));
	report_namelist_free(&l);
	l = read_text(c->text, c->len, false, why);
	ck_assert_ptr_nonnull(l);
	ck_assert(!report_namelist_has(l, "y.example"));
	report_namelist_free(&l);
}
END_TEST

START_TEST(no_file)
{
	char why[512];

	ck_assert_ptr_null(report_namelist_read("/nonexistent", false, why, sizeof(why)));
	ck_assert_str_eq(why, "/nonexistent: No such file or directory");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("namelist");
	TCase *tc = tcase_create("namelist");

	tcase_add_loop_test(tc, has_name, 0, 2 * COUNT(names));
	tcase_add_loop_test(tc, odd_line, 0, COUNT(lines));
	tcase_add_test(tc, no_file);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
