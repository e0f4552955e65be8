/*
 * evaluation.h - one DMARC evaluation that runs in the background while the
 * message is still coming in: started with the From field, given the identities
 * at end of message, collected there.
 */
#ifndef OPENDMARC_EVALUATION_H
#define OPENDMARC_EVALUATION_H

#include <stdint.h>

#include "common/resolver.h"
#include "common/testzone.h"
#include "libopendmarc/base/psl.h"
#include "libopendmarc/core/eval.h"

struct dmf_evaluation;	/* private: evaluation.c */

/*
 * Starts with one Author Domain (normalised); by RFC 7489 when there is a psl; with the
 * records of zone instead of the DNS when there is one. r, psl and zone must outlive it.
 * NULL: out of memory.
 */
struct dmf_evaluation *dmf_evaluation_start(struct resolver *r, const struct odm_psl *psl,
    const struct testzone *zone, const char *author);

/* Frees *ev and clears it. *ev may be NULL. */
void dmf_evaluation_free(struct dmf_evaluation **ev);

/* Adds what becomes known. Texts are copied; trouble shows in finish. */
void dmf_evaluation_add_author(struct dmf_evaluation *ev, const char *domain);
void dmf_evaluation_add_spf(struct dmf_evaluation *ev, enum odm_result result,
    const char *domain);
void dmf_evaluation_add_dkim(struct dmf_evaluation *ev, enum odm_result result,
    const char *domain);

/*
 * Says that all identities are in and waits for the verdict, at most until deadline
 * (resolver_now() clock); missing answers are temperror then. NULL: out of
 * memory. The verdict lives as long as ev. Nothing is added afterwards.
 */
const struct odm_verdict *dmf_evaluation_finish(struct dmf_evaluation *ev, int64_t deadline);

/* The evaluation itself, for explanations; only after finish. It belongs to ev. */
struct odm_eval *dmf_evaluation_eval(const struct dmf_evaluation *ev);

#endif
