/*
 * check_histwriter.c - whole records or none, whatever happens to the file.
 */
#include "config.h"

#include <check.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
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

/* Nothing shrinks in most cases, and then nothing must be said of it. */
static int
append(struct histwriter *w, struct odm_span record)
{
	bool shrunk = false;
	int result = histwriter_append(w, "J", record, &shrunk);

	ck_assert(!shrunk);
	return result;
}

/* True when the file system knows when the file was made. */
static bool
has_births(const char *name)
{
#ifdef HAVE_STATX
	struct statx st;

	return statx(AT_FDCWD, name, 0, STATX_BTIME, &st) == 0 &&
	    (st.stx_mask & STATX_BTIME) != 0;
#else
	(void)name;
	return false;
#endif
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
	ck_assert_int_eq(append(w, odm_span_str("job 1\n")), 0);
	ck_assert_int_eq(append(w, odm_span_str("job 2\n")), 0);
	ck_assert_int_eq((int)size_of(path), 12);
	ck_assert_int_eq(rename(path, moved), 0);
	ck_assert_int_eq(append(w, odm_span_str("job 3\n")), 0);
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
	ck_assert_int_eq(append(w, odm_span_str("job 1\n")), -1);
	ck_assert_int_eq(append(w, odm_span_str("job 1\n")), -1);
	histwriter_free(&w);
}
END_TEST

/* A disk that takes only a part of a record: the part is cut off again. */
START_TEST(short_write)
{
	struct rlimit limit = { 10, RLIM_INFINITY };
	struct histwriter *w = histwriter_new(path);

	ck_assert_ptr_nonnull(w);
	ck_assert_int_eq(append(w, odm_span_str("job 1\n")), 0);
	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(append(w, odm_span_str("job 22\n")), -1);
	limit.rlim_cur = RLIM_INFINITY;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq((int)size_of(path), 6);
	ck_assert_int_eq(append(w, odm_span_str("job 3\n")), 0);
	ck_assert_int_eq((int)size_of(path), 12);
	histwriter_free(&w);
}
END_TEST

static void *
append_one(void *arg)
{
	return append(arg, odm_span_str("job 1\n")) == 0 ? NULL : arg;
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
		ck_assert_int_eq(append(w, odm_span_str("job 1\n")), -1);
	ck_assert_int_eq((int)size_of(path), 0);
	ck_assert_int_eq(flock(fd, LOCK_UN), 0);
	ck_assert_int_eq(append(w, odm_span_str("job 2\n")), 0);
	ck_assert_int_eq((int)size_of(path), 6);
	(void)close(fd);
	histwriter_free(&w);
}
END_TEST

/* Emptied in its place: said, with what is left, and the record is written all the same. */
START_TEST(shrinks)
{
	struct histwriter *w = histwriter_new(path);
	bool shrunk = false;

	ck_assert_ptr_nonnull(w);
	ck_assert_int_eq(append(w, odm_span_str("job 1\n")), 0);
	ck_assert_int_eq(append(w, odm_span_str("job 2\n")), 0);
	ck_assert_int_eq(truncate(path, 6), 0);
	ck_assert_int_eq(histwriter_append(w, "J", odm_span_str("job 3\n"), &shrunk), 0);
	ck_assert(shrunk);
	ck_assert_int_eq((int)size_of(path), 12);
	/* What was noticed is noticed once. */
	ck_assert_int_eq(append(w, odm_span_str("job 4\n")), 0);
	histwriter_free(&w);
}
END_TEST

/* Moved or removed, and the inode perhaps given to the next file: nothing was lost. */
START_TEST(replaced)
{
	struct histwriter *w = histwriter_new(path);
	int i;

	ck_assert_ptr_nonnull(w);
	for (i = 0; i < 20; i++) {
		ck_assert_int_eq(append(w, odm_span_str("job 1\n")), 0);
		ck_assert_int_eq(append(w, odm_span_str("job 2\n")), 0);
		ck_assert_int_eq(rename(path, moved), 0);
		ck_assert_int_eq(unlink(moved), 0);
	}
	/* Another writer makes the file longer. */
	ck_assert_int_eq(append(w, odm_span_str("job 1\n")), 0);
	ck_assert_int_eq(truncate(path, 100), 0);
	ck_assert_int_eq(append(w, odm_span_str("job 2\n")), 0);
	histwriter_free(&w);
}
END_TEST

