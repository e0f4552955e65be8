/*
 * check_hostlist.c - the IgnoreHosts file: every form of an entry, every kind of client.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/hostlist.h"
#include "tests/unit/suite.h"

static struct hostlist *
read_text(const char *text, size_t len, char *why, size_t why_size)
{
	char path[] = "/tmp/check_hostlist.XXXXXX";
	int fd = mkstemp(path);
	struct hostlist *l;

	ck_assert(fd >= 0);
	ck_assert(write(fd, text, len) == (ssize_t)len);
	l = hostlist_read(path, true, why, why_size);
	close(fd);
	unlink(path);
	return l;
}

static bool
match(const struct hostlist *l, const char *host, const char *address)
{
	struct odm_ip ip;

	ck_assert(odm_ip_parse(odm_span_str(address), &ip) || address[0] == '\0');
	return hostlist_match(l, host, &ip);
}

#define ELSEWHERE	"203.0.113.9"

static const struct match_case {
	const char *what, *text, *host, *address;
	bool listed;
} match_cases[] = {
	{ "nothing listed",	"",			NULL,		ELSEWHERE,	false },
	{ "loopback built in",	"",			NULL,		"127.0.0.1",	true },
	{ "loopback 6",		"",			NULL,		"::1",		true },
	{ "loopback mapped",	"",			NULL,		"::ffff:127.0.0.1", true },
	{ "only that loopback",	"",			NULL,		"127.0.0.2",	false },
	{ "built in with file",	"192.0.2.1\n",		NULL,		"127.0.0.1",	true },
	{ "loopback excepted",	"!127.0.0.1\n",		NULL,		"127.0.0.1",	false },
	{ "no address",		"192.0.2.1\n",		NULL,		"",		false },
	{ "name",		"mx.example\n",		"mx.example",	ELSEWHERE,	true },
	{ "name, case",		"MX.Example\n",		"mx.eXample",	ELSEWHERE,	true },
	{ "name, final dot",	"mx.example.\n",	"mx.example",	ELSEWHERE,	true },
	{ "name not suffix",	"example.com\n",	"a.example.com", ELSEWHERE,	false },
	{ "U-label",		"b\xc3\xbc" "cher.example\n", "xn--bcher-kva.example", ELSEWHERE, true },
	{ "suffix",		".example.com\n",	"a.example.com", ELSEWHERE,	true },
	{ "suffix deeper",	".example.com\n",	"b.a.example.com", ELSEWHERE,	true },
	{ "suffix not itself",	".example.com\n",	"example.com",	ELSEWHERE,	false },
	{ "suffix not part",	".ample.com\n",		"a.example.com", ELSEWHERE,	false },
	{ "top label",		".com\n",		"a.example.com", ELSEWHERE,	true },
	{ "longest first",	".example.com\n!.a.example.com\n", "x.a.example.com", ELSEWHERE, false },
	{ "longest first 2",	"!.example.com\n.a.example.com\n", "x.a.example.com", ELSEWHERE, true },
	{ "name excepted",	".example.com\n!bad.example.com\n", "bad.example.com", ELSEWHERE, false },
	{ "exception is final",	"!bad.example\n203.0.113.9\n", "bad.example",	ELSEWHERE,	false },
	{ "both: exception",	"a.example\n!a.example\n", "a.example",	ELSEWHERE,	false },
	{ "both, turned",	"!a.example\na.example\n", "a.example",	ELSEWHERE,	false },
	{ "name is no name",	"a.example\n",		"[203.0.113.9]", ELSEWHERE,	false },
	{ "name odd, ip good",	"203.0.113.9\n",	"a..b",		ELSEWHERE,	true },
	{ "address",		"192.0.2.77\n",		NULL,		"192.0.2.77",	true },
	{ "other address",	"192.0.2.77\n",		NULL,		"192.0.2.78",	false },
	{ "mapped client",	"192.0.2.0/24\n",	NULL,		"::ffff:192.0.2.1", true },
	{ "network",		"192.0.2.0/24\n",	NULL,		"192.0.2.255",	true },
	{ "outside",		"192.0.2.0/24\n",	NULL,		"192.0.3.0",	false },
	{ "host bits",		"192.0.2.77/24\n",	NULL,		"192.0.2.1",	true },
	{ "dotted mask",	"192.0.2.0/255.255.255.0\n", NULL,	"192.0.2.1",	true },
	{ "all of it",		"0.0.0.0/0\n",		NULL,		ELSEWHERE,	true },
	{ "all of 4 not 6",	"0.0.0.0/0\n",		NULL,		"2001:db8::1",	false },
	{ "odd prefix",		"10.0.0.0/9\n",		NULL,		"10.127.255.255", true },
	{ "odd prefix outside",	"10.0.0.0/9\n",		NULL,		"10.128.0.0",	false },
	{ "network 6",		"2001:DB8::/32\n",	NULL,		"2001:db8:1::5", true },
	{ "network 6 outside",	"2001:db8::/32\n",	NULL,		"2001:db9::1",	false },
	{ "address 6, long",	"2001:0db8:0:0:0:0:0:1\n", NULL,	"2001:db8::1",	true },
	{ "excepted address",	"!198.51.100.7\n198.51.100.0/24\n", NULL, "198.51.100.7", false },
	{ "turned round",	"198.51.100.0/24\n!198.51.100.7\n", NULL, "198.51.100.7", false },
	{ "its neighbour",	"!198.51.100.7\n198.51.100.0/24\n", NULL, "198.51.100.8", true },
	{ "net in net",		"!10.0.0.0/8\n10.1.0.0/16\n", NULL,	"10.1.2.3",	true },
	{ "leading blanks",	" \t192.0.2.1\n",	NULL,		"192.0.2.1",	true },
	{ "CR LF",		"192.0.2.1\r\n",	NULL,		"192.0.2.1",	true },
	{ "no final LF",	"192.0.2.1",		NULL,		"192.0.2.1",	true },
	{ "comment",		"192.0.2.1# ours\n# x\n", NULL,		"192.0.2.1",	true },
	{ "blank ends entry",	"192.0.2.1 our host\n",	NULL,		"192.0.2.1",	true },
	{ "blank after !",	"! 127.0.0.1\n",	NULL,		"127.0.0.1",	false },
	{ "last line",		"a.example\n\n\n192.0.2.1\n", NULL,	"192.0.2.1",	true },
};

START_TEST(match_case)
{
	const struct match_case *t = &match_cases[_i];
	char why[500] = "";
	struct hostlist *l = read_text(t->text, strlen(t->text), why, sizeof(why));

	ck_assert_msg(l != NULL, "%s: %s", t->what, why);
	ck_assert_msg(match(l, t->host, t->address) == t->listed, "%s", t->what);
	hostlist_free(&l);
	ck_assert_ptr_null(l);
	hostlist_free(&l);
}
END_TEST

static const struct error_case {
	const char *text;
	size_t len;
	const char *reason;
} error_cases[] = {
#define CASE(text, reason)	{ text, sizeof(text) - 1, reason }
	CASE("#\na..b\n", "line 2: \"a..b\" is not a host name, .suffix, address or network"),
	CASE("192.0.2.0/33\n", "line 1: \"192.0.2.0/33\" is not a host name"),
	CASE("192.0.2.256\n", "line 1: \"192.0.2.256\" is not a host name"),
	CASE("!\n", "line 1: \"!\" is not a host name"),
	CASE(".\n", "line 1: \".\" is not a host name"),
	CASE("a.example,b.example\n", "line 1: \"a.example,b.example\" is not a host name"),
	CASE("a\0b\n", "line 1: \"a"),
#undef CASE
};

START_TEST(error_case)
{
	const struct error_case *t = &error_cases[_i];
	char why[500] = "";

	ck_assert_ptr_null(read_text(t->text, t->len, why, sizeof(why)));
	ck_assert_msg(strstr(why, t->reason) != NULL, "got %s, want %s", why, t->reason);
}
END_TEST

START_TEST(unreadable)
{
	char why[500];

	ck_assert_ptr_null(hostlist_read("/nonexistent/hosts", true, why, sizeof(why)));
	ck_assert_str_eq(why, "/nonexistent/hosts: No such file or directory");
}
END_TEST

/* Without the addresses of this host, and with nothing at all. */
START_TEST(without_loopback)
{
	struct hostlist *l;
	char why[500];

	l = hostlist_read(NULL, false, why, sizeof(why));
	ck_assert_ptr_nonnull(l);
	ck_assert(!match(l, "localhost", "127.0.0.1"));
	ck_assert(!match(l, NULL, "::1"));
	hostlist_free(&l);
	l = hostlist_read(NULL, true, why, sizeof(why));
	ck_assert_ptr_nonnull(l);
	ck_assert(match(l, NULL, "127.0.0.1"));
	ck_assert(match(l, NULL, "::1"));
	hostlist_free(&l);
}
END_TEST

