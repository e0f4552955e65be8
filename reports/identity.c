/*
 * identity.c - who sends the reports.
 */
#include <sys/socket.h>
#include <sys/types.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libopendmarc/base/domain.h"
#include "reports/identity.h"
#include "reports/mail.h"

static bool
is_full_name(const char *text, char name_r[ODM_NAME_MAX + 1])
{
	if (odm_domain_normalise(odm_span_str(text), name_r) && odm_domain_labels(name_r) >= 2)
		return true;
	name_r[0] = '\0';
	return false;
}

bool
report_host_name(char name_r[ODM_NAME_MAX + 1])
{
	struct addrinfo hints = { .ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	char host[ODM_NAME_MAX + 2];
	bool is_full;

	name_r[0] = '\0';
	if (gethostname(host, sizeof(host) - 1) != 0)
		return false;
	host[sizeof(host) - 1] = '\0';
	if (is_full_name(host, name_r))
		return true;
	if (getaddrinfo(host, NULL, &hints, &found) != 0)
		return false;
	is_full = found->ai_canonname != NULL && is_full_name(found->ai_canonname, name_r);
	freeaddrinfo(found);
	return is_full;
}

/* Takes an address as said; false, and the reason in why, when it cannot be used. */
static bool
take_address(const char *option, const char *text, char address_r[ODM_URI_ADDRESS_MAX + 1],
    char *why, size_t why_size)
{
	if (report_mail_address_okay(odm_span_str(text)) &&
	    odm_span_copy(odm_span_str(text), address_r, ODM_URI_ADDRESS_MAX + 1))
		return true;
	(void)snprintf(why, why_size, "--%s \"%s\" is no mail address such as dmarc@example.com",
	    option, text);
	return false;
}

bool
report_identity_make(const struct report_identity_options *o, const char *host,
    struct report_identity *id_r, char *why, size_t why_size)
{
	char own[ODM_URI_ADDRESS_MAX + 1];
	const char *email = o->email;
	size_t labels = odm_domain_labels(host);
	int len;

	if (email == NULL && labels < 2) {
		(void)snprintf(why, why_size, "this host has no full name to make a sender of: "
		    "say --report-email ADDRESS");
		return false;
	}
	if (email == NULL) {
		len = snprintf(own, sizeof(own), "postmaster@%s",
		    odm_domain_suffix(host, labels > 2 ? labels - 1 : labels));
		email = len > 0 && (size_t)len < sizeof(own) ? own : "";
	}
	if (!take_address("report-email", email, id_r->email, why, why_size) ||
	    !take_address("report-contact", o->contact != NULL ? o->contact : email,
	    id_r->contact, why, why_size))
		return false;
	if (!odm_domain_normalise(o->domain != NULL ? odm_span_str(o->domain) :
	    odm_domain_of_address(odm_span_str(email)), id_r->submitter)) {
		(void)snprintf(why, why_size, "--report-domain \"%s\" is no domain name",
		    o->domain);
		return false;
	}
	id_r->org = o->org != NULL && o->org[0] != '\0' ? o->org : id_r->submitter;
	(void)strlcpy(id_r->helo, labels >= 2 ? host : id_r->submitter, sizeof(id_r->helo));
	return true;
}
