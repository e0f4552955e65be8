/*
 * recordlint_private.h - what the files of the record check share.
 */
#ifndef COMMON_RECORDLINT_PRIVATE_H
#define COMMON_RECORDLINT_PRIVATE_H

#include "common/recordlint.h"

struct recordlint_state {
	struct odm_span	 record;
	const struct recordlint_place *place;
	struct recordlint *lint;
	unsigned	 seen;		/* a bit for each row of a known tag */
	struct odm_span	 where[16];	/* name of each tag seen, by row */
	bool		 version;	/* a v tag has been met */
	bool		 quote, backslash, octet;	/* told already */
};

/* One "name=value", trimmed; both lie in the record. */
struct recordlint_part {
	struct odm_span	 name, value;
};

/* A finding about the octets of part, with a proposal of its own unless format is NULL. */
void recordlint_tell(struct recordlint_state *s, enum recordlint_code code, struct odm_span tag,
    struct odm_span part, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* True when text begins with word, letter case ignored. */
bool recordlint_starts(struct odm_span text, const char *word);

/* Tags that have a value to check: one of RECORDLINT_TAGS, or that for an unknown name. */
#define RECORDLINT_TAGS	13
size_t recordlint_tag_row(struct odm_span name);
void recordlint_check_value(struct recordlint_state *s, const struct recordlint_part *p,
    size_t row);

#endif
