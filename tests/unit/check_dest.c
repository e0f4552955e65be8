/*
 * check_dest.c - a rua list and the outcome of the checks become destinations.
 */
#include <stdlib.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>
#include <check.h>

#include "reports/deliver_https.h"
#include "reports/dest.h"
#include "reports/namelist.h"
#include "tests/unit/suite.h"

#define U	REPORT_DEST_UNCHECKED
#define R	REPORT_DEST_READY
#define I	REPORT_DEST_IGNORED
#define X	REPORT_DEST_REFUSED
#define P	REPORT_DEST_POSTPONED
#define C	REPORT_DEST_REPLACED

static const struct read_case {
	const char	*rua;
	size_t		 n;
	struct {
		enum report_dest_state state;
		const char *address;
	} want[4];
} reads[] = {
	{ "mailto:a@x.example", 1, { { U, "a@x.example" } } },
	{ "mailto:a@x.example!10m", 1, { { U, "a@x.example" } } },
	{ "MAILTO:a%2Bb@x.example?subject=x", 1, { { U, "a+b@x.example" } } },
	{ "mailto:a@x.example , mailto:b@y.example", 2,
	    { { U, "a@x.example" }, { U, "b@y.example" } } },
	{ "mailto:a@x.example,mailto:A@X.example,mailto:a@x.example!5", 3,
	    { { U, "a@x.example" }, { I, NULL }, { I, NULL } } },
	{ "mailto:,mailto:0,foo,mailto:a%40b@c.example", 4,
	    { { I, "mailto:" }, { I, "mailto:0" }, { I, "foo" }, { I, NULL } } },
	{ "http://x.example/,https://y.example/r,ftp://z.example,mailto:a@x.example", 4,
	    { { I, "http://x.example/" }, { I, "https://y.example/r" }, { I, "ftp://z.example" },
	      { U, "a@x.example" } } },
	{ "mailto:a%0d%0aRCPT%20TO:<v>@x.example", 1, { { I, NULL } } },
	{ "mailto:a%3Cb%3E@x.example,mailto:%22a%22@x.example", 2, { { I, NULL }, { I, NULL } } },
	{ "", 0, { { U, NULL } } },
	{ ",,", 0, { { U, NULL } } },
};

START_TEST(read_list)
{
	const struct read_case *c = &reads[_i];
	struct report_dests *d = malloc(sizeof(*d));
	size_t len = strlen(c->rua), i;
	char *exact = malloc(len ? len : 1);

	memcpy(exact, c->rua, len);
	report_dests_read((struct odm_span){ exact, len }, false, d);
	ck_assert_msg(d->n == c->n, "%s: got %zu, want %zu", c->rua, d->n, c->n);
	for (i = 0; i < c->n; i++) {
		ck_assert_msg(d->list[i].state == c->want[i].state, "%s: %zu: state %d (%s)",
		    c->rua, i, (int)d->list[i].state, d->list[i].address);
		if (c->want[i].address != NULL)
			ck_assert_str_eq(d->list[i].address, c->want[i].address);
		ck_assert(d->list[i].state != I || d->list[i].reason != NULL);
	}
	free(exact);
	free(d);
}
END_TEST

START_TEST(read_no_more_than_ten)
{
	struct report_dests *d = malloc(sizeof(*d));
	char rua[2000] = "";
	int i;

	for (i = 0; i < 30; i++)
		(void)snprintf(rua + strlen(rua), sizeof(rua) - strlen(rua),
		    "mailto:a%d@x.example,", i);
	report_dests_read(odm_span_str(rua), false, d);
	ck_assert_uint_eq(d->n, ODM_URIS_MAX);
	free(d);
}
END_TEST

