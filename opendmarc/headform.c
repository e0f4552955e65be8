/*
 * headform.c - the fields of a header counted. RFC 5322, 3.6.
 */
#include <limits.h>
#include <stddef.h>

#include "opendmarc/headform.h"

static const struct {
	const char	*name;
	const char	*missing;	/* NULL: it may be */
	const char	*multiple;
} rules[DMF_HEADFORM_FIELDS] = {
	{ "From",	"missing From field",	"multiple From fields" },
	{ "Date",	"missing Date field",	"multiple Date fields" },
	{ "Reply-To",	NULL,			"multiple Reply-To fields" },
	{ "To",		NULL,			"multiple To fields" },
	{ "Cc",		NULL,			"multiple Cc fields" },
	{ "Bcc",	NULL,			"multiple Bcc fields" },
	{ "Message-Id",	NULL,			"multiple Message-Id fields" },
	{ "In-Reply-To", NULL,			"multiple In-Reply-To fields" },
	{ "References",	NULL,			"multiple References fields" },
	{ "Subject",	NULL,			"multiple Subject fields" },
};

void
dmf_headform_add(struct dmf_headform *h, struct odm_span name)
{
	name = odm_span_trim(name);
	for (size_t i = 0; i < COUNT(rules); i++)
		if (odm_span_ieq(name, rules[i].name)) {
			if (h->seen[i] < UINT_MAX)
				h->seen[i]++;
			return;
		}
}

const char *
dmf_headform_fault(const struct dmf_headform *h)
{
	for (size_t i = 0; i < COUNT(rules); i++) {
		if (h->seen[i] == 0 && rules[i].missing != NULL)
			return rules[i].missing;
		if (h->seen[i] > 1)
			return rules[i].multiple;
	}
	return NULL;
}
