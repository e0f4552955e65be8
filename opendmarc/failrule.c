/*
 * failrule.c - whether one message asks for a failure report.
 */
#include "common/failure.h"
#include "opendmarc/failrule.h"

/* RFC 9991, 5.1: reports about reports, and about their bounces, would go round for ever. */
static bool
could_loop(const struct dmf_failfacts *f)
{
	return f->null_sender || f->is_report || f->is_ours;
}

static bool
policy_allows(const struct dmf_failfacts *f)
{
	switch (f->published) {
	case ODM_POLICY_UNSET:
		return false;
	case ODM_POLICY_NONE:
		return f->on_none;
	case ODM_POLICY_QUARANTINE:
	case ODM_POLICY_REJECT:
		return true;
	}
	return false;
}

/* A mechanism that was tried to the end and gave no pass that aligns. */
static bool
any_unaligned(const struct dmf_failfacts *f)
{
	return (!f->dkim_aligned && !f->dkim_open) ||
	    (!f->spf_aligned && f->spf != ODM_RESULT_TEMPERROR);
}

/* RFC 6591, 3.3: of SPF only these are failures. */
static bool
spf_failed(enum odm_result spf)
{
	return spf == ODM_RESULT_FAIL || spf == ODM_RESULT_SOFTFAIL ||
	    spf == ODM_RESULT_PERMERROR;
}

unsigned
dmf_failrule(const struct dmf_failfacts *f)
{
	unsigned fo = f->has_ruf ? f->fo : ODM_FO_0, kinds = 0;

	if ((f->result != ODM_DMARC_FAIL && f->result != ODM_DMARC_PASS) ||
	    f->psd == ODM_PSD_YES || (!f->has_ruf && !f->has_copy) || !policy_allows(f) ||
	    could_loop(f))
		return 0;
	if ((fo & ODM_FO_0) != 0 && f->result == ODM_DMARC_FAIL)
		kinds |= FAILURE_DMARC;
	if ((fo & ODM_FO_1) != 0 && (f->result == ODM_DMARC_FAIL || any_unaligned(f)))
		kinds |= FAILURE_DMARC;
	if ((fo & ODM_FO_D) != 0 && f->dkim_failed)
		kinds |= FAILURE_DKIM;
	if ((fo & ODM_FO_S) != 0 && spf_failed(f->spf))
		kinds |= FAILURE_SPF;
	return kinds;
}
