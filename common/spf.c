/*
 * spf.c - our own SPF check: libspf2 evaluates, our resolver answers. RFC 7208.
 *
 * libspf2 asks the DNS in the middle of an evaluation and wants the answer at
 * once. So a check is evaluated again and again: as soon as it asks something
 * that is still under way, the rest is refused, the result thrown away, and
 * when the answer is here the evaluation starts from the beginning.
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
#include "libopendmarc/base/domain.h"

/* RFC 7208, 4.6.4: at most 10 terms that ask; mx and ptr at most 10 names each. */
#define TERMS_MAX	10
#define NAMES_MAX	10

/*
 * All lookups of one evaluation: the record, 10 terms with 10 addresses each,
 * and as many for the name of the client (%{p}). libspf2 counts terms anew in
 * every included record, which alone would allow a tree of 10 to the 20th.
 */
#define LOOKUPS_MAX	(1 + TERMS_MAX * (1 + NAMES_MAX) + 1 + NAMES_MAX)

/* Octets of one record; RFC 7208, 3.4 hopes for 512, and the longest seen have 2000. */
#define RECORD_MAX	4096

static const char version[] = "v=spf1";

struct spf_check {
	/* Fixed after spf_start(). */
	struct dnstask	*task;		/* NULL: the result was clear without the DNS */
	struct odm_ip	 client;
	char		*helo;
	char		*mailbox;	/* local part, "@" and domain */
	char		 domain[ODM_NAME_MAX + 1];
	bool		 is_helo;
	SPF_server_t	*server;
	SPF_dns_server_t dns;		/* the DNS layer that libspf2 sees; its hook is this struct */
	/* Of the step, under the task's lock. */
	struct dnstask	*asking;
	SPF_dns_rr_t	*spare;		/* "try again" for when memory is short: libspf2 takes no NULL */
	unsigned	 lookups, records;
	bool		 pending;	/* an answer that is needed is under way */
	bool		 over_limit;
	enum odm_result	 result;
};

/* The answer for libspf2 when there is none: it ends the evaluation quickly. */
static SPF_dns_rr_t *
try_again(struct spf_check *c, const char *domain, ns_type type)
{
	SPF_dns_rr_t *rr = SPF_dns_rr_new_init(&c->dns, domain, type, 0, TRY_AGAIN);

	if (rr == NULL) {
		rr = c->spare;
		c->spare = NULL;
	}
	return rr;
}

/*
 * Asks for one lookup of an evaluation. NULL: the evaluation cannot go on now,
 * and c says why.
 */
static const struct dns_answer *
ask(struct spf_check *c, const char *domain, enum dns_type type)
{
	const struct dns_answer *answer;

	if (c->pending || c->over_limit)
		return NULL;
	if (++c->lookups > LOOKUPS_MAX) {
		c->over_limit = true;
		return NULL;
	}
	answer = dnstask_ask(c->asking, domain, type);
	if (answer == NULL)
		c->pending = true;
	return answer;
}

/* Puts one record into rr. False: out of memory. */
static bool
add_record(SPF_dns_rr_t *rr, const struct dns_rr *record, enum dns_type type)
{
	SPF_dns_rr_data_t *slot;

	if (type != DNS_TYPE_A && type != DNS_TYPE_AAAA && record->data.len == 0)
		return true;		/* "MX 0 .": no host */
	if (SPF_dns_rr_buf_realloc(rr, rr->num_rr, record->data.len + 1) != SPF_E_SUCCESS)
		return false;
	slot = rr->rr[rr->num_rr++];
	memcpy(slot, record->data.at, record->data.len);
	if (type == DNS_TYPE_PTR || type == DNS_TYPE_MX)
		((char *)slot)[record->data.len] = '\0';
	return true;
}

/* The lookup function of the DNS layer: addresses, PTR and MX. */
static SPF_dns_rr_t *
lookup(SPF_dns_server_t *dns, const char *domain, ns_type type, int should_cache)
{
	struct spf_check *c = dns->hook;
	const struct dns_answer *answer;
	enum dns_type our_type = (enum dns_type)type;	/* both are IANA's numbers */
	SPF_dns_rr_t *rr;
	size_t i;

	(void)should_cache;
	if (type != ns_t_a && type != ns_t_aaaa && type != ns_t_ptr && type != ns_t_mx)
		return try_again(c, domain, type);
	answer = ask(c, domain, our_type);
	if (answer == NULL || answer->status == DNS_FAILED)
		return try_again(c, domain, type);
	rr = SPF_dns_rr_new_init(dns, domain, type, 0,
	    answer->status == DNS_FOUND ? NETDB_SUCCESS :
	    answer->status == DNS_NODATA ? NO_DATA : HOST_NOT_FOUND);
	for (i = 0; rr != NULL && i < answer->nrrs; i++)
		if (!add_record(rr, &answer->rrs[i], our_type)) {
			SPF_dns_rr_free(rr);
			rr = NULL;
		}
	return rr != NULL ? rr : try_again(c, domain, type);
}

