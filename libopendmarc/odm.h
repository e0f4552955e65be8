/*
 * odm.h - DMARC evaluation (RFC 9989) for programs, as a state machine.
 *
 * The library does no input or output, keeps no state of its own and starts no
 * thread. One message is one handle: say what is known about it, then as long as
 * odm_message_run() returns 0 take the open questions, ask the DNS in any way and
 * order you like, and feed the answers. Then read the verdict:
 *
 *	struct odm_message *m = odm_message_new(0);
 *
 *	odm_message_add_from(m, value, length);
 *	odm_message_add_spf(m, "pass", "bounces.example.com");
 *	odm_message_add_dkim(m, "pass", "example.com");
 *	odm_message_complete(m);
 *	while (!odm_message_run(m))
 *		while (odm_message_question(m, 0, &question)) {
 *			... look question.name up
 *			odm_message_answer(m, question.id, ...);
 *		}
 *	verdict = odm_message_verdict(m);
 *	...
 *	odm_message_free(&m);
 *
 * A handle belongs to one thread at a time; different handles are independent.
 * Text given to the library is copied. Text from the library ends in NUL, belongs
 * to the handle it came from and is not to be freed. Domains may be given in any
 * case, with a final dot and with U-labels (UTF-8); the library gives A-labels in
 * lower case. Any octets of a message or of the DNS are safe to pass in.
 *
 * Enumerations only grow, at their end. See libopendmarc(3); complete programs are
 * evaluate.c and evaluate.py among the examples.
 */
#ifndef OPENDMARC_ODM_H
#define OPENDMARC_ODM_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the library that runs, "2.0.0". Static. */
const char *odm_version(void);

enum odm_status {
	ODM_STATUS_OK = 0,
	ODM_STATUS_INVALID = -1,	/* no domain name,
	    no such word or id; nothing was changed */
	ODM_STATUS_NO_MEMORY = -2,	/* free the handle; the message cannot be evaluated now */
	ODM_STATUS_TOO_LATE = -3	/* after odm_message_complete(), or where said otherwise;
	    nothing was changed */
};

/* ---- One message ---------------------------------------------------------- */

struct odm_message;

/*
 * Ask all names of a DNS tree walk at once instead of one after the other: more
 * questions, fewer round trips, the same verdict.
 */
#define ODM_MESSAGE_EAGER	1U

/* A new message; flags 0 or ODM_MESSAGE_EAGER. NULL: out of memory. */
struct odm_message *odm_message_new(unsigned flags);

/* Frees *message and clears it. *message may be NULL. */
void odm_message_free(struct odm_message **message);

/*
 * A public suffix list, in text or DAFSA form; path NULL: the one built into libpsl.
 * NULL, and errno, when it cannot be read (EINVAL: it is no such list). It is never
 * changed: any number of messages and threads may use it.
 */
struct odm_suffix_list;
struct odm_suffix_list *odm_suffix_list_open(const char *path);

/* Frees *list, which no message uses any more, and clears it. *list may be NULL. */
void odm_suffix_list_free(struct odm_suffix_list **list);

/*
 * Evaluates by RFC 7489 instead of RFC 9989: Organizational Domains come from the list,
 * which must outlive the message; the policy from the Author Domain or its
 * Organizational Domain; pct counts (odm_verdict_pct()), np, psd and t do not. Call it
 * before the first odm_message_run(). ODM_STATUS_TOO_LATE: after it.
 */
enum odm_status odm_message_use_suffix_list(struct odm_message *message,
    const struct odm_suffix_list *list);

/*
 * The Author Domains from the value of the From field: what follows the colon, as
 * received, folded or not. ODM_STATUS_INVALID: it names no domain that is clear, or
 * too many; without another Author Domain the result will be permerror.
 */
enum odm_status odm_message_add_from(struct odm_message *message, const char *value,
    size_t length);

