/*
 * sender.c - the domain of an envelope sender. RFC 5321, 4.1.2.
 */
#include "opendmarc/sender.h"

bool
dmf_sender_split(const char *sender, struct odm_span *address_r, struct odm_span *domain_r)
{
	struct odm_span s = odm_span_trim(odm_span_str(sender));
	bool quoted = false;
	size_t i, at;

	while (s.len >= 2 && s.at[0] == '<' && s.at[s.len - 1] == '>')
		s = odm_span_trim(odm_span_sub(s, 1, s.len - 1));
	/* A source route (RFC 5321, appendix C) names hosts on the way, not the sender. */
	if (s.len > 0 && s.at[0] == '@' && (i = odm_span_find(s, ':')) < s.len)
		s = odm_span_sub(s, i + 1, s.len);
	*address_r = s;
	at = s.len;
	for (i = 0; i < s.len; i++) {
		if (s.at[i] == '\\' && quoted)
			i++;
		else if (s.at[i] == '"')
			quoted = !quoted;
		else if (s.at[i] == '@' && !quoted)
			at = i;
	}
	*domain_r = at < s.len ? odm_span_sub(s, at + 1, s.len) : (struct odm_span){ NULL, 0 };
	return domain_r->len > 0;
}
