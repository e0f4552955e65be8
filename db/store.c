/*
 * store.c - the front of the store: chooses the backend by URL and keeps the rules
 * that hold for all of them (transactions, whole records or none, clean texts).
 */
#include "config.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "db/clean.h"
#include "db/store.h"
#include "db/store_backend.h"

/*
 * A change is run this often; the pauses between grow to some seconds in all, which is
 * longer than another program's transaction and shorter than a person's patience.
 */
#define ATTEMPTS	7
#define FIRST_PAUSE_MSECS	50

/* Ids of a batch are held in memory. */
#define EXPIRY_BATCH_MAX	100000

static const struct backend {
	const char	*scheme;
	const struct store_backend *backend;	/* NULL: not in this build */
} backends[] = {
	{ "sqlite", &store_sqlite },
	{ "memory", &store_memory },
#ifdef HAVE_MYSQL
	{ "mysql", &store_mysql },
	{ "mariadb", &store_mysql },
#else
	{ "mysql", NULL },
	{ "mariadb", NULL },
#endif
};

int
store_fail(struct store *st, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	if (vsnprintf(st->error, sizeof(st->error), format, ap) < 0)
		st->error[0] = '\0';
	va_end(ap);
	st->again = false;
	for (char *at = st->error; *at != '\0'; at++)
		if (*at == '\n' || *at == '\r')
			*at = ' ';
	return -1;
}

void *
store_no(char *why, size_t why_size, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	if (vsnprintf(why, why_size, format, ap) < 0 && why_size > 0)
		why[0] = '\0';
	va_end(ap);
	return NULL;
}

/* The backend of a URL, and what follows its scheme; NULL with the reason in why. */
static const struct store_backend *
find_backend(const char *url, const char **location_r, char *why, size_t why_size)
{
	size_t len = strcspn(url, ":");
	struct odm_span scheme = { url, len };

	for (size_t i = 0; url[len] == ':' && i < COUNT(backends); i++) {
		if (!odm_span_ieq(scheme, backends[i].scheme))
			continue;
		if (backends[i].backend == NULL)
			return store_no(why, why_size, "%s is not built into this version "
			    "(configure --with-mysql adds it); use a database URL like "
			    "sqlite:/path/file", backends[i].scheme);
		*location_r = url + len + 1;
		return backends[i].backend;
	}
	return store_no(why, why_size, "\"%.200s\" is no database URL; it must look like "
	    "sqlite:/path/file or mysql://user@host/name", url);
}

/* A name that no other handle has, on no host. */
static void
name_runner(char runner[STORE_RUNNER_SIZE])
{
	char host[48] = "";
	uint64_t random = 0;

	(void)gethostname(host, sizeof(host) - 1);
	if (getentropy(&random, sizeof(random)) != 0)
		random = (uint64_t)time(NULL);
	host[sizeof(host) - 1] = '\0';
	if (snprintf(runner, STORE_RUNNER_SIZE, "%s/%ld/%016" PRIx64, host, (long)getpid(),
	    random) < 0)
		runner[0] = '\0';
}

struct store *
store_open_access(const struct store_access *access, char *why, size_t why_size)
{
	const char *location;
	const struct store_backend *backend = find_backend(access->url, &location, why,
	    why_size);
	struct store *st = backend == NULL ? NULL :
	    backend->open(location, access, why, why_size);

	if (st != NULL)
		name_runner(st->runner);
	return st;
}

struct store *
store_open(const char *url, char *why, size_t why_size)
{
	const struct store_access access = { url, NULL };

	return store_open_access(&access, why, why_size);
}

int
store_pending(const struct store_access *access,
    int (*fn)(const char *statement, void *arg), void *arg, char *why, size_t why_size)
{
	const char *location;
	const struct store_backend *backend = find_backend(access->url, &location, why,
	    why_size);

	return backend == NULL ? -1 :
	    backend->pending(location, access, fn, arg, why, why_size);
}

void
store_close(struct store **st)
{
	if (*st == NULL)
		return;
	store_rollback(*st);
	(*st)->ops->close(*st);
	*st = NULL;
}

