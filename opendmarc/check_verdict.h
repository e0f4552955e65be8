/*
 * check_verdict.h - an explained verdict in plain words: each identity, why it is
 * aligned or not, the policy, the result.
 */
#ifndef OPENDMARC_CHECK_VERDICT_H
#define OPENDMARC_CHECK_VERDICT_H

#include "common/explain.h"
#include "opendmarc/paint.h"

/*
 * Prints an explanation. False: it has no verdict, the reason in why.
 */
bool check_verdict_print(const struct paint *p, struct explain *x, char *why, size_t why_size);

/* The exit status that goes with a result: 0, 1, EX_SOFTWARE or EX_TEMPFAIL. */
int check_verdict_status(enum odm_dmarc result);

#endif
