/*
 * check_dnstask.c - steps that run again when answers arrive, and the bridge to
 * the state machines of the library.
 */
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/dmarctask.h"
#include "common/dnstask.h"
#include "tests/unit/suite.h"
#include "tests/unit/testdns.h"

static const struct testdns_row zone[] = {
	{ .name = "a.test", .type = DNS_TYPE_TXT, .data = "a" },
	{ .name = "b.test", .type = DNS_TYPE_TXT, .data = "b", .delay_msecs = 100 },
	{ .name = "b.test", .type = DNS_TYPE_TXT, .data = "b2" },
	{ .name = "host.test", .type = DNS_TYPE_A, .data = "192.0.2.1" },
	{ .name = "bad.test", .type = DNS_TYPE_TXT, .what = DO_SERVFAIL },
	{ .name = "drop.test", .type = DNS_TYPE_TXT, .what = DO_DROP },
	{ .name = "*.many.test", .type = DNS_TYPE_TXT, .data = "yes", .delay_msecs = 5 },
};

/* A server and its resolver. */
struct net {
	struct testdns	*dns;
	struct resolver	*resolver;
};

static void
net_start(struct net *n)
{
	char *words[2], why[200] = "";
	struct conf_list list;

	n->dns = testdns_start(zone, COUNT(zone), (struct testdns_manner){ 0 });
	list = testdns_list(words, n->dns, NULL);
	n->resolver = resolver_new(&list, 20, why, sizeof(why));
	ck_assert_msg(n->resolver != NULL, "%s", why);
}

static void
net_stop(struct net *n)
{
	resolver_free(&n->resolver);
	testdns_stop(&n->dns);
}

/* Work that wants the TXT records of up to four names, one after another or at once. */
struct work {
	const char	*names[4];
	bool		 together;
	enum dns_status	 status[4];
	const struct dns_answer *first;
	unsigned	 runs, changed;
	bool		 overdue;
	atomic_uint	 released;
};

static void
work_release(void *arg)
{
	struct work *w = arg;

	atomic_fetch_add(&w->released, 1);
}

static enum dnstask_state
work_step(struct dnstask *task, void *arg)
{
	struct work *w = arg;
	bool waits = false;
	size_t i;

	w->runs++;
	w->overdue = dnstask_overdue(task);
	for (i = 0; i < COUNT(w->names) && w->names[i] != NULL; i++) {
		const struct dns_answer *a = dnstask_ask(task, w->names[i], DNS_TYPE_TXT);

		if (a == NULL) {
			waits = true;
			if (!w->together)
				break;
			continue;
		}
		w->status[i] = a->status;
		if (i == 0 && w->first == NULL)
			w->first = a;
		if (i == 0)
			ck_assert_ptr_eq(w->first, a);	/* the same for the whole life */
	}
	return waits ? DNSTASK_WAITS : DNSTASK_DONE;
}

START_TEST(one_after_another)
{
	struct work w = { .names = { "a.test", "b.test", "none.test", "bad.test" } };
	struct dnstask *task;
	struct net n;

	net_start(&n);
	task = dnstask_start(n.resolver, work_step, work_release, &w);
	ck_assert_ptr_nonnull(task);
	ck_assert_int_ge(dnstask_finish(task, resolver_now() + 60000), 50);
	ck_assert_int_eq(w.status[0], DNS_FOUND);
	ck_assert_int_eq(w.status[1], DNS_FOUND);
	ck_assert_int_eq(w.status[2], DNS_NXDOMAIN);
	ck_assert_int_eq(w.status[3], DNS_FAILED);
	ck_assert_uint_eq(w.runs, 5);
	ck_assert(!w.overdue);
	/* Again is harmless and quick. */
	(void)dnstask_finish(task, 0);
	ck_assert_uint_eq(w.runs, 5);
	ck_assert_uint_eq(w.released, 0);
	dnstask_free(&task);
	ck_assert_ptr_null(task);
	ck_assert_uint_eq(w.released, 1);
	dnstask_free(&task);
	net_stop(&n);
	ck_assert_uint_eq(w.released, 1);
}
END_TEST

START_TEST(warm_cache_ends_in_start)
{
	struct work cold = { .names = { "a.test", "none.test" }, .together = true };
	struct work warm = { .names = { "A.test", "none.test" }, .together = true };
	struct dnstask *task;
	struct net n;

	net_start(&n);
	task = dnstask_start(n.resolver, work_step, work_release, &cold);
	(void)dnstask_finish(task, resolver_now() + 60000);
	dnstask_free(&task);
	task = dnstask_start(n.resolver, work_step, work_release, &warm);
	ck_assert_uint_eq(warm.runs, 1);
	ck_assert_int_eq(warm.status[1], DNS_NXDOMAIN);
	(void)dnstask_finish(task, 0);
	ck_assert_uint_eq(warm.runs, 1);
	ck_assert(!warm.overdue);
	dnstask_free(&task);
	ck_assert_uint_eq(testdns_count(n.dns, NULL, DNS_TYPE_TXT), 2);
	net_stop(&n);
}
END_TEST

