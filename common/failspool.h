/*
 * failspool.h - the folder in which failed messages wait for opendmarc-failures(8): one
 * file for each, whole or not at all.
 *
 * A file is written under a name that begins with "." and gets its real name by rename.
 * An entry is called TIME-RANDOM.fail, so that names sort by age. The folder is
 * created by whoever installs the program; nobody else should be able to write there.
 */
#ifndef COMMON_FAILSPOOL_H
#define COMMON_FAILSPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/failure.h"

/* The end of the name of an entry. */
#define FAILSPOOL_ENTRY		".fail"

/* An entry that is older shows that nobody collects. */
#define FAILSPOOL_COLLECT_SECS	3600

struct failspool;

/*
 * Looks whether path is a folder in which we can write. path is copied. NULL, and the
 * reason in why, when it is not.
 */
struct failspool *failspool_open(const char *path, char *why, size_t why_size);

/* Frees *s and clears it. *s may be NULL. */
void failspool_free(struct failspool **s);

enum failspool_outcome {
	FAILSPOOL_WRITTEN,
	FAILSPOOL_FULL,		/* ODM_FAILSPOOL_FILES_MAX or _OCTETS_MAX is reached */
	FAILSPOOL_FAILED	/* errno tells */
};

/*
 * Writes one entry. now: epoch seconds. *waiting_r: how many seconds the oldest
 * entry has been waiting. Any thread.
 */
enum failspool_outcome failspool_write(struct failspool *s, const struct failure *f,
    int64_t now, int64_t *waiting_r);

/* Names of files, sorted. */
struct failspool_names {
	char	**names;
	size_t	  n;
};

/*
 * Lists the files of the folder whose names end in suffix and do not begin with ".";
 * at most twice ODM_FAILSPOOL_FILES_MAX. 0, or -1 with errno.
 */
int failspool_list(const char *path, const char *suffix, struct failspool_names *names_r);
void failspool_names_free(struct failspool_names *names);

/* The time in a name that begins with it; 0 when it does not. Epoch seconds. */
int64_t failspool_time(const char *name);

/* Puts octets into a file of the folder, replacing one of that name. 0, or -1 with errno. */
int failspool_put(const char *path, const char *name, struct odm_span octets);

/* Appends the content of a file to out; false and *why_r as textfile_read(). */
bool failspool_get(const char *path, const char *name, struct odm_strbuf *out,
    const char **why_r);

#endif
