/*
 * psl.c - organizational domains by a public suffix list. RFC 7489, 3.2.
 */
#include <errno.h>
#include <libpsl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libopendmarc/base/psl.h"

struct odm_psl {
	psl_ctx_t		*owned;	/* NULL for the built-in list */
	const psl_ctx_t		*list;
};

struct odm_psl *
odm_psl_open(const char *path)
{
	struct odm_psl *psl = calloc(1, sizeof(*psl));

	if (psl == NULL)
		return NULL;
	if (path == NULL) {
		psl->list = psl_builtin();
	} else if (access(path, R_OK) != 0) {
		int reason = errno;

		free(psl);
		errno = reason;
		return NULL;
	} else {
		psl->list = psl->owned = psl_load_file(path);
	}
	if (psl->list == NULL || psl_suffix_count(psl->list) == 0) {
		odm_psl_free(&psl);
		errno = EINVAL;
	}
	return psl;
}

struct odm_psl *
odm_psl_parse(struct odm_span text)
{
	struct odm_psl *psl = calloc(1, sizeof(*psl));
	char *copy = strndup(text.len > 0 ? text.at : "", text.len);
	FILE *file = copy != NULL && text.len > 0 ? fmemopen(copy, text.len, "r") : NULL;

	if (file != NULL && psl != NULL)
		psl->list = psl->owned = psl_load_fp(file);
	if (file != NULL)
		(void)fclose(file);
	free(copy);
	if (psl != NULL && (psl->list == NULL || psl_suffix_count(psl->list) == 0)) {
		odm_psl_free(&psl);
		errno = EINVAL;
	}
	return psl;
}

void
odm_psl_free(struct odm_psl **psl)
{
	if (*psl == NULL)
		return;
	psl_free((*psl)->owned);
	free(*psl);
	*psl = NULL;
}

void
odm_psl_orgdomain(const struct odm_psl *psl, const char *name, char org_r[ODM_NAME_MAX + 1])
{
	const char *org = psl_registrable_domain(psl->list, name);

	if (org == NULL)
		org = name;
	memcpy(org_r, org, strlen(org) + 1);
}

bool
odm_psl_is_suffix(const struct odm_psl *psl, const char *name)
{
	return psl_is_public_suffix(psl->list, name) != 0;
}
