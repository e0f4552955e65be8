/*
 * status.h - what the daemon counts of its work. All numbers only grow, but for the
 * two that say "at the moment". Atomic, so that no message waits for another one;
 * any thread. metrics.h turns them into text.
 */
#ifndef OPENDMARC_STATUS_H
#define OPENDMARC_STATUS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "opendmarc/verdict.h"

#define DMF_NRESULTS	(ODM_DMARC_PERMERROR + 1)
#define DMF_NOVERRIDES	(HISTORY_OVERRIDE_TRUSTED_FORWARDER + 1)

/* What became of a message. */
enum dmf_outcome {
	DMF_OUTCOME_NONE,	/* delivered as it is */
	DMF_OUTCOME_QUARANTINE,
	DMF_OUTCOME_REJECT,
	DMF_OUTCOME_TEMPFAIL
};
#define DMF_NOUTCOMES	(DMF_OUTCOME_TEMPFAIL + 1)

enum dmf_ignored {
	DMF_IGNORED_HOST,	/* connections: IgnoreHosts */
	DMF_IGNORED_AUTH,	/* messages: IgnoreAuthenticatedClients */
	DMF_IGNORED_FROM	/* messages: IgnoreMailFrom */
};
#define DMF_NIGNORED	(DMF_IGNORED_FROM + 1)

/* Why a message was refused for now. */
enum dmf_shortage {
	DMF_SHORTAGE_DNS,	/* On-DNSError tempfail */
	DMF_SHORTAGE_HISTORY,	/* On-HistoryError tempfail */
	DMF_SHORTAGE_MEMORY
};
#define DMF_NSHORTAGES	(DMF_SHORTAGE_MEMORY + 1)

/* Whose word excused a failing message. */
enum dmf_excuser {
	DMF_EXCUSED_ARC,	/* sealers of DomainWhitelist */
	DMF_EXCUSED_EXCEPTION	/* a line of the ExceptionsFile */
};
#define DMF_NEXCUSERS	(DMF_EXCUSED_EXCEPTION + 1)

/* Upper bounds of the buckets in microseconds; the last bucket has none. */
#define DMF_BUCKETS	{ 1000, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, \
			  2500000, 5000000, 10000000, 30000000 }
#define DMF_NBUCKETS	14

struct dmf_histogram {
	atomic_ullong	 buckets[DMF_NBUCKETS];	/* each counts its own values alone */
	atomic_ullong	 usecs;			/* sum of all values */
};

struct dmf_status {
	atomic_ullong	 connections;
	atomic_llong	 sessions;	/* open at the moment */
	atomic_llong	 busy;		/* of these with a message between MAIL and its end */
	atomic_ullong	 messages[DMF_NRESULTS][DMF_NOUTCOMES];
	atomic_ullong	 would[DMF_NOUTCOMES];	/* by what every option on would do */
	atomic_ullong	 overrides[DMF_NOVERRIDES];
	atomic_ullong	 excused[DMF_NEXCUSERS];
	atomic_ullong	 form_refused;	/* RequiredHeaders and the like */
	atomic_ullong	 ignored[DMF_NIGNORED];
	atomic_ullong	 shortages[DMF_NSHORTAGES];
	atomic_ullong	 records, record_failures, history_shrinks;
	atomic_ullong	 failure_notes;	/* entries in the spool of failure reports */
	atomic_ullong	 deadline_hits;	/* messages without all DNS answers after DNSTimeout */
	atomic_ullong	 reloads_good, reloads_bad;
	struct dmf_histogram end;	/* from the end of a message to the answer */
	struct dmf_histogram dns;	/* of that, waiting for DNS answers */
};

/* Counts one more of something. Cheap. */
static inline void
dmf_count(atomic_ullong *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* Everything at 0. */
void dmf_status_init(struct dmf_status *s);

/* What was done with a message of this decision. */
enum dmf_outcome dmf_status_outcome(const struct dmf_decision *d);

/* "none", "quarantine", "reject", "tempfail". Static. */
const char *dmf_status_outcome_word(enum dmf_outcome outcome);

/* Counts one message at its end: result, action, reasons, times. */
void dmf_status_message(struct dmf_status *s, const struct dmf_decision *d, int64_t end_usecs,
    int64_t dns_usecs);

/* Monotonic microseconds. */
int64_t dmf_status_clock(void);

#endif
