/*
 * forensic.h - --forensic: the mail on standard input goes to those whom it names, over
 * the same ways and past the same lists as reports; for ReportCommand in opendmarc.conf.
 */
#ifndef REPORTS_FORENSIC_H
#define REPORTS_FORENSIC_H

#include <stdbool.h>
#include <stdint.h>

#include "db/store.h"
#include "reports/namelist.h"
#include "reports/stale.h"
#include "reports/transport.h"

struct report_forensic {
	struct report_transport *transport;
	const struct report_namelist *silent;	/* who gets nothing; may be NULL */
	struct report_stale *stale;	/* may be NULL */
	struct store	*store;		/* whose suppressions hold; NULL: none are asked for */
	int64_t		 now;
	bool		 test;		/* print, send nothing */
	int		 verbose;
};

/*
 * Reads the mail and sends it, one transaction for each recipient. The exit status: 0
 * when every recipient has it or is to get nothing, or in a test; 1, all said, when
 * there is no mail, no recipient, or one of them did not get it.
 */
int report_forensic_run(const struct report_forensic *f);

#endif
