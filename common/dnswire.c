/*
 * dnswire.c - names and records inside a DNS packet. RFC 1035, 4.1.3 and 4.1.4.
 */
#include <string.h>

#include "common/dnswire.h"

#define HOPS_MAX	32	/* compression pointers in one name; servers write one or two */

/* The place of a reader inside a name. */
struct name_reader {
	size_t		at;
	size_t		floor;		/* a pointer must lead to before this */
	unsigned	hops;
};

/*
 * The length of the label at the reader's place (0: the name ends), after
 * following compression pointers; the label is inside the packet. -1: malformed.
 */
static int
label_here(const struct dnswire *p, struct name_reader *r)
{
	while (r->at < p->len) {
		unsigned octet = p->at[r->at];
		size_t target;

		if (octet <= ODM_LABEL_MAX)
			return r->at + 1 + octet <= p->len ? (int)octet : -1;
		if (octet < 0xc0 || r->at + 2 > p->len || ++r->hops > HOPS_MAX)
			return -1;
		target = dnswire_get16(p->at + r->at) & 0x3fff;
		if (target >= r->floor)
			return -1;
		r->at = r->floor = target;
	}
	return -1;
}

static struct name_reader
reader_at(size_t offset)
{
	return (struct name_reader){ .at = offset, .floor = offset };
}

size_t
dnswire_skip_name(const struct dnswire *p, size_t offset)
{
	while (offset < p->len) {
		unsigned octet = p->at[offset];

		if (octet >= 0xc0)
			return offset + 2 <= p->len ? offset + 2 : 0;
		if (octet > ODM_LABEL_MAX)
			return 0;
		offset += 1 + octet;
		if (octet == 0)
			return offset;
	}
	return 0;
}

bool
dnswire_read_name(const struct dnswire *p, size_t offset, struct dnswire_name *name_r)
{
	struct name_reader r = reader_at(offset);
	int label;

	name_r->len = 0;
	while ((label = label_here(p, &r)) >= 0) {
		size_t octets = (size_t)label + 1, i;

		if (name_r->len + octets > DNSWIRE_NAME_MAX)
			return false;
		name_r->octets[name_r->len] = (unsigned char)label;
		for (i = 1; i < octets; i++)
			name_r->octets[name_r->len + i] =
			    (unsigned char)odm_lower((char)p->at[r.at + i]);
		name_r->len += octets;
		r.at += octets;
		if (label == 0)
			return true;
	}
	return false;
}

bool
dnswire_name_is(const struct dnswire *p, size_t offset, const struct dnswire_name *name)
{
	struct name_reader r = reader_at(offset);
	size_t done = 0;
	int label;

	while ((label = label_here(p, &r)) >= 0) {
		size_t octets = (size_t)label + 1, i;

		if (done + octets > name->len || name->octets[done] != (unsigned)label)
			return false;
		for (i = 1; i < octets; i++)
			if (name->octets[done + i] !=
			    (unsigned char)odm_lower((char)p->at[r.at + i]))
				return false;
		done += octets;
		r.at += octets;
		if (label == 0)
			return done == name->len;
	}
	return false;
}

bool
dnswire_from_text(const char *text, struct dnswire_name *name_r)
{
	struct odm_span rest = odm_span_str(text), label;

	if (rest.len > 0 && rest.at[rest.len - 1] == '.')
		rest.len--;
	if (rest.len == 0 || rest.len > ODM_NAME_MAX || rest.at[rest.len - 1] == '.')
		return false;
	name_r->len = 0;
	while (odm_span_next(&rest, '.', &label)) {
		if (label.len == 0 || label.len > ODM_LABEL_MAX)
			return false;
		name_r->octets[name_r->len] = (unsigned char)label.len;
		memcpy(name_r->octets + name_r->len + 1, label.at, label.len);
		name_r->len += 1 + label.len;
	}
	name_r->octets[name_r->len++] = 0;
	return true;
}

void
dnswire_lower(struct dnswire_name *name)
{
	size_t i;

	/* Length octets are at most 63 and so never letters. */
	for (i = 0; i < name->len; i++)
		name->octets[i] = (unsigned char)odm_lower((char)name->octets[i]);
}

bool
dnswire_next_record(const struct dnswire *p, size_t *offset_r, struct dnswire_record *rec_r)
{
	size_t fixed = dnswire_skip_name(p, *offset_r);

	if (fixed == 0 || p->len - fixed < 10)
		return false;
	rec_r->owner = *offset_r;
	rec_r->type = dnswire_get16(p->at + fixed);
	rec_r->class = dnswire_get16(p->at + fixed + 2);
	rec_r->ttl_secs = dnswire_get32(p->at + fixed + 4);
	if (rec_r->ttl_secs > INT32_MAX)
		rec_r->ttl_secs = 0;		/* RFC 2181, 8 */
	rec_r->len = dnswire_get16(p->at + fixed + 8);
	rec_r->data = fixed + 10;
	if (p->len - rec_r->data < rec_r->len)
		return false;
	*offset_r = rec_r->data + rec_r->len;
	return true;
}
