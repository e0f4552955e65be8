/*
 * textfile.c - a small text file read whole, with a limit on its size.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/textfile.h"

/* Everything from fd into out. 0, or the errno; EFBIG at the limit. */
static int
read_all(int fd, struct odm_strbuf *out)
{
	char part[8192];
	ssize_t n;

	for (;;) {
		n = read(fd, part, sizeof(part));
		if (n == 0)
			return 0;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		odm_strbuf_add(out, (struct odm_span){ part, (size_t)n });
		if (out->failed)
			return EFBIG;
	}
}

bool
textfile_read(const char *path, struct odm_strbuf *out, const char **why_r)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int fd, error;

	fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		*why_r = strerror(errno);
		return false;
	}
	error = read_all(fd, out);
	if (!is_stdin)
		close(fd);
	if (error != 0)
		*why_r = strerror(error);
	return error == 0;
}

bool
textfile_line(struct odm_span *rest_r, struct odm_span *line_r)
{
	struct odm_span line;

	if (!odm_span_next(rest_r, '\n', &line))
		return false;
	line = odm_span_sub(line, 0, odm_span_find(line, '#'));
	*line_r = odm_span_trim(line);
	return true;
}

bool
textfile_each(const char *path, struct odm_strbuf *text,
    const char *(*entry)(void *arg, struct odm_span line), void *arg, char *why,
    size_t why_size)
{
	const char *reason = NULL;
	struct odm_span rest, line;
	unsigned number = 0;
	int len = 0;

	if (!textfile_read(path, text, &reason)) {
		len = snprintf(why, why_size, "%s: %s", path, reason);
	} else {
		rest = odm_strbuf_span(text);
		while (reason == NULL && textfile_line(&rest, &line)) {
			number++;
			if (line.len > 0)
				reason = entry(arg, line);
		}
		if (reason != NULL)
			len = snprintf(why, why_size, "%s: line %u: %s", path, number, reason);
	}
	if (len < 0)
		strlcpy(why, path, why_size);
	return reason == NULL;
}
