/*
 * history.h - one record of the history file: its struct, its text form and its
 * codes. The only thing that the daemon and the report tools share about it.
 * Text form: "key value" lines, a record begins with "job". Manual: opendmarc-history(5).
 *
 * A record has no end mark. In the full form "id" is its second line and "action"
 * its last: one with id and without action was cut off and is not complete, and a
 * second id, reporter or received shows that two records ran together.
 */
#ifndef COMMON_HISTORY_H
#define COMMON_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libopendmarc/base/limits.h"
#include "libopendmarc/base/result.h"
#include "libopendmarc/base/span.h"
#include "libopendmarc/base/strbuf.h"

/* Numbers of the file and of the database columns messages.policy, .disp, ... */
enum history_policy {
	HISTORY_POLICY_NO_FROM = 13,
	HISTORY_POLICY_ABSENT = 14,
	HISTORY_POLICY_PASS = 15,
	HISTORY_POLICY_REJECT = 16,
	HISTORY_POLICY_QUARANTINE = 17,
	HISTORY_POLICY_NONE = 18
};

enum history_action {
	HISTORY_ACTION_REJECT = 0,
	HISTORY_ACTION_DISCARD = 1,
	HISTORY_ACTION_ACCEPT = 2,
	HISTORY_ACTION_TEMPFAIL = 3,
	HISTORY_ACTION_QUARANTINE = 4
};

enum history_align {
	HISTORY_ALIGN_NOT_EVALUATED = 0,
	HISTORY_ALIGN_PASS = 4,
	HISTORY_ALIGN_FAIL = 5
};

enum history_spf_scope {
	HISTORY_SPF_UNKNOWN = -1,
	HISTORY_SPF_MAILFROM = 1,
	HISTORY_SPF_HELO = 2
};

/* Override reasons, the words of RFC 9990, 3.1.6. */
enum history_override {
	HISTORY_OVERRIDE_LOCAL_POLICY,
	HISTORY_OVERRIDE_MAILING_LIST,
	HISTORY_OVERRIDE_OTHER,
	HISTORY_OVERRIDE_TEST_MODE,
	HISTORY_OVERRIDE_TRUSTED_FORWARDER
};

/* Mail that programs write to each other, and that asks for no report by itself. */
enum history_automatic {
	HISTORY_AUTOMATIC_NO,
	HISTORY_AUTOMATIC_REPORT,	/* a report about mail */
	HISTORY_AUTOMATIC_BOUNCE	/* a notification, or another reply of a program */
};

/* Limits of what a reader keeps of one record; more is dropped and said so. */
#define HISTORY_DKIM_MAX	1000
#define HISTORY_RUA_MAX		100
#define HISTORY_OVERRIDES_MAX	10
#define HISTORY_ARCSEALS_MAX	ODM_ARC_SETS_MAX

struct history_dkim {
	char	*domain;
	char	*selector;	/* NULL: unknown, "-" in the file */
	int	 result;	/* history code, history_code() */
};

struct history_reason {
	enum history_override type;
	char	*comment;	/* may be NULL */
};

/* One ARC-Seal of the message, and the client address that its ARC set tells of. */
struct history_arcseal {
	unsigned instance;	/* 1 to ODM_ARC_SETS_MAX, no two alike in a record */
	char	*domain;
	char	*selector;	/* NULL: unknown */
	char	*ip;		/* as text; NULL: unknown */
};

