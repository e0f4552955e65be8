/*
 * override.c - whether a failing message is excused. RFC 8617, 7.2; RFC 9990, 3.1.6.
 */
#include "common/log.h"
#include "opendmarc/arcbind.h"
#include "opendmarc/override.h"

/* The longest selector told in a comment. */
#define SELECTOR_MAX	63

/*
 * The first domain of the chain that is not in the set, in domain_r; false when there is
 * none. An entry that is no domain name is in no set.
 */
static bool
find_stranger(const char *chain, const struct domainlist *sealers,
    char domain_r[ODM_NAME_MAX + 1])
{
	struct odm_span rest = odm_span_str(chain);

	while (dmf_arc_chain_next(&rest, domain_r))
		if (!domainlist_has(sealers, domain_r))
			return true;
	return false;
}

bool
dmf_override_arc_trusted(const struct dmf_inputs *inputs, const struct domainlist *sealers)
{
	const char *chain = dmf_inputs_arc_chain(inputs);
	char domain[ODM_NAME_MAX + 1];

	return dmf_inputs_arc(inputs) == ODM_RESULT_PASS && chain != NULL && chain[0] != '\0' &&
	    !find_stranger(chain, sealers, domain);
}

/* Why a chain that passed changes nothing. */
static void
tell_untrusted(const struct dmf_excuse *x)
{
	const char *chain = dmf_inputs_arc_chain(x->inputs);
	char domain[ODM_NAME_MAX + 1];

	log_write(LOG_LEVEL_NOTICE, "%s: ARC pass, policy fail > continuing DMARC eval", x->job);
	if (chain == NULL || chain[0] == '\0')
		log_write(LOG_LEVEL_NOTICE, "%s: arc=pass came without arc.chain, so nobody knows "
		    "who sealed; let the ARC filter write it (FinalReceiver in openarc.conf)",
		    x->job);
	else if (find_stranger(chain, x->sealers, domain))
		log_write(LOG_LEVEL_INFO, "%s: ARC sealer \"%s\" is not in DomainWhitelist", x->job,
		    domain);
}

/* A selector is whatever the sealer wrote; blanks separate the words of the comment. */
static void
add_selector(struct odm_strbuf *out, struct odm_span selector)
{
	size_t i;

	for (i = 0; i < selector.len && i < SELECTOR_MAX; i++)
		odm_strbuf_addc(out, selector.at[i] > 0x20 && selector.at[i] < 0x7f ?
		    selector.at[i] : '?');
}

static const struct dmf_arc_seal *
find_seal(const struct dmf_inputs *inputs, size_t instance)
{
	const struct dmf_arc_seal *seal;
	size_t i;

	for (i = 0; (seal = dmf_inputs_arc_seal(inputs, i)) != NULL; i++)
		if (seal->instance == instance)
			return seal;
	return NULL;
}

/* The chain as RFC 8617, 7.2.2, wants it told, newest first; what does not fit is left out. */
static void
describe_chain(const struct dmf_inputs *inputs, struct odm_strbuf *out)
{
	const struct dmf_arc_seal *seal;
	size_t n = 0;

	odm_strbuf_adds(out, "arc=pass");
	while (dmf_inputs_arc_seal(inputs, n) != NULL)
		n++;
	for (; (seal = find_seal(inputs, n)) != NULL; n--) {
		/* The words with two numbers, and remote-ip at the end. */
		if (out->len + ODM_NAME_MAX + SELECTOR_MAX + ODM_IP_TEXT_MAX + 64 > out->max)
			return;
		odm_strbuf_addf(out, " as[%u].d=%s as[%u].s=", seal->instance, seal->domain,
		    seal->instance);
		add_selector(out, seal->selector);
		if (n == 1 && seal->ip[0] != '\0')
			odm_strbuf_addf(out, " remote-ip[1]=%s", seal->ip);
	}
}

static bool
excused_by_arc(const struct dmf_excuse *x, struct odm_strbuf *comment,
    struct dmf_reason *reason_r)
{
	const char *refused = dmf_inputs_arc_refused(x->inputs);

	if (domainlist_empty(x->sealers))
		return false;
	if (refused != NULL)
		log_write(LOG_LEVEL_INFO, "%s: arc=pass is not believed: %s", x->job, refused);
	if (dmf_inputs_arc(x->inputs) != ODM_RESULT_PASS)
		return false;
	if (!dmf_override_arc_trusted(x->inputs, x->sealers)) {
		tell_untrusted(x);
		return false;
	}
	log_write(LOG_LEVEL_NOTICE, "%s: ARC pass, policy pass > overriding DMARC fail", x->job);
	describe_chain(x->inputs, comment);
	*reason_r = (struct dmf_reason){ HISTORY_OVERRIDE_LOCAL_POLICY,
		comment->failed ? "arc=pass" : comment->at };
	return true;
}

static bool
excused_by_exception(const struct dmf_excuse *x, struct dmf_reason *reason_r)
{
	const struct dmf_exception *e = dmf_exceptions_find(x->exceptions, x->author, x->client,
	    x->inputs, x->now);
	bool has_comment;

	if (e == NULL)
		return false;
	has_comment = e->comment[0] != '\0';
	log_write(LOG_LEVEL_INFO, "%s: exception %s:%u%s%s%s > not enforcing DMARC fail", x->job,
	    dmf_exceptions_path(x->exceptions), e->line, has_comment ? " (" : "", e->comment,
	    has_comment ? ")" : "");
	*reason_r = (struct dmf_reason){ e->signer[0] != '\0' ?
		HISTORY_OVERRIDE_TRUSTED_FORWARDER : HISTORY_OVERRIDE_LOCAL_POLICY,
		has_comment ? e->comment : NULL };
	return true;
}

enum dmf_override
dmf_override_find(const struct dmf_excuse *x, struct odm_strbuf *comment,
    struct dmf_reason *reason_r)
{
	if (excused_by_exception(x, reason_r))
		return DMF_OVERRIDE_EXCEPTION;
	if (excused_by_arc(x, comment, reason_r))
		return DMF_OVERRIDE_ARC;
	return DMF_OVERRIDE_NONE;
}
