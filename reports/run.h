/*
 * run.h - the reports of one window: which are owed, to whom, and what is done with them.
 *
 * A report enters the ledger with all its destinations at once, so it must wait
 * while the DNS does not say whether one of them may have it. It waits until
 * its window is REPORT_WAIT_SECS old; then it goes to the others without that one.
 */
#ifndef REPORTS_RUN_H
#define REPORTS_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/resolver.h"
#include "db/store.h"
#include "reports/deliver.h"
#include "reports/identity.h"
#include "reports/namelist.h"
#include "reports/schema.h"
#include "reports/stale.h"
#include "reports/window.h"

/* With REPORT_DAYS_BACK days looked at, the last look at a day comes after this time. */
#define REPORT_WAIT_SECS	(2 * 24 * 60 * 60)

enum report_mode {
	REPORT_MODE_SEND,	/* mail goes into the ledger, from where the queue sends it */
	REPORT_MODE_DIRECT,	/* mail is sent at once, the ledger is not looked at */
	REPORT_MODE_DIR,	/* files in a folder, the ledger is not looked at */
	REPORT_MODE_TEST	/* nothing is written, what would be sent is printed */
};

struct progress;

struct report_run {
	struct progress	*progress;	/* shown as domains are worked on; may be NULL */
	struct store	*store;
	struct resolver	*resolver;
	const struct report_identity *identity;
	const struct report_schema *schema;	/* of the form of all reports */
	enum report_mode mode;
	const char	*dir;		/* REPORT_MODE_DIR */
	const char	*kept_dir;	/* for the files of reports that are kept */
	bool		 keep;		/* every report, as XML; not in REPORT_MODE_DIR */
	int64_t		 now;
	int64_t		 dns_timeout_ms;	/* for the destinations of one domain */
	const char *const *only;	/* --domain: normalised names; nonly 0: all */
	size_t		 nonly;
	const char *const *without;	/* --nodomain */
	size_t		 nwithout;
	const struct report_namelist *skip;	/* --skipdomains; may be NULL */
	const struct report_namelist *silent;	/* --no-reports-list; may be NULL */
	struct report_stale *stale;	/* --stale-check; may be NULL */
	bool		 require_pass;	/* no report when no message of the window passed */
	bool		 https;		/* also to https destinations */
	const char	*bcc;		/* one more destination of every report; NULL none */
	/* REPORT_MODE_DIRECT: as report_transport_send(). */
	enum report_outcome (*send)(void *arg, const char *destination, struct odm_span octets,
			    char reason[REPORT_REASON_SIZE]);
	void		*send_arg;
	unsigned	 unsent;	/* in REPORT_MODE_DIRECT, said on stderr */
	int		 verbose;	/* 1: what is done, 2: and what is not */
	unsigned	 reports;	/* made, counted by report_run_window() */
	unsigned	 waiting;	/* left for a later run */
	unsigned	 broken;	/* could not be made: said on stderr */
};

/*
 * False when nothing about policy_domain is wanted, whatever its messages are; with
 * names in only it is wanted when it is one of them or lies above one.
 */
bool report_run_wants(const struct report_run *run, const char *policy_domain);

/*
 * Makes the reports of one window. 0, also when some could not be made: look at the
 * counters; -1 when the store failed, which has been said.
 */
int report_run_window(struct report_run *run, const struct report_window *w);

#endif
