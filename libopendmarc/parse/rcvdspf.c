/*
 * rcvdspf.c - reading Received-SPF fields. RFC 7208, 9.1 and erratum 5436.
 * Fields in use leave out quotes around addresses and the ";" between pairs:
 * a value runs to white space, "(" or ";".
 */
#include <assert.h>

#include "libopendmarc/base/nametab.h"
#include "libopendmarc/parse/authres.h"
#include "libopendmarc/parse/cfws.h"
#include "libopendmarc/parse/rcvdspf.h"

static const struct odm_name identity_names[] = {
	{ ODM_SPF_IDENTITY_MAILFROM,	"mailfrom" },
	{ ODM_SPF_IDENTITY_HELO,	"helo" },
};

/* The keys of RFC 7208, 9.1: what may follow an empty value. */
static const char *const keys[] = {
	"client-ip", "envelope-from", "helo", "identity", "mechanism", "problem", "receiver"
};

/* RFC 7208, 12: name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." ). May be empty. */
static struct odm_span
take_key(struct odm_span *rest)
{
	struct odm_span start = *rest;
	size_t len = 0;

	while (len < start.len && (odm_is_alnum(start.at[len]) || start.at[len] == '-' ||
	    start.at[len] == '_' || start.at[len] == '.'))
		len++;
	*rest = odm_span_sub(start, len, start.len);
	return odm_span_sub(start, 0, len);
}

static bool
begins_known_key(struct odm_span text)
{
	struct odm_span key = take_key(&text);

	if (text.len == 0 || text.at[0] != '=')
		return false;
	for (size_t i = 0; i < COUNT(keys); i++)
		if (odm_span_ieq(key, keys[i]))
			return true;
	return false;
}

static enum odm_spf_identity
identity_of(struct odm_span raw)
{
	char word[sizeof("mailfrom")];
	int value;

	if (odm_authres_value(raw, word, sizeof(word)) &&
	    odm_name_value(identity_names, COUNT(identity_names), odm_span_str(word), &value))
		return (enum odm_spf_identity)value;
	return ODM_SPF_IDENTITY_OTHER;
}

static void
keep_first(bool *has, struct odm_span *kept, struct odm_span value)
{
	if (!*has)
		*kept = value;
	*has = true;
}

static void
apply_key(struct odm_rcvdspf *spf, struct odm_span key, struct odm_span value)
{
	if (odm_span_ieq(key, "client-ip"))
		keep_first(&spf->has_client_ip, &spf->client_ip, value);
	else if (odm_span_ieq(key, "envelope-from"))
		keep_first(&spf->has_envelope_from, &spf->envelope_from, value);
	else if (odm_span_ieq(key, "helo"))
		keep_first(&spf->has_helo, &spf->helo, value);
	else if (odm_span_ieq(key, "identity") && spf->identity == ODM_SPF_IDENTITY_ABSENT)
		spf->identity = identity_of(value);
}

/* Reads key=value pairs to the end. False when a comment or string is not closed. */
static bool
read_pairs(struct odm_span rest, struct odm_rcvdspf *spf)
{
	struct odm_span start, key, value;

	while (odm_cfws_skip(&rest)) {
		if (rest.len == 0)
			return true;
		if (rest.at[0] == ';') {
			rest = odm_span_sub(rest, 1, rest.len);
			continue;
		}
		start = rest;
		key = take_key(&rest);
		if (!odm_cfws_skip(&rest))
			return false;
		if (key.len > 0 && rest.len > 0 && rest.at[0] == '=') {
			rest = odm_span_sub(rest, 1, rest.len);
			if (!odm_value_take(&rest, begins_known_key, &value))
				return false;
			apply_key(spf, key, value);
			continue;
		}
		rest = start;
		if (!odm_run_take(&rest, &value))
			return false;
	}
	return false;
}

bool
odm_rcvdspf_parse(struct odm_span value, struct odm_rcvdspf *spf_r)
{
	struct odm_span rest = value, word;
	struct odm_rcvdspf spf = { .identity = ODM_SPF_IDENTITY_ABSENT };

	assert(spf_r != NULL);
	*spf_r = spf;

	if (!odm_cfws_skip(&rest))
		return false;
	word = take_key(&rest);
	if (rest.len > 0 && !odm_is_fws(rest.at[0]) && rest.at[0] != '(' && rest.at[0] != ';')
		return false;
	spf.result = odm_result_parse(word);
	if (spf.result == ODM_RESULT_UNKNOWN)
		return false;
	if (!read_pairs(rest, &spf) && spf.result == ODM_RESULT_PASS)
		spf.result = ODM_RESULT_UNKNOWN;
	*spf_r = spf;
	return true;
}
