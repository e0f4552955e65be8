/*
 * queue.h - sends the mail that the ledger holds and notes what came of it.
 *
 * A failed delivery is tried again after 5 minutes, then after twice the time before,
 * at most 12 hours; it is given up when its next try would come more than three
 * days after the first, and at once when it was refused for good. A server that cannot be
 * reached at all says nothing about a destination: then nothing is noted, and the mail
 * stays due.
 */
#ifndef REPORTS_QUEUE_H
#define REPORTS_QUEUE_H

#include <stdbool.h>

#include "db/store.h"
#include "reports/deliver.h"

/* The server is left alone after so many connections in a row that did not come about. */
#define REPORT_QUEUE_UNREACHABLE_MAX	3

/*
 * How the mail of one delivery is sent; HELD leaves it due, BARRED gives it up without
 * a word to tell().
 */
typedef enum report_outcome report_queue_sender(void *arg, const struct store_delivery *d,
    struct odm_span mail, char reason[REPORT_REASON_SIZE]);

struct report_queue {
	struct store	*store;
	int64_t		 now;
	report_queue_sender *send;
	void		*send_arg;
	/* False for policy domains whose mail is to wait; may be NULL. */
	bool		(*wants)(void *arg, const char *policy_domain);
	/* Called with each outcome; reason NULL: sent. May be NULL. */
	void		(*tell)(void *arg, const struct store_delivery *d,
			    enum store_delivery_state state, const char *reason);
	void		*arg;		/* of wants and tell */
	unsigned	 sent, failed, dead, held, barred;	/* counted by report_queue_run() */
	bool		 unreachable;	/* the run ended early for want of a server */
	unsigned	 refusals;	/* private: connections in a row that failed */
};

/*
 * What becomes of a delivery that failed once more at now, after tries failures before:
 * FAILED and the time of its next try, or DEAD.
 */
enum store_delivery_state report_queue_retry(int tries, int64_t now, int64_t *next_r);

/*
 * Sends every delivery that is due and wanted. 0, also when some or all failed: look at
 * the counters; -1 when the store failed, the reason is in store_error().
 */
int report_queue_run(struct report_queue *q);

#endif