/* The same with a file that somebody else made, later and with the same inode. */
START_TEST(replaced_by_others)
{
	struct histwriter *w = histwriter_new(path), *other = histwriter_new(path);
	struct stat old, fresh;
	int i;

	ck_assert_ptr_nonnull(w);
	ck_assert_ptr_nonnull(other);
	for (i = 0; i < 5; i++) {
		ck_assert_int_eq(append(w, odm_span_str("job 1 is long\n")), 0);
		ck_assert_int_eq(stat(path, &old), 0);
		ck_assert_int_eq(unlink(path), 0);
		/* Times of birth come from a clock that ticks a few hundred times a second. */
		(void)usleep(20000);
		ck_assert_int_eq(append(other, odm_span_str("job 2\n")), 0);
		ck_assert_int_eq(stat(path, &fresh), 0);
		if (has_births(path) || old.st_ino != fresh.st_ino)
			ck_assert_int_eq(append(w, odm_span_str("job 3\n")), 0);
	}
	histwriter_free(&w);
	histwriter_free(&other);
}
END_TEST

/* A device without space: the record is given up, and there is nothing to cut back. */
START_TEST(full_device)
{
	struct histwriter *w = histwriter_new("/dev/full");

	ck_assert_ptr_nonnull(w);
	ck_assert_int_eq(append(w, odm_span_str("job 1\n")), -1);
	ck_assert_int_eq(append(w, odm_span_str("job 2\n")), -1);
	histwriter_free(&w);
}
END_TEST

/* A folder that may not be entered; once it may, records are written again. */
START_TEST(forbidden)
{
	struct histwriter *w = histwriter_new(path);
	bool root = geteuid() == 0;

	ck_assert_ptr_nonnull(w);
	ck_assert_int_eq(chmod(folder, root ? 0700 : 0), 0);
	if (root)
		ck_assert_int_eq(seteuid(65534), 0);
	ck_assert_int_eq(append(w, odm_span_str("job 1\n")), -1);
	if (root)
		ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(chmod(folder, 0700), 0);
	ck_assert_int_eq((int)size_of(path), -1);
	ck_assert_int_eq(append(w, odm_span_str("job 2\n")), 0);
	ck_assert_int_eq((int)size_of(path), 6);
	histwriter_free(&w);
}
END_TEST

#define THREADS	8
#define RECORDS	200

/* Long enough that two halves of different records would show. */
static const char record[] = "job 0123456789\nfrom abcdefghijklmnopqrstuvwxyz\naction 2\n";
#define RECORD_LEN	(sizeof(record) - 1)

static void *
append_many(void *arg)
{
	bool shrunk = false;
	int i;

	/* A file that another writer made in the same tick of the clock, with the inode of
	 * the last one, may pass for it: shrunk is not looked at. */
	for (i = 0; i < RECORDS; i++)
		if (histwriter_append(arg, "J", odm_span_str(record), &shrunk) != 0)
			return arg;
	return NULL;
}

/* The number of records in the file, which must hold nothing else; 0 without a file. */
static int
whole_records(const char *name)
{
	FILE *f = fopen(name, "r");
	char text[RECORD_LEN];
	size_t n;
	int found = 0;

	if (f == NULL)
		return 0;
	while ((n = fread(text, 1, RECORD_LEN, f)) == RECORD_LEN) {
		ck_assert(memcmp(text, record, RECORD_LEN) == 0);
		found++;
	}
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(fclose(f), 0);
	return found;
}

/*
 * Eight threads while the file is moved away and counted again and again: no record is lost
 * or torn. First with one writer for all, then with four, as of four daemons: these
 * have nothing in common but the lock of the file.
 */
START_TEST(rotation_under_load)
{
	struct histwriter *writers[4] = { NULL };
	const size_t nwriters = _i == 0 ? 1 : COUNT(writers);
	pthread_t threads[THREADS];
	int total = 0;
	void *failed;
	size_t n;
	int i, fd;

	for (n = 0; n < nwriters; n++) {
		writers[n] = histwriter_new(path);
		ck_assert_ptr_nonnull(writers[n]);
	}
	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, append_many,
		    writers[(size_t)i % nwriters]), 0);
	for (i = 0; i < 50; i++) {
		if (rename(path, moved) != 0)
			continue;
		fd = open(moved, O_RDWR);
		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(flock(fd, LOCK_EX), 0);
		total += whole_records(moved);
		ck_assert_int_eq(unlink(moved), 0);
		(void)close(fd);
	}
	for (i = 0; i < THREADS; i++) {
		ck_assert_int_eq(pthread_join(threads[i], &failed), 0);
		ck_assert_ptr_null(failed);
	}
	total += whole_records(path);
	ck_assert_int_eq(total, THREADS * RECORDS);
	for (n = 0; n < nwriters; n++)
		histwriter_free(&writers[n]);
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
	tcase_add_test(tc, shrinks);
	tcase_add_test(tc, replaced);
	tcase_add_test(tc, replaced_by_others);
	tcase_add_test(tc, full_device);
	tcase_add_test(tc, forbidden);
	tcase_add_loop_test(tc, rotation_under_load, 0, 2);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
