/*
 * override.h - whether a failing message is excused: by the ARC chain of sealers whom the
 * administrator trusts (RFC 8617, 7.2.1), or by a line of the ExceptionsFile. Nothing else
 * that a message says softens a verdict.
 */
#ifndef OPENDMARC_OVERRIDE_H
#define OPENDMARC_OVERRIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/domainlist.h"
#include "libopendmarc/base/strbuf.h"
#include "opendmarc/exceptions.h"
#include "opendmarc/inputs.h"
#include "opendmarc/verdict.h"

enum dmf_override {
	DMF_OVERRIDE_NONE,
	DMF_OVERRIDE_ARC,
	DMF_OVERRIDE_EXCEPTION
};

/* A message that fails under an enforcing policy. All pointers are borrowed. */
struct dmf_excuse {
	const char	*job;		/* for the log */
	const char	*author;	/* its one Author Domain */
	const struct odm_ip *client;
	const struct dmf_inputs *inputs;
	const struct domainlist *sealers;	/* trusted ones; NULL none */
	const struct dmf_exceptions *exceptions;	/* NULL none */
	int64_t		 now;		/* epoch seconds */
};

/* Room for the comment of a reason. */
#define DMF_OVERRIDE_COMMENT_MAX	2000

/*
 * Looks for an excuse and logs what it finds. With one, *reason_r says it in the words of
 * RFC 9990; its comment lives as long as comment, which the caller has
 * initialised with DMF_OVERRIDE_COMMENT_MAX, and the list of exceptions.
 */
enum dmf_override dmf_override_find(const struct dmf_excuse *x, struct odm_strbuf *comment,
    struct dmf_reason *reason_r);

/* True when an ARC pass is believed and every domain of its chain is in the set. */
bool dmf_override_arc_trusted(const struct dmf_inputs *inputs,
    const struct domainlist *sealers);

#endif
