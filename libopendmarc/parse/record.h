/*
 * record.h - the DMARC Policy Record: parsed form and parser.
 * Pure text work: no DNS, no allocation, no logging. RFC 9989, 4.7 and 4.8.
 */
#ifndef ODM_PARSE_RECORD_H
#define ODM_PARSE_RECORD_H

#include <stdbool.h>

#include "libopendmarc/base/span.h"

enum odm_policy {
	ODM_POLICY_UNSET = 0,	/* tag absent: evaluation falls back np, sp, p */
	ODM_POLICY_NONE,
	ODM_POLICY_QUARANTINE,
	ODM_POLICY_REJECT
};

enum odm_alignment_mode {
	ODM_ALIGNMENT_RELAXED = 0,
	ODM_ALIGNMENT_STRICT
};

enum odm_psd {
	ODM_PSD_UNKNOWN = 0,	/* psd=u or no psd tag */
	ODM_PSD_YES,
	ODM_PSD_NO
};

/* Failure reporting options of fo, as bits; the numbers of the history file. */
enum odm_fo {
	ODM_FO_0 = 1,		/* all mechanisms failed */
	ODM_FO_1 = 2,		/* any mechanism failed */
	ODM_FO_D = 4,
	ODM_FO_S = 8
};

struct odm_record {
	enum odm_policy	p, sp, np;
	bool		policy_invalid;	/* some p, sp or np had a value we do not know */
	bool		sp_invalid;	/* sp had one: RFC 7489 knows no np */
	bool		testing;	/* t=y */
	bool		pct_zero;	/* historic pct=0: the owner asked not to enforce */
	enum odm_psd	psd;
	enum odm_alignment_mode	adkim, aspf;
	unsigned	fo;		/* bits of enum odm_fo, ODM_FO_0 when absent or bad;
					 * of 0 and 1 together 0 counts */
	unsigned	pct;		/* historic, 0 to 100, 100 when absent or bad */
	struct odm_span	rua, ruf;	/* raw URI lists, inside the parsed text; len 0: absent */
};

/*
 * Parses one TXT record, its strings already joined, into *rec_r.
 * Returns false when the text is not a DMARC record at all (first tag is not
 * v=DMARC1, or there is a second v); *rec_r then holds the defaults. Blanks
 * before v are accepted. Unknown and malformed tags are skipped; of repeated
 * tags the first counts. Octets outside the grammar spoil only their tag.
 * *rec_r owns nothing: its spans point into text, which must outlive it.
 */
bool odm_record_parse(struct odm_span text, struct odm_record *rec_r);

/* "none", "quarantine", "reject"; NULL for UNSET. Static, do not free. */
const char *odm_policy_name(enum odm_policy policy);

/* True and *policy_r for one of the three words, letter case ignored. */
bool odm_policy_parse(struct odm_span word, enum odm_policy *policy_r);

#endif