/* An Author Domain that the caller extracted; a message has at most 10. */
enum odm_status odm_message_add_author(struct odm_message *message, const char *domain);

/*
 * The SPF result for MAIL FROM, or for the HELO name with a null sender: a word of
 * RFC 8601 ("pass", "fail", "softfail", "temperror", ...) and the domain checked.
 */
enum odm_status odm_message_add_spf(struct odm_message *message, const char *result,
    const char *domain);

/* The result for one DKIM signature and its Signing Domain (d=). Any number. */
enum odm_status odm_message_add_dkim(struct odm_message *message, const char *result,
    const char *domain);

/*
 * Says that all SPF and DKIM results are in. Questions may be asked and answered
 * before, but there is no verdict before.
 */
void odm_message_complete(struct odm_message *message);

/* Goes on as far as the answers allow. 1: the verdict is there; 0: see the questions. */
int odm_message_run(struct odm_message *message);

/* ---- Questions and answers -------------------------------------------------- */

enum odm_lookup {
	ODM_LOOKUP_TXT = 0,	/* the TXT records at the name; follow CNAMEs */
	ODM_LOOKUP_EXISTS = 1	/* does the name exist? ask for any type, A for instance */
};

struct odm_message_question {
	unsigned	 id;		/* give this back with the answer */
	enum odm_lookup	 lookup;
	const char	*name;		/* A-labels, no final dot; until the next change */
};

enum odm_lookup_status {
	ODM_LOOKUP_FOUND = 0,		/* records; or for EXISTS: the name exists */
	ODM_LOOKUP_NODATA = 1,		/* the name exists, but not such a record */
	ODM_LOOKUP_NXDOMAIN = 2,	/* rcode NXDOMAIN, and no CNAME in the answer */
	ODM_LOOKUP_FAILED = 3		/* time-out, SERVFAIL, a broken packet: not known now */
};

/* The i-th open question, from 0 on. 1 and *question; 0 past the last one. */
int odm_message_question(const struct odm_message *message, size_t i,
    struct odm_message_question *question);

/*
 * Feeds the answer to an open question. For ODM_LOOKUP_TXT and FOUND: count TXT
 * records, the strings of each joined; lengths NULL when they all end in NUL.
 * Else count is 0. A failure is an answer too.
 */
enum odm_status odm_message_answer(struct odm_message *message, unsigned id,
    enum odm_lookup_status status, const char *const *txt, const size_t *lengths, size_t count);

/* Time is up: open questions count as failed, odm_message_run() gives 1. */
void odm_message_give_up(struct odm_message *message);

/* ---- The verdict ------------------------------------------------------------ */

enum odm_verdict_result {
	ODM_VERDICT_NONE = 0,		/* no policy record applies */
	ODM_VERDICT_PASS = 1,
	ODM_VERDICT_FAIL = 2,
	ODM_VERDICT_TEMPERROR = 3,	/* an answer that was needed failed */
	ODM_VERDICT_PERMERROR = 4	/* the record is unusable, or there is no Author Domain */
};

enum odm_disposition {
	ODM_DISPOSITION_UNSET = 0,	/* no record; no such tag */
	ODM_DISPOSITION_NONE = 1,
	ODM_DISPOSITION_QUARANTINE = 2,
	ODM_DISPOSITION_REJECT = 3
};

struct odm_verdict;	/* belongs to the message */

/* The verdict on the message; NULL before odm_message_run() gave 1. */
const struct odm_verdict *odm_message_verdict(const struct odm_message *message);

/*
 * The verdict on the i-th Author Domain alone; NULL past the last one. The one on
 * the message passes if all pass, and else is the one with the strictest policy.
 */
const struct odm_verdict *odm_message_author_verdict(const struct odm_message *message, size_t i);

enum odm_verdict_result odm_verdict_result(const struct odm_verdict *verdict);
/* The word for Authentication-Results: "none", "pass", "fail", ... Static. */
const char *odm_verdict_result_name(const struct odm_verdict *verdict);

