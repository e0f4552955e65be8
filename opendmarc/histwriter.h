/*
 * histwriter.h - appends whole records to the history file, or none.
 * The file is opened for each record, locked (flock), checked to be still the
 * file of that name, written in one write, and cut back after a short one.
 * Trouble is logged once an interval and counted; mail goes on, and does not wait
 * for somebody who keeps the lock. Any thread.
 */
#ifndef OPENDMARC_HISTWRITER_H
#define OPENDMARC_HISTWRITER_H

#include <stdbool.h>

#include "libopendmarc/base/span.h"

struct histwriter;

/* path is copied. NULL: out of memory. */
struct histwriter *histwriter_new(const char *path);

/* One more owner. Returns w. */
struct histwriter *histwriter_ref(struct histwriter *w);

/* Drops one owner and clears *w; the last one frees. *w may be NULL. */
void histwriter_free(struct histwriter **w);

/*
 * Appends one record. 0, or -1 after logging with the queue id. *shrunk_r becomes true, after
 * a warning, when the file is shorter than after our last record: somebody cut it in its
 * place, and what was written meanwhile may be lost. The caller counts; else untouched.
 */
int histwriter_append(struct histwriter *w, const char *job, struct odm_span record,
    bool *shrunk_r);

#endif
