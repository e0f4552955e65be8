/*
 * check_dnscache.c - lifetimes, budget and order of use, with a clock of its own.
 */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "common/dnscache.h"
#include "tests/unit/suite.h"

static const struct life_case {
	const char	*what;
	enum dns_status	 status;
	uint32_t	 ttl_secs;
	int64_t		 kept_secs;
} life_cases[] = {
	{ "found",		DNS_FOUND,	300,	300 },
	{ "found, capped",	DNS_FOUND,	604800,	DNSCACHE_TTL_MAX_SECS },
	{ "found, no life",	DNS_FOUND,	0,	0 },
	{ "denied",		DNS_NXDOMAIN,	60,	60 },
	{ "denied, capped",	DNS_NXDOMAIN,	86400,	DNSCACHE_DENIAL_MAX_SECS },
	{ "denied, no SOA",	DNS_NXDOMAIN,	0,	0 },
	{ "no data",		DNS_NODATA,	60,	60 },
	{ "no data, capped",	DNS_NODATA,	86400,	DNSCACHE_DENIAL_MAX_SECS },
	{ "failure",		DNS_FAILED,	0,	DNSCACHE_FAILURE_SECS },
	{ "failure with TTL",	DNS_FAILED,	3600,	DNSCACHE_FAILURE_SECS },
};

static bool
has(struct dnscache *c, const char *name, int64_t now)
{
	struct dns_answer *a = dnscache_get(c, name, DNS_TYPE_TXT, now);
	bool found = a != NULL;

	dns_answer_unref(&a);
	return found;
}

static void
put(struct dnscache *c, const char *name, enum dns_status status, uint32_t ttl, int64_t now)
{
	struct dns_answer *a = dns_answer_new(status, ttl);

	ck_assert_ptr_nonnull(a);
	dnscache_put(c, name, DNS_TYPE_TXT, a, now);
	dns_answer_unref(&a);
}

START_TEST(life_case)
{
	const struct life_case *l = &life_cases[_i];
	struct dnscache *c = dnscache_new(10, 10000);
	int64_t end = 1000 + l->kept_secs * 1000;
	size_t entries, octets;

	put(c, "a.test", l->status, l->ttl_secs, 1000);
	ck_assert_msg(has(c, "a.test", 1000) == (l->kept_secs > 0), "%s: at once", l->what);
	ck_assert_msg(has(c, "a.test", end - 1) == (l->kept_secs > 0), "%s: to the end", l->what);
	ck_assert_msg(!has(c, "a.test", end), "%s: after the end", l->what);
	dnscache_usage(c, &entries, &octets);
	ck_assert_uint_eq(entries, 0);
	ck_assert_uint_eq(octets, 0);
	dnscache_free(&c);
	ck_assert_ptr_null(c);
	dnscache_free(&c);
}
END_TEST

START_TEST(keys)
{
	struct dnscache *c = dnscache_new(10, 10000);
	char longest[300];
	struct dns_answer *a;

	put(c, "A.Test", DNS_NODATA, 60, 0);
	ck_assert(has(c, "a.tEST", 0));
	ck_assert(has(c, "a.test.", 0));
	ck_assert(!has(c, "b.test", 0));
	a = dnscache_get(c, "a.test", DNS_TYPE_A, 0);
	ck_assert_ptr_null(a);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	put(c, longest, DNS_NODATA, 60, 0);
	ck_assert(!has(c, longest, 0));
	dnscache_free(&c);
}
END_TEST

START_TEST(replaced)
{
	struct dnscache *c = dnscache_new(10, 10000);
	size_t entries, octets, before;
	struct dns_answer *a;

	put(c, "a.test", DNS_FAILED, 0, 0);
	dnscache_usage(c, &entries, &before);
	put(c, "a.test", DNS_NXDOMAIN, 60, 0);
	dnscache_usage(c, &entries, &octets);
	ck_assert_uint_eq(entries, 1);
	ck_assert_uint_eq(octets, before);
	a = dnscache_get(c, "a.test", DNS_TYPE_TXT, 0);
	ck_assert_int_eq(a->status, DNS_NXDOMAIN);
	dnscache_free(&c);
	ck_assert_int_eq(a->status, DNS_NXDOMAIN);	/* our own reference */
	dns_answer_unref(&a);
}
END_TEST

START_TEST(least_recently_used_goes)
{
	struct dnscache *c = dnscache_new(3, 10000);
	size_t entries, octets;

	put(c, "a", DNS_NODATA, 60, 0);
	put(c, "b", DNS_NODATA, 60, 0);
	put(c, "c", DNS_NODATA, 60, 0);
	ck_assert(has(c, "a", 0));
	put(c, "d", DNS_NODATA, 60, 0);
	ck_assert(!has(c, "b", 0));
	ck_assert(has(c, "a", 0) && has(c, "c", 0) && has(c, "d", 0));
	dnscache_usage(c, &entries, &octets);
	ck_assert_uint_eq(entries, 3);
	dnscache_free(&c);
}
END_TEST

/* The budget is about memory, so what malloc() adds to small blocks is counted too. */
START_TEST(octet_budget_is_memory)
{
#ifdef __GLIBC__
	const size_t budget = 1024 * 1024;
	size_t entries, octets, before = mallinfo2().uordblks;
	struct dnscache *c = dnscache_new(100000, budget);
	char name[32];

	for (size_t i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "n%zu.test", i);
		put(c, name, DNS_NODATA, 60, 0);
	}
	dnscache_usage(c, &entries, &octets);
	ck_assert_uint_gt(octets, budget - 1000);
	ck_assert_uint_le(mallinfo2().uordblks - before, budget + 1000);
	dnscache_free(&c);
#endif
}
END_TEST

START_TEST(octet_budget)
{
	struct dnscache *c = dnscache_new(100000, 20000);
	size_t entries, octets, i;
	char name[32];

	for (i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "n%zu.test", i);
		put(c, name, DNS_NODATA, 60, 0);
		dnscache_usage(c, &entries, &octets);
		ck_assert_uint_le(octets, 20000);
	}
	ck_assert_uint_gt(entries, 20);
	ck_assert(has(c, name, 0));
	ck_assert(!has(c, "n0.test", 0));
	dnscache_free(&c);

	c = dnscache_new(100, 10);	/* not even one fits */
	put(c, "a.test", DNS_NODATA, 60, 0);
	dnscache_usage(c, &entries, &octets);
	ck_assert_uint_eq(entries, 0);
	dnscache_free(&c);
}
END_TEST

static void *
hammer(void *arg)
{
	struct dnscache *c = arg;
	char name[32];
	int i;

	for (i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "n%d.test", i % 50);
		if (!has(c, name, i))
			put(c, name, DNS_NODATA, 1, i);
	}
	return NULL;
}

START_TEST(many_threads)
{
	struct dnscache *c = dnscache_new(40, 100000);
	pthread_t threads[4];
	size_t entries, octets, i;

	for (i = 0; i < COUNT(threads); i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, hammer, c), 0);
	for (i = 0; i < COUNT(threads); i++)
		pthread_join(threads[i], NULL);
	dnscache_usage(c, &entries, &octets);
	ck_assert_uint_eq(entries, 40);
	dnscache_free(&c);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("dnscache");
	TCase *tc = tcase_create("cache");

	tcase_add_loop_test(tc, life_case, 0, COUNT(life_cases));
	tcase_add_test(tc, keys);
	tcase_add_test(tc, replaced);
	tcase_add_test(tc, least_recently_used_goes);
	tcase_add_test(tc, octet_budget);
	tcase_add_test(tc, octet_budget_is_memory);
	tcase_add_test(tc, many_threads);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
