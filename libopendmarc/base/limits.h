/*
 * limits.h - every limit of the library and the daemon, each with its reason.
 * Change a number with a new reason.
 */
#ifndef ODM_BASE_LIMITS_H
#define ODM_BASE_LIMITS_H

/* RFC 1035, 2.3.4: 255 octets on the wire are 253 printable ones. */
#define ODM_NAME_MAX		253
#define ODM_LABEL_MAX		63

/* The longest text of inet_ntop() for IPv6, without NUL. */
#define ODM_IP_TEXT_MAX		45

/* RFC 9989, 4.10: a walk asks at most eight names, however many labels. */
#define ODM_WALK_MAX		8

/*
 * Author Domains evaluated for one message. Real mail has one, hand-made
 * multi-author mail two or three; more serve only to make us work (RFC 9989, 11.5).
 */
#define ODM_AUTHORS_MAX		10

/* Mailboxes read from one From field before it counts as malformed. */
#define ODM_FROM_MAILBOXES_MAX	1000

/*
 * Authenticated Identifiers whose alignment is examined. Mail with a dozen
 * signatures exists; each further one could cost a walk of seven questions.
 */
#define ODM_IDENTIFIERS_MAX	20

/*
 * Questions of one evaluation: a walk for each author, one existence test
 * each, and 7 names below it for each identifier. One author: 8 + 1 + 20 x 7.
 */
#define ODM_QUESTIONS_MAX	(ODM_AUTHORS_MAX * (ODM_WALK_MAX + 1) + \
				 ODM_IDENTIFIERS_MAX * (ODM_WALK_MAX - 1))

/* Joined octets of one TXT record; the wire cannot carry more in one answer. */
#define ODM_TXT_MAX		65535

/* TXT records read at one name: apexes carry dozens, _dmarc names one. */
#define ODM_TXT_RECORDS_MAX	100

/* Reporting URIs read from one rua or ruf tag; more are ignored, in order. */
#define ODM_URIS_MAX		10

/* One reporting address after decoding: 64 octets, "@", a domain, and room. */
#define ODM_URI_ADDRESS_MAX	320

/* Header octets kept for one message, names and values together. */
#define ODM_HEADER_OCTETS_MAX	(1024 * 1024)

/* Header fields kept for one message. */
#define ODM_HEADER_FIELDS_MAX	20000

/* Results read from one Authentication-Results field, and from one message. */
#define ODM_AUTHRES_RESULTS_MAX	256

/* Properties kept for one result; the registry knows fewer than 20. */
#define ODM_AUTHRES_PROPS_MAX	32

/* Nesting of comments that is followed; deeper text is malformed. */
#define ODM_COMMENT_DEPTH_MAX	100

/* DKIM-Signature fields looked at when a dkim=pass wants its signature. */
#define ODM_DKIM_SIGNATURES_MAX	256

/* RFC 8617, 4.2.1: a chain has at most fifty sets. */
#define ODM_ARC_SETS_MAX	50

/*
 * RFC 7208, 4.6.4: terms of one SPF check that ask the DNS, over all records of
 * includes and redirects; those among them that find nothing; and host names
 * looked up for one "mx" or "ptr".
 */
#define ODM_SPF_TERMS_MAX	10
#define ODM_SPF_VOIDS_MAX	2
#define ODM_SPF_NAMES_MAX	10

/* Octets of one SPF record; RFC 7208, 3.4 hopes for 512, and the longest seen have 2000. */
#define ODM_SPF_RECORD_MAX	4096

/*
 * Octets of a HELO name or local part that SPF macros see. RFC 5321, 4.5.3.1
 * allows 255 and 64; a name in the DNS has at most 253 in any case.
 */
#define ODM_SPF_VALUE_MAX	512

/* One history value; longer ones are cut so that a line stays readable. */
#define ODM_HISTORY_VALUE_MAX	8192

/*
 * Header octets kept for a failure report. Real headers have 2 to 20 kB; the rest of a
 * larger one tells a domain owner nothing more.
 */
#define ODM_FAILURE_HEADER_MAX	(64 * 1024)

/*
 * Files and octets in the spool of failure reports: what the default limits let
 * in within a day, with room for an administrator who raised them.
 */
#define ODM_FAILSPOOL_FILES_MAX	5000
#define ODM_FAILSPOOL_OCTETS_MAX	(64 * 1024 * 1024)

/*
 * Seconds until the claim on a report or a delivery ends by itself: longer than making
 * the largest report or one SMTP conversation takes, short enough that the report of a
 * host that died still leaves the same hour.
 */
#define ODM_CLAIM_SECS		(15 * 60)

#endif
