/*
 * metrics.c - the counters as text in the OpenMetrics form. OpenMetrics 1.0.
 *
 * Only what the older Prometheus text form knows as well is used, since that is what the
 * textfile collector of node_exporter reads: counters, gauges, histograms, no time stamps.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "libopendmarc/base/nametab.h"
#include "opendmarc/metrics.h"
#include "opendmarc/setup.h"

#define PREFIX		"opendmarc_"
#define COMPLAINT_USECS	(INT64_C(600) * 1000000)

/* The same list twice: the numbers are compared, the texts printed. */
static const char *const bounds[] = { "0.001", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25",
	"0.5", "1.0", "2.5", "5.0", "10.0", "30.0", "+Inf" };
_Static_assert(COUNT(bounds) == DMF_NBUCKETS, "a text for each bucket");

static const char *const ignored_words[] = { [DMF_IGNORED_HOST] = "host",
	[DMF_IGNORED_AUTH] = "authenticated", [DMF_IGNORED_FROM] = "from" };
static const char *const excuser_words[] = { [DMF_EXCUSED_ARC] = "arc",
	[DMF_EXCUSED_EXCEPTION] = "exception" };
static const char *const shortage_words[] = { [DMF_SHORTAGE_DNS] = "dns",
	[DMF_SHORTAGE_HISTORY] = "history", [DMF_SHORTAGE_MEMORY] = "memory" };

