/*
 * identity.h - who sends the reports: addresses, organization, domain, host.
 */
#ifndef REPORTS_IDENTITY_H
#define REPORTS_IDENTITY_H

#include <stdbool.h>

#include "libopendmarc/base/limits.h"

/* What the administrator said; NULL: nothing. Must outlive the identity. */
struct report_identity_options {
	const char	*email, *contact, *org, *domain;
};

struct report_identity {
	char		 email[ODM_URI_ADDRESS_MAX + 1];	/* From and envelope sender */
	char		 contact[ODM_URI_ADDRESS_MAX + 1];	/* in the report */
	const char	*org;				/* free name; into the options or submitter */
	char		 submitter[ODM_NAME_MAX + 1];	/* A-labels */
	char		 helo[ODM_NAME_MAX + 1];	/* what we call ourselves to a server */
};

/*
 * The full name of this host, normalised. False, and name_r "", when it has none
 * of at least two labels. May ask the system's resolver.
 */
bool report_host_name(char name_r[ODM_NAME_MAX + 1]);

/*
 * Fills in what was not said: the address is postmaster at the domain of host, the
 * contact is the address, the domain that of the address, the organization's
 * name the domain. host may be "". False, and one line in why that names the
 * option, when something is wrong or cannot be known.
 */
bool report_identity_make(const struct report_identity_options *o, const char *host,
    struct report_identity *id_r, char *why, size_t why_size);

#endif
