/*
 * failqueue.h - failure report mail that waits in the spool, ready-made, until somebody
 * has accepted it: every try sends the same octets.
 *
 * One file for each mail and recipient, NAME.mail: "key value" lines, the last one
 * "octets N", then the mail. It is removed after it was accepted, so only an end of the
 * program between the two can make it go out twice.
 */
#ifndef REPORTS_FAILQUEUE_H
#define REPORTS_FAILQUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "reports/arf.h"
#include "reports/deliver.h"

#define REPORT_FAILQUEUE_MAIL	".mail"

/* Octets of one file. */
#define REPORT_FAILQUEUE_MAX	(REPORT_ARF_MAX + 4096)

struct report_failmail {
	const char	*recipient;
	const char	*domain;	/* it is about; for the log */
	int		 tries;		/* that failed */
	int64_t		 next_try;	/* epoch seconds */
	struct odm_span	 mail;
};

/* Puts a mail into the folder. 0, or -1 with errno. */
int report_failqueue_put(const char *spool, const char *name, const struct report_failmail *m);

/* True when there is a mail of that name already. */
bool report_failqueue_has(const char *spool, const char *name);

/* How one mail is sent: by report_smtp_send() or report_command_send(). */
typedef enum report_outcome report_failqueue_sender(void *arg, const char *recipient,
    struct odm_span mail, char reason[REPORT_REASON_SIZE]);

struct report_failqueue {
	const char	*spool;
	int64_t		 now, max_age_secs;
	report_failqueue_sender *send;
	void		*arg;
	bool		 verbose;
	unsigned	 sent, failed, dropped, broken;	/* counted by the run */
	bool		 unreachable;	/* given up early: nothing can be sent at present */
};

/*
 * Sends every mail that is due. A failed one is tried again after 5 minutes, then after
 * twice the time before, and given up after three days, or at once when it was
 * refused for good. Logs what a person should know: the first failure and the last.
 * 0, or -1 with errno when the folder cannot be read.
 */
int report_failqueue_run(struct report_failqueue *q);

#endif
