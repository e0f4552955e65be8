/*
 * check_ratelimit.c - shares of a domain and of all within any hour.
 */
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "common/ratelimit.h"
#include "libopendmarc/base/span.h"
#include "tests/unit/suite.h"

START_TEST(a_domain_has_its_share_within_any_hour)
{
	struct ratelimit *r = ratelimit_new(3, 100);
	int i;

	for (i = 0; i < 3; i++)
		ck_assert_int_eq(ratelimit_take(r, "a.example", 1000 + i * 1000), RATELIMIT_GO);
	ck_assert_int_eq(ratelimit_take(r, "a.example", 3001), RATELIMIT_DOMAIN);
	ck_assert_int_eq(ratelimit_take(r, "b.example", 3001), RATELIMIT_GO);
	ck_assert_int_eq(ratelimit_take(r, "a.example", 1000 + 3599), RATELIMIT_DOMAIN);
	/* The first is an hour old; the other two still count. */
	ck_assert_int_eq(ratelimit_take(r, "a.example", 1000 + 3600), RATELIMIT_GO);
	ck_assert_int_eq(ratelimit_take(r, "a.example", 1000 + 3600), RATELIMIT_DOMAIN);
	ratelimit_free(&r);
	ck_assert_ptr_null(r);
	ratelimit_free(&r);
}
END_TEST

START_TEST(all_together_have_theirs)
{
	struct ratelimit *r = ratelimit_new(10, 20);
	int i, let = 0;
	char name[32];

	for (i = 0; i < 40000; i++) {
		(void)snprintf(name, sizeof(name), "d%d.example", i);
		let += ratelimit_take(r, name, i / 100) == RATELIMIT_GO;
	}
	ck_assert_int_eq(let, 20);
	ck_assert_int_eq(ratelimit_take(r, "z.example", 3599), RATELIMIT_TOTAL);
	/* After a quiet hour everything is open again. */
	for (i = 0; i < 20; i++)
		ck_assert_int_eq(ratelimit_take(r, i < 10 ? "a.example" : "b.example", 9000),
		    RATELIMIT_GO);
	ck_assert_int_eq(ratelimit_take(r, "c.example", 9000), RATELIMIT_TOTAL);
	ratelimit_free(&r);
}
END_TEST

/* One domain that floods leaves room for others. */
START_TEST(flood_of_one)
{
	struct ratelimit *r = ratelimit_new(10, 100);
	int i, let = 0;

	for (i = 0; i < 40000; i++)
		let += ratelimit_take(r, "flood.example", 100 + i / 1000) == RATELIMIT_GO;
	ck_assert_int_eq(let, 10);
	ck_assert_int_eq(ratelimit_take(r, "other.example", 200), RATELIMIT_GO);
	ratelimit_free(&r);
}
END_TEST

START_TEST(long_and_odd_names)
{
	struct ratelimit *r = ratelimit_new(1, 10);
	char name[600];

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	ck_assert_int_eq(ratelimit_take(r, name, 1), RATELIMIT_GO);
	ck_assert_int_eq(ratelimit_take(r, name, 1), RATELIMIT_DOMAIN);
	ck_assert_int_eq(ratelimit_take(r, "", 1), RATELIMIT_GO);
	ck_assert_int_eq(ratelimit_take(r, "", 1), RATELIMIT_DOMAIN);
	ratelimit_free(&r);
}
END_TEST

struct crowd {
	struct ratelimit *r;
	atomic_int	  let;
};

static void *
take_many(void *arg)
{
	struct crowd *c = arg;
	int i;

	for (i = 0; i < 5000; i++)
		if (ratelimit_take(c->r, i % 2 == 0 ? "a.example" : "b.example", 7) == RATELIMIT_GO)
			atomic_fetch_add(&c->let, 1);
	return NULL;
}

START_TEST(many_threads)
{
	struct crowd c = { ratelimit_new(30, 50), 0 };
	pthread_t threads[4];
	size_t i;

	for (i = 0; i < COUNT(threads); i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, take_many, &c), 0);
	for (i = 0; i < COUNT(threads); i++)
		(void)pthread_join(threads[i], NULL);
	ck_assert_int_eq(atomic_load(&c.let), 50);
	ratelimit_free(&c.r);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("ratelimit");
	TCase *tc = tcase_create("ratelimit");

	tcase_add_test(tc, a_domain_has_its_share_within_any_hour);
	tcase_add_test(tc, all_together_have_theirs);
	tcase_add_test(tc, flood_of_one);
	tcase_add_test(tc, long_and_odd_names);
	tcase_add_test(tc, many_threads);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
