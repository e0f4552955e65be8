/*
 * spf.c - our own SPF check: libspf2 evaluates, our resolver answers. RFC 7208.
 *
 * libspf2 asks the DNS in the middle of an evaluation and wants the answer at
 * once. So a check is evaluated again and again: as soon as it asks something
 * that is still under way, the rest is refused, the result thrown away, and
 * when the answer is here the evaluation starts from the beginning. What libspf2
 * sees of records and of the DNS is the guard's: spfguard.h.
 */
#include <sys/types.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <spf2/spf.h>

#include "common/dnstask.h"
#include "common/spf.h"
#include "common/spfguard.h"
#include "libopendmarc/base/domain.h"

/* The longest record that the guard writes: eleven terms and a redirect, with room. */
#define WRITTEN_MAX	1024

struct spf_check {
	/* Fixed after spf_start(). */
	struct dnstask	*task;		/* NULL: the result was clear without the DNS */
	char		*helo;
	char		*mailbox;	/* local part, "@" and domain */
	char		*local;
	char		 domain[ODM_NAME_MAX + 1];
	bool		 is_helo;
	SPF_server_t	*server;
	SPF_dns_server_t dns;		/* the DNS layer that libspf2 sees; its hook is this struct */
	/* Of the step, under the task's lock. */
	struct spfguard	 guard;
	SPF_dns_rr_t	*spare;		/* "try again" for when memory is short: libspf2 takes no NULL */
	enum odm_result	 result;
};

/*
 * The lookup function of the DNS layer. Only handles of "exists" terms are asked
 * for; yes is an address, whichever.
 */
static SPF_dns_rr_t *
lookup(SPF_dns_server_t *dns, const char *handle, ns_type type, int should_cache)
{
	struct spf_check *c = dns->hook;
	enum spfguard_match match = spfguard_match(&c->guard, handle);
	SPF_dns_rr_t *rr;

	(void)should_cache;
	rr = SPF_dns_rr_new_init(dns, handle, type, 0,
	    match == SPFGUARD_MATCH ? NETDB_SUCCESS :
	    match == SPFGUARD_NO_MATCH ? HOST_NOT_FOUND : TRY_AGAIN);
	if (rr != NULL && match == SPFGUARD_MATCH) {
		if (SPF_dns_rr_buf_realloc(rr, 0, sizeof(*rr->rr[0])) == SPF_E_SUCCESS) {
			memset(rr->rr[0], 0, sizeof(*rr->rr[0]));
			rr->num_rr = 1;
		} else {
			SPF_dns_rr_free(rr);
			rr = NULL;
		}
	}
	if (rr == NULL) {
		rr = c->spare;
		c->spare = NULL;
	}
	return rr;
}

/* Compiles one record written by the guard. */
static SPF_errcode_t
compile(SPF_server_t *server, SPF_response_t *response, SPF_record_t **record_r,
    const char *text)
{
	SPF_errcode_t error = SPF_record_compile(server, response, record_r, text);

	if (error != SPF_E_SUCCESS && *record_r != NULL) {
		SPF_record_free(*record_r);
		*record_r = NULL;
	}
	return error;
}

/*
 * The record function of the DNS layer: the compiled SPF record for a handle, or
 * of the domain under check. SPF_E_DNS_ERROR: not now; SPF_E_NOT_SPF: none.
 */
static SPF_errcode_t
fetch_record(SPF_server_t *server, SPF_request_t *request, SPF_response_t *response,
    SPF_record_t **record_r)
{
	struct spf_check *c = server->resolver->hook;
	const char *handle = request->cur_dom == request->env_from_dp ? NULL : request->cur_dom;
	SPF_errcode_t error = SPF_E_SYNTAX;
	struct odm_strbuf text;

	*record_r = NULL;
	odm_strbuf_init(&text, WRITTEN_MAX);
	switch (spfguard_fetch(&c->guard, handle, &text)) {
	case SPFGUARD_RECORD:
		error = text.failed ? SPF_E_NO_MEMORY :
		    compile(server, response, record_r, text.at);
		break;
	case SPFGUARD_NONE:
		error = SPF_E_NOT_SPF;
		break;
	case SPFGUARD_BAD:
		break;
	case SPFGUARD_FAILED:
		error = SPF_E_DNS_ERROR;
		break;
	}
	odm_strbuf_free(&text);
	return error;
}