/* All texts are owned by the record; NULL means the key was absent. */
struct history_record {
	char	*job, *reporter, *ipaddr, *from, *mfrom, *pdomain;
	int64_t	 received;		/* epoch seconds, UTC */
	int	 spf;			/* history code, -1 not evaluated */
	int	 spf_scope;		/* enum history_spf_scope */
	char	*spf_domain;		/* new key: the SPF Domain; NULL: derive from mfrom */
	struct history_dkim *dkim;
	size_t	 ndkim;
	int	 policy;		/* enum history_policy */
	char	**rua;			/* as published; none: nrua 0 */
	size_t	 nrua;
	int	 pct;
	char	 adkim, aspf;		/* 'r', 's'; 0 no record */
	char	 p, sp, np;		/* 'n', 'q', 'r'; 0 unset. np is a new key */
	int	 fo;			/* bits of enum odm_fo; 0 unset */
	char	 psd;			/* new key: 'y', 'n', 'u'; 0 unknown */
	bool	 testing;		/* new key t */
	char	*discovery;		/* new key: "treewalk" or "psl"; NULL unknown */
	char	 effective;		/* new key: policy after tag choice and t; 0 unknown */
	int	 align_dkim, align_spf;	/* enum history_align */
	int	 arc;			/* 0 pass, 7 fail or none */
	int	 arc_policy;		/* 0 pass, 1 unused, 2 fail */
	struct history_arcseal *arcseals;	/* in header order, newest first; key arc_policy */
	size_t	 narcseals;
	enum history_automatic automatic;	/* new key: report, bounce */
	int	 action;		/* enum history_action */
	struct history_reason *reasons;	/* new key: override TYPE COMMENT */
	size_t	 nreasons;
	char	*id;			/* new key: unique identity; NULL in old dialects */
	uint64_t seen;			/* private: keys that history_read_line() met */
};

/* The history code of a result (0 is pass); UNKNOWN gives -1. */
int history_code(enum odm_result result);

/* The result of a code as RFC 8601 words it; codes without one: ODM_RESULT_UNKNOWN. */
enum odm_result history_result(int code);

/* The word of an override type, and back; false for an unknown word. */
const char *history_override_name(enum history_override type);
bool history_override_parse(struct odm_span word, enum history_override *type_r);

/* The word of a kind of automatic mail, NULL for NO, and back; false for an unknown word. */
const char *history_automatic_name(enum history_automatic kind);
bool history_automatic_parse(struct odm_span word, enum history_automatic *kind_r);

/* An empty record with the defaults of a reader. */
void history_record_init(struct history_record *rec);

/* Frees what the record owns and makes it empty. */
void history_record_clear(struct history_record *rec);

/*
 * Replaces *member (a text of a record) by a copy of text with "?" for CR, LF and
 * NUL, cut at ODM_HISTORY_VALUE_MAX. False, and *member as it was: no memory.
 */
bool history_set(char **member, struct odm_span text);

/*
 * Append to the lists; false when memory is short or the limit is reached. A dkim
 * result without a domain has no place in a report and is passed over. Blanks in
 * its domain and selector become "?", since the line is split at blanks.
 */
bool history_add_dkim(struct history_record *rec, struct odm_span domain,
    struct odm_span selector, int result);
bool history_add_rua(struct history_record *rec, struct odm_span uri);
bool history_add_reason(struct history_record *rec, enum history_override type,
    struct odm_span comment);

/*
 * Adds a seal; one whose instance is there already, or is none, changes nothing. False when
 * memory is short.
 */
bool history_add_arcseal(struct history_record *rec, unsigned instance,
    struct odm_span domain, struct odm_span selector, struct odm_span ip);

/*
 * Appends the text form of rec to out, the keys in 1.4's order; with full also
 * the new keys, which old readers skip. No value carries CR, LF or NUL.
 */
void history_write(const struct history_record *rec, bool full, struct odm_strbuf *out);

enum history_line {
	HISTORY_LINE_JOB,	/* begins a record: finish the one before it first */
	HISTORY_LINE_OKAY,
	HISTORY_LINE_EMPTY,
	HISTORY_LINE_UNKNOWN,	/* a key we do not know: skip */
	HISTORY_LINE_BAD	/* a known key with an impossible value: why says it */
};

/*
 * Reads one line, without its LF (a CR at its end is dropped), into rec.
 * On HISTORY_LINE_JOB nothing is changed: start an empty record and call again
 * with first set. All dialects of 1.3, 1.4, develop and Exim are taken. Domains
 * become lower case. *why_r is NULL, or says what is wrong; with HISTORY_LINE_OKAY
 * that something over a limit was dropped. Static text.
 */
enum history_line history_read_line(struct history_record *rec,
    struct odm_span line, bool first, const char **why_r);

/* True when what every record needs is there; else false and why_r names what is missing. */
bool history_complete(const struct history_record *rec, const char **why_r);

#endif
