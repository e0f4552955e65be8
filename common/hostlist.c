/*
 * hostlist.c - the IgnoreHosts file as two sorted tables: names and networks.
 * A host name is looked up whole and then by each suffix that begins with a dot;
 * an address by each prefix from the longest to /0. So a look-up costs a few
 * dozen binary searches, however long the list is.
 */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hostlist.h"
#include "common/textfile.h"
#include "libopendmarc/base/domain.h"

/* Half a million entries; whoever needs more needs another tool. */
#define LIST_FILE_MAX	(16 * 1024 * 1024)

struct name_entry {
	char	*name;		/* normalised, a suffix with its leading dot */
	bool	 exception;
};

struct net_entry {
	struct odm_net	net;
	bool		exception;
};

struct hostlist {
	struct name_entry *names;	/* sorted by compare_names() */
	size_t		   nnames, names_size;
	struct net_entry  *nets;	/* sorted by compare_nets() */
	size_t		   nnets, nets_size;
};

enum verdict { NOT_LISTED, LISTED, EXCEPTED };

static int
compare_names(const void *a, const void *b)
{
	return strcmp(((const struct name_entry *)a)->name, ((const struct name_entry *)b)->name);
}

static int
compare_nets(const void *a, const void *b)
{
	const struct odm_net *x = &((const struct net_entry *)a)->net;
	const struct odm_net *y = &((const struct net_entry *)b)->net;

	if (x->ip.family != y->ip.family)
		return x->ip.family < y->ip.family ? -1 : 1;
	if (x->bits != y->bits)
		return x->bits < y->bits ? -1 : 1;
	return memcmp(x->ip.octets, y->ip.octets, x->ip.family == AF_INET ? 4 : 16);
}

/* Room for one more element of an array that doubles; the array, or NULL. */
static void *
make_room(void *array, size_t used, size_t *size, size_t element)
{
	size_t larger = *size == 0 ? 16 : *size * 2;
	void *moved;

	if (used < *size)
		return array;
	moved = reallocarray(array, larger, element);
	if (moved != NULL)
		*size = larger;
	return moved;
}

static bool
add_net(struct hostlist *l, const struct odm_net *net, bool exception)
{
	struct net_entry *nets = make_room(l->nets, l->nnets, &l->nets_size, sizeof(*nets));

	if (nets == NULL)
		return false;
	l->nets = nets;
	nets[l->nnets++] = (struct net_entry){ *net, exception };
	return true;
}

/* dot is "." for a suffix, else "". */
static bool
add_name(struct hostlist *l, const char *dot, const char *name, bool exception)
{
	struct name_entry *names = make_room(l->names, l->nnames, &l->names_size, sizeof(*names));
	char *text;

	if (names == NULL)
		return false;
	l->names = names;
	if (asprintf(&text, "%s%s", dot, name) < 0)
		return false;
	names[l->nnames++] = (struct name_entry){ text, exception };
	return true;
}

/* Adds one entry. NULL, or what is wrong with it. */
static const char *
add_entry(struct hostlist *l, struct odm_span entry)
{
	char name[ODM_NAME_MAX + 1];
	bool exception = false, suffix, ok;
	struct odm_net net;

	if (entry.at[0] == '!') {
		exception = true;
		entry = odm_span_trim(odm_span_sub(entry, 1, entry.len));
	}
	suffix = entry.len > 0 && entry.at[0] == '.';
	if (odm_net_parse(entry, &net))
		ok = add_net(l, &net, exception);
	else if (odm_domain_normalise(odm_span_sub(entry, suffix, entry.len), name))
		ok = add_name(l, suffix ? "." : "", name, exception);
	else
		return "not a host name, .suffix, address or network";
	return ok ? NULL : "memory allocation failure";
}

/* The addresses that are this host. */
static bool
add_builtin(struct hostlist *l)
{
	return add_entry(l, odm_span_str("127.0.0.1")) == NULL &&
	    add_entry(l, odm_span_str("::1")) == NULL;
}

/* An entry ends at its first blank. */
static struct odm_span
first_word(struct odm_span line)
{
	size_t len = line.len > 0 && line.at[0] == '!';

	while (len < line.len && odm_is_fws(line.at[len]))
		len++;
	while (len < line.len && !odm_is_fws(line.at[len]))
		len++;
	return odm_span_sub(line, 0, len);
}

/* A list while its file is read. */
struct reading {
	struct hostlist	*list;
	char		 reason[ODM_NAME_MAX + 80];
};

static const char *
add_line(void *arg, struct odm_span line)
{
	struct reading *r = arg;
	struct odm_span entry = first_word(line);
	const char *reason = add_entry(r->list, entry);

	if (reason == NULL)
		return NULL;
	if (snprintf(r->reason, sizeof(r->reason), "\"%.*s\" is %s",
	    (int)(entry.len > ODM_NAME_MAX ? ODM_NAME_MAX : entry.len), entry.at, reason) < 0)
		return reason;
	return r->reason;
}

