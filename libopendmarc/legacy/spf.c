/*
 * spf.c - opendmarc_spf_test(): an SPF check by libspf2 and its resolver. RFC 7208.
 */
#include <sys/types.h>
#include <netinet/in.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <spf2/spf.h>
#include <spf2/spf_dns_zone.h>

#include "libopendmarc/base/domain.h"
#include "libopendmarc/base/ipaddr.h"
#include "libopendmarc/legacy/legacy.h"

/* RFC 5321, 4.5.3.1.1. Longer ones are not handed to macro expansion. */
#define LOCAL_PART_MAX	64

struct identity {
	char	mailbox[LOCAL_PART_MAX + 1 + ODM_NAME_MAX + 1];
	char	helo[ODM_NAME_MAX + 1];
	bool	is_mailfrom;
};

/* The sender, or with none postmaster at the HELO name. False: neither has a domain. */
static bool
choose_identity(const char *sender, const char *helo, struct identity *id_r)
{
	struct odm_span address = odm_span_trim(odm_span_str(sender)), local = { "postmaster", 10 };
	char domain[ODM_NAME_MAX + 1];
	size_t at;
	int n;

	if (!odm_domain_normalise(odm_span_str(helo), id_r->helo))
		id_r->helo[0] = '\0';
	id_r->is_mailfrom = odm_domain_normalise(odm_domain_of_address(address), domain) &&
	    !odm_span_ieq(address, "MAILER_DAEMON");
	if (!id_r->is_mailfrom) {
		if (id_r->helo[0] == '\0')
			return false;
		memcpy(domain, id_r->helo, sizeof(domain));
	} else {
		at = odm_span_rfind(address, '@');
		if (address.at[0] == '<' && at < address.len)
			address = odm_span_sub(address, 1, at);
		else
			address.len = at < address.len ? at : 0;
		if (address.len > 0 && address.len <= LOCAL_PART_MAX)
			local = address;
		if (id_r->helo[0] == '\0')
			memcpy(id_r->helo, domain, sizeof(domain));
	}
	n = snprintf(id_r->mailbox, sizeof(id_r->mailbox), "%.*s@%s", (int)local.len, local.at,
	    domain);
	return n > 0 && (size_t)n < sizeof(id_r->mailbox);
}

static void
add_to_zone(void *zone, const char *name, const char *text)
{
	(void)SPF_dns_zone_add_str(zone, name, ns_t_txt, NETDB_SUCCESS, text);
}

static void
count_record(void *count, const char *name, const char *text)
{
	(void)name;
	(void)text;
	++*(size_t *)count;
}

/* A server over the fake records, if there are any; *zone_r is then freed after it. */
static SPF_server_t *
new_server(SPF_dns_server_t **zone_r)
{
	size_t count = 0;

	*zone_r = NULL;
	if (!legacy_fake_each(count_record, &count))
		return SPF_server_new(SPF_DNS_RESOLV, 0);
	*zone_r = SPF_dns_zone_new(NULL, "fake", 0);
	if (*zone_r == NULL)
		return NULL;
	(void)legacy_fake_each(add_to_zone, *zone_r);
	return SPF_server_new_dns(*zone_r, 0);
}

static bool
fill_request(SPF_request_t *request, const struct odm_ip *ip, const struct identity *id)
{
	struct in_addr ipv4;
	struct in6_addr ipv6;
	SPF_errcode_t error;

	if (ip->family == AF_INET) {
		memcpy(&ipv4, ip->octets, sizeof(ipv4));
		error = SPF_request_set_ipv4(request, ipv4);
	} else {
		memcpy(&ipv6, ip->octets, sizeof(ipv6));
		error = SPF_request_set_ipv6(request, ipv6);
	}
	return error == SPF_E_SUCCESS &&
	    SPF_request_set_helo_dom(request, id->helo) == SPF_E_SUCCESS &&
	    SPF_request_set_env_from(request, id->mailbox) == 0;
}

static SPF_result_t
check(const struct odm_ip *ip, const struct identity *id)
{
	SPF_result_t result = SPF_RESULT_TEMPERROR;
	SPF_dns_server_t *zone;
	SPF_server_t *server = new_server(&zone);
	SPF_request_t *request = server == NULL ? NULL : SPF_request_new(server);
	SPF_response_t *response = NULL;

	if (request != NULL && fill_request(request, ip, id)) {
		(void)SPF_request_query_mailfrom(request, &response);
		if (response != NULL)
			result = SPF_response_result(response);
	}
	if (response != NULL)
		SPF_response_free(response);
	if (request != NULL)
		SPF_request_free(request);
	if (server != NULL)
		SPF_server_free(server);
	if (zone != NULL)
		SPF_dns_free(zone);
	return result;
}

static int
outcome(SPF_result_t result, bool softfail_okay)
{
	switch (result) {
	case SPF_RESULT_PASS:
		return DMARC_POLICY_SPF_OUTCOME_PASS;
	case SPF_RESULT_NONE:
		return DMARC_POLICY_SPF_OUTCOME_NONE;
	case SPF_RESULT_TEMPERROR:
		return DMARC_POLICY_SPF_OUTCOME_TMPFAIL;
	case SPF_RESULT_SOFTFAIL:
	case SPF_RESULT_NEUTRAL:
		return softfail_okay ? DMARC_POLICY_SPF_OUTCOME_PASS :
		    DMARC_POLICY_SPF_OUTCOME_FAIL;
	case SPF_RESULT_FAIL:
	case SPF_RESULT_PERMERROR:
	case SPF_RESULT_INVALID:
		break;
	}
	return DMARC_POLICY_SPF_OUTCOME_FAIL;
}

int
opendmarc_spf2_test(char *ip_address, char *mail_from_domain, char *helo_domain, char *spf_record,
    int softfail_okay_flag, char *human_readable, size_t human_readable_len, int *used_mfrom)
{
	SPF_result_t result = SPF_RESULT_NONE;
	const char *words = NULL;
	struct identity id;
	struct odm_ip ip;
	bool checkable;

	(void)spf_record;
	checkable = choose_identity(mail_from_domain, helo_domain, &id);
	if (!odm_ip_parse(odm_span_str(ip_address), &ip)) {
		words = "No IP address available";
		result = SPF_RESULT_FAIL;
	} else if (checkable) {
		result = check(&ip, &id);
	}
	if (words == NULL)
		words = SPF_strresult(result);
	if (human_readable != NULL && human_readable_len > 0)
		(void)strlcpy(human_readable, words, human_readable_len);
	if (used_mfrom != NULL)
		*used_mfrom = id.is_mailfrom ? 1 : 0;
	return outcome(result, softfail_okay_flag != 0);
}

int
opendmarc_spf_test(char *ip_address, char *mail_from_domain, char *helo_domain, char *spf_record,
    int soft_fail_as_pass, char *human_readable, size_t human_readable_len, int *used_mfrom)
{
	return opendmarc_spf2_test(ip_address, mail_from_domain, helo_domain, spf_record,
	    soft_fail_as_pass, human_readable, human_readable_len, used_mfrom);
}
