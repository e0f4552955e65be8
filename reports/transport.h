/*
 * transport.h - how deliveries leave: by the mail server, by a mail program, or by
 * https; the sender of each, and how many there may be.
 */
#ifndef REPORTS_TRANSPORT_H
#define REPORTS_TRANSPORT_H

#include "reports/caps.h"
#include "reports/deliver_smtp.h"
#include "reports/identity.h"
#include "reports/namelist.h"
#include "reports/verp.h"

struct report_transport_options {
	struct report_smtp_server server;
	const char	*sendmail;	/* program in place of the server; NULL: none */
	bool		 https;		/* take https destinations */
	bool		 https_private;
	const char	*ca_file;	/* for https; NULL: those of the system */
	const struct report_verp_key *verp_key;	/* NULL: one sender for all */
	const struct report_namelist *silent;	/* destinations that get nothing; may be NULL */
	int64_t		 max_mails, max_per_domain;
};

struct report_transport;

/* options and identity are borrowed. NULL: out of memory, or libcurl lacks what is asked. */
struct report_transport *report_transport_new(const struct report_transport_options *options,
    const struct report_identity *identity);

/* Ends the connections, frees *t and clears it. *t may be NULL. */
void report_transport_free(struct report_transport **t);

/* True for an https destination, false for a mail address. */
bool report_destination_is_https(const char *destination);

/*
 * Hands octets, a mail or for https the packed report, to one destination. Unless SENT
 * reason holds one line that says why; HELD when a limit is reached.
 */
enum report_outcome report_transport_send(struct report_transport *t, const char *destination,
    struct odm_span octets, char reason[REPORT_REASON_SIZE]);

#endif