/* The first URI of the list is settled by an outcome. RFC 9990, 4. */
static const struct settle_case {
	const char	*what, *rua;
	enum odm_extdest outcome;
	const char	*override;
	size_t		 n;
	struct {
		enum report_dest_state state;
		const char *address;
	} want[4];
} settles[] = {
	{ "same organization", "mailto:a@x.example", ODM_EXTDEST_INTERNAL, "", 1,
	    { { R, "a@x.example" } } },
	{ "agreed", "mailto:a@x.example", ODM_EXTDEST_VERIFIED, "", 1, { { R, "a@x.example" } } },
	{ "refused", "mailto:a@x.example,mailto:b@y.example", ODM_EXTDEST_REFUSED, "", 2,
	    { { X, "a@x.example" }, { U, "b@y.example" } } },
	{ "DNS fails", "mailto:a@x.example", ODM_EXTDEST_TEMPERROR, "", 1,
	    { { P, "a@x.example" } } },
	{ "replaced", "mailto:a@x.example", ODM_EXTDEST_VERIFIED, "mailto:new@x.example!1m", 2,
	    { { C, "a@x.example" }, { R, "new@x.example" } } },
	{ "replaced by itself", "mailto:a@x.example", ODM_EXTDEST_VERIFIED, "mailto:a@x.example", 1,
	    { { R, "a@x.example" } } },
	{ "replaced by itself and another", "mailto:a@x.example", ODM_EXTDEST_VERIFIED,
	    "mailto:n@x.example,mailto:a@x.example", 2,
	    { { R, "a@x.example" }, { R, "n@x.example" } } },
	{ "replaced by another host", "mailto:a@x.example", ODM_EXTDEST_VERIFIED,
	    "mailto:a@y.example", 2, { { C, "a@x.example" }, { X, "a@y.example" } } },
	{ "replaced by nonsense", "mailto:a@x.example", ODM_EXTDEST_VERIFIED, "foo", 2,
	    { { C, "a@x.example" }, { I, "foo" } } },
	{ "replaced by what is listed", "mailto:a@x.example,mailto:b@x.example",
	    ODM_EXTDEST_VERIFIED, "mailto:b@x.example", 3,
	    { { C, "a@x.example" }, { U, "b@x.example" }, { I, NULL } } },
};

START_TEST(settle)
{
	const struct settle_case *c = &settles[_i];
	struct report_dests *d = malloc(sizeof(*d));
	size_t i;

	report_dests_read(odm_span_str(c->rua), false, d);
	report_dests_settle(d, 0, c->outcome, odm_span_str(c->override));
	ck_assert_msg(d->n == c->n, "%s: got %zu, want %zu", c->what, d->n, c->n);
	for (i = 0; i < c->n; i++) {
		ck_assert_msg(d->list[i].state == c->want[i].state, "%s: %zu: state %d",
		    c->what, i, (int)d->list[i].state);
		if (c->want[i].address != NULL)
			ck_assert_str_eq(d->list[i].address, c->want[i].address);
		ck_assert((d->list[i].state == R || d->list[i].state == U) ==
		    (d->list[i].reason == NULL));
	}
	free(d);
}
END_TEST

/* Ten URIs, each replaced by ten: the list holds what it can hold. */
START_TEST(settle_no_more_than_fit)
{
	struct report_dests *d = malloc(sizeof(*d));
	char list[2000] = "";
	size_t i;

	for (i = 0; i < 30; i++)
		(void)snprintf(list + strlen(list), sizeof(list) - strlen(list),
		    "mailto:a%zu@x.example,", i);
	report_dests_read(odm_span_str(list), false, d);
	for (i = 0; i < ODM_URIS_MAX; i++)
		report_dests_settle(d, i, ODM_EXTDEST_VERIFIED,
		    odm_span_str(list + strlen("mailto:a0@x.example,")));
	ck_assert_uint_le(d->n, REPORT_DESTS_MAX);
	ck_assert_uint_eq(report_dests_count(d, U), 0);
	free(d);
}
END_TEST

