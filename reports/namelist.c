/*
 * namelist.c - names one behind the other, sorted, found by halving.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/textfile.h"
#include "libopendmarc/base/domain.h"
#include "reports/mail.h"
#include "reports/namelist.h"

static const char no_memory[] = "memory is short";

struct report_namelist {
	struct odm_strbuf text;		/* the names, each with its NUL */
	const char	**names;	/* into text */
	size_t		 n;
	bool		 strict;	/* while reading */
};

static int
compare_names(const void *a, const void *b)
{
	return strcasecmp(*(const char *const *)a, *(const char *const *)b);
}

/* Adds a line as it is compared. NULL, or what is wrong with it. */
static const char *
add_line(void *list, struct odm_span line)
{
	struct report_namelist *l = list;
	char name[ODM_NAME_MAX + 1];
	bool known;

	if (odm_span_find(line, '@') < line.len)
		known = report_mail_address_okay(line);
	else if ((known = odm_domain_normalise(line, name)))
		line = odm_span_str(name);
	if (l->strict && !known)
		return "neither a mail address nor a domain";
	odm_strbuf_add(&l->text, odm_span_sub(line, 0, odm_span_find(line, '\0')));
	odm_strbuf_addc(&l->text, '\0');
	l->n++;
	return NULL;
}

/* Points names at the text. False: out of memory. */
static bool
sort_names(struct report_namelist *l)
{
	const char *at = l->text.at;

	if (l->text.failed || (l->names = calloc(l->n + 1, sizeof(*l->names))) == NULL)
		return false;
	for (size_t i = 0; i < l->n; i++) {
		l->names[i] = at;
		at += strlen(at) + 1;
	}
	qsort(l->names, l->n, sizeof(*l->names), compare_names);
	return true;
}

struct report_namelist *
report_namelist_read(const char *path, bool strict, char *why, size_t why_size)
{
	struct report_namelist *l = calloc(1, sizeof(*l));
	struct odm_strbuf text;
	bool okay;

	if (l == NULL) {
		strlcpy(why, no_memory, why_size);
		return NULL;
	}
	l->strict = strict;
	/* An A-label is longer than its U-label. */
	odm_strbuf_init(&l->text, 4 * REPORT_NAMELIST_MAX);
	odm_strbuf_init(&text, REPORT_NAMELIST_MAX);
	okay = textfile_each(path, &text, add_line, l, why, why_size);
	odm_strbuf_free(&text);
	if (okay && !sort_names(l)) {
		strlcpy(why, no_memory, why_size);
		okay = false;
	}
	if (!okay)
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
