/*
 * histogram.c - counters that double their width every 32 of them.
 */
#include "libopendmarc/base/span.h"
#include "tests/bench/histogram.h"

#define STEPS		32	/* counters for one power of two */
#define STEP_BITS	5

/* The counter of a value: the first 32 are exact, then 32 for each power of two. */
static size_t
counter_of(uint64_t us)
{
	unsigned shift = 0;
	size_t at;

	while (us >> shift >= 2 * STEPS)
		shift++;
	at = us < STEPS ? (size_t)us : shift * STEPS + (size_t)(us >> shift);
	return at < HISTOGRAM_COUNTERS ? at : HISTOGRAM_COUNTERS - 1;
}

/* The largest value that a counter stands for. */
static uint64_t
value_of(size_t at)
{
	unsigned shift = at < 2 * STEPS ? 0 : (unsigned)(at >> STEP_BITS) - 1;

	return ((uint64_t)(at - shift * STEPS + 1) << shift) - 1;
}

void
histogram_add(struct histogram *h, uint64_t us)
{
	h->count[counter_of(us)]++;
	h->total++;
	if (us > h->max_us)
		h->max_us = us;
}

void
histogram_merge(struct histogram *into, const struct histogram *from)
{
	for (size_t i = 0; i < HISTOGRAM_COUNTERS; i++)
		into->count[i] += from->count[i];
	into->total += from->total;
	if (from->max_us > into->max_us)
		into->max_us = from->max_us;
}

uint64_t
histogram_percentile_us(const struct histogram *h, double percent)
{
	double wanted = (double)h->total * percent / 100;
	uint64_t seen = 0;

	for (size_t i = 0; i < HISTOGRAM_COUNTERS && h->total > 0; i++) {
		seen += h->count[i];
		if (seen > 0 && (double)seen >= wanted)
			return value_of(i) < h->max_us ? value_of(i) : h->max_us;
	}
	return h->max_us;
}
