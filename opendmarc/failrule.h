/*
 * failrule.h - whether one message asks for a failure report, and of which kinds.
 * Pure. RFC 9989, 4.7 (ruf, fo); RFC 9991, 2, 3 and 5.1.
 *
 *	fo	a report when
 *	0	nothing passed that aligns: DMARC fails
 *	1	DKIM or SPF gave no pass that aligns, also when DMARC passes
 *	d	a signature failed, whatever its domain
 *	s	SPF failed, whatever its domain
 *
 * What could not be found out (temperror) counts as no failure. As in 1.x, and stricter
 * than the RFC, a policy of none brings reports only when the administrator says so.
 */
#ifndef OPENDMARC_FAILRULE_H
#define OPENDMARC_FAILRULE_H

#include <stdbool.h>

#include "libopendmarc/base/result.h"
#include "libopendmarc/core/eval.h"
#include "libopendmarc/parse/record.h"

struct dmf_failfacts {
	enum odm_dmarc	 result;
	enum odm_policy	 published;	/* the policy that applies; UNSET: no record */
	enum odm_psd	 psd;
	unsigned	 fo;		/* bits of enum odm_fo */
	bool		 has_ruf;	/* the list holds a URI that is well-formed */
	bool		 has_copy;	/* FailureReportsBcc names somebody */
	bool		 on_none;	/* FailureReportsOnNone */
	bool		 dkim_aligned, spf_aligned;
	bool		 dkim_failed;	/* a result other than pass, none and temperror */
	bool		 dkim_open;	/* a result is temperror */
	enum odm_result	 spf;
	bool		 null_sender;	/* a delivery status notification, or made to look so */
	bool		 is_report;	/* it looks like a report itself: automatic.h */
	bool		 is_ours;	/* its From names our own report address */
};

/*
 * Bits of enum failure_kind; 0 no report. A domain that does not publish ruf is judged
 * as with fo=0, for the sake of the copy.
 */
unsigned dmf_failrule(const struct dmf_failfacts *facts);

#endif
