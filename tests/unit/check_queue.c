/*
 * check_queue.c - what is sent, what is noted, when it is tried again. The store
 * here is a list of deliveries in memory.
 */
#include <stdlib.h>
#include <check.h>

#include "reports/queue.h"
#include "tests/unit/suite.h"

#define NOW	1779235200

struct store {
	struct store_delivery list[10];
	size_t	 n;
	int	 notes;		/* calls of store_delivery_result() */
	bool	 broken;
};

int
store_each_due(struct store *st, int64_t now,
    int (*fn)(const struct store_delivery *d, void *arg), void *arg)
{
	size_t i;
	int result = 0;

	for (i = 0; i < st->n && result == 0; i++)
		if (st->list[i].state <= STORE_DELIVERY_FAILED && st->list[i].next_try <= now &&
		    st->list[i].state != STORE_DELIVERY_SENT)
			result = fn(&st->list[i], arg);
	return result;
}

int
store_delivery_result(struct store *st, int64_t id, enum store_delivery_state state,
    int64_t next_try, const char *reason)
{
	struct store_delivery *d = &st->list[id];

	(void)reason;
	if (st->broken)
		return -1;
	st->notes++;
	d->state = state;
	d->tries++;
	d->next_try = next_try;
	return 0;
}

/* A server that does what the first letter of the recipient says. */
static enum report_outcome
fake_send(void *arg, const struct store_delivery *d, struct odm_span mail,
    char reason[REPORT_REASON_SIZE])
{
	int *calls = arg;

	++*calls;
	ck_assert(odm_span_eq(mail, "mail"));
	(void)strlcpy(reason, "450 later", REPORT_REASON_SIZE);
	switch (d->destination[0]) {
	case 's':
		return REPORT_SENT;
	case 'f':
		return REPORT_FAILED;
	}
	return REPORT_UNREACHABLE;
}

/* A store with a delivery for each letter. */
static void
fill(struct store *st, const char *letters)
{
	static const char *const names[] = { "s@x.example", "f@x.example", "u@x.example" };
	size_t i;

	*st = (struct store){ .n = strlen(letters) };
	for (i = 0; i < st->n; i++)
		st->list[i] = (struct store_delivery){
			.id = (int64_t)i, .policy_domain = i % 2 ? "odd.example" : "even.example",
			.destination = names[letters[i] == 's' ? 0 : letters[i] == 'f' ? 1 : 2],
			.next_try = NOW, .mail = "mail", .mail_len = 4,
		};
}

static const struct run_case {
	const char	*letters;
	int		 calls, notes;
	unsigned	 sent, failed;
	bool		 unreachable;
} runs[] = {
	{ "",		0, 0, 0, 0, false },
	{ "sss",	3, 3, 3, 0, false },
	{ "sfs",	3, 3, 2, 1, false },
	{ "ffff",	4, 4, 0, 4, false },
	{ "usu",	3, 1, 1, 2, false },
	{ "uuuss",	3, 0, 0, 3, true },
	{ "uusuuss",	7, 3, 3, 4, false },
};

START_TEST(run)
{
	const struct run_case *c = &runs[_i];
	struct store st;
	int calls = 0, left;
	struct report_queue q = { .store = &st, .now = NOW, .send = fake_send,
	    .send_arg = &calls };

	fill(&st, c->letters);
	ck_assert_int_eq(report_queue_run(&q), 0);
	ck_assert_msg(calls == c->calls, "%s: %d calls", c->letters, calls);
	ck_assert_int_eq(st.notes, c->notes);
	ck_assert_uint_eq(q.sent, c->sent);
	ck_assert_uint_eq(q.failed, c->failed);
	ck_assert_int_eq(q.unreachable, c->unreachable);

	/* At once again: only what no server was reached for is tried. */
	q.now = NOW + 1;
	calls = 0;
	ck_assert_int_eq(report_queue_run(&q), 0);
	left = (int)st.n - c->notes;
	ck_assert_msg(calls == (left < REPORT_QUEUE_UNREACHABLE_MAX ? left :
	    REPORT_QUEUE_UNREACHABLE_MAX), "%s: %d calls in the second run", c->letters, calls);
}
END_TEST

static bool
only_even(void *arg, const char *policy_domain)
{
	(void)arg;
	return strcmp(policy_domain, "even.example") == 0;
}

START_TEST(wants)
{
	struct store st;
	int calls = 0;
	struct report_queue q = { .store = &st, .now = NOW, .send = fake_send,
	    .send_arg = &calls, .wants = only_even };

	fill(&st, "sssss");
	ck_assert_int_eq(report_queue_run(&q), 0);
	ck_assert_uint_eq(q.sent, 3);
	ck_assert_int_eq(st.list[1].state, STORE_DELIVERY_NEW);
}
END_TEST

/* What cannot be noted would be sent again: the run ends. */
START_TEST(store_fails)
{
	struct store st;
	int calls = 0;
	struct report_queue q = { .store = &st, .now = NOW, .send = fake_send,
	    .send_arg = &calls };

	fill(&st, "sss");
	st.broken = true;
	ck_assert_int_eq(report_queue_run(&q), -1);
	ck_assert_int_eq(calls, 1);
}
END_TEST

/* 5 minutes, doubled up to 12 hours; given up before the fourth day. */
START_TEST(retry)
{
	static const int minutes[] = { 5, 10, 20, 40, 80, 160, 320, 640, 720, 720, 720, 720 };
	int64_t next = 0, waited = 0;
	size_t i;

	for (i = 0; i < COUNT(minutes); i++) {
		ck_assert_int_eq(report_queue_retry((int)i, NOW, &next), STORE_DELIVERY_FAILED);
		ck_assert_int_eq(next, NOW + minutes[i] * 60);
		waited += next - NOW;
	}
	ck_assert_int_le(waited, 3 * 86400);
	ck_assert_int_eq(report_queue_retry((int)i, NOW, &next), STORE_DELIVERY_DEAD);
	ck_assert_int_eq(report_queue_retry(1000000000, NOW, &next), STORE_DELIVERY_DEAD);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("queue");
	TCase *tc = tcase_create("queue");

	tcase_add_loop_test(tc, run, 0, COUNT(runs));
	tcase_add_test(tc, wants);
	tcase_add_test(tc, store_fails);
	tcase_add_test(tc, retry);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
