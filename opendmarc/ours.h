/*
 * ours.h - what in a header is about this host and this message: Received fields of our
 * hosts, ids of fields that may be used, names of this envelope.
 */
#ifndef OPENDMARC_OURS_H
#define OPENDMARC_OURS_H

#include <stdbool.h>
#include <stddef.h>

#include "libopendmarc/base/limits.h"
#include "libopendmarc/base/span.h"
#include "opendmarc/inputs.h"

/* A decoded address or name of a result; longer ones match nothing. */
#define DMF_VALUE_MAX	1024

/* The names whose Received fields are ours. */
struct dmf_ours {
	char	(*hosts)[ODM_NAME_MAX + 1];
	size_t	 nhosts;
};

/* Macro j, host name, AuthservID, TrustedAuthservIDs, OwnHosts. False: out of memory. */
bool dmf_ours_collect(const struct dmf_context *ctx, struct dmf_ours *o);

void dmf_ours_free(struct dmf_ours *o);

/*
 * True when the by-host of a Received field is one of the names or below it. A field
 * without one says nothing about us, so it is another host's.
 */
bool dmf_ours_received(const struct dmf_ours *o, struct odm_span value);

/*
 * Why a field of this authserv-id and job id ("": none) may not be used; NONE: it may.
 * *id_r says which id it is, when it is one of ours: 0 our own, else 1 + index in
 * TrustedAuthservIDs.
 */
enum dmf_untrusted dmf_ours_id(const struct dmf_context *ctx, const char *id, const char *job,
    size_t *id_r);

/* True when the value names this envelope's domain: the sender's, or HELO of a null sender. */
bool dmf_ours_sender(const struct dmf_context *ctx, struct odm_span raw);

/* True when the value is the HELO name of this client. */
bool dmf_ours_helo(const struct dmf_context *ctx, struct odm_span raw);

/* True when the value is the address of a null sender. */
bool dmf_ours_null_address(struct odm_span raw);

#endif