/* The explanation function of the DNS layer: we show none, so we ask for none. */
static SPF_errcode_t
no_explanation(SPF_server_t *server, const char *domain, char **text_r, size_t *len_r)
{
	(void)server;
	(void)domain;
	(void)text_r;
	(void)len_r;
	return SPF_E_MOD_NOT_FOUND;
}

static enum odm_result
result_of(SPF_response_t *response)
{
	switch (SPF_response_result(response)) {
	case SPF_RESULT_PASS:
		return ODM_RESULT_PASS;
	case SPF_RESULT_FAIL:
		return ODM_RESULT_FAIL;
	case SPF_RESULT_SOFTFAIL:
		return ODM_RESULT_SOFTFAIL;
	case SPF_RESULT_NEUTRAL:
		return ODM_RESULT_NEUTRAL;
	case SPF_RESULT_NONE:
		return ODM_RESULT_NONE;
	case SPF_RESULT_TEMPERROR:
		return ODM_RESULT_TEMPERROR;
	case SPF_RESULT_PERMERROR:
	case SPF_RESULT_INVALID:
		break;
	}
	return ODM_RESULT_PERMERROR;
}

/*
 * check_host() of RFC 7208, 4. The query functions of libspf2 do the same but
 * let every loopback client pass; the standard knows no such rule.
 */
static enum odm_result
check_host(SPF_server_t *server, SPF_request_t *request, SPF_response_t *response)
{
	SPF_record_t *record;

	request->cur_dom = request->env_from_dp;
	switch (fetch_record(server, request, response, &record)) {
	case SPF_E_SUCCESS:
		response->spf_record_exp = record;
		(void)SPF_record_interpret(record, request, response, 0);
		SPF_record_free(record);
		return result_of(response);
	case SPF_E_DNS_ERROR:
	case SPF_E_NO_MEMORY:
		return ODM_RESULT_TEMPERROR;
	case SPF_E_NOT_SPF:
		return ODM_RESULT_NONE;
	default:
		return ODM_RESULT_PERMERROR;
	}
}

/*
 * Tells libspf2 who sends. Sender and HELO name are made up: only macros would
 * show them, which are the guard's, and so no text of the client gets into
 * libspf2. False: out of memory.
 */
static bool
fill_request(const struct spf_check *c, SPF_request_t *request)
{
	const struct odm_ip *client = &c->guard.client;
	struct in_addr ipv4;
	struct in6_addr ipv6;

	if (SPF_request_set_env_from(request, "postmaster@sender.t") != 0 ||
	    SPF_request_set_helo_dom(request, "helo.t") != SPF_E_SUCCESS)
		return false;
	if (client->family == AF_INET) {
		memcpy(&ipv4, client->octets, sizeof(ipv4));
		return SPF_request_set_ipv4(request, ipv4) == SPF_E_SUCCESS;
	}
	memcpy(&ipv6, client->octets, sizeof(ipv6));
	return SPF_request_set_ipv6(request, ipv6) == SPF_E_SUCCESS;
}

static enum odm_result
evaluate(struct spf_check *c)
{
	enum odm_result result = ODM_RESULT_TEMPERROR;
	SPF_request_t *request = SPF_request_new(c->server);
	SPF_response_t *response = NULL;

	if (c->spare == NULL)
		c->spare = SPF_dns_rr_new_init(&c->dns, "", ns_t_a, 0, TRY_AGAIN);
	if (request == NULL || c->spare == NULL || !fill_request(c, request))
		goto out;
	response = SPF_response_new(request);
	if (response != NULL)
		result = check_host(c->server, request, response);
out:
	if (response != NULL)
		SPF_response_free(response);
	if (request != NULL)
		SPF_request_free(request);
	return c->guard.over_limit ? ODM_RESULT_PERMERROR : result;
}

/* The step of the task. */
static enum dnstask_state
evaluate_again(struct dnstask *task, void *arg)
{
	struct spf_check *c = arg;
	enum odm_result result;

	spfguard_begin(&c->guard, task);
	result = evaluate(c);
	if (c->guard.pending)
		return DNSTASK_WAITS;
	c->result = result;
	return DNSTASK_DONE;
}

static void
check_free(void *arg)
{
	struct spf_check *c = arg;

	if (c->spare != NULL)
		SPF_dns_rr_free(c->spare);
	if (c->server != NULL)
		SPF_server_free(c->server);
	free(c->local);
	free(c->mailbox);
	free(c->helo);
	free(c);
}

