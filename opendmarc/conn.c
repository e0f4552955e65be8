/*
 * conn.c - one SMTP connection: who is it, and is its mail looked at?
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "libopendmarc/base/domain.h"
#include "opendmarc/conn.h"

static const struct odm_ip loopback = { AF_INET, { 127, 0, 0, 1 } };

void
dmf_conn_init_unknown(struct dmf_conn *c, struct dmf_shared *shared,
    const struct dmf_env *env)
{
	*c = (struct dmf_conn){ .shared = shared, .env = env, .client = loopback };
}

/* The port of the client; 0 when the MTA gave none. */
static unsigned
port_of(const struct sockaddr *sa)
{
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;

	if (sa == NULL)
		return 0;
	if (sa->sa_family == AF_INET) {
		memcpy(&ipv4, sa, sizeof(ipv4));
		return ntohs(ipv4.sin_port);
	}
	if (sa->sa_family == AF_INET6) {
		memcpy(&ipv6, sa, sizeof(ipv6));
		return ntohs(ipv6.sin6_port);
	}
	return 0;
}

void
dmf_conn_init(struct dmf_conn *c, struct dmf_shared *shared, const struct dmf_env *env,
    const char *host, const struct sockaddr *sa)
{
	char ip[ODM_IP_TEXT_MAX + 1];
	size_t i;

	dmf_conn_init_unknown(c, shared, env);
	if (!odm_ip_from_sockaddr(sa, &c->client))
		c->client = loopback;
	c->port = port_of(sa);
	for (i = 0; i < env->ntrusted_relays && !c->from_relay; i++)
		c->from_relay = odm_net_contains(&env->trusted_relays[i], &c->client);
	if (!hostlist_match(env->ignore_hosts, host, &c->client))
		return;
	c->ignored = true;
	dmf_count(&shared->status.ignored[DMF_IGNORED_HOST]);
	odm_ip_format(&c->client, ip);
	log_write(LOG_LEVEL_INFO, "ignoring connection from %s", host != NULL ? host : ip);
}

void
dmf_conn_helo(struct dmf_conn *c, const char *helo)
{
	struct odm_span name = odm_span_str(helo);

	(void)odm_span_copy(name, c->helo, sizeof(c->helo));
	(void)odm_domain_normalise(name, c->helo_name);
}

bool
dmf_conn_passes(const struct dmf_conn *c, bool authenticated, const char *sender)
{
	if (c->ignored)
		return true;
	if (!authenticated || !c->env->conf->ignore_authenticated_clients)
		return false;
	dmf_count(&c->shared->status.ignored[DMF_IGNORED_AUTH]);
	log_write(LOG_LEVEL_INFO, "ignoring authenticated client, mailfrom=%s", sender);
	return true;
}
