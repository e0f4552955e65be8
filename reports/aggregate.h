/*
 * aggregate.h - the messages of one policy domain as rows with counters: everything
 * that a reader of the report cannot tell apart is counted together. RFC 9990, 3.1.1.7.
 *
 * Words and texts of a row are final: words of the schema, clean text, A-labels.
 */
#ifndef REPORTS_AGGREGATE_H
#define REPORTS_AGGREGATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/store.h"

/*
 * Octets that the rows of one report may take. 300 000 usual rows need about 25 MB;
 * more than this comes only from somebody who wants to fill our memory.
 */
#define REPORT_AGGREGATE_MAX	(128u * 1024 * 1024)

/* RFC 9990, 3.1.3: SHOULD NOT report more signatures in one row. */
#define REPORT_SIGNATURES_MAX	100

struct report_signature {
	const char	*domain, *selector;	/* selector "" unknown */
	const char	*result;		/* dkim result word */
};

struct report_reason {
	const char	*type;			/* word of RFC 9990, 3.1.6 */
	const char	*comment;		/* "" none */
};

struct report_row {
	uint64_t	 count;			/* messages, at least 1 */
	const char	*source_ip;
	const char	*disposition;		/* "none", "pass", "quarantine", "reject" */
	const char	*dkim, *spf;		/* aligned: "pass", "fail" */
	const char	*header_from;
	const char	*envelope_from;		/* "" null sender */
	const char	*spf_domain;		/* "": no spf element */
	const char	*spf_result;		/* spf result word */
	struct report_reason reasons[HISTORY_OVERRIDES_MAX];
	size_t		 nreasons;
	struct report_signature signatures[REPORT_SIGNATURES_MAX];
	size_t		 nsignatures;		/* most important first, 3.1.3 */
};

/* Sums over one report. */
struct report_totals {
	uint64_t	messages;	/* sum of all counters */
	uint64_t	rows;
	uint64_t	passed;		/* of messages: those that passed DMARC */
	uint64_t	automatic;	/* of messages: reports and bounces */
	uint64_t	unjudged;	/* no policy applied to these: not in the rows */
	uint64_t	left_out;	/* no room for their row: not in the rows */
};

struct report_aggregate;

/*
 * An empty aggregate for the messages of one policy, which is only borrowed:
 * it must outlive the aggregate. The rows take at most max_octets.
 * NULL: out of memory.
 */
struct report_aggregate *report_aggregate_new(const struct store_policy *policy,
    size_t max_octets);

/* Frees *a and clears it. *a may be NULL. */
void report_aggregate_free(struct report_aggregate **a);

/* Counts one message. 0, or -1 when memory is short. */
int report_aggregate_add(struct report_aggregate *a, const struct store_message *m);

struct report_totals report_aggregate_totals(const struct report_aggregate *a);

/*
 * Calls fn for each row, in the order in which rows first appeared. The texts of a
 * row are owned by the aggregate. fn returns 0 to go on; another value ends
 * the run and is returned.
 */
int report_aggregate_each(const struct report_aggregate *a,
    int (*fn)(const struct report_row *row, void *arg), void *arg);

#endif
