/*
 * check_log.c - one line for one call, whatever its text holds.
 */
#include <check.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "tests/unit/suite.h"

#define CUT		2000
#define THREADS		4
#define LINES		200

/* These stand before the ones of libc, the second one in builds with _FORTIFY_SOURCE. */
void syslog(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));
void __syslog_chk(int level, int flag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static char to_syslog[200];	/* the last line for syslog */

void
syslog(int level, const char *format, ...)
{
	va_list args;

	(void)level;
	va_start(args, format);
	ck_assert_int_gt(vsnprintf(to_syslog, sizeof(to_syslog), format, args), -1);
	va_end(args);
}

void
__syslog_chk(int level, int flag, const char *format, ...)
{
	va_list args;

	(void)level;
	(void)flag;
	va_start(args, format);
	ck_assert_int_gt(vsnprintf(to_syslog, sizeof(to_syslog), format, args), -1);
	va_end(args);
}

static int saved_stderr = -1;
static FILE *captured;

static void
capture(void)
{
	captured = tmpfile();
	saved_stderr = dup(STDERR_FILENO);
	ck_assert(captured != NULL && saved_stderr >= 0);
	ck_assert(dup2(fileno(captured), STDERR_FILENO) == STDERR_FILENO);
}

/* What came since capture(); the caller frees it. */
static char *
release(void)
{
	size_t size = 1024 * 1024;
	char *text = malloc(size);

	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	rewind(captured);
	text[fread(text, 1, size - 1, captured)] = '\0';
	fclose(captured);
	return text;
}

static const struct line_case {
	const char *text, *line;
} line_cases[] = {
	{ "plain",			"me: plain\n" },
	{ "",				"me: \n" },
	{ "a\nb\r\t",			"me: a\\x0ab\\x0d\\x09\n" },
	{ "esc \033[2J",		"me: esc \\x1b[2J\n" },
	{ "del \177",			"me: del \\x7f\n" },
	{ "b\xc3\xbc" "cher \xff",	"me: b\\xc3\\xbccher \\xff\n" },
	{ "100%s %n",			"me: 100%s %n\n" },
	{ "back\\slash",		"me: back\\slash\n" },
};

START_TEST(line_case)
{
	char *text;

	capture();
	log_open("me", false, NULL, true);
	log_write(LOG_LEVEL_INFO, "%s", line_cases[_i].text);
	text = release();
	ck_assert_str_eq(text, line_cases[_i].line);
	free(text);
}
END_TEST

START_TEST(cut)
{
	char *text, *lengthy = malloc(10001);

	memset(lengthy, 'a', 10000);
	lengthy[10000] = '\0';
	capture();
	log_open("me", false, NULL, true);
	log_write(LOG_LEVEL_INFO, "%s", lengthy);
	memset(lengthy, '\n', 10000);
	lengthy[0] = 'b';	/* so that the limit falls inside an escape */
	log_write(LOG_LEVEL_INFO, "%s", lengthy);
	text = release();
	ck_assert_uint_eq(strcspn(text, "\n"), strlen("me: ") + CUT);
	ck_assert_uint_eq(strlen(text), 2 * strlen("me: ") + CUT + CUT - 3 + 2);
	ck_assert_ptr_nonnull(strstr(text, "\\x0a\n"));
	free(text);
	free(lengthy);
}
END_TEST

START_TEST(levels)
{
	char *text;

	capture();
	log_open("me", false, NULL, true);
	log_write(LOG_LEVEL_DEBUG, "one");
	log_set_level(LOG_LEVEL_DEBUG);
	log_write(LOG_LEVEL_DEBUG, "two");
	log_set_level(LOG_LEVEL_ERROR);
	log_write(LOG_LEVEL_WARNING, "three");
	log_write(LOG_LEVEL_ERROR, "four");
	log_set_level(LOG_LEVEL_INFO);
	log_open("other", false, NULL, false);
	log_write(LOG_LEVEL_ERROR, "five");
	log_open("other", false, NULL, true);
	log_write(LOG_LEVEL_INFO, "six");
	text = release();
	ck_assert_str_eq(text, "me: two\nme: four\nother: six\n");
	free(text);
}
END_TEST

/* Syslog no: whoever speaks, and at whatever level, syslog hears nothing. */
START_TEST(syslog_only_where_asked)
{
	static const enum log_level all[] = { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING,
		LOG_LEVEL_NOTICE, LOG_LEVEL_INFO };

	capture();
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		log_open("me", false, "mail", true);
		log_write(all[i], "unheard");
		ck_assert_str_eq(to_syslog, "");
		log_open("me", true, "mail", false);
		log_write(all[i], "line %zu\n", i);
		ck_assert_msg(strncmp(to_syslog, "line ", 5) == 0 && strchr(to_syslog, '\n') == NULL,
		    "got %s", to_syslog);
		to_syslog[0] = '\0';
	}
	log_open("me", false, NULL, false);
	log_write(LOG_LEVEL_ERROR, "unheard again");
	ck_assert_str_eq(to_syslog, "");
	free(release());
}
END_TEST

START_TEST(facilities)
{
	ck_assert(log_facility_known("mail"));
	ck_assert(log_facility_known("LOCAL7"));
	ck_assert(log_facility_known("security"));
	ck_assert(!log_facility_known("local8"));
	ck_assert(!log_facility_known(""));
	ck_assert(!log_facility_known(NULL));
}
END_TEST

static void *
chatter(void *arg)
{
	for (int i = 0; i < LINES; i++)
		log_write(LOG_LEVEL_INFO, "%s", (const char *)arg);
	return NULL;
}

/* Lines of several threads never mix. */
START_TEST(threads)
{
	static const char *const texts[THREADS] = { "aaaaaaaa", "bbbbbbbb", "cccccccc", "dddddddd" };
	pthread_t ids[THREADS];
	unsigned lines = 0;
	char *text, *at;

	capture();
	log_open("me", false, NULL, true);
	for (size_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&ids[i], NULL, chatter, (void *)(size_t)texts[i]), 0);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(ids[i], NULL);
	text = release();
	for (at = text; *at != '\0'; at += strlen("me: aaaaaaaa\n"), lines++) {
		ck_assert(strncmp(at, "me: ", 4) == 0 && at[12] == '\n');
		ck_assert(strspn(at + 4, (char[]){ at[4], '\0' }) == 8);
	}
	ck_assert_uint_eq(lines, THREADS * LINES);
	free(text);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("log");
	TCase *tc = tcase_create("log");

	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, line_case, 0, sizeof(line_cases) / sizeof(line_cases[0]));
	tcase_add_test(tc, cut);
	tcase_add_test(tc, levels);
	tcase_add_test(tc, syslog_only_where_asked);
	tcase_add_test(tc, facilities);
	tcase_add_test(tc, threads);
	return run_suite(suite);
}
