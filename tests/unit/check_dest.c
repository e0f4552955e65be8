/*
 * check_dest.c - a rua list and the outcome of the checks become destinations.
 */
#include <stdlib.h>
#include <check.h>

#include "reports/dest.h"
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

START_TEST(read)
{
	const struct read_case *c = &reads[_i];
	struct report_dests *d = malloc(sizeof(*d));
	size_t len = strlen(c->rua), i;
	char *exact = malloc(len ? len : 1);

	memcpy(exact, c->rua, len);
	report_dests_read((struct odm_span){ exact, len }, d);
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
	report_dests_read(odm_span_str(rua), d);
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

	report_dests_read(odm_span_str(c->rua), d);
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
	report_dests_read(odm_span_str(list), d);
	for (i = 0; i < ODM_URIS_MAX; i++)
		report_dests_settle(d, i, ODM_EXTDEST_VERIFIED,
		    odm_span_str(list + strlen("mailto:a0@x.example,")));
	ck_assert_uint_le(d->n, REPORT_DESTS_MAX);
	ck_assert_uint_eq(report_dests_count(d, U), 0);
	free(d);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("dest");
	TCase *tc = tcase_create("dest");

	tcase_add_loop_test(tc, read, 0, COUNT(reads));
	tcase_add_test(tc, read_no_more_than_ten);
	tcase_add_loop_test(tc, settle, 0, COUNT(settles));
	tcase_add_test(tc, settle_no_more_than_fit);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
