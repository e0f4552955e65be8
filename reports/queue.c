/*
 * queue.c - sends what the ledger holds.
 */
#include "reports/queue.h"

#define FIRST_WAIT_SECS		(5 * 60)
#define LONGEST_WAIT_SECS	(12 * 60 * 60)
#define GIVE_UP_SECS		(3 * 24 * 60 * 60)

enum { GO_ON = 0, STORE_FAILED = -1, SERVER_GONE = 1 };

/* The wait after the failure number n, counted from 0. */
static int64_t
wait_secs(int n)
{
	int64_t wait = FIRST_WAIT_SECS;

	while (n-- > 0 && wait < LONGEST_WAIT_SECS)
		wait *= 2;
	return wait < LONGEST_WAIT_SECS ? wait : LONGEST_WAIT_SECS;
}

enum store_delivery_state
report_queue_retry(int tries, int64_t now, int64_t *next_r)
{
	int64_t waited = 0;
	int i;

	for (i = 0; i <= tries && waited <= GIVE_UP_SECS; i++)
		waited += wait_secs(i);
	if (waited > GIVE_UP_SECS)
		return STORE_DELIVERY_DEAD;
	*next_r = now + wait_secs(tries);
	return STORE_DELIVERY_FAILED;
}

/* Notes an outcome in the ledger and tells it. */
static int
note(struct report_queue *q, const struct store_delivery *d,
    enum store_delivery_state state, int64_t next_try, const char *reason)
{
	if (q->tell != NULL)
		q->tell(q->arg, d, state, reason);
	if (store_delivery_result(q->store, d->id, state, next_try, reason) != 0)
		return STORE_FAILED;
	return GO_ON;
}

static int
note_failure(struct report_queue *q, const struct store_delivery *d, const char *reason)
{
	int64_t next_try = q->now;
	enum store_delivery_state state = report_queue_retry(d->tries, q->now, &next_try);

	if (state == STORE_DELIVERY_DEAD)
		q->dead++;
	else
		q->failed++;
	return note(q, d, state, next_try, reason);
}

static int
send_one(const struct store_delivery *d, void *arg)
{
	char reason[REPORT_REASON_SIZE] = "";
	struct report_queue *q = arg;

	if (q->wants != NULL && !q->wants(q->arg, d->policy_domain))
		return GO_ON;
	switch (q->send(q->send_arg, d,
	    (struct odm_span){ d->mail, d->mail_len }, reason)) {
	case REPORT_SENT:
		q->refusals = 0;
		q->sent++;
		return note(q, d, STORE_DELIVERY_SENT, 0, NULL);
	case REPORT_FAILED:
		q->refusals = 0;
		return note_failure(q, d, reason);
	case REPORT_REFUSED:
		q->refusals = 0;
		q->dead++;
		return note(q, d, STORE_DELIVERY_DEAD, q->now, reason);
	case REPORT_UNREACHABLE:
		q->failed++;
		if (q->tell != NULL)
			q->tell(q->arg, d, d->state, reason);
		if (++q->refusals >= REPORT_QUEUE_UNREACHABLE_MAX)
			return SERVER_GONE;
		break;
	case REPORT_HELD:
		q->held++;
		break;
	case REPORT_BARRED:
		q->barred++;
		return store_delivery_result(q->store, d->id, STORE_DELIVERY_DEAD, 0,
		    reason) == 0 ? GO_ON : STORE_FAILED;
	}
	return GO_ON;
}

int
report_queue_run(struct report_queue *q)
{
	int result;

	q->sent = q->failed = q->dead = q->held = q->barred = q->refusals = 0;
	q->unreachable = false;
	result = store_each_due(q->store, q->now, send_one, q);
	q->unreachable = result == SERVER_GONE;
	return result == STORE_FAILED ? -1 : 0;
}
