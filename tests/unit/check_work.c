/*
 * check_work.c - a stop waits for messages and callbacks, and lets none in afterwards.
 */
#include <check.h>
#include <pthread.h>
#include <time.h>

#include "opendmarc/work.h"
#include "tests/unit/suite.h"

/* Longer than any machine needs; only a failing test waits so long. */
#define LONG_SECS	60

static struct dmf_work work;
static atomic_bool finished, inside;

static void
begin_anew(void)
{
	work = (struct dmf_work)DMF_WORK_INITIALIZER;
	atomic_store(&finished, false);
	atomic_store(&inside, false);
}

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
	dmf_work_message_end(&work, true);
	return NULL;
}

static void *
leave(void *arg)
{
	(void)arg;
	ck_assert(dmf_work_enter(&work));
	atomic_store(&inside, true);
	nap();
	atomic_store(&finished, true);
	dmf_work_leave(&work);
	return NULL;
}

START_TEST(drain)
{
	pthread_t thread;

	ck_assert(dmf_work_message_begin(&work));
	ck_assert_int_eq(pthread_create(&thread, NULL, end_message, NULL), 0);
	dmf_work_drain(&work, LONG_SECS);
	ck_assert(atomic_load(&finished));
	pthread_join(thread, NULL);
	dmf_work_drain(&work, LONG_SECS);	/* nothing to wait for */
}
END_TEST

START_TEST(drain_not_for_ever)
{
	bool first = dmf_work_message_begin(&work), second;

	ck_assert(first);
	dmf_work_drain(&work, 0);
	second = dmf_work_message_begin(&work);
	ck_assert(!second);		/* too late to be waited for */
	dmf_work_message_end(&work, first);
	dmf_work_drain(&work, LONG_SECS);
	dmf_work_message_end(&work, second);
	ck_assert_int_eq(atomic_load(&work.messages), 0);
}
END_TEST

START_TEST(close_gate)
{
	pthread_t thread;

	ck_assert(dmf_work_enter(&work));
	ck_assert(dmf_work_enter(&work));
	dmf_work_leave(&work);
	dmf_work_leave(&work);
	ck_assert_int_eq(pthread_create(&thread, NULL, leave, NULL), 0);
	while (!atomic_load(&inside))
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

	suite_add_tcase(suite, tc);
	tcase_add_checked_fixture(tc, begin_anew, NULL);
	tcase_add_test(tc, drain);
	tcase_add_test(tc, drain_not_for_ever);
	tcase_add_test(tc, close_gate);
	return run_suite(suite);
}
