/*
 * check_histwriter.c - whole records or none, whatever happens to the file.
 */
#include <check.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "opendmarc/histwriter.h"
#include "tests/unit/suite.h"

static char folder[PATH_MAX], path[PATH_MAX + 16], moved[PATH_MAX + 16];

static void
make_folder(void)
{
	const char *tmp = getenv("TMPDIR");

	ck_assert_int_lt(snprintf(folder, sizeof(folder), "%s/check_histwriter.XXXXXX",
	    tmp != NULL ? tmp : "/tmp"), (int)sizeof(folder));
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_gt(snprintf(path, sizeof(path), "%s/h.dat", folder), 0);
	ck_assert_int_gt(snprintf(moved, sizeof(moved), "%s/m.dat", folder), 0);
}

static void
remove_folder(void)
{
	(void)unlink(path);
	(void)unlink(moved);
	ck_assert_int_eq(rmdir(folder), 0);
}

static off_t
size_of(const char *name)
{
	struct stat st;

	return stat(name, &st) == 0 ? st.st_size : -1;
}

START_TEST(appends)
{
	struct histwriter *w = histwriter_new(path);

	ck_assert_ptr_nonnull(w);
	ck_assert_int_eq(histwriter_append(w, "J", odm_span_str("job 1\n")), 0);
	ck_assert_int_eq(histwriter_append(w, "J", odm_span_str("job 2\n")), 0);
	ck_assert_int_eq((int)size_of(path), 12);
	ck_assert_int_eq(rename(path, moved), 0);
	ck_assert_int_eq(histwriter_append(w, "J", odm_span_str("job 3\n")), 0);
	ck_assert_int_eq((int)size_of(path), 6);
	ck_assert_int_eq((int)size_of(moved), 12);
	histwriter_free(&w);
	ck_assert_ptr_null(w);
	histwriter_free(&w);
}
END_TEST

START_TEST(no_folder)
{
	char nowhere[PATH_MAX + 32];
	struct histwriter *w;

	ck_assert_int_gt(snprintf(nowhere, sizeof(nowhere), "%s/no/such/h.dat", folder), 0);
	w = histwriter_new(nowhere);
	ck_assert_ptr_nonnull(w);
	ck_assert_int_eq(histwriter_append(w, "J", odm_span_str("job 1\n")), -1);
	ck_assert_int_eq(histwriter_append(w, "J", odm_span_str("job 1\n")), -1);
	histwriter_free(&w);
}
END_TEST

/* A disk that takes only a part of a record: the part is cut off again. */
START_TEST(short_write)
{
	struct rlimit limit = { 10, RLIM_INFINITY };
	struct histwriter *w = histwriter_new(path);

	ck_assert_ptr_nonnull(w);
	ck_assert_int_eq(histwriter_append(w, "J", odm_span_str("job 1\n")), 0);
	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(histwriter_append(w, "J", odm_span_str("job 22\n")), -1);
	limit.rlim_cur = RLIM_INFINITY;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq((int)size_of(path), 6);
	ck_assert_int_eq(histwriter_append(w, "J", odm_span_str("job 3\n")), 0);
	ck_assert_int_eq((int)size_of(path), 12);
	histwriter_free(&w);
}
END_TEST

static void *
append_one(void *arg)
{
	return histwriter_append(arg, "J", odm_span_str("job 1\n")) == 0 ? NULL : arg;
}

/*
 * The importer's way: it holds the lock, renames, reads to the end, unlocks. A writer
 * that waited for the lock of the old file must write into the new one.
 */
START_TEST(renamed_while_waiting)
{
	struct histwriter *w = histwriter_new(path);
	int fd = open(path, O_RDWR | O_CREAT, 0600);
	pthread_t thread;
	void *failed;

	ck_assert_ptr_nonnull(w);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, append_one, w), 0);
	/* Whether or not the writer waits already, the record ends up in the new file. */
	(void)usleep(50000);
	ck_assert_int_eq(rename(path, moved), 0);
	ck_assert_int_eq(flock(fd, LOCK_UN), 0);
	ck_assert_int_eq(pthread_join(thread, &failed), 0);
	ck_assert_ptr_null(failed);
	(void)close(fd);
	ck_assert_int_eq((int)size_of(moved), 0);
	ck_assert_int_eq((int)size_of(path), 6);
	histwriter_free(&w);
}
END_TEST

/* Somebody keeps the lock: the records are given up, and later ones are written again. */
START_TEST(lock_that_is_kept)
{
	struct histwriter *w = histwriter_new(path);
	int fd = open(path, O_RDWR | O_CREAT, 0600), i;

	ck_assert_ptr_nonnull(w);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	/* Were each of them to wait, the time of the case would run out. */
	for (i = 0; i < 50; i++)
		ck_assert_int_eq(histwriter_append(w, "J", odm_span_str("job 1\n")), -1);
	ck_assert_int_eq((int)size_of(path), 0);
	ck_assert_int_eq(flock(fd, LOCK_UN), 0);
	ck_assert_int_eq(histwriter_append(w, "J", odm_span_str("job 2\n")), 0);
	ck_assert_int_eq((int)size_of(path), 6);
	(void)close(fd);
	histwriter_free(&w);
}
END_TEST

#define THREADS	8
#define RECORDS	200

static void *
append_many(void *arg)
{
	int i;

	for (i = 0; i < RECORDS; i++)
		if (histwriter_append(arg, "J", odm_span_str("job 0123456789\n")) != 0)
			return arg;
	return NULL;
}

/* Eight writers while the file is moved away and counted again and again: none is lost. */
START_TEST(rotation_under_load)
{
	struct histwriter *w = histwriter_new(path);
	pthread_t threads[THREADS];
	off_t total = 0;
	void *failed;
	int i, fd;

	ck_assert_ptr_nonnull(w);
	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, append_many, w), 0);
	for (i = 0; i < 50; i++) {
		if (rename(path, moved) != 0)
			continue;
		fd = open(moved, O_RDWR);
		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(flock(fd, LOCK_EX), 0);
		total += size_of(moved);
		ck_assert_int_eq(unlink(moved), 0);
		(void)close(fd);
	}
	for (i = 0; i < THREADS; i++) {
		ck_assert_int_eq(pthread_join(threads[i], &failed), 0);
		ck_assert_ptr_null(failed);
	}
	if (size_of(path) > 0)
		total += size_of(path);
	ck_assert_int_eq((int)total, THREADS * RECORDS * (int)strlen("job 0123456789\n"));
	histwriter_free(&w);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("histwriter");
	TCase *tc = tcase_create("append");

	tcase_add_checked_fixture(tc, make_folder, remove_folder);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, appends);
	tcase_add_test(tc, no_folder);
	tcase_add_test(tc, short_write);
	tcase_add_test(tc, renamed_while_waiting);
	tcase_add_test(tc, lock_that_is_kept);
	tcase_add_test(tc, rotation_under_load);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
