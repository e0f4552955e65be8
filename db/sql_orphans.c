/*
 * sql_orphans.c - removes names that nothing uses any more.
 *
 * Ids in use are collected in bit sets by reading the tables once, page by page; a set
 * for ten million names is a megabyte. While names are removed, the row of names_removed
 * is locked, which every program that adds messages reads when it begins: so no
 * message with a removed name can come in between, and what came since the reading
 * is read first.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "db/sql_expire.h"

#define PAGE_TEXT	"10000"
#define PAGE		10000

enum set { SET_DOMAINS, SET_SELECTORS, SET_ADDRESSES, SET_REPORTERS, SET_POLICIES, NSETS };

/* Where ids stand: each column after the first names a set. */
static const struct user {
	const char	*text;
	enum set	 sets[7];
	int		 nsets;
} users[] = {
#define READ(columns, table) "SELECT id, " columns " FROM " table \
	" WHERE id > ? AND id <= ? ORDER BY id LIMIT " PAGE_TEXT
	{ READ("from_domain, env_domain, policy_domain, COALESCE(spf_domain, 0), ip, reporter,"
	    " COALESCE(published, 0)", "messages"),
	    { SET_DOMAINS, SET_DOMAINS, SET_DOMAINS, SET_DOMAINS, SET_ADDRESSES,
	    SET_REPORTERS, SET_POLICIES }, 7 },
	{ READ("domain, selector", "signatures"), { SET_DOMAINS, SET_SELECTORS }, 2 },
	{ READ("domain, selector", "arcseals"), { SET_DOMAINS, SET_SELECTORS }, 2 },
	{ READ("domain, policy_domain", "requests"), { SET_DOMAINS, SET_DOMAINS }, 2 },
	{ READ("policy_domain", "reports"), { SET_DOMAINS }, 1 },
#undef READ
};

/* The tables of names; those that use a name of another come before it. */
static const struct owner {
	const char	*find, *remove;
	enum set	 set;
	int		 domain;	/* column of the domain that a kept row uses; 0 none */
	size_t		 count;
} owners[] = {
#define NAMES(columns, table) "SELECT id" columns " FROM " table \
	" WHERE id > ? ORDER BY id LIMIT ?", "DELETE FROM " table " WHERE id IN (" EXPIRE_P256 ")"
	{ NAMES(", domain", "policies"), SET_POLICIES, 1,
	    offsetof(struct store_expired, policies) },
	{ NAMES(", domain", "selectors"), SET_SELECTORS, 1,
	    offsetof(struct store_expired, selectors) },
	{ NAMES("", "domains"), SET_DOMAINS, 0, offsetof(struct store_expired, domains) },
	{ NAMES("", "ipaddr"), SET_ADDRESSES, 0, offsetof(struct store_expired, addresses) },
	{ NAMES("", "reporters"), SET_REPORTERS, 0,
	    offsetof(struct store_expired, reporters) },
#undef NAMES
};

struct bits {
	unsigned char	*at;
	size_t		 size;
};

struct place {
	int64_t		 last[COUNT(users)];	/* id read last */
	int64_t		 limit[COUNT(users)];	/* ids up to it are all there */
	bool		 fenced;		/* limit is known */
	size_t		 user;			/* being read */
	size_t		 owner;			/* being cleared */
	int64_t		 owner_last;
};

/*
 * What was read in a transaction counts only when that is committed: on a cluster a
 * commit fails when another node has added something that this one did not see yet.
 */
struct orphans {
	struct bits	 used[NSETS];		/* one too many does no harm */
	struct place	 at, before;
};

static bool
mark(struct bits *b, int64_t id)
{
	size_t octet = (size_t)id / 8;

	if (id <= 0 || (uint64_t)id / 8 >= SIZE_MAX / 4)
		return true;
	if (octet >= b->size) {
		size_t size = octet * 2 + 1024;
		unsigned char *more = realloc(b->at, size);

		if (more == NULL)
			return false;
		memset(more + b->size, 0, size - b->size);
		b->at = more;
		b->size = size;
	}
	b->at[octet] |= (unsigned char)(1u << (id % 8));
	return true;
}

static bool
is_marked(const struct bits *b, int64_t id)
{
	size_t octet = (size_t)id / 8;

	return octet < b->size && (b->at[octet] >> (id % 8) & 1) != 0;
}

/* Nobody adds messages between this and the end of the transaction. See sql_names_fresh(). */
static int
lock_names(struct sql *s)
{
	struct sql_query q = sql_take(s, EXPIRE_SLOT(EXPIRE_SLOT_ORPHANS),
	    "UPDATE names_removed SET times = times + 1");

	return sql_finish(&q);
}

/* The newest id of each table, while nobody adds any. */
static int
fence(struct sql *s, struct orphans *o)
{
	struct sql_query q;
	int got;

	if (sql_names_make_shares(s) != 0 || lock_names(s) != 0)
		return -1;
	q = sql_take(s, EXPIRE_SLOT(EXPIRE_SLOT_ORPHANS + 1),
	    "SELECT (SELECT COALESCE(MAX(id), 0) FROM messages),"
	    " (SELECT COALESCE(MAX(id), 0) FROM signatures),"
	    " (SELECT COALESCE(MAX(id), 0) FROM arcseals),"
	    " (SELECT COALESCE(MAX(id), 0) FROM requests),"
	    " (SELECT COALESCE(MAX(id), 0) FROM reports)");
	got = sql_step(&q);
	for (size_t i = 0; i < COUNT(users) && got == 1; i++)
		o->at.limit[i] = sql_int(&q, (int)i);
	sql_give(&q);
	return got < 0 ? -1 : 0;
}

