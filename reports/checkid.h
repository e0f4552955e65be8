/*
 * checkid.h - whether our own report mail will pass DMARC at its readers, as RFC 9990,
 * 3.5.2 demands: its sender judged as a receiver would, for each address from where
 * the mail leaves. A DKIM signature is put on by the mail server and cannot be seen here.
 */
#ifndef REPORTS_CHECKID_H
#define REPORTS_CHECKID_H

#include <stddef.h>

#include "common/resolver.h"
#include "libopendmarc/base/ipaddr.h"
#include "libopendmarc/core/eval.h"
#include "reports/identity.h"

struct report_checkid {
	enum odm_result	 spf;		/* of the envelope sender */
	enum odm_dmarc	 dmarc;		/* by SPF alone */
	enum odm_policy	 policy;	/* that applies to mail that fails; UNSET: no record */
	bool		 spf_aligned;
};

/*
 * Judges mail of identity that leaves from ip. Waits for the DNS at most timeout_ms. 0,
 * or -1 when memory is short.
 */
int report_checkid(struct resolver *resolver, const struct report_identity *identity,
    const struct odm_ip *ip, int64_t timeout_ms, struct report_checkid *result_r);

/*
 * The addresses of this host from which it speaks to the world, those of private networks
 * left out; at most two. Their number.
 */
size_t report_checkid_own_ips(struct odm_ip ips_r[2]);

#endif
