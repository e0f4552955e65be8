/*
 * namelist.c - names in lower case, sorted, found by halving.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/textfile.h"
#include "libopendmarc/base/domain.h"
#include "reports/namelist.h"

struct report_namelist {
	struct odm_strbuf text;		/* of the file; lines end in NUL */
	const char	**names;	/* into text */
	size_t		 n;
};

static int
compare_names(const void *a, const void *b)
{
	return strcasecmp(*(const char *const *)a, *(const char *const *)b);
}

/* Points names at the lines, which are cut in place. */
static bool
take_lines(struct report_namelist *l)
{
	struct odm_span rest = odm_strbuf_span(&l->text), line;
	size_t lines = 1, i;

	for (i = 0; i < rest.len; i++)
		lines += rest.at[i] == '\n';
	if ((l->names = calloc(lines, sizeof(*l->names))) == NULL)
		return false;
	while (textfile_line(&rest, &line)) {
		if (line.len == 0)
			continue;
		/* What stands behind a line is a blank, a comment or the end of it. */
		l->text.at[(size_t)(line.at - l->text.at) + line.len] = '\0';
		l->names[l->n++] = line.at;
	}
	qsort(l->names, l->n, sizeof(*l->names), compare_names);
	return true;
}

struct report_namelist *
report_namelist_read(const char *path, const char **why_r)
{
	struct report_namelist *l = calloc(1, sizeof(*l));

	*why_r = "memory is short";
	if (l == NULL)
		return NULL;
	odm_strbuf_init(&l->text, REPORT_NAMELIST_MAX);
	if (!textfile_read(path, &l->text, why_r) || !take_lines(l))
		report_namelist_free(&l);
	return l;
}

void
report_namelist_free(struct report_namelist **l)
{
	if (*l == NULL)
		return;
	odm_strbuf_free(&(*l)->text);
	free((*l)->names);
	free(*l);
	*l = NULL;
}

static bool
has(const struct report_namelist *l, const char *name)
{
	return l->n > 0 &&
	    bsearch(&name, l->names, l->n, sizeof(*l->names), compare_names) != NULL;
}

bool
report_namelist_has(const struct report_namelist *l, const char *name)
{
	const char *at = strrchr(name, '@');

	return l != NULL && (has(l, name) || (at != NULL && has(l, at + 1)));
}
