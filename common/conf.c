/*
 * conf.c - reading opendmarc.conf: lines, names, defaults, and errors that help.
 */
#include "config.h"

#include <assert.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf_private.h"
#include "common/log.h"
#include "common/textfile.h"

/* A configuration has some hundred lines; more is the wrong file. */
#define CONF_FILE_MAX	(1024 * 1024)

/* Set by the command line, not by a line of the file. */
#define LINE_COMMAND	UINT_MAX

/* So much of a bad word is shown. */
#define SHOWN_MAX	60

const char conf_default_path[] = SYSCONFDIR "/opendmarc.conf";

/* Where a reading is, for its messages. */
struct place {
	const char	*path;
	unsigned	 line;
	char		*why;
	size_t		 why_size;
};

static int
shown(struct odm_span s)
{
	return s.len > SHOWN_MAX ? SHOWN_MAX : (int)s.len;
}

/*
 * Into text, how the place of an error or a warning is called. A path cut short
 * makes a poorer message, nothing worse.
 */
static void
place_text(const char *path, unsigned line, bool error, char *text, size_t size)
{
	int len;

	if (line == LINE_COMMAND)
		len = snprintf(text, size, "command line");
	else if (line == 0)
		len = snprintf(text, size, "%s", path == NULL ? conf_default_path : path);
	else
		len = snprintf(text, size, "%s: %s %u", path,
		    error ? "configuration error at line" : "line", line);
	if (len < 0)
		text[0] = '\0';
}

void
conf_where(const struct conf *c, const char *name, char *where, size_t where_size)
{
	const struct conf_item *item = conf_item_find(odm_span_str(name));

	assert(item != NULL);
	place_text(c->path, c->lines[item - conf_items], true, where, where_size);
}

/* Writes place and reason to why; always false. */
__attribute__((format(printf, 2, 3))) static bool
fail(const struct place *at, const char *format, ...)
{
	char reason[512], where[PATH_MAX + 64];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	place_text(at->path, at->line, true, where, sizeof(where));
	if (len < 0 || snprintf(at->why, at->why_size, "%s: %s", where, reason) < 0)
		at->why[0] = '\0';
	return false;
}

/* Logs place and text as a warning; the reading goes on. */
__attribute__((format(printf, 2, 3))) static void
warn(const struct place *at, const char *format, ...)
{
	char text[512], where[PATH_MAX + 64];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	place_text(at->path, at->line, false, where, sizeof(where));
	if (len >= 0)
		log_write(LOG_LEVEL_WARNING, "%s: %s", where, text);
}

/* Splits "name value" at the first blank; the line is trimmed. */
static void
split_line(struct odm_span line, struct odm_span *name_r, struct odm_span *value_r)
{
	size_t len = 0;

	while (len < line.len && !odm_is_fws(line.at[len]))
		len++;
	*name_r = odm_span_sub(line, 0, len);
	*value_r = odm_span_trim(odm_span_sub(line, len, line.len));
}

static bool
fail_unknown(const struct place *at, struct odm_span name)
{
	const char *near = conf_nearest(name);

	if (near == NULL)
		return fail(at, "unrecognized parameter \"%.*s\" (opendmarc.conf(5) lists all)",
		    shown(name), name.at);
	return fail(at, "unrecognized parameter \"%.*s\" (did you mean %s?)", shown(name),
	    name.at, near);
}

static bool
fail_illegal(const struct place *at, const struct conf_item *item, struct odm_span value)
{
	char expects[160];

	conf_expects(item, expects, sizeof(expects));
	return fail(at, "illegal value \"%.*s\" for %s (use %s)", shown(value), value.at,
	    item->name, expects);
}

/* Sets one option and says what is odd about its value. */
static bool
set_item(struct conf *c, const struct conf_item *item, struct odm_span value,
    const struct place *at)
{
	struct odm_span bad;

	switch (conf_set(c, item, value, &bad)) {
	case CONF_SET_OKAY:
		break;
	case CONF_SET_NO_MEMORY:
		return fail(at, "memory allocation failure");
	case CONF_SET_ILLEGAL:
		return fail_illegal(at, item, bad);
	case CONF_SET_KEPT:
		warn(at, "unknown %s \"%.*s\", using %s", item->name, shown(value), value.at,
		    item->fallback);
		break;
	case CONF_SET_MAXIMUM:
		warn(at, "%s 0 is taken as the maximum, %d", item->name, item->max);
		break;
	case CONF_SET_CUT:
		warn(at, "%s: text after a blank is ignored, separate the words by commas",
		    item->name);
		break;
	}
	c->lines[item - conf_items] = at->line;
	return true;
}

