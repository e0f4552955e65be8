/*
 * from.c - finding the Author Domains of a From field. RFC 5322, 3.4 and 4.4;
 * RFC 6854; RFC 6532.
 *
 * One pass over the text, without going back. The text is a list of members
 * between commas; a member is a phrase, a bare address, or a phrase and an angle
 * address. What is not the grammar is passed over as long as only one
 * reading of the domain is left; where readings differ nothing is taken. A name
 * that looks like an address before an angle address is a name.
 */
#include <assert.h>

#include "libopendmarc/base/domain.h"
#include "libopendmarc/parse/cfws.h"
#include "libopendmarc/parse/from.h"

/* Octets of a domain before normalising: a U-label is longer than its A-label. */
#define RAW_DOMAIN_MAX	(4 * ODM_NAME_MAX)

/* A domain as found, without its comments and white space. */
struct raw_domain {
	char	text[RAW_DOMAIN_MAX];
	size_t	len;
	bool	too_long;	/* for any name; the rest is not kept */
};

struct reader {
	struct odm_span	rest;
	struct odm_from	*from;
	bool		in_group;
	bool		groups;		/* there was a group: no mailbox is fine */
	/* The member being read: */
	bool		words;		/* text outside any address */
	bool		bare, angle;	/* an address of that form was seen */
	bool		bare_unclear;	/* the bare ones differ; an angle address may follow */
	char		bare_domain[ODM_NAME_MAX + 1], angle_domain[ODM_NAME_MAX + 1];
				/* normalised; "" when it is no domain name */
};

static void
ambiguous(struct reader *r)
{
	r->from->malformed = true;
	r->from->ambiguous = true;
	r->rest = odm_span_sub(r->rest, r->rest.len, r->rest.len);
}

/*
 * A comment, quoted string or literal that begins at lost is not closed. If it
 * may have swallowed an address, nobody can say where the author stands.
 */
static void
unclosed(struct reader *r, struct odm_span lost)
{
	r->from->malformed = true;
	if (odm_span_find(lost, '@') < lost.len)
		ambiguous(r);
}

/* Moves to the next token and returns its first octet; NUL at the end. */
static char
look(struct reader *r)
{
	struct odm_span before = r->rest;

	if (!odm_cfws_skip(&r->rest))
		unclosed(r, before);
	return r->rest.len > 0 ? r->rest.at[0] : '\0';
}

static void
skip_octet(struct reader *r)
{
	r->rest = odm_span_sub(r->rest, 1, r->rest.len);
}

static void
skip_quoted(struct reader *r)
{
	struct odm_span before = r->rest, inner;

	if (!odm_quoted_take(&r->rest, &inner))
		unclosed(r, before);
}

static bool
is_atom_octet(char c)
{
	return !odm_is_fws(c) && strchr("()<>[]:;@\\,.\"", c) == NULL;
}

/* Takes what may stand in an atom; other control characters spoil only the form. */
static struct odm_span
take_atom(struct reader *r)
{
	struct odm_span start = r->rest;
	size_t len = 0;

	while (len < start.len && is_atom_octet(start.at[len])) {
		if ((unsigned char)start.at[len] < 0x20 || start.at[len] == 0x7f)
			r->from->malformed = true;
		len++;
	}
	r->rest = odm_span_sub(start, len, start.len);
	return odm_span_sub(start, 0, len);
}

static void
add_raw(struct raw_domain *raw, struct odm_span s)
{
	if (s.len > sizeof(raw->text) - raw->len) {
		raw->too_long = true;
		return;
	}
	memcpy(raw->text + raw->len, s.at, s.len);
	raw->len += s.len;
}

/* Passes over "[192.0.2.1]": an address of that host, but of no domain. */
static void
skip_literal(struct reader *r)
{
	struct odm_span before = r->rest;
	size_t close = odm_span_find(before, ']');

	if (close == before.len) {
		r->rest = odm_span_sub(before, before.len, before.len);
		unclosed(r, before);
		return;
	}
	r->rest = odm_span_sub(before, close + 1, before.len);
}

