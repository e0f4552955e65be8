/*
 * check_supervise.c - what each end of a child means to its supervisor.
 */
#include <check.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/log.h"
#include "libopendmarc/base/nametab.h"
#include "opendmarc/process.h"
#include "opendmarc/supervise.h"
#include "tests/unit/suite.h"

#define STARTS_MAX	4

/* Seen by all processes. */
struct notes {
	int	 starts, restarted, ready, stopping;
};

static struct notes *notes;

static void
note_ready(void)
{
	notes->ready++;
}

static void
note_stopping(void)
{
	notes->stopping++;
}

static const struct end_case {
	const char	*what;
	int		 ends[STARTS_MAX];	/* exit statuses; negative: a signal */
	unsigned	 count_max;
	bool		 serves;
	int		 result, starts;
} cases[] = {
	{ "wrong configuration",	{ 78 },			0, true,  78, 1 },
	{ "usage",			{ 64 },			0, true,  64, 1 },
	{ "at the first start",		{ 69 },			0, false, 69, 1 },
	{ "after a restart",		{ -SIGKILL, 71 },	0, true,  71, 2 },
	{ "below the final ones",	{ 63, 78 },		0, true,  78, 2 },
	{ "above the final ones",	{ 79, 255, 78 },	0, true,  78, 3 },
	{ "the end nobody asked for",	{ 0, 78 },		0, true,  78, 2 },
	{ "signals",		{ -SIGSEGV, -SIGABRT, -SIGTERM, 70 },	0, true,  70, 4 },
	{ "before it served",		{ 1, 78 },		0, false, 78, 2 },
	{ "one restart is allowed",	{ 1, 2 },		1, true,  69, 2 },
	{ "two restarts are allowed",	{ 1, -SIGKILL, 3 },	2, true,  69, 3 },
};

static _Noreturn void
be_child(const struct end_case *c, const struct dmf_child *child)
{
	int end = c->ends[notes->starts++];

	notes->restarted += child->restarted;
	if (c->serves)
		dmf_process_ready(child->ready_fd, 0);
	if (end >= 0)
		_exit(end);
	/* The daemon has these blocked until it can answer them. */
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, -end);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(-end);
	_exit(99);
}

START_TEST(end_of_child)
{
	const struct end_case *c = &cases[_i];
	struct dmf_supervisor s = {
		.count_max = c->count_max, .ready = note_ready, .stopping = note_stopping,
	};
	struct dmf_child child;
	int result;

	log_open("check", false, NULL, false);
	notes = mmap(NULL, sizeof(*notes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert(notes != MAP_FAILED);
	result = dmf_supervise(&s, &child);
	if (result == DMF_SUPERVISED)
		be_child(c, &child);
	ck_assert_msg(result == c->result, "%s: got %d, want %d", c->what, result, c->result);
	ck_assert_msg(notes->starts == c->starts, "%s: %d starts", c->what, notes->starts);
	ck_assert_int_eq(notes->restarted, c->starts - 1);
	ck_assert_int_eq(notes->ready, c->serves ? 1 : 0);
	ck_assert_int_eq(notes->stopping, 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("supervise");
	TCase *tc = tcase_create("ends");

	tcase_add_loop_test(tc, end_of_child, 0, COUNT(cases));
	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