/* Reads a page of a table up to limit; *n_r rows. */
static int
read_page(struct sql *s, struct orphans *o, size_t user, int64_t limit, size_t *n_r)
{
	struct sql_query q = sql_take(s, EXPIRE_SLOT(EXPIRE_SLOT_ORPHANS + 2 + (int)user),
	    users[user].text);
	int got;

	*n_r = 0;
	sql_bind_int(&q, o->at.last[user]);
	sql_bind_int(&q, limit);
	while ((got = sql_step(&q)) == 1) {
		for (int i = 0; i < users[user].nsets; i++)
			if (!mark(&o->used[users[user].sets[i]], sql_int(&q, i + 1)))
				got = -1;
		if (got < 0) {
			(void)store_fail(&s->base, "out of memory");
			break;
		}
		o->at.last[user] = sql_int(&q, 0);
		++*n_r;
	}
	sql_give(&q);
	return got;
}

/* What was added since; called with the names locked. */
static int
catch_up(struct sql *s, struct orphans *o)
{
	size_t n;

	for (size_t i = 0; i < COUNT(users); i++)
		do {
			if (read_page(s, o, i, INT64_MAX, &n) != 0)
				return -1;
		} while (n == PAGE);
	return 0;
}

/* Chooses the unused ones among the next rows of a table of names; their number in *n_r. */
static int
choose(struct sql *s, struct orphans *o, const struct owner *owner, struct expire_ids *ids,
    int64_t *last_r, size_t *n_r)
{
	struct sql_query q = sql_take(s, EXPIRE_SLOT(EXPIRE_SLOT_OWNERS + (int)o->at.owner),
	    owner->find);
	int got;

	*n_r = 0;
	sql_bind_int(&q, o->at.owner_last);
	sql_bind_int(&q, (int64_t)ids->size);
	while ((got = sql_step(&q)) == 1) {
		int64_t id = sql_int(&q, 0);

		*last_r = id;
		++*n_r;
		if (!is_marked(&o->used[owner->set], id))
			ids->ids[ids->n++] = id;
		else if (owner->domain != 0 &&
		    !mark(&o->used[SET_DOMAINS], sql_int(&q, owner->domain))) {
			got = store_fail(&s->base, "out of memory");
			break;
		}
	}
	sql_give(&q);
	return got;
}

static int
remove_some(struct sql *s, const struct store_expiry *x, struct store_expired *counts,
    struct orphans *o)
{
	const struct owner *owner = &owners[o->at.owner];
	size_t size = (size_t)x->batch, n = 0;
	struct expire_ids ids = { .ids = calloc(size, sizeof(*ids.ids)), .size = size };
	int64_t last = o->at.owner_last;
	int result;

	if (ids.ids == NULL)
		return store_fail(&s->base, "out of memory");
	result = lock_names(s);
	if (result == 0)
		result = catch_up(s, o);
	if (result == 0)
		result = choose(s, o, owner, &ids, &last, &n);
	if (result == 0)
		result = expire_delete(s, EXPIRE_SLOT(EXPIRE_SLOT_OWNERS + (int)COUNT(owners) +
		    (int)o->at.owner), owner->remove, &ids);
	if (result == 0) {
		*(int64_t *)(void *)((char *)counts + owner->count) += (int64_t)ids.n;
		o->at.owner_last = last;
		if (n < size) {
			o->at.owner++;
			o->at.owner_last = 0;
		}
	}
	free(ids.ids);
	return result;
}

int
expire_orphans(struct sql *s, const struct store_expiry *expiry,
    struct store_expired *counts, struct orphans **orphans, bool *more_r)
{
	struct orphans *o = *orphans;
	size_t n;

	*more_r = true;
	if (o == NULL && (o = *orphans = calloc(1, sizeof(*o))) == NULL)
		return store_fail(&s->base, "out of memory");
	if (!o->at.fenced) {
		if (fence(s, o) != 0)
			return -1;
		o->at.fenced = true;
		return 0;
	}
	if (o->at.user < COUNT(users)) {
		if (read_page(s, o, o->at.user, o->at.limit[o->at.user], &n) != 0)
			return -1;
		if (n < PAGE)
			o->at.user++;
		return 0;
	}
	if (remove_some(s, expiry, counts, o) != 0)
		return -1;
	*more_r = o->at.owner < COUNT(owners);
	return 0;
}

void
expire_orphans_begin(struct orphans *o, bool again)
{
	if (again)
		o->at = o->before;
	else
		o->before = o->at;
}

void
expire_orphans_free(struct orphans **orphans)
{
	if (*orphans == NULL)
		return;
	for (size_t i = 0; i < NSETS; i++)
		free((*orphans)->used[i].at);
	free(*orphans);
	*orphans = NULL;
}