/*
 * Reads what follows "@": atoms joined by dots, with comments and white space
 * between them (obs-domain). domain_r is "" when that is no domain name.
 */
static void
read_domain(struct reader *r, char domain_r[ODM_NAME_MAX + 1])
{
	struct raw_domain raw;
	bool after_atom = false;
	char c = look(r);

	raw.len = 0;
	raw.too_long = false;
	if (c == '[')
		skip_literal(r);
	for (; c != '\0' && c != '['; c = look(r)) {
		if (c == '.') {
			add_raw(&raw, odm_span_sub(r->rest, 0, 1));
			skip_octet(r);
			after_atom = false;
		} else if (is_atom_octet(c) && !after_atom) {
			add_raw(&raw, take_atom(r));
			after_atom = true;
		} else {
			break;
		}
	}
	domain_r[0] = '\0';
	if (raw.too_long ||
	    !odm_domain_normalise((struct odm_span){ raw.text, raw.len }, domain_r) ||
	    raw.text[raw.len - 1] == '.')
		r->from->malformed = true;
}

/* Passes over one token that belongs to no address. */
static void
skip_word(struct reader *r, char c)
{
	if (c == '"')
		skip_quoted(r);
	else if (is_atom_octet(c))
		take_atom(r);
	else
		skip_octet(r);
}

/*
 * Notes an address of the member. A second one of the same form is another
 * reading, unless it leads to the same domain.
 */
static void
note_bare(struct reader *r, const char *domain)
{
	if (r->bare) {
		r->from->malformed = true;
		if (strcmp(r->bare_domain, domain) != 0)
			r->bare_unclear = true;
	}
	memcpy(r->bare_domain, domain, strlen(domain) + 1);
	r->bare = true;
}

static void
note_angle(struct reader *r, const char *domain)
{
	if (r->angle) {
		r->from->malformed = true;
		if (strcmp(r->angle_domain, domain) != 0)
			ambiguous(r);
	}
	memcpy(r->angle_domain, domain, strlen(domain) + 1);
	r->angle = true;
}

/* After a domain: a further "@" or ":" could move the address, so no reading is safe. */
static bool
domain_goes_on(char c)
{
	return c == '@' || c == ':';
}

/*
 * Drops "@one,@two:" before the address in angle brackets (obs-route). False
 * when there is no ":"; the text was then an address without local part.
 */
static bool
skip_route(struct reader *r, char last_r[ODM_NAME_MAX + 1])
{
	char c = '@';
	size_t hosts = 0;

	while (c == '@' || c == ',') {
		skip_octet(r);
		if (c == '@') {
			read_domain(r, last_r);
			hosts++;
		}
		c = look(r);
	}
	if (c == ':') {
		last_r[0] = '\0';
		skip_octet(r);
		return true;
	}
	r->from->malformed = true;
	if (hosts > 1)
		ambiguous(r);
	return false;
}

/* Reads behind "<" up to and with ">", or up to what cannot belong to the address. */
static void
read_angle(struct reader *r)
{
	char domain[ODM_NAME_MAX + 1] = "";
	bool done = false, local = false;
	char c;

	skip_octet(r);
	if (look(r) == '@')
		done = !skip_route(r, domain);
	while ((c = look(r)) != '\0' && c != '>' && c != ',' && c != ';') {
		if (c == '<') {
			r->from->malformed = true;
			if (done)
				break;
			skip_octet(r);
		} else if (done && domain_goes_on(c)) {
			ambiguous(r);
		} else if (c == '@') {
			skip_octet(r);
			read_domain(r, domain);
			r->from->malformed |= !local;
			done = true;
		} else {
			r->from->malformed |= done || c == ':';
			local = true;
			skip_word(r, c);
		}
	}
	if (c == '>')
		skip_octet(r);
	else
		r->from->malformed = true;
	r->from->malformed |= !done;
	note_angle(r, domain);
}

