/*
 * testzone.h - the TestDNSData file: DMARC records made up for a test, given to the
 * evaluation in place of what the DNS has. Immutable once read.
 *
 * A line holds a name, blanks, and the text of one TXT record to the end of the line;
 * "#" begins a comment wherever it stands. The name is the whole name that is asked
 * for, "_dmarc.example.com" or "a.test._report._dmarc.b.test".
 */
#ifndef COMMON_TESTZONE_H
#define COMMON_TESTZONE_H

#include <stdbool.h>
#include <stddef.h>

#include "libopendmarc/core/questions.h"

struct testzone;		/* private: testzone.c */

/*
 * The records of the file at path, at most 1 MB. NULL when it cannot be read or memory
 * is short, the reason in why. A line whose name is no domain name, or without a
 * record, is an error that names file and line.
 */
struct testzone *testzone_read(const char *path, char *why, size_t why_size);

/* Frees *z and clears it. *z may be NULL. */
void testzone_free(struct testzone **z);

/*
 * Answers a question from z alone. TXT: the record of the first line with that name,
 * letter case ignored, else no data. Existence: names with a record and the names above
 * them exist, all others do not. The text belongs to z. False: z is NULL or has no
 * record at all, so that the DNS is to be asked.
 */
bool testzone_answer(const struct testzone *z, enum odm_question_kind kind,
    const char *name, struct odm_answer *answer_r);

#endif
