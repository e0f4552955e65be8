/*
 * command.c - splits the text of a command into its words, without a shell.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libopendmarc/base/span.h"
#include "reports/command.h"

/* Takes the octets of one word from *from; false when a quote is not closed. */
static bool
take_word(const char **from, char **to)
{
	char quote = '\0';

	for (; **from != '\0' && (quote != '\0' || !odm_is_fws(**from)); (*from)++) {
		if (quote == '\0' && (**from == '"' || **from == '\'')) {
			quote = **from;
		} else if (**from == quote) {
			quote = '\0';
		} else {
			if (**from == '\\' && quote != '\'' && (*from)[1] != '\0')
				(*from)++;
			*(*to)++ = **from;
		}
	}
	*(*to)++ = '\0';
	return quote == '\0';
}

bool
report_command_split(const char *text, struct report_command *c_r, const char **why_r)
{
	size_t n = 0;
	char *to;

	*c_r = (struct report_command){ .text = malloc(strlen(text) + 1) };
	*why_r = c_r->text == NULL ? strerror(ENOMEM) : NULL;
	for (to = c_r->text; *why_r == NULL; ) {
		while (odm_is_fws(*text))
			text++;
		if (*text == '\0')
			break;
		if (n == REPORT_COMMAND_WORDS_MAX) {
			*why_r = "it has too many words";
			break;
		}
		c_r->argv[n++] = to;
		if (!take_word(&text, &to))
			*why_r = "a quote is not closed";
	}
	if (*why_r == NULL && (n == 0 || c_r->argv[0][0] == '\0'))
		*why_r = "it names no program";
	if (*why_r != NULL)
		report_command_free(c_r);
	return *why_r == NULL;
}

void
report_command_free(struct report_command *c)
{
	free(c->text);
	*c = (struct report_command){ .text = NULL };
}
