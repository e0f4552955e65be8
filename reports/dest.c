/*
 * dest.c - the destinations of a rua list. RFC 9990, 3.5 and 4.
 */
#include <assert.h>
#include <strings.h>

#include "libopendmarc/base/domain.h"
#include "libopendmarc/parse/uri.h"
#include "reports/dest.h"
#include "reports/mail.h"
#include "reports/namelist.h"

size_t
report_dests_count(const struct report_dests *d, enum report_dest_state state)
{
	size_t i, n = 0;

	for (i = 0; i < d->n; i++)
		n += d->list[i].state == state;
	return n;
}

/* Letter case of a local part means nothing to any mailbox that takes reports. */
static bool
is_known(const struct report_dests *d, const char *address)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		if (d->list[i].host[0] != '\0' && strcasecmp(d->list[i].address, address) == 0)
			return true;
	return false;
}

/* Adds a destination; what is published stands in for the address of an ignored one. */
static struct report_dest *
add(struct report_dests *d, enum report_dest_state state, const struct odm_uri *uri,
    const char *reason)
{
	struct report_dest *dest = &d->list[d->n++];
	struct odm_span shown = uri->text;

	assert(d->n <= COUNT(d->list));
	*dest = (struct report_dest){ .state = state, .reason = reason };
	if (state == REPORT_DEST_IGNORED) {
		if (shown.len > ODM_URI_ADDRESS_MAX)
			shown.len = ODM_URI_ADDRESS_MAX;
		(void)odm_span_copy(shown, dest->address, sizeof(dest->address));
	} else {
		(void)odm_span_copy(odm_span_str(uri->address), dest->address,
		    sizeof(dest->address));
		(void)odm_span_copy(odm_span_str(uri->host), dest->host, sizeof(dest->host));
	}
	return dest;
}

/* Why nothing can be sent to uri; NULL when it can. */
static const char *
fault_of(const struct report_dests *d, const struct odm_uri *uri)
{
	if (uri->malformed)
		return "malformed URI";
	if (uri->scheme != ODM_URI_MAILTO && (uri->scheme != ODM_URI_HTTPS || !d->https))
		return "unsupported scheme";
	if (uri->scheme == ODM_URI_MAILTO && !report_mail_address_okay(odm_span_str(uri->address)))
		return "no address that mail can carry";
	if (is_known(d, uri->address))
		return "listed twice";
	return NULL;
}

void
report_dests_read(struct odm_span rua, bool https, struct report_dests *d_r)
{
	struct odm_uri uri;
	const char *fault;

	d_r->n = 0;
	d_r->https = https;
	while (d_r->n < ODM_URIS_MAX && odm_uri_next(&rua, &uri)) {
		fault = fault_of(d_r, &uri);
		(void)add(d_r, fault == NULL ? REPORT_DEST_UNCHECKED : REPORT_DEST_IGNORED, &uri,
		    fault);
	}
}

/* Puts the addresses of an override behind the list. */
static void
replace(struct report_dests *d, size_t i, struct odm_span override)
{
	const char *fault;
	struct odm_uri uri;

	d->list[i].state = REPORT_DEST_REPLACED;
	d->list[i].reason = "its host names another address";
	while (d->n < COUNT(d->list) && odm_uri_next(&override, &uri)) {
		/* The host may confirm the published address; it is then not a second one. */
		if (!uri.malformed && uri.scheme != ODM_URI_OTHER &&
		    strcasecmp(uri.address, d->list[i].address) == 0) {
			d->list[i].state = REPORT_DEST_READY;
			d->list[i].reason = NULL;
			continue;
		}
		if ((fault = fault_of(d, &uri)) != NULL)
			(void)add(d, REPORT_DEST_IGNORED, &uri, fault);
		else if (strcmp(uri.host, d->list[i].host) != 0)
			add(d, REPORT_DEST_REFUSED, &uri, NULL)->reason =
			    "named by another host than its own";
		else
			(void)add(d, REPORT_DEST_READY, &uri, NULL);
	}
}

void
report_dests_settle(struct report_dests *d, size_t i, enum odm_extdest outcome,
    struct odm_span override)
{
	struct report_dest *dest = &d->list[i];

	assert(i < d->n && dest->state == REPORT_DEST_UNCHECKED);
	switch (outcome) {
	case ODM_EXTDEST_INTERNAL:
		dest->state = REPORT_DEST_READY;
		break;
	case ODM_EXTDEST_VERIFIED:
		if (override.len > 0)
			replace(d, i, override);
		else
			dest->state = REPORT_DEST_READY;
		break;
	case ODM_EXTDEST_REFUSED:
		dest->state = REPORT_DEST_REFUSED;
		dest->reason = "its host does not agree to receive these reports";
		break;
	case ODM_EXTDEST_OPEN:
	case ODM_EXTDEST_TEMPERROR:
		dest->state = REPORT_DEST_POSTPONED;
		dest->reason = "the DNS did not say whether its host agrees";
		break;
	}
}

void
report_dests_add(struct report_dests *d, const char *address)
{
	struct odm_uri uri = { .scheme = ODM_URI_MAILTO };

	if (d->n >= COUNT(d->list) || is_known(d, address) ||
	    !odm_span_copy(odm_span_str(address), uri.address, sizeof(uri.address)) ||
	    !odm_domain_normalise(odm_domain_of_address(odm_span_str(address)), uri.host))
		return;
	(void)add(d, REPORT_DEST_READY, &uri, NULL);
}

void
report_dests_silence(struct report_dests *d, const struct report_namelist *list)
{
	struct report_dest *dest;
	size_t i;

	for (i = 0; i < d->n; i++) {
		dest = &d->list[i];
		if ((dest->state != REPORT_DEST_READY && dest->state != REPORT_DEST_UNCHECKED) ||
		    (!report_namelist_has(list, dest->address) &&
		    !report_namelist_has(list, dest->host)))
			continue;
		dest->state = REPORT_DEST_REFUSED;
		dest->reason = "it is on the list of those who get no reports";
	}
}
