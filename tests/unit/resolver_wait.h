/*
 * resolver_wait.h - a DNS question that a test sleeps for.
 */
#ifndef TESTS_UNIT_RESOLVER_WAIT_H
#define TESTS_UNIT_RESOLVER_WAIT_H

#include "common/resolver.h"

/*
 * Asks and waits, at most until deadline (resolver_now() clock). Never NULL
 * unless memory is short: DNS_FAILED when the time is over.
 */
struct dns_answer *resolver_wait(struct resolver *r, const char *name,
    enum dns_type type, int64_t deadline);

#endif
