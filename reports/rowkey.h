/*
 * rowkey.h - one message turned into the key of its row: what the report says about
 * it, as words of the schema and clean text, and nothing else. RFC 9990, 3.1.1.8 to 3.1.1.14.
 */
#ifndef REPORTS_ROWKEY_H
#define REPORTS_ROWKEY_H

#include <stdbool.h>

#include "libopendmarc/base/strbuf.h"
#include "reports/aggregate.h"

/* The longest key: 100 signatures of domain, selector and word, reasons, identifiers. */
#define REPORT_ROWKEY_MAX	(128u * 1024)

/*
 * Writes the key of m into *key, cleared first: equal for two messages when and
 * only when their rows in the report are equal. False when no policy was applied to
 * the message, *key is then of no use. Look at key->failed for short memory.
 */
bool report_rowkey(const struct store_policy *policy, const struct store_message *m,
    struct odm_strbuf *key);

/*
 * Sets all members of *row_r but the count from the two parts of a key, into which
 * they point: the address, which is its first text, and what follows.
 */
void report_rowkey_read(const char *ip, struct odm_span rest, struct report_row *row_r);

/* "none", "quarantine", "reject" for 'n', 'q', 'r'; NULL for other letters. Static. */
const char *report_policy_word(char letter);

#endif