START_TEST(overdue)
{
	struct work w = { .names = { "a.test", "drop.test", "b.test" } };
	struct dnstask *task;
	struct net n;

	net_start(&n);
	task = dnstask_start(n.resolver, work_step, work_release, &w);
	(void)dnstask_finish(task, resolver_now() + 400);
	ck_assert(w.overdue);
	ck_assert_int_eq(w.status[0], DNS_FOUND);	/* what was known stays known */
	ck_assert_int_eq(w.status[1], DNS_FAILED);
	ck_assert_int_eq(w.status[2], DNS_FAILED);	/* asked too late */
	ck_assert_uint_eq(testdns_count(n.dns, "b.test", DNS_TYPE_TXT), 0);
	dnstask_free(&task);
	net_stop(&n);
}
END_TEST

START_TEST(freed_under_way)
{
	struct work w = { .names = { "b.test", "drop.test" }, .together = true };
	struct dnstask *task;
	struct net n;
	unsigned runs;

	net_start(&n);
	task = dnstask_start(n.resolver, work_step, work_release, &w);
	dnstask_free(&task);
	ck_assert_uint_eq(w.released, 1);
	runs = w.runs;
	usleep(200 * 1000);		/* an answer comes for nobody */
	ck_assert_uint_eq(w.runs, runs);
	net_stop(&n);
	ck_assert_uint_eq(w.runs, runs);
}
END_TEST

START_TEST(resolver_freed_under_way)
{
	struct work w = { .names = { "b.test", "drop.test", "a.test" } };
	struct dnstask *task;
	struct net n;

	net_start(&n);
	task = dnstask_start(n.resolver, work_step, work_release, &w);
	net_stop(&n);
	/* Everything has failed, so the task is done by itself. */
	(void)dnstask_finish(task, resolver_now() + 60000);
	ck_assert(!w.overdue);
	ck_assert_int_eq(w.status[0], DNS_FAILED);
	ck_assert_int_eq(w.status[2], DNS_FAILED);
	dnstask_free(&task);
	ck_assert_uint_eq(w.released, 1);
}
END_TEST

static enum dnstask_state
wait_for_change(struct dnstask *task, void *arg)
{
	struct work *w = arg;

	w->runs++;
	if (w->changed == 0 && !dnstask_overdue(task))
		return DNSTASK_WAITS;
	return work_step(task, arg);
}

static void
change(void *arg)
{
	struct work *w = arg;

	w->changed++;
}

START_TEST(changed)
{
	struct work w = { .names = { "a.test" } };
	struct dnstask *task;
	struct net n;

	net_start(&n);
	task = dnstask_start(n.resolver, wait_for_change, work_release, &w);
	ck_assert_uint_eq(w.runs, 1);
	dnstask_change(task, change, &w);
	(void)dnstask_finish(task, resolver_now() + 60000);
	ck_assert_int_eq(w.status[0], DNS_FOUND);
	ck_assert_uint_eq(testdns_count(n.dns, "a.test", DNS_TYPE_TXT), 1);
	dnstask_change(task, change, &w);
	ck_assert_uint_eq(w.changed, 2);
	dnstask_free(&task);
	net_stop(&n);
}
END_TEST

/* Asks more questions than a task may. */
struct greedy {
	unsigned waiting, failed, runs;
};

static enum dnstask_state
greedy_step(struct dnstask *task, void *arg)
{
	struct greedy *g = arg;
	char name[64];
	size_t i;

	if (g->runs++ == 0)
		for (i = 0; i < DNSTASK_QUESTIONS_MAX + 10; i++) {
			const struct dns_answer *a;

			snprintf(name, sizeof(name), "n%zu.many.test", i);
			a = dnstask_ask(task, name, DNS_TYPE_TXT);
			if (a == NULL)
				g->waiting++;
			else
				g->failed += a->status == DNS_FAILED;
		}
	return dnstask_overdue(task) ? DNSTASK_DONE : DNSTASK_WAITS;
}

static void
no_release(void *arg)
{
	(void)arg;
}

START_TEST(too_many_questions)
{
	struct greedy g = { 0 };
	struct dnstask *task;
	struct net n;

	net_start(&n);
	task = dnstask_start(n.resolver, greedy_step, no_release, &g);
	(void)dnstask_finish(task, resolver_now() + 10);
	ck_assert_uint_eq(g.waiting, DNSTASK_QUESTIONS_MAX);
	ck_assert_uint_eq(g.failed, 10);
	dnstask_free(&task);
	net_stop(&n);
}
END_TEST