static bool
add_file(struct hostlist *l, const char *path, char *why, size_t why_size)
{
	struct reading reading = { .list = l };
	struct odm_strbuf text;
	bool okay;

	odm_strbuf_init(&text, LIST_FILE_MAX);
	okay = textfile_each(path, &text, add_line, &reading, why, why_size);
	odm_strbuf_free(&text);
	return okay;
}

/* Of equal entries one stays, an exception when one of them is. */
static void
sort_names(struct hostlist *l)
{
	struct name_entry *last = l->names;

	if (l->nnames == 0)
		return;
	qsort(l->names, l->nnames, sizeof(l->names[0]), compare_names);
	for (size_t i = 1; i < l->nnames; i++) {
		if (compare_names(last, &l->names[i]) == 0) {
			last->exception |= l->names[i].exception;
			free(l->names[i].name);
		} else {
			*++last = l->names[i];
		}
	}
	l->nnames = (size_t)(last - l->names) + 1;
}

static void
sort_nets(struct hostlist *l)
{
	struct net_entry *last = l->nets;

	if (l->nnets == 0)
		return;
	qsort(l->nets, l->nnets, sizeof(l->nets[0]), compare_nets);
	for (size_t i = 1; i < l->nnets; i++) {
		if (compare_nets(last, &l->nets[i]) == 0)
			last->exception |= l->nets[i].exception;
		else
			*++last = l->nets[i];
	}
	l->nnets = (size_t)(last - l->nets) + 1;
}

struct hostlist *
hostlist_read(const char *path, bool with_loopback, char *why, size_t why_size)
{
	struct hostlist *l = calloc(1, sizeof(*l));

	if (l == NULL || (with_loopback && !add_builtin(l))) {
		strlcpy(why, "memory allocation failure", why_size);
		hostlist_free(&l);
		return NULL;
	}
	if (path != NULL && !add_file(l, path, why, why_size)) {
		hostlist_free(&l);
		return NULL;
	}
	sort_names(l);
	sort_nets(l);
	return l;
}

void
hostlist_free(struct hostlist **l)
{
	if (*l == NULL)
		return;
	for (size_t i = 0; i < (*l)->nnames; i++)
		free((*l)->names[i].name);
	free((*l)->names);
	free((*l)->nets);
	free(*l);
	*l = NULL;
}

static enum verdict
find_name(const struct hostlist *l, char *name)
{
	const struct name_entry key = { name, false }, *hit = NULL;

	if (l->nnames > 0)
		hit = bsearch(&key, l->names, l->nnames, sizeof(key), compare_names);
	if (hit == NULL)
		return NOT_LISTED;
	return hit->exception ? EXCEPTED : LISTED;
}

static enum verdict
find_net(const struct hostlist *l, const struct odm_net *net)
{
	const struct net_entry key = { *net, false }, *hit = NULL;

	if (l->nnets > 0)
		hit = bsearch(&key, l->nets, l->nnets, sizeof(key), compare_nets);
	if (hit == NULL)
		return NOT_LISTED;
	return hit->exception ? EXCEPTED : LISTED;
}

static enum verdict
match_host(const struct hostlist *l, const char *host)
{
	char name[ODM_NAME_MAX + 1], *at = name;
	enum verdict v;

	if (!odm_domain_normalise(odm_span_str(host), name))
		return NOT_LISTED;
	do {
		v = find_name(l, at);
		at = strchr(at + 1, '.');
	} while (v == NOT_LISTED && at != NULL);
	return v;
}

/* The address with all but the first bits cleared. */
static void
keep_bits(struct odm_net *net, unsigned bits)
{
	unsigned octet = bits / 8;

	if (octet < sizeof(net->ip.octets)) {
		net->ip.octets[octet] &= (unsigned char)(0xff00 >> bits % 8);
		memset(net->ip.octets + octet + 1, 0, sizeof(net->ip.octets) - octet - 1);
	}
	net->bits = bits;
}

static enum verdict
match_ip(const struct hostlist *l, const struct odm_ip *ip)
{
	unsigned bits = ip->family == AF_INET ? 32 : 128;
	struct odm_net net = { *ip, bits };
	enum verdict v;

	if (ip->family == AF_UNSPEC)
		return NOT_LISTED;
	v = find_net(l, &net);
	while (v == NOT_LISTED && bits > 0) {
		keep_bits(&net, --bits);
		v = find_net(l, &net);
	}
	return v;
}

bool
hostlist_match(const struct hostlist *l, const char *host, const struct odm_ip *ip)
{
	enum verdict v = host == NULL ? NOT_LISTED : match_host(l, host);

	if (v == NOT_LISTED)
		v = match_ip(l, ip);
	return v == LISTED;
}
