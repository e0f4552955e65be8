/*
 * ignore.c - mail that is left alone by what its header says.
 */
#include <string.h>

#include "opendmarc/ignore.h"

static bool
is_listed(const struct conf_list *list, const char *domain)
{
	for (size_t i = 0; i < list->nwords; i++)
		if (strcmp(list->words[i], domain) == 0)
			return true;
	return false;
}

bool
dmf_ignores_from(const struct conf *c, char authors[][ODM_NAME_MAX + 1], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!is_listed(&c->ignore_mail_from, authors[i]))
			return false;
	return n > 0;
}

/* What ends an address in a list of them. */
static bool
is_boundary(struct odm_span text, size_t at)
{
	return at >= text.len || memchr(" \t\r\n<>,;:()\"", text.at[at], 11) != NULL;
}

static bool
names(struct odm_span text, const char *address)
{
	size_t len = strlen(address);

	for (size_t i = 0; i + len <= text.len; i++)
		if ((i == 0 || is_boundary(text, i - 1)) && is_boundary(text, i + len) &&
		    odm_span_ieq(odm_span_sub(text, i, i + len), address))
			return true;
	return false;
}

bool
dmf_ignores_to(const struct conf *c, struct odm_span to)
{
	for (size_t i = 0; i < c->ignore_mail_to.nwords; i++)
		if (names(to, c->ignore_mail_to.words[i]))
			return true;
	return false;
}
