/*
 * verdict.c - reading a verdict through the public API: one getter for each fact,
 * so that the struct behind may grow. The numbers of odm.h are translated here.
 */
#include "libopendmarc/api/api.h"
#include "libopendmarc/core/eval.h"
#include "libopendmarc/odm.h"

enum odm_disposition
api_disposition(enum odm_policy policy)
{
	static const enum odm_disposition dispositions[] = {
		[ODM_POLICY_UNSET]	= ODM_DISPOSITION_UNSET,
		[ODM_POLICY_NONE]	= ODM_DISPOSITION_NONE,
		[ODM_POLICY_QUARANTINE]	= ODM_DISPOSITION_QUARANTINE,
		[ODM_POLICY_REJECT]	= ODM_DISPOSITION_REJECT,
	};

	return dispositions[policy];
}

const char *
odm_disposition_name(enum odm_disposition disposition)
{
	static const char *const names[] = {
		[ODM_DISPOSITION_UNSET]		= "",
		[ODM_DISPOSITION_NONE]		= "none",
		[ODM_DISPOSITION_QUARANTINE]	= "quarantine",
		[ODM_DISPOSITION_REJECT]	= "reject",
	};

	return (size_t)disposition < COUNT(names) ? names[disposition] : "";
}

enum odm_verdict_result
odm_verdict_result(const struct odm_verdict *verdict)
{
	static const enum odm_verdict_result results[] = {
		[ODM_DMARC_NONE]	= ODM_VERDICT_NONE,
		[ODM_DMARC_PASS]	= ODM_VERDICT_PASS,
		[ODM_DMARC_FAIL]	= ODM_VERDICT_FAIL,
		[ODM_DMARC_TEMPERROR]	= ODM_VERDICT_TEMPERROR,
		[ODM_DMARC_PERMERROR]	= ODM_VERDICT_PERMERROR,
	};

	return results[verdict->result];
}

const char *
odm_verdict_result_name(const struct odm_verdict *verdict)
{
	return odm_dmarc_name(verdict->result);
}

const char *
odm_verdict_author_domain(const struct odm_verdict *verdict)
{
	return verdict->author_domain;
}

const char *
odm_verdict_policy_domain(const struct odm_verdict *verdict)
{
	return verdict->policy_domain;
}

const char *
odm_verdict_org_domain(const struct odm_verdict *verdict)
{
	return verdict->org_domain;
}

enum odm_disposition
odm_verdict_published(const struct odm_verdict *verdict)
{
	return api_disposition(verdict->published);
}

enum odm_disposition
odm_verdict_effective(const struct odm_verdict *verdict)
{
	return api_disposition(verdict->effective);
}

const char *
odm_verdict_tag(const struct odm_verdict *verdict)
{
	static const char *const names[] = {
		[ODM_TAG_NONE]	= "",
		[ODM_TAG_P]	= "p",
		[ODM_TAG_SP]	= "sp",
		[ODM_TAG_NP]	= "np",
	};

	return names[verdict->tag];
}

int
odm_verdict_testing(const struct odm_verdict *verdict)
{
	return verdict->testing ? 1 : 0;
}

const char *
odm_verdict_discovery(const struct odm_verdict *verdict)
{
	return odm_discovery_name(verdict->discovery);
}

int
odm_verdict_pct(const struct odm_verdict *verdict)
{
	return (int)verdict->pct;
}

int
odm_verdict_spf_aligned(const struct odm_verdict *verdict)
{
	return verdict->spf_aligned ? 1 : 0;
}

int
odm_verdict_dkim_aligned(const struct odm_verdict *verdict)
{
	return verdict->dkim_aligned ? 1 : 0;
}

const char *
odm_verdict_reason(const struct odm_verdict *verdict)
{
	return verdict->reason;
}

const struct odm_record *
odm_verdict_record(const struct odm_verdict *verdict)
{
	return verdict->record;
}
