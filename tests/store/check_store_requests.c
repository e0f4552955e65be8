/*
 * check_store_requests.c - what administrators decide: who gets no reports, and
 * other addresses.
 */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tests/store/storebed.h"
#include "tests/unit/suite.h"

static int
see_suppression(const struct store_suppression *s, void *arg)
{
	struct seen *seen = arg;
	bool removed;

	note(seen, "%s(%s)%lld ", s->destination, s->reason, (long long)s->until);
	ck_assert_int_gt(s->added, 0);
	ck_assert_int_eq(store_unsuppress(st, "nothing.example", &removed), 0);
	ck_assert(!removed);
	return counted(seen);
}

static bool
is_suppressed(const char *address, int64_t now, const char *want)
{
	char reason[32] = "";
	bool suppressed;

	ck_assert_int_eq(store_suppressed(st, address, now, &suppressed, reason,
	    sizeof(reason)), 0);
	ck_assert_str_eq(reason, want);
	return suppressed;
}

START_TEST(suppressions)
{
	struct seen seen = { .text = "" };
	char text[STORE_NAME_MAX + 2], name[64];
	bool removed;

	ck_assert_int_eq(store_suppress(st, "A@Example.com", "bounced", 1000), 0);
	ck_assert_int_eq(store_suppress(st, "example.net", NULL, 0), 0);
	ck_assert_int_eq(store_suppress(st, "x@example.net", "full", 0), 0);
	ck_assert(is_suppressed("a@EXAMPLE.com", 999, "bounced"));
	ck_assert(!is_suppressed("a@example.com", 1000, ""));
	ck_assert(!is_suppressed("b@example.com", 1, ""));
	ck_assert(is_suppressed("b@example.net", 5000, ""));
	ck_assert(is_suppressed("x@example.net", 1, "full"));
	ck_assert(!is_suppressed("x@sub.example.net", 1, ""));
	ck_assert_int_eq(store_suppress(st, "a@example.com", "again", 3000), 0);
	ck_assert(is_suppressed("a@example.com", 2000, "again"));
	ck_assert_int_eq(store_each_suppression(st, 2000, see_suppression, &seen), 0);
	ck_assert_str_eq(seen.text, "a@example.com(again)3000 example.net()0 "
	    "x@example.net(full)0 ");
	seen = (struct seen){ .text = "" };
	ck_assert_int_eq(store_each_suppression(st, 3000, see_suppression, &seen), 0);
	ck_assert_str_eq(seen.text, "example.net()0 x@example.net(full)0 ");
	ck_assert_int_eq(store_unsuppress(st, "EXAMPLE.net", &removed), 0);
	ck_assert(removed);
	ck_assert(!is_suppressed("b@example.net", 5000, ""));

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_assert_int_eq(store_suppress(st, text, "long", 0), -1);
	ck_assert_int_eq(store_suppress(st, "", "empty", 0), -1);

	/* More than one page of them. */
	ck_assert_int_eq(store_begin(st), 0);
	for (int i = 0; i < 250; i++) {
		snprintf(name, sizeof(name), "n%d.example", i);
		ck_assert_int_eq(store_suppress(st, name, "", 0), 0);
	}
	ck_assert_int_eq(store_commit(st), 0);
	seen = (struct seen){ .text = "" };
	ck_assert_int_eq(store_each_suppression(st, 3000, see_suppression, &seen), 0);
	ck_assert_int_eq(seen.calls, 251);
}
END_TEST

START_TEST(locked_requests)
{
	struct seen seen = { .text = "" };

	ck_assert_str_eq(request("a.example"), "");
	add("i1", T0 + 10, "rua mailto:r@a.example\n");
	ck_assert_str_eq(request("A.example"),
	    "a.example mailto:r@a.example locked=0 r- seen=1641600010");
	add("i2", T0 + 5, "rua mailto:old@a.example\n");
	ck_assert_ptr_nonnull(strstr(request("a.example"), "mailto:r@a.example"));

	ck_assert_int_eq(store_request_lock(st, "a.example", "mailto:mine@b.example"), 0);
	add("i3", T0 + 20, "rua mailto:new@a.example\n");
	ck_assert_str_eq(request("a.example"),
	    "a.example mailto:mine@b.example locked=1 r- seen=1641600010");
	ck_assert_int_eq(store_each_policy(st, T0, T0 + DAY, see_policy, &seen), 0);
	ck_assert_ptr_nonnull(strstr(seen.text, "rua=mailto:mine@b.example\n"));

	ck_assert_int_eq(store_request_unlock(st, "a.example"), 0);
	add("i4", T0 + 15, "rua mailto:back@a.example\n");
	ck_assert_ptr_nonnull(strstr(request("a.example"), "mailto:back@a.example locked=0"));
	seen = (struct seen){ .text = "" };
	ck_assert_int_eq(store_each_policy(st, T0, T0 + DAY, see_policy, &seen), 0);
	ck_assert_ptr_nonnull(strstr(seen.text, "rua=mailto:new@a.example\n"));

	ck_assert_int_eq(store_request_lock(st, "new.example", ""), 0);
	ck_assert_str_eq(request("new.example"), "new.example  locked=1 -- seen=0");
	ck_assert_int_eq(store_request_unlock(st, "none.example"), 0);
}
END_TEST

void
add_request_cases(TCase *tc)
{
	tcase_add_test(tc, suppressions);
	tcase_add_test(tc, locked_requests);
}