const char *
store_error(const struct store *st)
{
	return st->error;
}

bool
store_again(const struct store *st)
{
	return st->again;
}

int
store_begin(struct store *st)
{
	assert(!st->in_transaction);
	if (st->ops->begin(st) != 0)
		return -1;
	st->in_transaction = true;
	st->spoiled = false;
	return 0;
}

/* Rolls back and keeps the reason of what failed before. */
static void
undo(struct store *st)
{
	char reason[sizeof(st->error)];
	bool again = st->again;

	memcpy(reason, st->error, sizeof(reason));
	store_rollback(st);
	memcpy(st->error, reason, sizeof(reason));
	st->again = again;
}

int
store_commit(struct store *st)
{
	assert(st->in_transaction);
	if (st->spoiled) {
		store_rollback(st);
		return store_fail(st, "not committed: something in the transaction failed");
	}
	if (st->ops->commit(st) != 0) {
		undo(st);
		return -1;
	}
	st->in_transaction = false;
	return 0;
}

void
store_rollback(struct store *st)
{
	if (!st->in_transaction)
		return;
	st->ops->rollback(st);
	st->in_transaction = false;
}

/*
 * A change of several rows: inside the caller's transaction, or in one of its own that
 * is run again while that may help.
 *	struct change c = { .st = st };
 *	while (change_begin(&c))
 *		change_end(&c, ...);
 *	return c.result;
 */
struct change {
	struct store	*st;
	bool		 own;
	bool		 done;
	int		 attempts;
	int		 result;
};

/* Waits before the next attempt; false when there is none. */
static bool
change_pause(struct change *c)
{
	struct timespec pause;
	long msecs = FIRST_PAUSE_MSECS << c->attempts;

	if (!c->st->again || ++c->attempts >= ATTEMPTS)
		return false;
	/* Two programs that met once shall not meet again. */
	(void)clock_gettime(CLOCK_MONOTONIC, &pause);
	msecs += pause.tv_nsec / 1000 % msecs;
	pause = (struct timespec){ msecs / 1000, msecs % 1000 * 1000000 };
	(void)nanosleep(&pause, NULL);
	return true;
}

static bool
change_begin(struct change *c)
{
	if (c->done)
		return false;
	c->own = !c->st->in_transaction;
	while (c->own && store_begin(c->st) != 0) {
		c->result = -1;
		if (!change_pause(c))
			return false;
	}
	return true;
}

static void
change_end(struct change *c, int result)
{
	c->result = result;
	c->done = true;
	if (result != 0)
		c->st->spoiled = true;
	if (!c->own)
		return;
	if (result == 0)
		c->result = store_commit(c->st);
	else
		undo(c->st);
	if (c->result != 0)
		c->done = !change_pause(c);
}

/* Impossible numbers are refused here, as the databases differ in what they check. */
static int
check_record(struct store *st, const struct store_new *new)
{
	const struct history_record *rec = new->rec;

	assert(*new->identity != '\0');
	assert(rec->job != NULL && rec->reporter != NULL && rec->ipaddr != NULL);
	assert(rec->from != NULL && rec->mfrom != NULL && rec->pdomain != NULL);
	if (strlen(new->identity) > STORE_IDENTITY_MAX)
		return store_fail(st, "job %.100s: its id is longer than %d octets", rec->job,
		    STORE_IDENTITY_MAX);
	if (rec->received <= 0)
		return store_fail(st, "job %.100s: its time is not after 1970", rec->job);
	if (rec->action < HISTORY_ACTION_REJECT || rec->action > HISTORY_ACTION_QUARANTINE)
		return store_fail(st, "job %.100s: there is no action %d", rec->job,
		    rec->action);
	if (rec->policy < HISTORY_POLICY_NO_FROM || rec->policy > HISTORY_POLICY_NONE)
		return store_fail(st, "job %.100s: there is no policy %d", rec->job,
		    rec->policy);
	return 0;
}

