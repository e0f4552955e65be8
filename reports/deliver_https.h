/*
 * deliver_https.h - posts a packed report to an https destination. No RFC defines this
 * (RFC 9990, 3.5.3 leaves room for it); the body is the gzip, its type application/gzip.
 *
 * The address was published by a stranger: only https with a good certificate, no
 * redirects, no proxy, and no address of a private network unless that is allowed.
 */
#ifndef REPORTS_DELIVER_HTTPS_H
#define REPORTS_DELIVER_HTTPS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "reports/deliver.h"

struct report_https;

/*
 * ca_file: certificates to trust, NULL those of the system; private_okay: also addresses
 * that report_https_private() tells. NULL: out of memory.
 */
struct report_https *report_https_new(const char *ca_file, bool private_okay);

/* Frees *h and clears it. *h may be NULL. */
void report_https_free(struct report_https **h);

/*
 * Posts packed to url. SENT for an answer 2xx, else FAILED, and reason says why. One
 * destination says nothing about the others, so this is never UNREACHABLE.
 */
enum report_outcome report_https_send(struct report_https *h, const char *url,
    struct odm_span packed, char reason[REPORT_REASON_SIZE]);

/* True for loopback, private, link-local, multicast and unspecified addresses, and no IP. */
bool report_https_private(const struct sockaddr *address);

#endif
