/*
 * conn.h - one SMTP connection as the MTA tells of it. libmilter calls one
 * connection from one thread at a time; no lock is needed.
 */
#ifndef OPENDMARC_CONN_H
#define OPENDMARC_CONN_H

#include <stdbool.h>
#include <sys/socket.h>

#include "libopendmarc/base/ipaddr.h"
#include "libopendmarc/base/limits.h"
#include "opendmarc/env.h"
#include "opendmarc/shared.h"

/* The longest HELO name kept: RFC 5321, 4.5.3.1.4 allows 512 octets for a command line. */
#define DMF_HELO_MAX	512

struct dmf_conn {
	struct dmf_shared *shared;
	const struct dmf_env *env;
	struct odm_ip	 client;	/* 127.0.0.1 when the MTA gave no address */
	unsigned	 port;		/* of the client; 0 unknown */
	bool		 ignored;	/* listed in IgnoreHosts: nothing of it is looked at */
	bool		 from_relay;	/* in TrustedRelays */
	char		 helo[DMF_HELO_MAX + 1];	/* as said; "" none, or too long */
	char		 helo_name[ODM_NAME_MAX + 1];	/* normalised; "" none usable */
};

/*
 * Starts a connection; shared and env must outlive it. host (the MTA's name for the
 * client) and sa may be NULL: a message submitted on the host itself. Logs when it is
 * ignored.
 */
void dmf_conn_init(struct dmf_conn *c, struct dmf_shared *shared, const struct dmf_env *env,
    const char *host, const struct sockaddr *sa);

/*
 * A connection that the MTA never announced: no client to ignore, no relay to
 * trust, address 127.0.0.1.
 */
void dmf_conn_init_unknown(struct dmf_conn *c, struct dmf_shared *shared,
    const struct dmf_env *env);

/* Notes the HELO name; NULL and a second HELO are fine. */
void dmf_conn_helo(struct dmf_conn *c, const char *helo);

/*
 * True when a message of this client is not ours to look at: an ignored host, or
 * with IgnoreAuthenticatedClients one that logged in (logged with the sender).
 */
bool dmf_conn_passes(const struct dmf_conn *c, bool authenticated, const char *sender);

#endif