/* Puts clean copies into list, from the record at on; copies has n places. */
static int
clean_all(struct store *st, struct store_new *list, size_t n, struct history_record *copies)
{
	size_t ncopies = 0;

	for (size_t i = 0; i < n; i++) {
		if (clean_record_is(list[i].rec))
			continue;
		if (!clean_record(list[i].rec, &copies[ncopies]))
			return store_fail(st, "out of memory");
		list[i].rec = &copies[ncopies++];
	}
	return 0;
}

/* The same list with clean records. */
static int
add_dirty(struct store *st, struct store_new *list, size_t n)
{
	struct history_record *copies = calloc(n, sizeof(*copies));
	struct store_new *clean = calloc(n, sizeof(*clean));
	int result = -1;

	if (copies != NULL && clean != NULL) {
		memcpy(clean, list, n * sizeof(*clean));
		if (clean_all(st, clean, n, copies) == 0)
			result = st->ops->add_messages(st, clean, n);
		for (size_t i = 0; i < n; i++) {
			list[i].added = clean[i].added;
			history_record_clear(&copies[i]);
		}
	} else {
		(void)store_fail(st, "out of memory");
	}
	free(copies);
	free(clean);
	return result;
}

static int
add_messages(struct store *st, struct store_new *list, size_t n)
{
	bool clean = true;

	for (size_t i = 0; i < n; i++) {
		if (check_record(st, &list[i]) != 0)
			return -1;
		clean = clean && clean_record_is(list[i].rec);
	}
	return clean ? st->ops->add_messages(st, list, n) : add_dirty(st, list, n);
}

int
store_add_messages(struct store *st, struct store_new *list, size_t n)
{
	struct change c = { .st = st };

	while (change_begin(&c))
		change_end(&c, add_messages(st, list, n));
	return c.result;
}

int
store_add_message(struct store *st, const struct history_record *rec,
    const char *identity, enum store_added *added_r)
{
	struct store_new new = { rec, identity, STORE_ADDED };

	if (store_add_messages(st, &new, 1) != 0)
		return -1;
	*added_r = new.added;
	return 0;
}

int
store_each_policy(struct store *st, int64_t begin, int64_t end,
    int (*fn)(const struct store_policy *p, void *arg), void *arg)
{
	return st->ops->each_policy(st, begin, end, false, fn, arg);
}

int
store_each_unreported(struct store *st, int64_t begin, int64_t end,
    int (*fn)(const struct store_policy *p, void *arg), void *arg)
{
	return st->ops->each_policy(st, begin, end, true, fn, arg);
}

int
store_each_message(struct store *st, const char *policy_domain,
    int64_t begin, int64_t end,
    int (*fn)(const struct store_message *m, void *arg), void *arg)
{
	return st->ops->each_message(st, policy_domain, begin, end, 0, fn, arg);
}

int
store_each_claimed(struct store *st, const struct store_claim *claim,
    int (*fn)(const struct store_message *m, void *arg), void *arg)
{
	return st->ops->each_message(st, "", 0, INT64_MAX, claim->report, fn, arg);
}

int
store_count(struct store *st, int64_t begin, int64_t end,
    int64_t *messages_r, int64_t *domains_r)
{
	return st->ops->count(st, begin, end, messages_r, domains_r);
}

/* The later of now and this host's clock: a long run must not make short claims. */
static int64_t
clock_or(int64_t now)
{
	int64_t clock = (int64_t)time(NULL);

	return clock > now ? clock : now;
}

int
store_report_claim(struct store *st, const char *policy_domain, int64_t begin,
    int64_t end, int64_t now, struct store_claim *claim_r, enum store_claimed *how_r)
{
	struct change c = { .st = st };

	assert(begin < end);
	while (change_begin(&c))
		change_end(&c, st->ops->report_claim(st, policy_domain, begin, end,
		    clock_or(now), claim_r, how_r));
	return c.result;
}

int
store_report_add(struct store *st, const struct store_claim *claim,
    const char *report_id, int64_t messages, const struct store_delivery *deliveries,
    size_t n, bool *added_r)
{
	struct change c = { .st = st };

	assert(*report_id != '\0');
	while (change_begin(&c))
		change_end(&c, st->ops->report_add(st, claim, report_id, messages,
		    deliveries, n, added_r));
	return c.result;
}

