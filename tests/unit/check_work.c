/*
 * check_work.c - a stop waits for messages and callbacks, and lets none in afterwards.
 */
#include "opendmarc/work.h"

#include <check.h>
#include <pthread.h>
#include <time.h>

/* Longer than any machine needs; only a failing test waits so long. */
#define LONG_SECS	60

static struct dmf_work work = DMF_WORK_INITIALIZER;
static atomic_bool finished;

static void
nap(void)
{
	nanosleep(&(struct timespec){ 0, 50 * 1000000L }, NULL);
}

static void *
end_message(void *arg)
{
	(void)arg;
	nap();
	atomic_store(&finished, true);
	atomic_fetch_sub(&work.messages, 1);
	return NULL;
}

static void *
leave(void *arg)
{
	(void)arg;
	ck_assert(dmf_work_enter(&work));
	atomic_fetch_add(&work.messages, 1);
	nap();
	atomic_store(&finished, true);
	dmf_work_leave(&work);
	return NULL;
}

START_TEST(drain)
{
	pthread_t thread;

	atomic_store(&finished, false);
	dmf_work_drain(&work, LONG_SECS);
	atomic_fetch_add(&work.messages, 1);
	ck_assert_int_eq(pthread_create(&thread, NULL, end_message, NULL), 0);
	dmf_work_drain(&work, LONG_SECS);
	ck_assert(atomic_load(&finished));
	pthread_join(thread, NULL);
	atomic_fetch_add(&work.messages, 1);
	dmf_work_drain(&work, 0);	/* not for ever */
	atomic_fetch_sub(&work.messages, 1);
}
END_TEST

START_TEST(close_gate)
{
	pthread_t thread;

	atomic_store(&finished, false);
	ck_assert(dmf_work_enter(&work));
	ck_assert(dmf_work_enter(&work));
	dmf_work_leave(&work);
	dmf_work_leave(&work);
	ck_assert_int_eq(pthread_create(&thread, NULL, leave, NULL), 0);
	while (atomic_load(&work.messages) == 0)
		nap();
	dmf_work_close(&work);
	ck_assert(atomic_load(&finished));
	ck_assert(!dmf_work_enter(&work));
	pthread_join(thread, NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("work");
	TCase *tc = tcase_create("work");
	SRunner *sr = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_test(tc, drain);
	tcase_add_test(tc, close_gate);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
