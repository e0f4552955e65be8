/*
 * failures.c - the entries of the spool sorted into reports.
 */
#include "config.h"

#include <sys/file.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/failspool.h"
#include "common/log.h"
#include "libopendmarc/base/domain.h"
#include "reports/failures_private.h"

/* An entry that belongs to a group: GROUP.ENTRY.take, both without their endings. */
#define TAKEN	".take"
#define BROKEN	".bad"

/* One entry and what makes it like others. */
struct item {
	char	*key;
	const char *name;	/* in the list of names */
};

int
report_failures_lock(const char *spool)
{
	char path[PATH_MAX];
	int fd, error, len = snprintf(path, sizeof(path), "%s/.lock", spool);

	if (len < 0 || (size_t)len >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	error = errno;
	(void)close(fd);
	errno = error;
	return -1;
}

static bool
path_of(const struct report_failures *r, const char *name, char path_r[PATH_MAX])
{
	int len = snprintf(path_r, PATH_MAX, "%s/%s", r->spool, name);

	return len > 0 && len < PATH_MAX;
}

/* Renames a file of the spool, or removes it with to NULL. */
static bool
move(struct report_failures *r, const char *from, const char *to)
{
	char old[PATH_MAX], new[PATH_MAX];

	if (r->test)
		return true;
	if (path_of(r, from, old) && (to == NULL || path_of(r, to, new)) &&
	    (to == NULL ? unlink(old) : rename(old, new)) == 0)
		return true;
	log_write(LOG_LEVEL_ERROR, "%s/%s: %s", r->spool, from, strerror(errno));
	r->broken++;
	return false;
}

static bool
is_name(const char *text)
{
	char name[ODM_NAME_MAX + 1];

	return odm_domain_normalise(odm_span_str(text), name) && strcmp(name, text) == 0;
}

bool
report_failures_load(struct report_failures *r, const char *name, struct odm_strbuf *text,
    struct failure *f_r)
{
	const char *why;
	char bad[NAME_MAX + 1];
	int len;

	odm_strbuf_clear(text);
	if (failspool_get(r->spool, name, text, &why) && failure_read(text, f_r, &why)) {
		if (is_name(f_r->author_domain) && is_name(f_r->policy_domain))
			return true;
		why = "it names no domain";
	}
	log_write(LOG_LEVEL_ERROR, "%s/%s: no entry of a failure: %s; it is put aside as %s",
	    r->spool, name, why, BROKEN);
	r->broken++;
	len = snprintf(bad, sizeof(bad), "%s" BROKEN, name);
	if (len > 0 && (size_t)len < sizeof(bad))
		(void)move(r, name, bad);
	return false;
}

/* What two incidents have in common that go into one report. */
static char *
key_of(const struct failure *f)
{
	struct odm_strbuf key;
	char *copy;

	odm_strbuf_init(&key, 4 * FAILURE_VALUE_MAX);
	odm_strbuf_addf(&key, "%s %s %s %s %u %d%d %d", f->policy_domain, f->author_domain, f->ip,
	    f->result, f->kinds, f->dkim_aligned, f->spf_aligned, (int)f->delivery);
	copy = key.failed ? NULL : strdup(key.at);
	odm_strbuf_free(&key);
	return copy;
}

static int
by_key(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int order = strcmp(x->key, y->key);

	return order != 0 ? order : strcmp(x->name, y->name);
}

/* Reads the entries that are whole and not too old. -1: no memory. */
static int
read_items(struct report_failures *r, const struct failspool_names *names, struct item *items,
    size_t *n_r)
{
	struct odm_strbuf text;
	struct failure f;
	int result = 0;
	size_t i;

	*n_r = 0;
	odm_strbuf_init(&text, FAILURE_TEXT_MAX);
	for (i = 0; i < names->n && result == 0; i++) {
		if (failspool_time(names->names[i]) < r->now - r->max_age_secs) {
			r->dropped++;
			(void)move(r, names->names[i], NULL);
			continue;
		}
		if (!report_failures_load(r, names->names[i], &text, &f))
			continue;
		items[*n_r] = (struct item){ key_of(&f), names->names[i] };
		if (items[*n_r].key == NULL)
			result = -1;
		else
			(*n_r)++;
	}
	odm_strbuf_free(&text);
	return result;
}

/* The part of a name before its first dot. */
static int
stem_len(const char *name)
{
	return (int)strcspn(name, ".");
}

/* Gives an entry the name that ties it to its group. */
static void
claim(struct report_failures *r, const char *first, const char *name)
{
	char taken[NAME_MAX + 1];
	int len = snprintf(taken, sizeof(taken), "%.*s.%.*s" TAKEN, stem_len(first), first,
	    stem_len(name), name);

	if (len > 0 && (size_t)len < sizeof(taken))
		(void)move(r, name, taken);
}

/* In a test the groups are made at once, since nothing is claimed. */
static void
make_group(struct report_failures *r, const struct item *items, size_t n)
{
	size_t i;

	if (r->test)
		(void)report_failures_make(r, items[0].name, (unsigned)n);
	else
		for (i = 0; i < n; i++)
			claim(r, items[0].name, items[i].name);
}

/* Sorts new entries into groups. */
static int
claim_all(struct report_failures *r)
{
	struct failspool_names names;
	struct item *items;
	size_t n = 0, i, first;
	int result;

	if (failspool_list(r->spool, FAILSPOOL_ENTRY, &names) != 0)
		return -1;
	items = calloc(names.n + 1, sizeof(*items));
	result = items == NULL ? -1 : read_items(r, &names, items, &n);
	if (result == 0 && n > 0) {
		qsort(items, n, sizeof(*items), by_key);
		for (first = 0, i = 1; i <= n; i++)
			if (i == n || strcmp(items[i].key, items[first].key) != 0) {
				make_group(r, items + first, i - first);
				first = i;
			}
	}
	for (i = 0; i < n; i++)
		free(items[i].key);
	free(items);
	failspool_names_free(&names);
	if (result != 0)
		errno = ENOMEM;
	if (r->dropped > 0 && !r->test)
		log_write(LOG_LEVEL_WARNING, "%u entries are too old for a report and were removed",
		    r->dropped);
	return result;
}

/* Makes the mail of a group and removes its entries. */
static void
finish_group(struct report_failures *r, char *const *names, size_t n)
{
	size_t i;

	if (report_failures_make(r, names[0], (unsigned)n))
		for (i = 0; i < n; i++)
			(void)move(r, names[i], NULL);
}

int
report_failures_collect(struct report_failures *r)
{
	struct failspool_names names;
	size_t i, first;

	if (claim_all(r) != 0 || failspool_list(r->spool, TAKEN, &names) != 0)
		return -1;
	for (first = 0, i = 1; i <= names.n; i++)
		if (i == names.n || strncmp(names.names[i], names.names[first],
		    (size_t)stem_len(names.names[first]) + 1) != 0) {
			finish_group(r, names.names + first, i - first);
			first = i;
		}
	failspool_names_free(&names);
	return 0;
}
