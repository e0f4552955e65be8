/*
 * transport.c - the choice of the way for one delivery.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "libopendmarc/base/domain.h"
#include "libopendmarc/parse/uri.h"
#include "reports/deliver_https.h"
#include "reports/deliver_program.h"
#include "reports/transport.h"

struct report_transport {
	const struct report_transport_options *options;
	const struct report_identity *identity;
	struct report_smtp *smtp;
	struct report_https *https;	/* NULL before the first use */
	struct report_caps *caps;
};

struct report_transport *
report_transport_new(const struct report_transport_options *options,
    const struct report_identity *identity)
{
	struct report_transport *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->options = options;
	t->identity = identity;
	t->caps = report_caps_new(options->max_mails, options->max_per_domain);
	t->smtp = report_smtp_new(&options->server);
	if (t->caps == NULL || t->smtp == NULL)
		report_transport_free(&t);
	return t;
}

void
report_transport_free(struct report_transport **t)
{
	if (*t == NULL)
		return;
	report_smtp_free(&(*t)->smtp);
	report_https_free(&(*t)->https);
	report_caps_free(&(*t)->caps);
	free(*t);
	*t = NULL;
}

bool
report_destination_is_https(const char *destination)
{
	return strncasecmp(destination, "https:", 6) == 0;
}

/* The host of a destination, normalised; "" when there is none. */
static void
host_of(const char *destination, char host_r[ODM_NAME_MAX + 1])
{
	struct odm_span rest = odm_span_str(destination);
	struct odm_uri uri;

	host_r[0] = '\0';
	if (!report_destination_is_https(destination)) {
		if (!odm_domain_normalise(odm_domain_of_address(rest), host_r))
			host_r[0] = '\0';
	} else if (odm_uri_next(&rest, &uri) && !uri.malformed) {
		(void)odm_span_copy(odm_span_str(uri.host), host_r, ODM_NAME_MAX + 1);
	}
}

static enum report_outcome
send_https(struct report_transport *t, const char *url, struct odm_span packed,
    char reason[REPORT_REASON_SIZE])
{
	const struct report_transport_options *o = t->options;

	if (!o->https) {
		report_reason("--https is not given", reason);
		return REPORT_HELD;
	}
	if (t->https == NULL &&
	    (t->https = report_https_new(o->ca_file, o->https_private)) == NULL) {
		report_reason("libcurl cannot be started", reason);
		return REPORT_UNREACHABLE;
	}
	return report_https_send(t->https, url, packed, reason);
}

static enum report_outcome
send_mail(struct report_transport *t, const char *recipient, struct odm_span mail,
    char reason[REPORT_REASON_SIZE])
{
	const struct report_transport_options *o = t->options;
	char sender[ODM_URI_ADDRESS_MAX + 1];

	(void)strlcpy(sender, t->identity->email, sizeof(sender));
	if (o->verp_key != NULL)
		report_verp_sender(o->verp_key, t->identity->email, recipient, sender);
	if (o->sendmail != NULL)
		return report_sendmail_send(o->sendmail, sender, recipient, mail,
		    REPORT_SENDMAIL_TIMEOUT_SECS, reason);
	return report_smtp_send(t->smtp, sender, recipient, mail, reason);
}

enum report_outcome
report_transport_send(struct report_transport *t, const char *destination,
    struct odm_span octets, char reason[REPORT_REASON_SIZE])
{
	char host[ODM_NAME_MAX + 1];

	if (report_namelist_has(t->options->silent, destination)) {
		report_reason("it is on the list of those who get no reports", reason);
		return REPORT_FAILED;
	}
	host_of(destination, host);
	switch (report_caps_take(t->caps, host)) {
	case REPORT_CAP_RUN:
		report_reason("the run has sent --max-mails", reason);
		return REPORT_HELD;
	case REPORT_CAP_DOMAIN:
		report_reason("its domain got --max-per-domain in this run", reason);
		return REPORT_HELD;
	case REPORT_CAP_MEMORY:
		report_reason(strerror(ENOMEM), reason);
		return REPORT_HELD;
	case REPORT_CAP_NONE:
		break;
	}
	if (report_destination_is_https(destination))
		return send_https(t, destination, octets, reason);
	return send_mail(t, destination, octets, reason);
}
