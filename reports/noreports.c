/*
 * noreports.c - addresses and domains that never get a failure report.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/textfile.h"
#include "libopendmarc/base/domain.h"
#include "reports/mail.h"
#include "reports/noreports.h"

struct report_noreports {
	char	**words;	/* addresses as written, domains normalised */
	size_t	  nwords;
};

/* One line as it is compared; NULL when it is neither address nor domain. */
static char *
read_word(struct odm_span line)
{
	char name[ODM_NAME_MAX + 1];

	if (odm_span_find(line, '@') < line.len)
		return report_mail_address_okay(line) ? strndup(line.at, line.len) : NULL;
	return odm_domain_normalise(line, name) ? strdup(name) : NULL;
}

static bool
add_word(struct report_noreports *n, char *word)
{
	char **more = reallocarray(n->words, n->nwords + 1, sizeof(*more));

	if (more == NULL) {
		free(word);
		return false;
	}
	n->words = more;
	n->words[n->nwords++] = word;
	return true;
}

/* Every line of text; false with the number of a bad one, or 0 without memory. */
static bool
read_lines(struct report_noreports *n, struct odm_span text, unsigned *line_r)
{
	struct odm_span line;
	char *word;

	for (*line_r = 1; textfile_line(&text, &line); (*line_r)++) {
		if (line.len == 0)
			continue;
		if ((word = read_word(line)) == NULL)
			return false;
		if (!add_word(n, word)) {
			*line_r = 0;
			return false;
		}
	}
	return true;
}

struct report_noreports *
report_noreports_read(const char *path, char *why, size_t why_size)
{
	struct report_noreports *n = calloc(1, sizeof(*n));
	const char *reason = strerror(ENOMEM);
	struct odm_strbuf text;
	unsigned line = 0;
	bool okay = false;

	odm_strbuf_init(&text, REPORT_NOREPORTS_MAX);
	if (n != NULL && textfile_read(path, &text, &reason))
		okay = read_lines(n, odm_strbuf_span(&text), &line);
	odm_strbuf_free(&text);
	if (okay)
		return n;
	if (line > 0)
		(void)snprintf(why, why_size, "%s: line %u: neither a mail address nor a domain",
		    path, line);
	else
		(void)snprintf(why, why_size, "%s: %s", path, reason);
	report_noreports_free(&n);
	return NULL;
}

void
report_noreports_free(struct report_noreports **n)
{
	if (*n == NULL)
		return;
	for (size_t i = 0; i < (*n)->nwords; i++)
		free((*n)->words[i]);
	free((*n)->words);
	free(*n);
	*n = NULL;
}

bool
report_noreports_has(const struct report_noreports *n, const char *address, const char *domain)
{
	if (n == NULL)
		return false;
	for (size_t i = 0; i < n->nwords; i++)
		if (strcasecmp(n->words[i], address) == 0 || strcmp(n->words[i], domain) == 0)
			return true;
	return false;
}
