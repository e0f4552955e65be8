/*
 * check_program.c - mail handed to programs, and the words of a command.
 */
#include "config.h"

#include <sys/stat.h>
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libopendmarc/base/span.h"
#include "reports/deliver_program.h"
#include "tests/unit/suite.h"

#define MAIL	"To: a@x.example\r\n\r\nHello\r\n.\r\n"

static const struct words_case {
	const char	*text, *words, *why;	/* words: each with a "|" behind it */
} splits[] = {
	{ "/bin/cat -u", "/bin/cat|-u|", NULL },
	{ "  a \t b\n", "a|b|", NULL },
	{ "a 'b c' \"d e\" f' 'g", "a|b c|d e|f g|", NULL },
	{ "a b\\ c \"\\\"\" '\\'", "a|b c|\"|\\|", NULL },
	{ "a '' \"\"", "a|||", NULL },
	{ "a $(b) ; `c` > d", "a|$(b)|;|`c`|>|d|", NULL },
	{ "a \\", "a|\\|", NULL },
	{ "a 'b", NULL, "a quote is not closed" },
	{ "", NULL, "it names no program" },
	{ "  ", NULL, "it names no program" },
	{ "'' a", NULL, "it names no program" },
	{ "a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a"
	  " a a a a a a a a a a a a a a a a a a a a a a a", NULL, "it has too many words" },
};

START_TEST(split_command)
{
	const struct words_case *c = &splits[_i];
	struct report_command command;
	const char *why = NULL;
	char words[200] = "";

	ck_assert(report_command_split(c->text, &command, &why) == (c->why == NULL));
	if (c->why != NULL)
		ck_assert_str_eq(why, c->why);
	for (size_t i = 0; command.argv[i] != NULL; i++) {
		(void)strlcat(words, command.argv[i], sizeof(words));
		(void)strlcat(words, "|", sizeof(words));
	}
	ck_assert_str_eq(words, c->words == NULL ? "" : c->words);
	report_command_free(&command);
	ck_assert_ptr_null(command.text);
}
END_TEST

/* Runs a shell script as a command. */
static enum report_outcome
run_script(const char *script, int timeout_secs, char reason[REPORT_REASON_SIZE])
{
	struct report_command c = { .argv = { (char[]){ "sh" }, (char[]){ "-c" } } };
	char text[500];

	ck_assert_uint_lt(strlcpy(text, script, sizeof(text)), sizeof(text));
	c.argv[2] = text;
	return report_command_send(&c, odm_span_str(MAIL), timeout_secs, reason);
}

static const struct script_case {
	const char	*script;
	enum report_outcome command, sendmail;
	const char	*reason, *said;		/* for a command; for sendmail, NULL: the same */
} scripts[] = {
	{ "exit 0", REPORT_SENT, REPORT_SENT, "", NULL },
	{ "test \"$(cat | od -An -c | tr -d ' \\n')\" = "
	  "'To:a@x.example\\n\\nHello\\n.\\n'", REPORT_SENT, REPORT_SENT, "", NULL },
	{ "exit 75", REPORT_FAILED, REPORT_FAILED, "sh exited with status 75", NULL },
	{ "kill -9 $$", REPORT_FAILED, REPORT_FAILED, "sh was killed by signal 9", NULL },
	{ "echo; echo no such user; exit 67", REPORT_FAILED, REPORT_FAILED,
	  "sh exited with status 67", "no such user" },
	{ "exec 2>/dev/null; yes | head -c 300000; exit 1", REPORT_FAILED, REPORT_FAILED,
	  "sh exited with status 1", "y y y y" },
	/* A closed output is not the end. */
	{ "exec >&- 2>&-; sleep 0.1; exit 3", REPORT_FAILED, REPORT_FAILED,
	  "sh exited with status 3", NULL },
	/* What it begins with is as usual, though this process ignores SIGPIPE. */
	{ "kill -PIPE $$; exit 0", REPORT_FAILED, REPORT_FAILED, "sh was killed by signal 13",
	  NULL },
};

START_TEST(command_ends)
{
	const struct script_case *c = &scripts[_i];
	char reason[REPORT_REASON_SIZE] = "";

	(void)signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(run_script(c->script, 30, reason), c->command);
	ck_assert_str_eq(reason, c->reason);
}
END_TEST

