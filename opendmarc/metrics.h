/*
 * metrics.h - the counters as text in the OpenMetrics form, and the file that holds it.
 * The file is written beside its place and renamed, so a reader never sees half of it.
 * For the first thread alone.
 */
#ifndef OPENDMARC_METRICS_H
#define OPENDMARC_METRICS_H

#include <stdint.h>

#include "common/resolver.h"
#include "libopendmarc/base/strbuf.h"
#include "opendmarc/shared.h"

/* Between two writings of MetricsFile. */
#define DMF_METRICS_SECS	15

/* The text stays far below. */
#define DMF_METRICS_TEXT_MAX	(64 * 1024)

/* What lasts from one writing to the next; all members are private, begin with { 0 }. */
struct dmf_metrics {
	struct resolver	*resolver;	/* the one that was counted last, kept for its numbers */
	struct resolver_counts before;	/* of those that a reload replaced */
	int64_t		 complained_at;	/* monotonic microseconds; 0 never */
};

/* Appends all metrics to out, "# EOF" included. dns: over all resolvers so far. */
void dmf_metrics_text(const struct dmf_shared *shared, const struct resolver_counts *dns,
    struct odm_strbuf *out);

/*
 * Writes the file that the setup in force names with MetricsFile, if it names one.
 * Trouble is logged, and then not again for ten minutes.
 */
void dmf_metrics_write(struct dmf_metrics *m, const struct dmf_shared *shared);

/* Gives up what is kept. Before the end of the last setup. */
void dmf_metrics_close(struct dmf_metrics *m);

#endif