/* One line of the file, trimmed and without comment. */
static bool
read_line(struct conf *c, struct odm_span line, const struct place *at)
{
	const struct conf_item *item;
	const struct conf_old *old;
	struct odm_span name, value;

	if (line.len == 0)
		return true;
	split_line(line, &name, &value);
	item = conf_item_find(name);
	old = conf_old_find(name);
	if (item == NULL && old == NULL)
		return fail_unknown(at, name);
	if (value.len == 0)
		return fail(at, "required value missing after \"%s\" (add it, or remove the line)",
		    item != NULL ? item->name : old->name);
	if (item == NULL) {
		if (old->now == NULL)
			return true;
		warn(at, "%s is called %s today", old->name, old->now);
		item = conf_item_find(odm_span_str(old->now));
	}
	return set_item(c, item, value, at);
}

/* Everything as it is without a file. NULL: out of memory. */
static struct conf *
new_conf(const char *path)
{
	struct conf *c = calloc(1, sizeof(*c));
	enum conf_set result = CONF_SET_OKAY;
	struct odm_span bad;

	if (c == NULL)
		return NULL;
	c->umask = -1;
	for (size_t i = 0; i < COUNT(conf_items) && result == CONF_SET_OKAY; i++)
		if (conf_items[i].fallback != NULL)
			result = conf_set(c, &conf_items[i],
			    odm_span_str(conf_items[i].fallback), &bad);
	assert(result == CONF_SET_OKAY || result == CONF_SET_NO_MEMORY);
	if (path != NULL && result == CONF_SET_OKAY)
		c->path = strdup(strcmp(path, "-") == 0 ? "standard input" : path);
	if (result != CONF_SET_OKAY || (path != NULL && c->path == NULL))
		conf_free(&c);
	return c;
}

/* The lines of the file at path into c. */
static bool
read_file(struct conf *c, const char *path, char *why, size_t why_size)
{
	struct place at = { c->path, 0, why, why_size };
	struct odm_span rest, line;
	struct odm_strbuf text;
	const char *reason = "";
	bool ok;

	odm_strbuf_init(&text, CONF_FILE_MAX);
	ok = textfile_read(path, &text, &reason);
	if (!ok)
		fail(&at, "error reading configuration file: %s", reason);
	rest = odm_strbuf_span(&text);
	while (ok && textfile_line(&rest, &line)) {
		at.line++;
		ok = read_line(c, line, &at);
	}
	odm_strbuf_free(&text);
	return ok;
}

struct conf *
conf_read(const char *path, char *why, size_t why_size)
{
	struct conf *c = new_conf(path);

	if (c == NULL) {
		strlcpy(why, "memory allocation failure", why_size);
		return NULL;
	}
	if (path != NULL && !read_file(c, path, why, why_size))
		conf_free(&c);
	return c;
}

bool
conf_override(struct conf *c, const char *name, const char *value, char *why, size_t why_size)
{
	const struct place at = { "command line", LINE_COMMAND, why, why_size };
	const struct conf_item *item = conf_item_find(odm_span_str(name));

	assert(item != NULL);
	return set_item(c, item, odm_span_str(value), &at);
}

bool
conf_same(const struct conf *a, const struct conf *b, const char *name)
{
	const struct conf_item *item = conf_item_find(odm_span_str(name));

	assert(item != NULL);
	return conf_equal(a, b, item);
}

void
conf_compare(const struct conf *a, const struct conf *b,
    void (*changed)(const struct conf_item *item, void *arg), void *arg)
{
	for (size_t i = 0; i < COUNT(conf_items); i++)
		if (!conf_equal(a, b, &conf_items[i]))
			changed(&conf_items[i], arg);
}

void
conf_free(struct conf **c)
{
	if (*c == NULL)
		return;
	for (size_t i = 0; i < COUNT(conf_items); i++)
		conf_unset(*c, &conf_items[i]);
	free((*c)->path);
	free(*c);
	*c = NULL;
}