/* A long list with every entry twice is read and asked quickly. */
START_TEST(many)
{
	size_t size = 20000 * 2 * 40, len = 0;
	char *text = malloc(size), why[500] = "", host[60];
	struct hostlist *l;

	for (unsigned i = 0; i < 40000; i++)
		len += (size_t)snprintf(text + len, size - len, "10.%u.%u.1\nh%u.example\n",
		    i % 20000 / 256, i % 256, i % 20000);
	l = read_text(text, len, why, sizeof(why));
	ck_assert_msg(l != NULL, "%s", why);
	for (unsigned i = 0; i < 20000; i++) {
		snprintf(host, sizeof(host), "h%u.example", i);
		ck_assert(match(l, host, ELSEWHERE));
	}
	ck_assert(match(l, NULL, "10.3.9.1"));
	ck_assert(!match(l, "h20000.example", "10.3.9.2"));
	hostlist_free(&l);
	free(text);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("hostlist");
	TCase *tc = tcase_create("hostlist");

	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, match_case, 0, COUNT(match_cases));
	tcase_add_loop_test(tc, error_case, 0, COUNT(error_cases));
	tcase_add_test(tc, unreadable);
	tcase_add_test(tc, without_loopback);
	tcase_add_test(tc, many);
	return run_suite(suite);
}
