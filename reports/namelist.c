/*
 * namelist.c - names one behind the other, sorted, found by halving.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/textfile.h"
#include "libopendmarc/base/domain.h"
#include "reports/mail.h"
#include "reports/namelist.h"

struct report_namelist {
	struct odm_strbuf text;		/* the names, each with its NUL */
	const char	**names;	/* into text */
	size_t		 n;
};

static int
compare_names(const void *a, const void *b)
{
	return strcasecmp(*(const char *const *)a, *(const char *const *)b);
}

/* Adds a line as it is compared. False: it is to be a name, and is none. */
static bool
add_line(struct report_namelist *l, struct odm_span line, bool strict)
{
	char name[ODM_NAME_MAX + 1];
	bool known;

	if (odm_span_find(line, '@') < line.len)
		known = report_mail_address_okay(line);
	else if ((known = odm_domain_normalise(line, name)))
		line = odm_span_str(name);
	if (strict && !known)
		return false;
	odm_strbuf_add(&l->text, odm_span_sub(line, 0, odm_span_find(line, '\0')));
	odm_strbuf_addc(&l->text, '\0');
	l->n++;
	return true;
}

/* Adds every line. 0, or the number of the one that is wrong. */
static unsigned
add_lines(struct report_namelist *l, struct odm_span text, bool strict)
{
	struct odm_span line;
	unsigned number;

	for (number = 1; textfile_line(&text, &line); number++)
		if (line.len > 0 && !add_line(l, line, strict))
			return number;
	return 0;
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
	const char *reason = "memory is short";
	struct odm_strbuf text;
	unsigned wrong = 0;
	bool okay = false;

	odm_strbuf_init(&text, REPORT_NAMELIST_MAX);
	if (l != NULL) {
		/* An A-label is longer than its U-label. */
		odm_strbuf_init(&l->text, 4 * REPORT_NAMELIST_MAX);
		okay = textfile_read(path, &text, &reason) &&
		    (wrong = add_lines(l, odm_strbuf_span(&text), strict)) == 0 &&
		    sort_names(l);
	}
	odm_strbuf_free(&text);
	if (okay)
		return l;
	if (wrong > 0)
		(void)snprintf(why, why_size, "%s: line %u: neither a mail address nor a domain",
		    path, wrong);
	else
		(void)snprintf(why, why_size, "%s: %s", path, reason);
	report_namelist_free(&l);
	return NULL;
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
