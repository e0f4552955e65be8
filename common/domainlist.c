/*
 * domainlist.c - a set of domain names as a sorted table.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/domainlist.h"
#include "common/textfile.h"
#include "libopendmarc/base/domain.h"

/* Half a million names, as in IgnoreHosts. */
#define LIST_FILE_MAX	(16 * 1024 * 1024)

static const char no_memory[] = "memory allocation failure";

struct domainlist {
	char	**names;	/* sorted after reading */
	size_t	  n, size;
};

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool
add(struct domainlist *l, const char *name)
{
	size_t larger = l->size == 0 ? 16 : l->size * 2;
	char **names;

	if (l->n == l->size) {
		names = reallocarray(l->names, larger, sizeof(*names));
		if (names == NULL)
			return false;
		l->names = names;
		l->size = larger;
	}
	l->names[l->n] = strdup(name);
	if (l->names[l->n] == NULL)
		return false;
	l->n++;
	return true;
}

/* Adds the entry of a line that is not empty. NULL, or what is wrong with it. */
static const char *
add_line(void *list, struct odm_span line)
{
	struct domainlist *l = list;
	char name[ODM_NAME_MAX + 1];
	size_t len = 0;

	while (len < line.len && !odm_is_fws(line.at[len]))
		len++;
	if (!odm_domain_normalise(odm_span_sub(line, 0, len), name))
		return "the entry is no domain name";
	return add(l, name) ? NULL : no_memory;
}

static bool
add_file(struct domainlist *l, const char *path, char *why, size_t why_size)
{
	struct odm_strbuf text;
	bool okay;

	odm_strbuf_init(&text, LIST_FILE_MAX);
	okay = textfile_each(path, &text, add_line, l, why, why_size);
	odm_strbuf_free(&text);
	return okay;
}

static bool
add_words(struct domainlist *l, const struct conf_list *words, char *why, size_t why_size)
{
	for (size_t i = 0; i < words->nwords; i++)
		if (!add(l, words->words[i])) {
			strlcpy(why, no_memory, why_size);
			return false;
		}
	return true;
}

struct domainlist *
domainlist_read(const struct conf_list *words, const char *path, char *why, size_t why_size)
{
	struct domainlist *l = calloc(1, sizeof(*l));

	if (l == NULL) {
		strlcpy(why, no_memory, why_size);
		return NULL;
	}
	if (!add_words(l, words, why, why_size) ||
	    (path != NULL && !add_file(l, path, why, why_size))) {
		domainlist_free(&l);
		return NULL;
	}
	if (l->n > 0)
		qsort(l->names, l->n, sizeof(l->names[0]), compare);
	return l;
}

void
domainlist_free(struct domainlist **l)
{
	if (*l == NULL)
		return;
	for (size_t i = 0; i < (*l)->n; i++)
		free((*l)->names[i]);
	free((*l)->names);
	free(*l);
	*l = NULL;
}

bool
domainlist_has(const struct domainlist *l, const char *name)
{
	return !domainlist_empty(l) &&
	    bsearch(&name, l->names, l->n, sizeof(l->names[0]), compare) != NULL;
}

bool
domainlist_empty(const struct domainlist *l)
{
	return l == NULL || l->n == 0;
}
