/*
 * textfile.h - a small text file read whole, with a limit on its size.
 */
#ifndef COMMON_TEXTFILE_H
#define COMMON_TEXTFILE_H

#include <stdbool.h>

#include "libopendmarc/base/strbuf.h"

/*
 * Appends the file at path ("-": standard input) to out, which the caller has
 * initialised with the limit and frees. False, and the reason as text in
 * *why_r (static, or until the next call of strerror()), when it cannot be read
 * or is larger than the limit.
 */
bool textfile_read(const char *path, struct odm_strbuf *out, const char **why_r);

/*
 * Cuts the next line off *rest_r: without its LF and a CR before it, without a
 * comment from "#" to the end, without blanks at both ends. False at the end.
 */
bool textfile_line(struct odm_span *rest_r, struct odm_span *line_r);

/*
 * Reads the file into text as textfile_read() does and calls entry for each line that is
 * not empty, until it returns what is wrong with it. False, and "PATH: reason" or
 * "PATH: line N: reason" in why, cut where it does not fit. Lines are spans of text.
 */
bool textfile_each(const char *path, struct odm_strbuf *text,
    const char *(*entry)(void *arg, struct odm_span line), void *arg, char *why,
    size_t why_size);

#endif
