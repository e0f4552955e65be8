/*
 * inputs.h - from header fields and connection to the facts of an evaluation:
 * which SPF, DKIM and ARC results may be used, and which forged ones should go.
 *
 * An MTA shows a filter the fields of policy services and earlier filters first
 * and the client's fields right behind them, with no boundary. So a field's
 * place alone proves nothing, and a pass must be earned:
 *  - SPF is unanimous: one result about this envelope that is no pass spoils all.
 *  - DKIM is bound: the topmost field of its authserv-id, a signature in this
 *    message that it can be about, and no other result against it.
 *  - ARC is bound and alone: see arcbind.h.
 *  - A pass below a Received field of another host is an old or forged one.
 *  - TrustJobID: our own id counts only with the queue id of this message.
 * RFC 8601, 1.6, 4.1 and 5; RFC 6008, 4. No milter things here, no I/O but the log.
 */
#ifndef OPENDMARC_INPUTS_H
#define OPENDMARC_INPUTS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/conf.h"
#include "libopendmarc/base/ipaddr.h"
#include "libopendmarc/base/limits.h"
#include "libopendmarc/base/result.h"
#include "opendmarc/arcsets.h"
#include "opendmarc/fields.h"

/* The longest authserv-id and job id that are compared, and selectors kept. */
#define DMF_ID_MAX	255

/* What is known about a message besides its header. All texts are borrowed. */
struct dmf_context {
	const struct conf	*conf;
	const char	*authserv_id;	/* in force for this message, never empty */
	const char	*job;		/* queue id; NULL unknown */
	const char	*mta_name;	/* macro j; NULL unknown */
	const char	*host_name;	/* of this machine */
	struct odm_ip	 client;
	bool		 from_relay;	/* the client is one of TrustedRelays */
	bool		 authenticated;	/* the client logged in */
	bool		 null_sender;
	const char	*sender_domain;	/* of the envelope, normalised; "" none usable */
	const char	*helo;		/* normalised; "" none usable */
};

/* One DKIM result of a trusted field, in header order. */
struct dmf_dkim {
	enum odm_result	result;
	char		domain[ODM_NAME_MAX + 1];	/* normalised; "" only while reading */
	char		selector[DMF_ID_MAX + 1];	/* "" unknown */
	bool		aligns;		/* may be used as an Authenticated Identifier */
};

struct dmf_inputs;	/* inputs_private.h */

/*
 * Reads the fields and decides about the DKIM results. ctx and fields must
 * outlive the inputs. NULL: out of memory.
 */
struct dmf_inputs *dmf_inputs_read(const struct dmf_context *ctx,
    const struct dmf_fields *fields);

/* Frees *in and clears it. *in may be NULL. */
void dmf_inputs_free(struct dmf_inputs **in);

/* The i-th DKIM result worth reporting, NULL past the last. Refused passes are not among them. */
const struct dmf_dkim *dmf_inputs_dkim(const struct dmf_inputs *in, size_t i);

/*
 * The i-th DKIM pass that was refused, NULL past the last: not in place, or about no
 * signature of this message, or with another result against it.
 */
const struct dmf_dkim *dmf_inputs_refused(const struct dmf_inputs *in, size_t i);

/*
 * Decides about SPF: own is the result of our own check, NULL when none was
 * made. Then what a header says only explains. Call it once, before the next three.
 */
void dmf_inputs_settle_spf(struct dmf_inputs *in, const enum odm_result *own);

/*
 * The SPF result, ODM_RESULT_UNKNOWN when there is none: for the sender's
 * domain, or the HELO name with a null sender.
 */
enum odm_result dmf_inputs_spf(const struct dmf_inputs *in);

/* The SPF Domain of that result, normalised; "" when none is usable. */
const char *dmf_inputs_spf_domain(const struct dmf_inputs *in);

/*
 * What trusted fields say of the ARC chain: PASS only when it is believed, UNKNOWN when they say
 * nothing of it.
 */
enum odm_result dmf_inputs_arc(const struct dmf_inputs *in);

/* Why an arc=pass there is not believed, in words; NULL when there is none or it is. */
const char *dmf_inputs_arc_refused(const struct dmf_inputs *in);

/* The arc.chain of that result, domains with ":" between; NULL when it has none. */
const char *dmf_inputs_arc_chain(const struct dmf_inputs *in);

/* The i-th ARC-Seal of the message, newest first, whatever it is worth; NULL past the last. */
const struct dmf_arc_seal *dmf_inputs_arc_seal(const struct dmf_inputs *in, size_t i);

/*
 * The i-th Authentication-Results field to remove, as its number from 1 among
 * those fields; 0 past the last. Ascending. It holds a pass that was refused,
 * under our own id, from a client that is nobody we know. dmarc_passed: our own
 * verdict; when it is no pass, a dmarc=pass under our id is refused as well.
 */
unsigned dmf_inputs_removal(const struct dmf_inputs *in, size_t i, bool dmarc_passed);

enum dmf_untrusted {
	DMF_UNTRUSTED_NONE,
	DMF_UNTRUSTED_ID,	/* an id that no option names */
	DMF_UNTRUSTED_RELAY,	/* a foreign id, and the client is not in TrustedRelays */
	DMF_UNTRUSTED_JOB,	/* our id without the job id that TrustJobID asks for */
	DMF_UNTRUSTED_ABSENT	/* a signed message without DKIM results of a trusted id */
};

/*
 * When results stood on top of the header and none of them was trusted: why,
 * and the id of the first in id_r (it lives as long as in), with ABSENT "".
 * A hint for the log.
 */
enum dmf_untrusted dmf_inputs_untrusted(const struct dmf_inputs *in, const char **id_r);

#endif
