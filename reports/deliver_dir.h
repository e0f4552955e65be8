/*
 * deliver_dir.h - writes reports and their mail into a folder instead of sending.
 */
#ifndef REPORTS_DELIVER_DIR_H
#define REPORTS_DELIVER_DIR_H

#include <sys/types.h>

#include "libopendmarc/base/span.h"

/* The longest name that is used for a file; longer reports go by their id. */
#define REPORT_DIR_NAME_MAX	200

/*
 * Writes octets to a file of the folder: complete or not at all, a file of that
 * name is replaced. 0, or -1 with errno set; a name that would leave the folder
 * or is too long is refused with EINVAL.
 */
int report_dir_write(const char *dir, const char *name, struct odm_span octets);

/* Gives the next octets of a file, at most size: their number, 0 at the end, -1. */
typedef ssize_t report_source(void *arg, void *buf, size_t size);

/*
 * The same with octets that come as a stream, for a copy that may be lost with the machine:
 * it is not waited for until the disk has it.
 */
int report_dir_copy(const char *dir, const char *name, report_source *source, void *arg);

#endif
