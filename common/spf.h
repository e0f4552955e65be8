/*
 * spf.h - our own SPF check: libspf2 evaluates, our resolver answers, and a guard
 * of ours stands between them (spfguard.h). RFC 7208.
 *
 * A record with any syntax error is permerror, and so is a check that passes a
 * limit of 4.6.4, counted over all its records. Explanations are not fetched.
 */
#ifndef COMMON_SPF_H
#define COMMON_SPF_H

#include <stdbool.h>
#include <stdint.h>

#include "common/resolver.h"
#include "libopendmarc/base/ipaddr.h"
#include "libopendmarc/base/limits.h"
#include "libopendmarc/base/result.h"

struct spf_check;

/*
 * Starts the check of one MAIL FROM and returns at once; answers come in the
 * background. An IPv4-mapped client is an IPv4 client; AF_UNSPEC gives the result
 * none. sender is the envelope sender without angle brackets; empty means the
 * null sender, whose identity is postmaster@HELO (RFC 7208, 2.4). NULL: out of memory.
 */
struct spf_check *spf_start(struct resolver *r, const struct odm_ip *client,
    const char *helo, const char *sender);

/*
 * The result, waiting at most until deadline (resolver_now() clock): temperror
 * when answers are missing then. May be called again.
 */
enum odm_result spf_finish(struct spf_check *c, int64_t deadline);

/* The domain checked, normalised: of the sender, or the HELO name; "" if none is usable. */
const char *spf_domain(const struct spf_check *c);

/* True when the identity checked is the HELO name. */
bool spf_is_helo(const struct spf_check *c);

/* Frees *c and clears it. *c may be NULL. */
void spf_free(struct spf_check **c);

#endif