/* Is this TXT record an SPF record at all? RFC 7208, 4.5. */
static bool
is_spf_record(struct odm_span text)
{
	size_t len = sizeof(version) - 1;

	return text.len >= len && odm_span_ieq(odm_span_sub(text, 0, len), version) &&
	    (text.len == len || text.at[len] == ' ');
}

/* Compiles one SPF record. */
static SPF_errcode_t
compile(SPF_server_t *server, SPF_response_t *response, SPF_record_t **record_r,
    struct odm_span text)
{
	SPF_errcode_t error;
	char *copy;

	if (text.len > RECORD_MAX || odm_span_find(text, '\0') < text.len)
		return SPF_E_SYNTAX;
	copy = malloc(text.len + 1);
	if (copy == NULL)
		return SPF_E_NO_MEMORY;
	memcpy(copy, text.at, text.len);
	copy[text.len] = '\0';
	error = SPF_record_compile(server, response, record_r, copy);
	free(copy);
	if (error != SPF_E_SUCCESS && *record_r != NULL) {
		SPF_record_free(*record_r);
		*record_r = NULL;
	}
	/* The caller must be able to tell a bad record from none. */
	return error == SPF_E_NOT_SPF || error == SPF_E_DNS_ERROR ? SPF_E_SYNTAX : error;
}

/*
 * The record function of the DNS layer: the compiled SPF record of the domain
 * under evaluation. SPF_E_DNS_ERROR: not now; SPF_E_NOT_SPF: none.
 */
static SPF_errcode_t
fetch_record(SPF_server_t *server, SPF_request_t *request, SPF_response_t *response,
    SPF_record_t **record_r)
{
	struct spf_check *c = server->resolver->hook;
	const struct dns_answer *answer;
	const struct odm_span *found = NULL;
	size_t i;

	*record_r = NULL;
	if (c->records++ > TERMS_MAX) {
		c->over_limit = true;
		return SPF_E_BIG_DNS;
	}
	answer = ask(c, request->cur_dom, DNS_TYPE_TXT);
	if (answer == NULL || answer->status == DNS_FAILED)
		return SPF_E_DNS_ERROR;
	for (i = 0; i < answer->nrrs; i++) {
		if (!is_spf_record(answer->rrs[i].data))
			continue;
		if (found != NULL)
			return SPF_E_MULTIPLE_RECORDS;
		found = &answer->rrs[i].data;
	}
	if (found == NULL)
		return SPF_E_NOT_SPF;
	return compile(server, response, record_r, *found);
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

/* Tells libspf2 who sends. False: out of memory. */
static bool
fill_request(const struct spf_check *c, SPF_request_t *request)
{
	struct in_addr ipv4;
	struct in6_addr ipv6;

	if (SPF_request_set_env_from(request, c->mailbox) != 0 ||
	    SPF_request_set_helo_dom(request, c->helo) != SPF_E_SUCCESS)
		return false;
	if (c->client.family == AF_INET) {
		memcpy(&ipv4, c->client.octets, sizeof(ipv4));
		return SPF_request_set_ipv4(request, ipv4) == SPF_E_SUCCESS;
	}
	memcpy(&ipv6, c->client.octets, sizeof(ipv6));
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
	return c->over_limit ? ODM_RESULT_PERMERROR : result;
}

/* The step of the task. */
static enum dnstask_state
evaluate_again(struct dnstask *task, void *arg)
{
	struct spf_check *c = arg;
	enum odm_result result;

	c->asking = task;
	c->lookups = c->records = 0;
	c->pending = c->over_limit = false;
	result = evaluate(c);
	if (c->pending)
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
	if (c->mailbox == NULL || c->helo == NULL)
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
	SPF_server_set_max_dns_mech(c->server, TERMS_MAX);
	SPF_server_set_max_dns_mx(c->server, NAMES_MAX);
	SPF_server_set_max_dns_ptr(c->server, NAMES_MAX);
	SPF_server_set_sanitize(c->server, 0);
	return true;
}

struct spf_check *
spf_start(struct resolver *r, const struct odm_ip *client, const char *helo,
    const char *sender)
{
	struct spf_check *c = calloc(1, sizeof(*c));
	struct dnstask *task;

	if (c == NULL)
		return NULL;
	c->client = *client;
	c->result = ODM_RESULT_NONE;
	if (!set_identity(c, odm_span_str(helo), odm_span_str(sender)) || !set_server(c)) {
		check_free(c);
		return NULL;
	}
	/* RFC 7208, 4.3: no usable domain of at least two labels, no result. */
	if (c->client.family == AF_UNSPEC || odm_domain_labels(c->domain) < 2)
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