int
store_report_withhold(struct store *st, const struct store_claim *claim,
    const char *reason)
{
	struct change c = { .st = st };

	while (change_begin(&c))
		change_end(&c, st->ops->report_withhold(st, claim, reason));
	return c.result;
}

int
store_report_release(struct store *st, const struct store_claim *claim)
{
	struct change c = { .st = st };

	while (change_begin(&c))
		change_end(&c, st->ops->report_release(st, claim));
	return c.result;
}

int
store_report_known(struct store *st, const char *policy_domain,
    int64_t begin, int64_t end, bool *known_r)
{
	return st->ops->report_known(st, policy_domain, begin, end, known_r);
}

static int
claim_delivery(struct store *st, int64_t id, int64_t now, bool *claimed_r)
{
	struct change c = { .st = st };

	while (change_begin(&c))
		change_end(&c, st->ops->delivery_claim(st, id, now, claimed_r));
	return c.result;
}

static int
release_delivery(struct store *st, int64_t id)
{
	struct change c = { .st = st };

	while (change_begin(&c))
		change_end(&c, st->ops->delivery_release(st, id));
	return c.result;
}

/*
 * One query for each delivery, by ascending id: a delivery that fn puts off is not
 * met again. No statement is open while fn works: its snapshot would be, and the
 * outcome could not be noted any more once another program has written.
 */
int
store_each_due(struct store *st, int64_t now,
    int (*fn)(const struct store_delivery *d, void *arg), void *arg)
{
	struct store_delivery *d = NULL;
	int64_t last = 0;
	int got = 0, result = 0;

	while (result == 0 && (got = st->ops->next_due(st, last, now, &d)) == 1) {
		bool mine = false;

		last = d->id;
		result = claim_delivery(st, d->id, clock_or(now), &mine);
		if (result == 0 && mine) {
			if (d->first_try == 0)
				d->first_try = clock_or(now);
			result = fn(d, arg);
			if (release_delivery(st, d->id) != 0)
				result = -1;
		}
		free(d);
	}
	return got < 0 ? -1 : result;
}

int
store_delivery_result(struct store *st, int64_t id,
    enum store_delivery_state state, int64_t next_try, const char *reason)
{
	struct change c = { .st = st };

	while (change_begin(&c))
		change_end(&c, st->ops->delivery_result(st, id, state, next_try, reason));
	return c.result;
}

/* Copies len octets and a NUL to *at_r and moves that behind them. */
static const char *
keep_octets(char **at_r, const char *octets, size_t len)
{
	char *copy = *at_r;

	if (len > 0)
		memcpy(copy, octets, len);
	copy[len] = '\0';
	*at_r += len + 1;
	return copy;
}

struct store_delivery *
store_copy_delivery(const struct store_delivery *d)
{
	size_t reason_len = d->reason == NULL ? 0 : strlen(d->reason);
	size_t size = sizeof(*d) + strlen(d->policy_domain) + strlen(d->report_id) +
	    strlen(d->destination) + reason_len + d->mail_len + 5;
	struct store_delivery *copy = malloc(size);
	char *at;

	if (copy == NULL)
		return NULL;
	*copy = *d;
	at = (char *)(copy + 1);
	copy->policy_domain = keep_octets(&at, d->policy_domain, strlen(d->policy_domain));
	copy->report_id = keep_octets(&at, d->report_id, strlen(d->report_id));
	copy->destination = keep_octets(&at, d->destination, strlen(d->destination));
	if (d->reason != NULL)
		copy->reason = keep_octets(&at, d->reason, reason_len);
	copy->mail = keep_octets(&at, d->mail, d->mail_len);
	return copy;
}

int
store_audit(struct store *st, int64_t begin, int64_t end, struct store_audit *audit_r,
    int (*fn)(const char *reason, int64_t messages, void *arg), void *arg)
{
	return st->ops->audit(st, begin, end, audit_r, fn, arg);
}