/* NULL when the message has none. */
const char *odm_verdict_author_domain(const struct odm_verdict *verdict);
/* Where the record was found. NULL without a record. */
const char *odm_verdict_policy_domain(const struct odm_verdict *verdict);
/* The Organizational Domain of the author. NULL when it was not needed. */
const char *odm_verdict_org_domain(const struct odm_verdict *verdict);

/* The policy as published, from the tag below. UNSET without a record. */
enum odm_disposition odm_verdict_published(const struct odm_verdict *verdict);
/* The policy that the owner wants applied: as published, one step milder with t=y. */
enum odm_disposition odm_verdict_effective(const struct odm_verdict *verdict);
/* "p", "sp" or "np"; "" without a record and where none is assumed for a bad one. */
const char *odm_verdict_tag(const struct odm_verdict *verdict);
/* 1 when t=y made, or would make, the policy milder. */
int odm_verdict_testing(const struct odm_verdict *verdict);

/* How the policy was found: "treewalk" (RFC 9989) or "psl" (RFC 7489). Static. */
const char *odm_verdict_discovery(const struct odm_verdict *verdict);
/* Of failing messages so many in a hundred get the policy; 100 by RFC 9989. */
int odm_verdict_pct(const struct odm_verdict *verdict);

/* 1 when a passing identifier of the kind is aligned with the Author Domain. */
int odm_verdict_spf_aligned(const struct odm_verdict *verdict);
int odm_verdict_dkim_aligned(const struct odm_verdict *verdict);

/* One English sentence with the section of the RFC. Static. */
const char *odm_verdict_reason(const struct odm_verdict *verdict);

/* "none", "quarantine", "reject"; "" for UNSET. Static. */
const char *odm_disposition_name(enum odm_disposition disposition);

/* ---- Policy records --------------------------------------------------------- */

struct odm_record;

/* The record behind a verdict; belongs to the message. NULL without one. */
const struct odm_record *odm_verdict_record(const struct odm_verdict *verdict);

/* Reads the text of a TXT record. NULL: not a DMARC record, or out of memory. */
struct odm_record *odm_record_new(const char *text, size_t length);

/* Frees a record of odm_record_new() and clears *record, which may be NULL. */
void odm_record_free(struct odm_record **record);

/* The tags p, sp, np. UNSET when absent or unknown. */
enum odm_disposition odm_record_p(const struct odm_record *record);
enum odm_disposition odm_record_sp(const struct odm_record *record);
enum odm_disposition odm_record_np(const struct odm_record *record);
/* 1 when the record can be used: a valid policy, or somebody to report to. */
int odm_record_usable(const struct odm_record *record);
/* t: 1 for y. */
int odm_record_testing(const struct odm_record *record);
/* psd: 'y', 'n', or 'u' when absent. */
char odm_record_psd(const struct odm_record *record);
/* adkim and aspf: 'r' or 's'. */
char odm_record_adkim(const struct odm_record *record);
char odm_record_aspf(const struct odm_record *record);
/* pct of old records: 0 to 100. */
unsigned odm_record_pct(const struct odm_record *record);
/* fo: 1 for "0", 2 for "1", 4 for "d", 8 for "s", added. */
unsigned odm_record_fo(const struct odm_record *record);

enum odm_report_type {
	ODM_REPORT_TYPE_AGGREGATE = 0,	/* rua */
	ODM_REPORT_TYPE_FAILURE = 1	/* ruf */
};

/*
 * The i-th usable destination: the address of a mailto, or an https URI. Its
 * length, as of snprintf(): buffer holds all of it when that is less than size.
 * 0 past the last one.
 */
size_t odm_record_destination(const struct odm_record *record, enum odm_report_type type, size_t i,
    char *buffer, size_t size);

#ifdef __cplusplus
}
#endif

#endif
