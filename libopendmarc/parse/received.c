/*
 * received.c - finding the by-host of a Received field. RFC 5321, 4.4.
 * The clauses are keyword and value, so that a client which calls itself "by"
 * in HELO does not move the by-clause.
 */
#include "libopendmarc/parse/cfws.h"
#include "libopendmarc/parse/received.h"

/*
 * Takes the next word. False at the end, at the ";" before the date, and where
 * a comment or quoted string is not closed.
 */
static bool
take_word(struct odm_span *rest, struct odm_span *word_r)
{
	return odm_cfws_skip(rest) && odm_run_take(rest, word_r) && word_r->len > 0;
}

static bool
is_clause(struct odm_span word)
{
	static const char *const keywords[] = { "from", "via", "with", "id", "for" };

	for (size_t i = 0; i < COUNT(keywords); i++)
		if (odm_span_ieq(word, keywords[i]))
			return true;
	return false;
}

bool
odm_received_by(struct odm_span value, struct odm_span *host_r)
{
	struct odm_span word, host;

	while (take_word(&value, &word)) {
		if (odm_span_ieq(word, "by")) {
			if (!take_word(&value, &host) || odm_span_find(host, '"') < host.len)
				return false;
			*host_r = host;
			return true;
		}
		if (is_clause(word) && !take_word(&value, &word))
			return false;
	}
	return false;
}
