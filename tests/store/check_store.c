/*
 * check_store.c - one suite for every backend of the store: SQLite, the judge in memory
 * and, where STORE_MYSQL_SOCKET names the socket of a server, MySQL (test_mysql.py starts
 * one). Each test has a database of its own. Here is what only SQLite has: its file.
 */
#include "config.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/store/storebed.h"
#include "tests/unit/suite.h"

/* URLs that cannot be opened: each says what is wrong and what to do. */
static const struct {
	const char	*url, *content, *why;
} open_cases[] = {
	{ "", NULL, "is no database URL" },
	{ "/var/lib/x.db", NULL, "must look like sqlite:" },
	{ "oracle:x", NULL, "is no database URL" },
#ifdef HAVE_MYSQL
	{ "mysql:u@h/db", NULL, "must look like mysql://user@host:port/name" },
	{ "mysql://u@h", NULL, "must look like mysql://user@host:port/name" },
	{ "mysql://u@h:0x/db", NULL, "must look like mysql://user@host:port/name" },
	{ "mysql://u@h:70000/db", NULL, "must look like mysql://user@host:port/name" },
	{ "mysql://u%0@h/db", NULL, "must look like mysql://user@host:port/name" },
	{ "mysql://u%00@h/db", NULL, "must look like mysql://user@host:port/name" },
	{ "mysql://u@h/db?pony=1", NULL, "\"pony=1\" in the database URL is wrong" },
	{ "mysql://u@h/db?tls=maybe", NULL, "\"tls=maybe\" in the database URL is wrong" },
	{ "mysql://u@h/db?password-file=/nowhere/p", NULL, "/nowhere/p: No such file" },
	{ "MariaDB://u@localhost/db?socket=/nowhere/s", NULL, "/nowhere/s" },
#else
	{ "mysql://u@h/db", NULL, "mysql is not built into this version" },
	{ "MariaDB://u@h/db", NULL, "mariadb is not built into this version" },
#endif
	{ "memory:x", NULL, "has no name" },
	{ "sqlite:", NULL, "names no file" },
	{ "sqlite:%s/no/such/x.db", NULL, "folder does not exist; create it" },
	{ "sqlite:%s", NULL, "directory" },
	{ "sqlite:/dev/null", NULL, "is no file" },
	{ "sqlite:%s/other", "This is not a database, but a long enough text.\n",
	    "is not a database; name another file" },
};

START_TEST(open_says_why)
{
	char name[256], path[256], why[512] = "";
	struct store *no;

	snprintf(path, sizeof(path), "%s/other", folder);
	if (open_cases[_i].content != NULL) {
		FILE *f = fopen(path, "w");

		ck_assert_ptr_nonnull(f);
		for (int i = 0; i < 100; i++)
			fputs(open_cases[_i].content, f);
		fclose(f);
	}
	/* The URLs of the table hold at most one %s. */
	if (strstr(open_cases[_i].url, "%s") != NULL)
		snprintf(name, sizeof(name), "sqlite:%s%s", folder,
		    strstr(open_cases[_i].url, "%s") + 2);
	else
		snprintf(name, sizeof(name), "%s", open_cases[_i].url);
	no = store_open(name, why, sizeof(why));
	ck_assert_ptr_null(no);
	ck_assert_msg(strstr(why, open_cases[_i].why) != NULL, "%s: %s", name, why);
	ck_assert_ptr_null(strchr(why, '\n'));
}
END_TEST

/* The file is closed to other users; opening it again keeps what is there. */
START_TEST(file_and_reopening)
{
	struct stat sb;
	char why[256];

	add("i1", T0, "");
	store_close(&st);
	ck_assert_int_eq(stat(url + strlen("sqlite:"), &sb), 0);
	ck_assert_int_eq(sb.st_mode & 0007, 0);
	st = store_open(url, why, sizeof(why));
	ck_assert_msg(st != NULL, "%s", why);
	ck_assert_int_eq(count_messages(), 1);
}
END_TEST

/* Many at once create the database: each finds it whole. */
START_TEST(opened_at_once)
{
	char name[128], why[256] = "";
	struct store *mine;
	int status, bad = 0;

	snprintf(name, sizeof(name), "sqlite:%s/other", folder);
	for (int i = 0; i < 8; i++) {
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (pid == 0) {
			mine = store_open(name, why, sizeof(why));
			if (mine == NULL)
				fprintf(stderr, "%s\n", why);
			status = mine == NULL;
			store_close(&mine);
			_exit(status);
		}
	}
	while (wait(&status) > 0)
		bad += status != 0;
	ck_assert_int_eq(bad, 0);
	mine = store_open(name, why, sizeof(why));
	ck_assert_msg(mine != NULL, "%s", why);
	store_close(&mine);
}
END_TEST

static void
add_cases(Suite *s, const char *name, void (*set_up)(void))
{
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, set_up, teardown);
	tcase_set_timeout(tc, 120);
	add_message_cases(tc);
	add_change_cases(tc);
	add_ledger_cases(tc);
	add_fate_cases(tc);
	add_request_cases(tc);
	suite_add_tcase(s, tc);
}

int
main(void)
{
	Suite *s = suite_create("store");
	TCase *tc = tcase_create("sqlite only");

	add_cases(s, "sqlite", setup_sqlite);
	add_cases(s, "judge", setup_judge);
	if (getenv("STORE_MYSQL_SOCKET") != NULL)
		add_cases(s, "mysql", setup_mysql);
	tcase_add_checked_fixture(tc, setup_sqlite, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, open_says_why, 0, COUNT(open_cases));
	tcase_add_test(tc, file_and_reopening);
	tcase_add_test(tc, opened_at_once);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
