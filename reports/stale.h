/*
 * stale.h - asks a list on the web whether reports about a domain, or to an address, are
 * known not to arrive. Such a list is run by somebody else, who learns in this way which
 * domains send mail here: it is asked only where the administrator wants it.
 *
 * BASE/checkDomain.php?key=DOMAIN and BASE/checkRua.php?key=ADDRESS, with DefDeny before
 * the dot for the list's verdict on what it does not know. An answer with status 200
 * means that nothing is to be sent; every other one, and no answer, that it is.
 */
#ifndef REPORTS_STALE_H
#define REPORTS_STALE_H

#include <stdbool.h>
#include <stddef.h>

#define REPORT_STALE_SERVER	"https://stalemarc.measurement.network/api"

/* A list is of use while it is quicker than a mail that comes back. */
#define REPORT_STALE_TIMEOUT_SECS	10

/* All questions of a run together: 10 000 domains at a tenth of a second have room. */
#define REPORT_STALE_TOTAL_SECS		1800

/* Answers that a run remembers; further ones are asked for again. */
#define REPORT_STALE_ANSWERS_MAX	20000

/* Octets of the base URL; all that is appended to it fits into a request line. */
#define REPORT_STALE_URL_MAX	1000

struct report_stale;

/*
 * server: base URL, http or https; NULL is REPORT_STALE_SERVER. def_deny: the other
 * verdict on what the list does not know. ca_file: certificates to trust, NULL those of
 * the system. Nothing is connected yet. NULL, and the reason in why, when server is no
 * such URL or memory is short.
 */
struct report_stale *report_stale_new(const char *server, bool def_deny, const char *ca_file,
    char *why, size_t why_size);

/* Frees *s and clears it. *s may be NULL. */
void report_stale_free(struct report_stale **s);

/*
 * True when the list says to send no reports about the domain, or to the mail address.
 * Once the server has not answered, or all questions together took too long, a warning
 * is logged and nothing more is asked: then false. s may be NULL: false.
 */
bool report_stale_domain(struct report_stale *s, const char *domain);
bool report_stale_address(struct report_stale *s, const char *address);

#endif
