/*
 * inputs_private.h - the inputs as inputs.c reads and inputs_result.c tells them.
 */
#ifndef OPENDMARC_INPUTS_PRIVATE_H
#define OPENDMARC_INPUTS_PRIVATE_H

#include "opendmarc/arcbind.h"
#include "opendmarc/dkimbind.h"
#include "opendmarc/inputs.h"
#include "opendmarc/ours.h"

/* What may have to go: an Authentication-Results field under our own id. */
struct own_field {
	unsigned	nth;
	bool		refused;	/* holds a pass that was refused whatever SPF says */
	bool		spf_pass;	/* holds an SPF pass about this envelope */
	bool		dmarc_pass;
};

struct dmf_inputs {
	const struct dmf_context *ctx;
	struct dmf_ours	 ours;
	struct dmf_signatures sigs;
	struct dmf_claim *claims;
	size_t		 nclaims, claims_size;
	struct dmf_arc	 arc;
	size_t		 nresults;	/* dkim, spf and arc results read, for the limit */
	unsigned	*dkim_fields;	/* fields with dkim results, for each trusted id */
	unsigned	*arc_fields;	/* the same with arc results */
	struct own_field *own;
	size_t		 nown;
	enum odm_result	 evidence;	/* of the header about this envelope; UNKNOWN none */
	enum odm_result	 spf;		/* settled */
	bool		 spf_refused;	/* settled: a header pass about this envelope is wrong */
	bool		 spf_seen;	/* a field read so far is about SPF, whoever wrote it */
	bool		 any_trusted;
	enum dmf_untrusted untrusted;
	char		 untrusted_id[DMF_ID_MAX + 1];
};

#endif