static unsigned long long
get(const atomic_ullong *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

/* The head of a family. */
static void
put_family(struct odm_strbuf *out, const char *name, const char *type, const char *help)
{
	odm_strbuf_addf(out, "# TYPE " PREFIX "%s %s\n# HELP " PREFIX "%s %s\n", name, type,
	    name, help);
}

static void
put_counter(struct odm_strbuf *out, const char *name, const char *help,
    unsigned long long value)
{
	put_family(out, name, "counter", help);
	odm_strbuf_addf(out, PREFIX "%s_total %llu\n", name, value);
}

/* One of several counters of a family, told apart by one label. */
static void
put_labelled(struct odm_strbuf *out, const char *name, const char *label, const char *value,
    unsigned long long count)
{
	odm_strbuf_addf(out, PREFIX "%s_total{%s=\"%s\"} %llu\n", name, label, value, count);
}

static void
put_gauge(struct odm_strbuf *out, const char *name, const char *help, long long value)
{
	put_family(out, name, "gauge", help);
	odm_strbuf_addf(out, PREFIX "%s %lld\n", name, value);
}

static void
put_histogram(struct odm_strbuf *out, const char *name, const char *help,
    const struct dmf_histogram *h)
{
	unsigned long long count = 0, usecs = get(&h->usecs);
	size_t i;

	put_family(out, name, "histogram", help);
	for (i = 0; i < DMF_NBUCKETS; i++) {
		count += get(&h->buckets[i]);
		odm_strbuf_addf(out, PREFIX "%s_bucket{le=\"%s\"} %llu\n", name, bounds[i], count);
	}
	odm_strbuf_addf(out, PREFIX "%s_count %llu\n" PREFIX "%s_sum %llu.%06llu\n", name, count,
	    name, usecs / 1000000, usecs % 1000000);
}

static void
put_process(struct odm_strbuf *out, const struct dmf_shared *shared)
{
	put_family(out, "build_info", "gauge", "The version that runs; the value is always 1.");
	odm_strbuf_adds(out, PREFIX "build_info{version=\"" PACKAGE_VERSION "\"} 1\n");
	put_family(out, "start_time_seconds", "gauge",
	    "When the daemon started, in seconds since 1970 UTC.");
	odm_strbuf_addf(out, PREFIX "start_time_seconds %" PRId64 ".%03" PRId64 "\n",
	    shared->started / 1000000000, shared->started % 1000000000 / 1000000);
	put_family(out, "reloads", "counter", "Reloads of the configuration.");
	put_labelled(out, "reloads", "outcome", "good", get(&shared->status.reloads_good));
	put_labelled(out, "reloads", "outcome", "bad", get(&shared->status.reloads_bad));
}

static void
put_sessions(struct odm_strbuf *out, const struct dmf_status *s)
{
	put_counter(out, "connections", "Milter connections.", get(&s->connections));
	put_gauge(out, "sessions", "Milter connections that are open.",
	    atomic_load(&s->sessions));
	put_gauge(out, "sessions_busy", "Open connections with a message in work.",
	    atomic_load(&s->busy));
}

static void
put_messages(struct odm_strbuf *out, const struct dmf_status *s)
{
	int result, outcome, type;

	put_family(out, "messages", "counter", "Messages judged, by DMARC result and action.");
	for (result = 0; result < DMF_NRESULTS; result++)
		for (outcome = 0; outcome < DMF_NOUTCOMES; outcome++)
			odm_strbuf_addf(out, PREFIX "messages_total{result=\"%s\",action=\"%s\"} "
			    "%llu\n", odm_dmarc_name((enum odm_dmarc)result),
			    dmf_status_outcome_word((enum dmf_outcome)outcome),
			    get(&s->messages[result][outcome]));
	put_family(out, "messages_would", "counter",
	    "Messages by the action with every option on that acts on failures.");
	for (outcome = 0; outcome < DMF_OUTCOME_TEMPFAIL; outcome++)
		put_labelled(out, "messages_would", "action",
		    dmf_status_outcome_word((enum dmf_outcome)outcome), get(&s->would[outcome]));
	put_family(out, "overrides", "counter",
	    "Reasons why a failing message was not treated as its policy asks.");
	for (type = 0; type < DMF_NOVERRIDES; type++)
		put_labelled(out, "overrides", "type",
		    history_override_name((enum history_override)type), get(&s->overrides[type]));
}

static void
put_exceptions(struct odm_strbuf *out, const struct dmf_status *s)
{
	size_t i;

	put_family(out, "excused", "counter",
	    "Failing messages that an ARC chain or an exception excused.");
	for (i = 0; i < DMF_NEXCUSERS; i++)
		put_labelled(out, "excused", "by", excuser_words[i], get(&s->excused[i]));
	put_counter(out, "form_refused", "Messages rejected for the form of their header.",
	    get(&s->form_refused));
	put_family(out, "ignored", "counter",
	    "What was not looked at: connections by host, messages by the other reasons.");
	for (i = 0; i < DMF_NIGNORED; i++)
		put_labelled(out, "ignored", "reason", ignored_words[i], get(&s->ignored[i]));
	put_family(out, "temporary_failures", "counter",
	    "Messages refused for now, by what was missing.");
	for (i = 0; i < DMF_NSHORTAGES; i++)
		put_labelled(out, "temporary_failures", "reason", shortage_words[i],
		    get(&s->shortages[i]));
	put_counter(out, "history_records", "Records written to the history file.",
	    get(&s->records));
	put_counter(out, "history_failures", "Records that could not be written.",
	    get(&s->record_failures));
	put_counter(out, "history_shrinks", "Times that the history file had become shorter.",
	    get(&s->history_shrinks));
	put_counter(out, "failure_entries", "Entries in the spool of failure reports.",
	    get(&s->failure_notes));
}

static void
put_dns(struct odm_strbuf *out, const struct dmf_status *s, const struct resolver_counts *dns)
{
	put_counter(out, "dns_questions", "DNS questions of messages.", dns->asked);
	put_counter(out, "dns_cache_hits", "DNS questions answered from the cache.",
	    dns->cache_hits);
	put_counter(out, "dns_joined", "DNS questions that waited for an equal one under way.",
	    dns->joined);
	put_counter(out, "dns_sent", "DNS questions put to a server.", dns->sent);
	put_counter(out, "dns_failures", "DNS questions that no server could answer.",
	    dns->failed);
	put_counter(out, "dns_timeouts", "DNS questions not answered within DNSTimeout.",
	    dns->overdue);
	put_gauge(out, "dns_cache_entries", "Answers in the cache.",
	    (long long)dns->cache_entries);
	put_gauge(out, "dns_cache_bytes", "Size of the cache.", (long long)dns->cache_octets);
	put_counter(out, "deadline_hits", "Messages whose DNS answers were not all there within "
	    "DNSTimeout.", get(&s->deadline_hits));
}

void
dmf_metrics_text(const struct dmf_shared *shared, const struct resolver_counts *dns,
    struct odm_strbuf *out)
{
	const struct dmf_status *s = &shared->status;

	put_process(out, shared);
	put_sessions(out, s);
	put_messages(out, s);
	put_exceptions(out, s);
	put_dns(out, s, dns);
	put_histogram(out, "end_seconds", "From the end of a message to the answer.", &s->end);
	put_histogram(out, "dns_wait_seconds", "Of that, the time spent waiting for DNS answers.",
	    &s->dns);
	odm_strbuf_adds(out, "# EOF\n");
}

static void
add_counts(struct resolver_counts *sum, const struct resolver_counts *more)
{
	sum->asked += more->asked;
	sum->cache_hits += more->cache_hits;
	sum->joined += more->joined;
	sum->sent += more->sent;
	sum->failed += more->failed;
	sum->overdue += more->overdue;
}

/* The counts of r and of all resolvers that it replaced: a reload must not begin at 0. */
static struct resolver_counts
count_dns(struct dmf_metrics *m, struct resolver *r)
{
	struct resolver_counts counts;

	if (m->resolver != r) {
		if (m->resolver != NULL) {
			resolver_counts(m->resolver, &counts);
			add_counts(&m->before, &counts);
			resolver_free(&m->resolver);
		}
		m->resolver = resolver_ref(r);
	}
	resolver_counts(r, &counts);
	add_counts(&counts, &m->before);
	return counts;
}

/* 0 or an errno. */
static int
write_file(int fd, struct odm_span text)
{
	ssize_t n = write(fd, text.at, text.len);
	int error = n == (ssize_t)text.len ? 0 : n < 0 ? errno : ENOSPC;

	/* UMask is about the socket; whoever collects the numbers is another user. */
	if (error == 0 && fchmod(fd, S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH) != 0)
		error = errno;
	if (close(fd) != 0 && error == 0)
		error = errno;
	return error;
}

/* 0, or an errno: the file is then as it was. */
static int
replace_file(const char *path, struct odm_span text)
{
	char beside[PATH_MAX];
	int fd, error, len = snprintf(beside, sizeof(beside), "%s.new", path);

	if (len < 0 || (size_t)len >= sizeof(beside))
		return ENAMETOOLONG;
	/* What a crash left behind goes; what somebody else put there is not written to. */
	(void)unlink(beside);
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    S_IRUSR | S_IWUSR);
	if (fd < 0)
		return errno;
	error = write_file(fd, text);
	if (error == 0 && rename(beside, path) != 0)
		error = errno;
	if (error != 0)
		(void)unlink(beside);
	return error;
}

