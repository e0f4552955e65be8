/*
 * savedmsg.c - the header of a message in a file.
 */
#include "opendmarc/savedmsg.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Reads until the header surely is there. 0, or the errno. */
static int
read_header(int fd, struct odm_strbuf *text)
{
	char part[8192];
	ssize_t n;

	while (text->len < SAVEDMSG_OCTETS_MAX) {
		n = read(fd, part, sizeof(part));
		if (n == 0)
			break;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		odm_strbuf_add(text, (struct odm_span){ part, (size_t)n });
		if (text->failed)
			return ENOMEM;
	}
	return 0;
}

/* The next line without its end; not yet taken off the rest. */
static bool
peek_line(const struct savedmsg *m, struct odm_span *line_r, struct odm_span *after_r)
{
	*after_r = m->rest;
	if (!odm_span_next(after_r, '\n', line_r))
		return false;
	if (line_r->len > 0 && line_r->at[line_r->len - 1] == '\r')
		line_r->len--;
	return true;
}

/* A field name: printable octets before a colon, perhaps blanks between. RFC 5322, 4.5.8. */
static bool
split_field(struct odm_span line, struct odm_span *name_r, struct odm_span *value_r)
{
	size_t colon = odm_span_find(line, ':');

	*name_r = odm_span_trim(odm_span_sub(line, 0, colon));
	if (colon == line.len || name_r->len == 0 || odm_is_wsp(line.at[0]))
		return false;
	for (size_t i = 0; i < name_r->len; i++)
		if (name_r->at[i] <= ' ' || name_r->at[i] > '~')
			return false;
	*value_r = odm_span_sub(line, colon + 1, line.len);
	if (value_r->len > 0 && value_r->at[0] == ' ')
		*value_r = odm_span_sub(*value_r, 1, value_r->len);
	return true;
}

/* The first line of a message in an mbox; "From : x" is a field. */
static void
skip_mbox_line(struct savedmsg *m)
{
	struct odm_span line, after, name, value;

	if (peek_line(m, &line, &after) && line.len >= 5 && memcmp(line.at, "From ", 5) == 0 &&
	    !split_field(line, &name, &value))
		m->rest = after;
}

bool
savedmsg_open(struct savedmsg *m, const char *path, const char **why_r)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int fd, error;

	odm_strbuf_init(&m->text, SAVEDMSG_OCTETS_MAX + 8192);
	odm_strbuf_init(&m->name, SAVEDMSG_OCTETS_MAX);
	odm_strbuf_init(&m->value, SAVEDMSG_OCTETS_MAX);
	fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	error = fd < 0 ? errno : read_header(fd, &m->text);
	if (fd >= 0 && !is_stdin)
		close(fd);
	*why_r = strerror(error);
	m->rest = odm_strbuf_span(&m->text);
	skip_mbox_line(m);
	return error == 0;
}

bool
savedmsg_next(struct savedmsg *m)
{
	struct odm_span line, after, name, value;

	if (!peek_line(m, &line, &after) || !split_field(line, &name, &value))
		return false;
	m->rest = after;
	odm_strbuf_clear(&m->name);
	odm_strbuf_clear(&m->value);
	odm_strbuf_add(&m->name, name);
	odm_strbuf_add(&m->value, value);
	while (peek_line(m, &line, &after) && line.len > 0 && odm_is_wsp(line.at[0])) {
		odm_strbuf_addc(&m->value, '\n');
		odm_strbuf_add(&m->value, line);
		m->rest = after;
	}
	return !m->name.failed && !m->value.failed;
}

void
savedmsg_close(struct savedmsg *m)
{
	odm_strbuf_free(&m->text);
	odm_strbuf_free(&m->name);
	odm_strbuf_free(&m->value);
}
