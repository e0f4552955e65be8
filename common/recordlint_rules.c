/*
 * recordlint_rules.c - the words of the findings. RFC 9989, 4.7, 4.8, 4.10.1 and 5.1.
 */
#include <assert.h>

#include "common/recordlint.h"

#define IGNORED_RECORD	"Receivers ignore the whole record."
#define IGNORED_TAG	"Receivers ignore the tag."
#define IGNORED_URI	"Receivers send nothing to this address."

static const struct recordlint_rule rules[] = {
	[RECORDLINT_V_MISSING] = { "v-missing", RECORDLINT_ERROR,
		"the record does not begin with v=DMARC1", IGNORED_RECORD,
		"v=DMARC1; and then the other tags" },
	[RECORDLINT_V_NOT_FIRST] = { "v-not-first", RECORDLINT_ERROR,
		"v=DMARC1 is not the first tag", IGNORED_RECORD,
		"v=DMARC1; and then the other tags" },
	[RECORDLINT_V_CASE] = { "v-case", RECORDLINT_ERROR,
		"DMARC1 is not written in capital letters", IGNORED_RECORD, "v=DMARC1" },
	[RECORDLINT_V_VALUE] = { "v-value", RECORDLINT_ERROR,
		"the version is not DMARC1", IGNORED_RECORD, "v=DMARC1" },
	[RECORDLINT_V_TWICE] = { "v-twice", RECORDLINT_ERROR,
		"there is a second v tag, as if two records had run together",
		"Receivers ignore the whole record, or take only its first part.",
		"one TXT record with one v=DMARC1" },
	[RECORDLINT_V_BLANK] = { "v-blank", RECORDLINT_WARNING,
		"the record begins with a blank",
		"Some receivers ignore the whole record.", "no blank before v=DMARC1" },

	[RECORDLINT_QUOTE] = { "quote", RECORDLINT_ERROR,
		"the record itself contains a quotation mark",
		"The mark counts as part of the value, which is then not what was meant.",
		"quotation marks only around the strings of a zone file, none where a web form "
		"asks for the text" },
	[RECORDLINT_BACKSLASH] = { "backslash", RECORDLINT_ERROR,
		"the record itself contains a backslash",
		"The backslash counts as part of the value, which is then not what was meant.",
		"; without a backslash: only zone files without quotation marks want \\;" },
	[RECORDLINT_OCTET] = { "octet", RECORDLINT_ERROR,
		"an octet that is no printable ASCII character",
		"Receivers ignore the tag in which it stands.",
		"plain ASCII; domain names as A-labels (xn--...)" },
	[RECORDLINT_SEPARATOR] = { "separator", RECORDLINT_ERROR,
		"a semicolon is missing before a tag",
		"Both tags count as one with a bad value.", "a ; between two tags" },
	[RECORDLINT_NO_EQUALS] = { "no-equals", RECORDLINT_ERROR,
		"a part without \"=\"", "Receivers ignore the part.", "name=value" },
	[RECORDLINT_EMPTY_VALUE] = { "empty-value", RECORDLINT_ERROR,
		"a tag without a value", IGNORED_TAG, "a value, or no tag" },
	[RECORDLINT_EMPTY_TAG] = { "empty-tag", RECORDLINT_NOTE,
		"two semicolons with nothing between them", "Receivers pass over it.",
		"one ; between two tags" },
	[RECORDLINT_UNKNOWN_TAG] = { "unknown-tag", RECORDLINT_WARNING,
		"a tag that DMARC does not know", IGNORED_TAG,
		"one of p sp np adkim aspf fo psd t rua ruf, or nothing" },
	[RECORDLINT_HISTORIC_TAG] = { "historic-tag", RECORDLINT_NOTE,
		"a tag of the old standard (RFC 7489) that means nothing any more",
		"Receivers ignore it; old ones may still follow it.", "no such tag" },
	[RECORDLINT_TAG_CASE] = { "tag-case", RECORDLINT_WARNING,
		"a tag name in capital letters", "Some receivers do not know the tag then.",
		"tag names in small letters" },
	[RECORDLINT_DUPLICATE_TAG] = { "duplicate-tag", RECORDLINT_ERROR,
		"a tag that was there before",
		"The first one counts here; others take the last, or ignore the whole record.",
		"each tag once" },
	[RECORDLINT_LENGTH] = { "length", RECORDLINT_WARNING,
		"the record is so long that an answer with it may not fit into one UDP packet",
		"Receivers must ask again over TCP, which some firewalls prevent.",
		"fewer or shorter addresses" },

	[RECORDLINT_POLICY_VALUE] = { "policy-value", RECORDLINT_ERROR,
		"not none, quarantine or reject",
		"The record counts as p=none if rua has a usable address; if not, there is no DMARC "
		"for this domain.", "none, quarantine or reject" },
	[RECORDLINT_VALUE] = { "value", RECORDLINT_ERROR,
		"a value that this tag does not have",
		"Receivers use the default of the tag.", "one of the values of the standard" },
	[RECORDLINT_FO_VALUE] = { "fo-value", RECORDLINT_ERROR,
		"not 0, 1, d or s", "Receivers ignore this word, or take fo=0.",
		"words of 0, 1, d and s with : between them" },
	[RECORDLINT_FO_CONFLICT] = { "fo-conflict", RECORDLINT_ERROR,
		"0 and 1 exclude each other", "Receivers take fo=0.", "fo=1, or fo=0" },
	[RECORDLINT_FO_WITHOUT_RUF] = { "fo-without-ruf", RECORDLINT_NOTE,
		"fo without ruf", "Receivers ignore fo: there is nobody to send failure reports to.",
		"ruf as well, or no fo" },
	[RECORDLINT_P_MISSING] = { "p-missing", RECORDLINT_ERROR,
		"there is no policy",
		"The record counts as p=none if rua has a usable address; if not, there is no DMARC "
		"for this domain.", "p=none, p=quarantine or p=reject" },
	[RECORDLINT_P_NONE] = { "p-none", RECORDLINT_NOTE,
		"the policy is none", "Receivers only report; forged mail is treated as before.",
		"p=quarantine or p=reject, once the reports show that all good mail passes" },
	[RECORDLINT_WEAK_SUBDOMAINS] = { "weak-subdomains", RECORDLINT_WARNING,
		"the policy for subdomains is weaker than that of the domain",
		"Forged mail from any subdomain is treated more mildly.",
		"no sp and np, or the policy of p" },
	[RECORDLINT_PCT_ZERO] = { "pct-zero", RECORDLINT_WARNING,
		"pct=0, an old way to ask for a test",
		"Some receivers lower the policy by one step; others ignore pct and enforce it.",
		"t=y" },
	[RECORDLINT_TESTING] = { "testing", RECORDLINT_NOTE,
		"the policy is in test mode",
		"Receivers lower it by one step: reject to quarantine, quarantine to none.",
		"no t, once the test is over" },
	[RECORDLINT_TESTING_NONE] = { "testing-none", RECORDLINT_NOTE,
		"test mode of a policy that asks for nothing", "t has no effect.", "no t" },
	[RECORDLINT_PSD_YES] = { "psd-yes", RECORDLINT_WARNING,
		"psd=y is only for public suffixes like \"com\", and this is not known as one",
		"Receivers do not regard this domain and its subdomains as one organization; "
		"mail that relies on relaxed alignment between them fails.",
		"no psd, or psd=n for a domain with subdomains of its own" },
	[RECORDLINT_PSD_RUF] = { "psd-ruf", RECORDLINT_ERROR,
		"ruf in a record with psd=y", "Receivers send no failure reports.", "no ruf" },
	[RECORDLINT_INERT] = { "inert", RECORDLINT_WARNING,
		"a policy for subdomains where none can apply, since this is no organizational domain",
		"Receivers use this record for mail of exactly this name only.",
		"sp and np in the record of the organizational domain, or psd=n here" },

	[RECORDLINT_RUA_MISSING] = { "rua-missing", RECORDLINT_WARNING,
		"there is no usable address for aggregate reports",
		"Nobody tells you who sends mail in your name and what becomes of it.",
		"rua=mailto:ADDRESS" },
	[RECORDLINT_URI_SCHEMELESS] = { "uri-schemeless", RECORDLINT_ERROR,
		"an address without mailto:", IGNORED_URI, "mailto:ADDRESS" },
	[RECORDLINT_URI_MALFORMED] = { "uri-malformed", RECORDLINT_ERROR,
		"not a usable URI", IGNORED_URI,
		"mailto:ADDRESS, with a comma between two; %2C, %21 and %3B for , ! and ; in one" },
	[RECORDLINT_URI_SCHEME] = { "uri-scheme", RECORDLINT_ERROR,
		"a URI scheme that receivers need not know", IGNORED_URI, "mailto:ADDRESS" },
	[RECORDLINT_URI_HTTPS] = { "uri-https", RECORDLINT_NOTE,
		"a report address with https:", "Many receivers send reports by mail only.",
		"a mailto: address beside it" },
	[RECORDLINT_URI_SIZE] = { "uri-size", RECORDLINT_NOTE,
		"a size limit of the old standard behind \"!\"",
		"Receivers ignore the limit; some ignore the address.", "the address alone" },
	[RECORDLINT_URI_EMPTY] = { "uri-empty", RECORDLINT_NOTE,
		"two commas with nothing between them, or one at the end", "Receivers pass over it.",
		"one comma between two addresses" },
	[RECORDLINT_URI_TWICE] = { "uri-twice", RECORDLINT_NOTE,
		"an address that was there before", "Some receivers send each report twice.",
		"each address once" },
	[RECORDLINT_URI_MANY] = { "uri-many", RECORDLINT_WARNING,
		"very many addresses", "Receivers send reports only to the first ones.",
		"one or two addresses" },

	[RECORDLINT_SEVERAL] = { "several", RECORDLINT_ERROR,
		"there are several DMARC records at this name",
		"Receivers ignore all of them.", "one TXT record" },
	[RECORDLINT_DEST_REFUSED] = { "dest-refused", RECORDLINT_ERROR,
		"the host of this address has not agreed to receive these reports", IGNORED_URI,
		"a TXT record v=DMARC1; at DOMAIN._report._dmarc.HOST, made by the owner of HOST" },
	[RECORDLINT_DEST_UNKNOWN] = { "dest-unknown", RECORDLINT_WARNING,
		"whether the host of this address agreed to receive these reports could not be found "
		"out", "Receivers wait with reports until the DNS answers.",
		"nothing here; the name servers of the other host must answer" },
};

const struct recordlint_rule *
recordlint_rule(enum recordlint_code code)
{
	_Static_assert(COUNT(rules) == RECORDLINT_CODES, "each code has a rule");
	assert((size_t)code < COUNT(rules));

	return &rules[code];
}

const char *
recordlint_severity_name(enum recordlint_severity severity)
{
	static const char *const names[] = { "note", "warning", "error" };

	return names[severity];
}

const char *
recordlint_fix(const struct recordlint_finding *f)
{
	return f->fix[0] != '\0' ? f->fix : recordlint_rule(f->code)->fix;
}
