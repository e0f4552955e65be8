/*
 * check_domainlist.c - a set of domains from an option and a file.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/domainlist.h"
#include "libopendmarc/base/span.h"
#include "tests/unit/suite.h"

static char word_a[] = "option.example", word_b[] = "a.example";
static char *words[] = { word_a, word_b };
static const struct conf_list some = { words, 2 }, none = { NULL, 0 };

/* The file's path as it was goes to path. */
static struct domainlist *
read_text(const struct conf_list *list, const char *text, char path[64], char *why)
{
	struct domainlist *l;
	int fd;

	snprintf(path, 64, "%s", "/tmp/check_domainlist.XXXXXX");
	fd = mkstemp(path);
	ck_assert(fd >= 0);
	ck_assert(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	l = domainlist_read(list, path, why, 400);
	close(fd);
	unlink(path);
	return l;
}

static const struct has_case {
	const char *what, *text, *name;
	bool has;
} has_cases[] = {
	{ "option alone",	"",				"option.example", true },
	{ "second word",	"",				"a.example",	true },
	{ "nothing below",	"",				"x.a.example",	false },
	{ "nothing above",	"",				"example",	false },
	{ "file",		"b.example\n",			"b.example",	true },
	{ "option and file",	"b.example\n",			"option.example", true },
	{ "case and final dot",	"B.Example.\n",			"b.example",	true },
	{ "U-label",		"b\xc3\xbc" "cher.example\n",	"xn--bcher-kva.example", true },
	{ "comment",		"# b.example\n",		"b.example",	false },
	{ "behind a comment",	"#x\n\nb.example # why\n",	"b.example",	true },
	{ "leading blanks",	" \tb.example\n",		"b.example",	true },
	{ "ends at a blank",	"b.example c.example\n",	"b.example",	true },
	{ "words behind it",	"b.example c.example\n",	"c.example",	false },
	{ "no final LF",	"z.example\nb.example",		"b.example",	true },
	{ "CR LF",		"b.example\r\nc.example\r\n",	"c.example",	true },
	{ "twice",		"b.example\nb.example\n",	"b.example",	true },
	{ "in both",		"a.example\n",			"a.example",	true },
};

START_TEST(has_case)
{
	const struct has_case *c = &has_cases[_i];
	char path[64], why[400] = "";
	struct domainlist *l = read_text(&some, c->text, path, why);

	ck_assert_msg(l != NULL, "%s: %s", c->what, why);
	ck_assert_msg(domainlist_has(l, c->name) == c->has, "%s", c->what);
	ck_assert(!domainlist_empty(l));
	domainlist_free(&l);
	ck_assert_ptr_null(l);
}
END_TEST

START_TEST(empty)
{
	char path[64], why[400];
	struct domainlist *l = read_text(&none, "# nothing\n", path, why);

	ck_assert_ptr_nonnull(l);
	ck_assert(domainlist_empty(l));
	ck_assert(!domainlist_has(l, "a.example"));
	domainlist_free(&l);
	ck_assert(domainlist_empty(NULL));
	ck_assert(!domainlist_has(NULL, "a.example"));
	l = domainlist_read(&none, NULL, why, sizeof(why));
	ck_assert(domainlist_empty(l));
	domainlist_free(&l);
	domainlist_free(&l);
}
END_TEST

static const struct error_case {
	const char *text;
	unsigned line;
} error_cases[] = {
	{ "a.example\n.suffix.example\n", 2 },
	{ "192.0.2.1\n", 1 },
	{ "\n\nu@a.example\n", 3 },
	{ "a..example\n", 1 },
	{ "a.example,b.example\n", 1 },
};

START_TEST(error_case)
{
	const struct error_case *c = &error_cases[_i];
	char path[64], why[400], want[500];

	ck_assert_ptr_null(read_text(&some, c->text, path, why));
	snprintf(want, sizeof(want), "%s: line %u: the entry is no domain name", path, c->line);
	ck_assert_str_eq(why, want);
}
END_TEST

START_TEST(unreadable)
{
	char why[400];

	ck_assert_ptr_null(domainlist_read(&none, "/nowhere/list", why, sizeof(why)));
	ck_assert_str_eq(why, "/nowhere/list: No such file or directory");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("domainlist");
	TCase *tc = tcase_create("domainlist");

	tcase_add_loop_test(tc, has_case, 0, COUNT(has_cases));
	tcase_add_test(tc, empty);
	tcase_add_loop_test(tc, error_case, 0, COUNT(error_cases));
	tcase_add_test(tc, unreadable);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