/* https URIs by request; destinations of our own; those who want nothing. */
START_TEST(more_kinds)
{
	struct report_dests *d = malloc(sizeof(*d));
	char path[] = "/tmp/check_dest.XXXXXX";
	static const char text[] = "# quiet\nB@x.example\nw.example # why\n";
	struct report_namelist *list;
	char why[300];
	int fd = mkstemp(path);

	ck_assert_int_eq(write(fd, text, sizeof(text) - 1), (int)sizeof(text) - 1);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_ptr_nonnull(list = report_namelist_read(path, false, why, sizeof(why)));
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_ptr_null(report_namelist_read(path, false, why, sizeof(why)));

	report_dests_read(odm_span_str("https://w.example/r!5m,mailto:a@x.example,"
	    "mailto:b@x.example,https://v.example/"), true, d);
	ck_assert_uint_eq(report_dests_count(d, REPORT_DEST_UNCHECKED), 4);
	ck_assert_str_eq(d->list[0].address, "https://w.example/r");
	ck_assert_str_eq(d->list[0].host, "w.example");
	report_dests_silence(d, NULL);
	ck_assert_uint_eq(report_dests_count(d, REPORT_DEST_UNCHECKED), 4);
	report_dests_silence(d, list);
	ck_assert_int_eq(d->list[0].state, REPORT_DEST_REFUSED);
	ck_assert_int_eq(d->list[1].state, REPORT_DEST_UNCHECKED);
	ck_assert_int_eq(d->list[2].state, REPORT_DEST_REFUSED);
	ck_assert_int_eq(d->list[3].state, REPORT_DEST_UNCHECKED);

	report_dests_add(d, "A@x.example");
	ck_assert_uint_eq(d->n, 4);
	report_dests_add(d, "archive@r.example");
	ck_assert_uint_eq(d->n, 5);
	ck_assert_int_eq(d->list[4].state, REPORT_DEST_READY);
	ck_assert_str_eq(d->list[4].host, "r.example");
	report_namelist_free(&list);
	ck_assert_ptr_null(list);
	free(d);
}
END_TEST

/* Addresses that a stranger's https URI must not lead to. */
static const struct private_case {
	const char	*ip;
	bool		 is_private;
} addresses[] = {
	{ "127.0.0.1", true }, { "10.1.2.3", true }, { "172.16.0.1", true },
	{ "172.32.0.1", false }, { "192.168.1.1", true }, { "169.254.169.254", true },
	{ "100.64.0.1", true }, { "0.0.0.0", true }, { "224.0.0.1", true },
	{ "255.255.255.255", true }, { "8.8.8.8", false }, { "::1", true }, { "::", true },
	{ "fe80::1", true }, { "fd00::1", true }, { "ff02::1", true },
	{ "2a00:1450::1", false }, { "::ffff:127.0.0.1", true }, { "::ffff:8.8.8.8", false },
	{ "64:ff9b::10.0.0.1", true }, { "2002:7f00:1::", true }, { "2002:808:808::", false },
};

START_TEST(private_address)
{
	const struct private_case *c = &addresses[_i];
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	bool is_v4 = inet_pton(AF_INET, c->ip, &in.sin_addr) == 1;

	ck_assert(is_v4 || inet_pton(AF_INET6, c->ip, &in6.sin6_addr) == 1);
	ck_assert_msg(report_https_private(is_v4 ? (struct sockaddr *)&in :
	    (struct sockaddr *)&in6) == c->is_private, "%s", c->ip);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("dest");
	TCase *tc = tcase_create("dest");

	tcase_add_loop_test(tc, read_list, 0, COUNT(reads));
	tcase_add_test(tc, read_no_more_than_ten);
	tcase_add_loop_test(tc, settle, 0, COUNT(settles));
	tcase_add_test(tc, settle_no_more_than_fit);
	tcase_add_test(tc, more_kinds);
	tcase_add_loop_test(tc, private_address, 0, COUNT(addresses));
	suite_add_tcase(s, tc);
	return run_suite(s);
}
