/*
 * samples.h - a policy and messages for the tests of reports.
 */
#ifndef TESTS_UNIT_SAMPLES_H
#define TESTS_UNIT_SAMPLES_H

#include "db/store.h"
#include "libopendmarc/parse/record.h"

/* 2026-05-19, a Tuesday. */
#define SAMPLE_BEGIN	1779148800

static inline struct store_policy
sample_policy(void)
{
	return (struct store_policy){
		.domain = "sender.example", .adkim = 'r', .aspf = 's', .p = 'r', .sp = 'q',
		.fo = ODM_FO_1 | ODM_FO_D, .psd = 'u', .discovery = "treewalk",
		.rua = "mailto:dmarc@sender.example",
	};
}

/* An aligned pass without any signature. */
static inline struct store_message
sample_message(void)
{
	return (struct store_message){
		.ip = "192.0.2.25", .from = "sender.example", .mfrom = "sender.example",
		.spf_domain = "sender.example", .spf = 0, .spf_scope = HISTORY_SPF_MAILFROM,
		.align_dkim = HISTORY_ALIGN_FAIL, .align_spf = HISTORY_ALIGN_PASS,
		.policy = HISTORY_POLICY_PASS, .action = HISTORY_ACTION_ACCEPT, .effective = 'r',
	};
}

/* A failure that was refused as its policy asks. */
static inline struct store_message
sample_failure(void)
{
	struct store_message m = sample_message();

	m.spf = 7;
	m.align_spf = HISTORY_ALIGN_FAIL;
	m.policy = HISTORY_POLICY_REJECT;
	m.action = HISTORY_ACTION_REJECT;
	return m;
}

#endif
