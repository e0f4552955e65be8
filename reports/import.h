/*
 * import.h - history records from a file into the store.
 *
 * Records are added in batches, each one transaction, so that an import that is
 * interrupted anywhere is completed by running it again: a record whose identity is
 * known is not counted twice. The identity is the record's id or, in dialects without
 * one, a hash of its text. What cannot be read, and what the database refuses, is handed
 * to the caller, the rest goes on.
 */
#ifndef REPORTS_IMPORT_H
#define REPORTS_IMPORT_H

#include <stdint.h>

#include "db/store.h"
#include "reports/histfile.h"

/*
 * Records of one transaction, and octets of their text: so many are held in memory, for
 * the store runs a transaction again that met a deadlock or a lost connection.
 */
#define IMPORT_BATCH		5000
#define IMPORT_BATCH_OCTETS	(8 * 1024 * 1024)

/*
 * When the database refuses more records in a row, or several and has taken none, it is not
 * they that are wrong, but the tables: the import fails, and the input is whole for the
 * time when they are mended.
 */
#define IMPORT_REFUSED_MAX	100

/* Octets of text kept for one record; a longer record is set aside. */
#define IMPORT_RECORD_MAX	(2 * 1024 * 1024)

/* What the importer has to tell while it works. No function may be NULL. */
struct import_events {
	/* A record that is set aside: its first line's number, the reason, its text. */
	void	(*rejected)(void *arg, int64_t line, const char *reason,
		    struct odm_span text);
	/* A line that the record is taken without; reason NULL: its key is not known. */
	void	(*skipped)(void *arg, int64_t line, struct odm_span text,
		    const char *reason);
	void	(*stored)(void *arg, int64_t line);
	void	*arg;
};

struct import_counts {
	int64_t	lines;
	int64_t	added, known;	/* records in the store now; known: already before */
	int64_t	rejected;	/* set aside */
};

struct import;

/* Nothing is read yet. NULL: out of memory. events and st must outlive the import. */
struct import *import_new(struct store *st, const struct import_events *events);

/* Frees *im and clears it; records that were not flushed are dropped. *im may be NULL. */
void import_free(struct import **im);

/* Takes the next line, without its LF. ended false: the file ended before an LF. */
int import_line(struct import *im, struct odm_span line, bool ended);

/* Finishes the last record and commits. */
int import_end(struct import *im);

/* Commits what is complete so far, when the input makes us wait. */
int import_flush(struct import *im);

/* All return 0, or -1: the store failed (store_error()); the batch may be in it in part. */

const struct import_counts *import_counts(const struct import *im);

#endif