/* Reads behind "@" of an address without angle brackets. */
static void
read_bare(struct reader *r)
{
	char domain[ODM_NAME_MAX + 1];
	bool local = r->words;

	skip_octet(r);
	read_domain(r, domain);
	if (!local)
		r->from->malformed = true;
	note_bare(r, domain);
	if (r->angle && strcmp(r->angle_domain, domain) != 0)
		ambiguous(r);
	if (domain_goes_on(look(r)))
		r->bare_unclear = true;
	r->words = false;
}

/* Keeps a domain unless it is known already. */
static void
add_domain(struct odm_from *from, const char *domain)
{
	for (size_t i = 0; i < from->ndomains; i++)
		if (strcmp(from->domains[i], domain) == 0)
			return;
	if (from->ndomains == ODM_AUTHORS_MAX) {
		from->too_many = true;
		return;
	}
	memcpy(from->domains[from->ndomains++], domain, strlen(domain) + 1);
}

/* At the end of a member: keeps its domain and makes ready for the next one. */
static void
end_member(struct reader *r)
{
	struct odm_from *from = r->from;
	const char *domain = r->angle ? r->angle_domain : r->bare_domain;

	if (r->angle || r->bare) {
		/* Angle and bare address together: the bare one is taken for a name. */
		from->malformed |= r->angle ? r->bare : r->words;
		if (++from->nmailboxes > ODM_FROM_MAILBOXES_MAX)
			from->too_many = true;
		if (!r->angle && r->bare_unclear)
			ambiguous(r);
		else if (domain[0] != '\0')
			add_domain(from, domain);
		else
			from->malformed = true;
	} else if (r->words) {
		from->malformed = true;
	}
	r->words = r->bare = r->angle = r->bare_unclear = false;
}

/* ":" opens a group when a name stands before it, ";" closes it. RFC 5322, 3.4. */
static void
open_group(struct reader *r)
{
	if (r->bare)
		r->bare_unclear = true;
	if (r->in_group || !r->words || r->bare || r->angle)
		r->from->malformed = true;
	if (!r->bare && !r->angle)
		r->words = false;
	r->in_group = r->groups = true;
	skip_octet(r);
}

static void
close_group(struct reader *r)
{
	skip_octet(r);
	end_member(r);
	if (!r->in_group)
		r->from->malformed = true;
	r->in_group = false;
}

static void
read_token(struct reader *r, char c)
{
	switch (c) {
	case ',':
		skip_octet(r);
		end_member(r);
		break;
	case ':':
		open_group(r);
		break;
	case ';':
		close_group(r);
		break;
	case '<':
		read_angle(r);
		break;
	case '@':
		read_bare(r);
		break;
	case '>':
	case '[':
	case ']':
	case ')':
	case '\\':
		r->from->malformed = true;
		skip_octet(r);
		break;
	default:
		/* Words behind an angle address belong nowhere. */
		r->from->malformed |= r->angle;
		skip_word(r, c);
		r->words = true;
	}
}

/* True when text holds a NUL, or a line break that is no folding (RFC 5322, 2.2.3). */
static bool
is_broken_text(struct odm_span text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '\r' && i + 1 < text.len && text.at[i + 1] == '\n')
			continue;
		if (text.at[i] == '\0' || text.at[i] == '\r')
			return true;
		if (text.at[i] == '\n' && (i + 1 == text.len || !odm_is_wsp(text.at[i + 1])))
			return true;
	}
	return false;
}

void
odm_from_parse(struct odm_span value, struct odm_from *from_r)
{
	struct reader r = { .rest = odm_span_trim(value), .from = from_r };
	char c;

	assert(from_r != NULL);
	*from_r = (struct odm_from){ .ndomains = 0 };

	if (is_broken_text(r.rest))
		ambiguous(&r);
	while (!from_r->too_many && (c = look(&r)) != '\0')
		read_token(&r, c);
	if (!from_r->ambiguous)
		end_member(&r);
	if (r.in_group || (from_r->nmailboxes == 0 && !r.groups))
		from_r->malformed = true;
	if (from_r->ambiguous || from_r->too_many)
		from_r->ndomains = 0;
}
