/*
 * histogram.h - how many times something took how long, in bounded memory.
 * Microseconds; a value above 32 is kept with an error of at most 1/32.
 */
#ifndef TESTS_BENCH_HISTOGRAM_H
#define TESTS_BENCH_HISTOGRAM_H

#include <stdint.h>

/* 32 counters for each power of two up to 2^37 us, which is more than a day. */
#define HISTOGRAM_COUNTERS	(32 * 34)

struct histogram {
	uint64_t	 count[HISTOGRAM_COUNTERS];
	uint64_t	 total;		/* values added */
	uint64_t	 max_us;	/* the largest of them */
};

/* Counts one value. A zeroed struct is an empty histogram. */
void histogram_add(struct histogram *h, uint64_t us);

/* Adds the counts of one histogram to another. */
void histogram_merge(struct histogram *into, const struct histogram *from);

/* The value that percent (0 to 100) of all values do not pass; 0 when there are none. */
uint64_t histogram_percentile_us(const struct histogram *h, double percent);

#endif
