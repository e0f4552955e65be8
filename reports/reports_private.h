/*
 * reports_private.h - what the files of opendmarc-reports share.
 */
#ifndef REPORTS_REPORTS_PRIVATE_H
#define REPORTS_REPORTS_PRIVATE_H

#include "reports/cli.h"
#include "reports/progress.h"
#include "reports/run.h"
#include "reports/settings.h"
#include "reports/transport.h"

#define EXIT_LATER	75	/* EX_TEMPFAIL: something is left for a later run */

/* Of --verp; made when it is needed first. */
#define DEFAULT_VERP_KEY	STATEDIR "/verp.key"

/* Everything that has to be closed again. */
struct report_tool {
	struct report_settings s;
	struct conf	*conf;
	struct store	*store;
	struct resolver	*resolver;
	struct report_schema *schema;
	struct report_namelist *skip, *silent;
	struct report_stale *stale;
	struct report_verp_key verp_key;
	struct report_transport_options delivery;
	struct report_transport *transport;
	struct report_identity identity;
	struct report_run run;
	struct progress	 progress;	/* of the reports, then of the mails */
	int64_t		 mails;		/* tried in this run */
	char		**names;	/* of only, then of without, normalised */
	size_t		 nnames;
	struct conf_list nameservers;
	bool		 closed;	/* the windows are those that are over */
	struct report_window *windows;
	size_t		 nwindows;
};

/* Parts of the preparation, -1 to go on, or the exit status, all said. */
int report_tool_identity(struct report_tool *t);
int report_tool_lists(struct report_tool *t);		/* files of names */
int report_tool_delivery(struct report_tool *t);	/* after both; connects to nobody */
int report_tool_stale(struct report_tool *t);		/* --stale-check */
int report_tool_resolver(struct report_tool *t);	/* after conf is read */

/* All of it: -1 when all is ready for report_tool_work(), else the exit status. */
int report_tool_prepare(struct report_tool *t);

/* Makes the reports and sends them; the exit status. */
int report_tool_work(struct report_tool *t);

/* Sends one report that is in no ledger; arg is the tool. */
enum report_outcome report_tool_send(void *arg, const char *destination,
    struct odm_span octets, char reason[REPORT_REASON_SIZE]);

#endif