/*
 * Finds the identity to check (RFC 7208, 2.4 and 4.3): the sender, or
 * postmaster at the HELO name. False: out of memory.
 */
static bool
set_identity(struct spf_check *c, struct odm_span helo, struct odm_span sender)
{
	struct odm_span local = odm_span_str("postmaster"), domain = helo;
	size_t at, octets;

	sender = odm_span_trim(sender);
	if (sender.len >= 2 && sender.at[0] == '<' && sender.at[sender.len - 1] == '>')
		sender = odm_span_sub(sender, 1, sender.len - 1);
	c->is_helo = sender.len == 0;
	if (!c->is_helo) {
		domain = odm_domain_of_address(sender);
		at = odm_span_rfind(sender, '@');
		if (at > 0 && at < sender.len)
			local = odm_span_sub(sender, 0, at);
	}
	(void)odm_domain_normalise(domain, c->domain);
	octets = local.len + 1 + strlen(c->domain) + 1;
	c->mailbox = malloc(octets);
	c->helo = helo.len == 0 ? strdup("unknown") : strndup(helo.at, helo.len);
	c->local = strndup(local.at, local.len);
	if (c->mailbox == NULL || c->helo == NULL || c->local == NULL)
		return false;
	memcpy(c->mailbox, local.at, local.len);
	c->mailbox[local.len] = '@';
	memcpy(c->mailbox + local.len + 1, c->domain, strlen(c->domain) + 1);
	return true;
}

/*
 * libspf2 wants the host name in so many octets when a server is made, and ends
 * the process when it does not fit.
 */
static bool
host_name_fits(void)
{
	char name[64];

	return gethostname(name, sizeof(name)) == 0;
}

/* Makes the libspf2 side. False: out of memory. */
static bool
set_server(struct spf_check *c)
{
	c->dns = (SPF_dns_server_t){
		.lookup = lookup,
		.get_spf = fetch_record,
		.get_exp = no_explanation,
		.name = "opendmarc",
		.hook = c,
	};
	c->server = host_name_fits() ? SPF_server_new_dns(&c->dns, 0) : NULL;
	if (c->server == NULL)
		return false;
	SPF_server_set_max_dns_mech(c->server, ODM_SPF_TERMS_MAX);
	SPF_server_set_sanitize(c->server, 0);
	return true;
}

/* An IPv4-mapped client is an IPv4 client. RFC 7208, 5. */
static struct odm_ip
plain_address(const struct odm_ip *client)
{
	struct odm_ip plain;
	char text[ODM_IP_TEXT_MAX + 1];

	odm_ip_format(client, text);
	return odm_ip_parse(odm_span_str(text), &plain) ? plain : *client;
}

struct spf_check *
spf_start(struct resolver *r, const struct odm_ip *client, const char *helo,
    const char *sender)
{
	struct spf_check *c = calloc(1, sizeof(*c));
	struct dnstask *task;

	if (c == NULL)
		return NULL;
	c->result = ODM_RESULT_NONE;
	if (!set_identity(c, odm_span_str(helo), odm_span_str(sender)) || !set_server(c)) {
		check_free(c);
		return NULL;
	}
	c->guard.client = plain_address(client);
	c->guard.helo = c->helo;
	c->guard.local = c->local;
	c->guard.sender = c->mailbox;
	c->guard.domain = c->domain;
	/* RFC 7208, 4.3: no usable domain of at least two labels, no result. */
	if (client->family == AF_UNSPEC || odm_domain_labels(c->domain) < 2)
		return c;
	task = dnstask_start(r, evaluate_again, check_free, c);
	if (task == NULL)
		return NULL;
	c->task = task;
	return c;
}

enum odm_result
spf_finish(struct spf_check *c, int64_t deadline)
{
	if (c->task != NULL)
		(void)dnstask_finish(c->task, deadline);
	return c->result;
}

const char *
spf_domain(const struct spf_check *c)
{
	return c->domain;
}

bool
spf_is_helo(const struct spf_check *c)
{
	return c->is_helo;
}

void
spf_free(struct spf_check **c)
{
	struct dnstask *task;

	if (*c == NULL)
		return;
	task = (*c)->task;
	if (task != NULL)
		dnstask_free(&task);	/* which frees the check as well */
	else
		check_free(*c);
	*c = NULL;
}
