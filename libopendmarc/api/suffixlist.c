/*
 * suffixlist.c - public suffix lists for evaluations by RFC 7489.
 */
#include <errno.h>
#include <stdlib.h>

#include "libopendmarc/api/api.h"

struct odm_suffix_list *
odm_suffix_list_open(const char *path)
{
	struct odm_suffix_list *list = calloc(1, sizeof(*list));
	int error;

	if (list == NULL)
		return NULL;
	list->psl = odm_psl_open(path);
	if (list->psl != NULL)
		return list;
	error = errno;
	free(list);
	errno = error;
	return NULL;
}

void
odm_suffix_list_free(struct odm_suffix_list **list)
{
	if (*list == NULL)
		return;
	odm_psl_free(&(*list)->psl);
	free(*list);
	*list = NULL;
}