/* Threads start, change, finish and give up tasks that share questions. */
static void *
hammer(void *arg)
{
	struct net *n = arg;
	char names[4][32];
	int i, j;

	for (i = 0; i < 60; i++) {
		struct work w = { .together = i % 2 == 0 };
		struct dnstask *task;

		for (j = 0; j < 4; j++) {
			snprintf(names[j], sizeof(names[j]), "n%d.many.test", (i * 3 + j) % 100);
			w.names[j] = names[j];
		}
		task = dnstask_start(n->resolver, work_step, work_release, &w);
		if (i % 5 == 0)
			dnstask_change(task, change, &w);
		if (i % 3 != 0) {
			(void)dnstask_finish(task, resolver_now() + (i % 4 == 0 ? 3 : 60000));
			ck_assert(w.overdue || w.status[3] == DNS_FOUND);
		}
		dnstask_free(&task);
		ck_assert_uint_eq(w.released, 1);
	}
	return NULL;
}

START_TEST(many_threads)
{
	pthread_t threads[6];
	struct net n;
	size_t i;

	net_start(&n);
	for (i = 0; i < COUNT(threads); i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, hammer, &n), 0);
	for (i = 0; i < COUNT(threads); i++)
		pthread_join(threads[i], NULL);
	/* Shared and cached: each name was asked once, or twice after a lost packet. */
	ck_assert_uint_le(testdns_count(n.dns, NULL, DNS_TYPE_TXT), 200);
	net_stop(&n);
}
END_TEST

/* A state machine of the library that only wants to know. */
static enum dnstask_state
carry_step(struct dnstask *task, void *arg)
{
	struct odm_questions *qs = arg;

	(void)dmarctask_carry(task, qs, NULL);
	return odm_questions_open(qs, 0) == NULL ? DNSTASK_DONE : DNSTASK_WAITS;
}

START_TEST(carried)
{
	static const struct {
		enum odm_question_kind kind;
		const char *name;
		enum odm_answer_status status;
		size_t ntxt;
	} cases[] = {
		{ ODM_QUESTION_TXT, "a.test", ODM_ANSWER_RECORDS, 1 },
		{ ODM_QUESTION_TXT, "b.test", ODM_ANSWER_RECORDS, 2 },
		{ ODM_QUESTION_TXT, "host.test", ODM_ANSWER_NODATA, 0 },
		{ ODM_QUESTION_TXT, "none.test", ODM_ANSWER_NXDOMAIN, 0 },
		{ ODM_QUESTION_TXT, "bad.test", ODM_ANSWER_FAILURE, 0 },
		{ ODM_QUESTION_TXT, "drop.test", ODM_ANSWER_FAILURE, 0 },
		{ ODM_QUESTION_EXISTS, "host.test", ODM_ANSWER_RECORDS, 0 },
		{ ODM_QUESTION_EXISTS, "a.test", ODM_ANSWER_NODATA, 0 },
		{ ODM_QUESTION_EXISTS, "none.test", ODM_ANSWER_NXDOMAIN, 0 },
	};
	struct odm_questions *qs = odm_questions_new();
	struct dnstask *task;
	int ids[COUNT(cases)];
	struct net n;
	size_t i;

	net_start(&n);
	for (i = 0; i < COUNT(cases); i++)
		ids[i] = odm_questions_ask(qs, cases[i].kind, cases[i].name);
	task = dnstask_start(n.resolver, carry_step, no_release, qs);
	(void)dnstask_finish(task, resolver_now() + 2000);
	for (i = 0; i < COUNT(cases); i++) {
		const struct odm_answer *a = odm_questions_answer(qs, ids[i]);

		ck_assert_msg(a != NULL, "%s: open", cases[i].name);
		ck_assert_msg(a->status == cases[i].status, "%s: got %d, want %d",
		    cases[i].name, (int)a->status, (int)cases[i].status);
		ck_assert_msg(a->ntxt == cases[i].ntxt, "%s: %zu records", cases[i].name,
		    a->ntxt);
	}
	ck_assert(odm_span_eq(odm_questions_answer(qs, ids[1])->txt[1], "b2"));
	dnstask_free(&task);
	odm_questions_free(&qs);
	net_stop(&n);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("dnstask");
	TCase *tc = tcase_create("dnstask");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, one_after_another);
	tcase_add_test(tc, warm_cache_ends_in_start);
	tcase_add_test(tc, overdue);
	tcase_add_test(tc, freed_under_way);
	tcase_add_test(tc, resolver_freed_under_way);
	tcase_add_test(tc, changed);
	tcase_add_test(tc, too_many_questions);
	tcase_add_test(tc, many_threads);
	tcase_add_test(tc, carried);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