/* A destination as it is kept; false when it cannot be one. */
static bool
clean_destination(struct store *st, const char *text, char clean[STORE_NAME_MAX + 1])
{
	size_t len = strlen(text);

	if (len == 0 || len > STORE_NAME_MAX) {
		(void)store_fail(st, "\"%.100s\": an address or domain has 1 to %d octets",
		    text, STORE_NAME_MAX);
		return false;
	}
	for (size_t i = 0; i <= len; i++)
		clean[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] | 0x20) : text[i];
	clean_name(clean, STORE_NAME_MAX);
	return true;
}

int
store_suppress(struct store *st, const char *destination, const char *reason,
    int64_t until)
{
	struct change c = { .st = st };
	char clean[STORE_NAME_MAX + 1], text[STORE_NAME_MAX + 1] = "";

	if (!clean_destination(st, destination, clean))
		return -1;
	for (size_t i = 0; reason != NULL && reason[i] != '\0' && i < STORE_NAME_MAX; i++)
		text[i] = reason[i];
	clean_comment(text);
	while (change_begin(&c))
		change_end(&c, st->ops->suppress(st, clean, text, until));
	return c.result;
}

int
store_unsuppress(struct store *st, const char *destination, bool *removed_r)
{
	struct change c = { .st = st };
	char clean[STORE_NAME_MAX + 1];

	if (!clean_destination(st, destination, clean))
		return -1;
	while (change_begin(&c))
		change_end(&c, st->ops->unsuppress(st, clean, removed_r));
	return c.result;
}

int
store_each_suppression(struct store *st, int64_t now,
    int (*fn)(const struct store_suppression *s, void *arg), void *arg)
{
	return st->ops->each_suppression(st, now, fn, arg);
}

int
store_suppressed(struct store *st, const char *address, int64_t now,
    bool *suppressed_r, char *reason, size_t reason_size)
{
	char clean[STORE_NAME_MAX + 1];
	const char *at;

	*suppressed_r = false;
	if (!clean_destination(st, address, clean))
		return -1;
	at = strrchr(clean, '@');
	return st->ops->suppressed(st, clean, at == NULL ? clean : at + 1, now, suppressed_r,
	    reason, reason_size);
}

int
store_request(struct store *st, const char *domain,
    int (*fn)(const struct store_request *r, void *arg), void *arg)
{
	char clean[STORE_NAME_MAX + 1];

	return clean_destination(st, domain, clean) ?
	    st->ops->request(st, clean, fn, arg) : -1;
}

int
store_request_lock(struct store *st, const char *domain, const char *rua)
{
	struct change c = { .st = st };
	char clean[STORE_NAME_MAX + 1];
	char *text = strdup(rua);

	if (text == NULL)
		return store_fail(st, "out of memory");
	clean_name(text, SIZE_MAX);
	if (!clean_destination(st, domain, clean)) {
		free(text);
		return -1;
	}
	while (change_begin(&c))
		change_end(&c, st->ops->request_lock(st, clean, text));
	free(text);
	return c.result;
}

int
store_request_unlock(struct store *st, const char *domain)
{
	struct change c = { .st = st };
	char clean[STORE_NAME_MAX + 1];

	if (!clean_destination(st, domain, clean))
		return -1;
	while (change_begin(&c))
		change_end(&c, st->ops->request_unlock(st, clean));
	return c.result;
}

int
store_expire(struct store *st, const struct store_expiry *expiry,
    struct store_expired *counts_r)
{
	struct store_expiry bounded = *expiry;
	void *state = NULL;
	bool more = true;
	int result = 0;

	assert(!st->in_transaction && expiry->batch > 0);
	if (bounded.batch > EXPIRY_BATCH_MAX)
		bounded.batch = EXPIRY_BATCH_MAX;
	*counts_r = (struct store_expired){ 0 };
	while (more && result == 0) {
		struct change c = { .st = st };
		struct store_expired counts = *counts_r;

		while (change_begin(&c)) {
			counts = *counts_r;
			change_end(&c, st->ops->expire(st, &bounded, &counts, &state, &more));
		}
		result = c.result;
		if (result == 0)
			*counts_r = counts;
	}
	st->ops->expire_end(st, &state);
	return result;
}