/* A file with a script that may be run. */
static void
make_program(const char *script, char path[32])
{
	char text[600];
	int fd, len = snprintf(text, sizeof(text), "#!/bin/sh\n%s\n", script);

	ck_assert(len > 0 && (size_t)len < sizeof(text));
	(void)strlcpy(path, "/tmp/check_program.XXXXXX", 32);
	ck_assert_int_ge(fd = mkstemp(path), 0);
	ck_assert_int_eq(write(fd, text, (size_t)len), len);
	ck_assert_int_eq(fchmod(fd, 0700), 0);
	ck_assert_int_eq(close(fd), 0);
}

START_TEST(sendmail_ends)
{
	const struct script_case *c = &scripts[_i];
	const char *want = c->said != NULL ? c->said : c->reason;
	char path[32], reason[REPORT_REASON_SIZE] = "";
	enum report_outcome outcome;

	(void)signal(SIGPIPE, SIG_IGN);
	make_program(c->script, path);
	outcome = report_sendmail_send(path, "s@y.example", "a@x.example",
	    odm_span_str(MAIL), 30, reason);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(outcome, c->sendmail);
	if (c->said == NULL && strncmp(want, "sh ", 3) == 0) {
		ck_assert(strncmp(reason, path, strlen(path)) == 0);
		ck_assert_str_eq(reason + strlen(path), want + 2);
	} else {
		ck_assert_msg(strncmp(reason, want, strlen(want)) == 0, "%s", reason);
	}
}
END_TEST

START_TEST(sendmail_arguments)
{
	char path[32], reason[REPORT_REASON_SIZE] = "";

	make_program("echo \"$@\"; exit 1", path);
	ck_assert_int_eq(report_sendmail_send(path, "s@y.example", "a@x.example",
	    odm_span_str(MAIL), 30, reason), REPORT_FAILED);
	ck_assert_str_eq(reason, "-i -f s@y.example -- a@x.example");
	ck_assert_int_eq(report_sendmail_send(path, "s@y.example", "-oQ/tmp",
	    odm_span_str(MAIL), 30, reason), REPORT_FAILED);
	ck_assert_str_eq(reason, "no mail address");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(report_sendmail_send(path, "s@y.example", "a@x.example",
	    odm_span_str(MAIL), 30, reason), REPORT_UNREACHABLE);
	ck_assert_ptr_nonnull(strstr(reason, " cannot be started: No such file"));
}
END_TEST

/* An open output is no reason to wait: something in the background has it. */
START_TEST(leaves_something)
{
	char path[32], text[200], reason[REPORT_REASON_SIZE] = "", digits[16] = "";
	FILE *f;
	int fd;

	(void)strlcpy(path, "/tmp/check_program.XXXXXX", sizeof(path));
	ck_assert_int_ge(fd = mkstemp(path), 0);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_gt(snprintf(text, sizeof(text), "echo $$ >%s; sleep 3600 & exit 4", path), 0);
	ck_assert_int_eq(run_script(text, 30, reason), REPORT_FAILED);
	ck_assert_ptr_nonnull(f = fopen(path, "r"));
	ck_assert_ptr_nonnull(fgets(digits, sizeof(digits), f));
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(kill((pid_t)-strtol(digits, NULL, 10), SIGKILL), 0);
	ck_assert_str_eq(reason, "sh exited with status 4");
}
END_TEST

/* The reader's end of a pipe that everything started inherits closes with the last of it. */
START_TEST(hanging)
{
	char path[32], octet, reason[REPORT_REASON_SIZE] = "";
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	if (_i == 0) {
		ck_assert_int_eq(run_script("sleep 3600 & sleep 3600", 1, reason),
		    REPORT_UNREACHABLE);
		ck_assert_str_eq(reason, "sh did not end within 1 seconds and was killed");
	} else {
		make_program("sleep 3600 & sleep 3600", path);
		ck_assert_int_eq(report_sendmail_send(path, "s@y.example", "a@x.example",
		    odm_span_str(MAIL), 1, reason), REPORT_FAILED);
		ck_assert_int_eq(unlink(path), 0);
	}
	ck_assert_int_eq(close(ends[1]), 0);
	ck_assert_int_eq(read(ends[0], &octet, 1), 0);
	ck_assert_int_eq(close(ends[0]), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("program");
	TCase *tc = tcase_create("program");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, split_command, 0, COUNT(splits));
	tcase_add_loop_test(tc, command_ends, 0, COUNT(scripts));
	tcase_add_loop_test(tc, sendmail_ends, 0, COUNT(scripts));
	tcase_add_test(tc, sendmail_arguments);
	tcase_add_test(tc, leaves_something);
	tcase_add_loop_test(tc, hanging, 0, 2);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