static void
complain(struct dmf_metrics *m, const char *path, int error)
{
	int64_t now = dmf_status_clock();

	if (m->complained_at != 0 && now - m->complained_at < COMPLAINT_USECS)
		return;
	m->complained_at = now;
	log_write(LOG_LEVEL_ERROR, "MetricsFile \"%s\" cannot be written: %s; the folder must "
	    "exist and be writable for the user of the filter", path, strerror(error));
}

void
dmf_metrics_write(struct dmf_metrics *m, const struct dmf_shared *shared)
{
	struct dmf_setup *s = dmf_setup_current();
	struct resolver_counts dns;
	struct odm_strbuf text;
	const char *path;
	int error;

	if (s == NULL)
		return;
	dns = count_dns(m, dmf_setup_env(s)->resolver);
	path = dmf_setup_env(s)->conf->metrics_file;
	if (path != NULL) {
		odm_strbuf_init(&text, DMF_METRICS_TEXT_MAX);
		dmf_metrics_text(shared, &dns, &text);
		error = text.failed ? ENOMEM : replace_file(path, odm_strbuf_span(&text));
		if (error != 0)
			complain(m, path, error);
		odm_strbuf_free(&text);
	}
	dmf_setup_unref(&s);
}

void
dmf_metrics_close(struct dmf_metrics *m)
{
	if (m->resolver != NULL)
		resolver_free(&m->resolver);
}
