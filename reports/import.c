/*
 * import.c - lines to records, records to the store.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>

#include "libopendmarc/base/strbuf.h"
#include "reports/import.h"

/* A record that waits for its batch. */
struct waiting {
	struct history_record	 rec;
	char			*identity;
	char			*text;		/* its lines */
	size_t			 text_len;
	int64_t			 line;
	char			*refused;	/* why the database does not take it; NULL: it does */
};

struct import {
	struct store			*st;
	const struct import_events	*events;
	struct import_counts		 counts;
	struct waiting			 batch[IMPORT_BATCH];
	size_t				 nbatch;
	size_t				 batch_octets;	/* of text */
	unsigned			 refused;	/* records in a row */
	GChecksum			*hash;
	struct history_record		 rec;
	bool				 open;		/* a record is being read */
	int64_t				 first_line;	/* its number */
	struct odm_strbuf		 text;		/* its lines */
	const char			*reason;	/* why it is bad; NULL: good so far */
	int64_t				 bad_line;
	char				 bad_key[32];
};

struct import *
import_new(struct store *st, const struct import_events *events)
{
	struct import *im = calloc(1, sizeof(*im));

	if (im == NULL)
		return NULL;
	im->st = st;
	im->events = events;
	im->hash = g_checksum_new(G_CHECKSUM_SHA256);
	history_record_init(&im->rec);
	odm_strbuf_init(&im->text, IMPORT_RECORD_MAX);
	return im;
}

/* Empties the batch, whether it was stored or not. */
static void
drop_batch(struct import *im)
{
	for (size_t i = 0; i < im->nbatch; i++) {
		history_record_clear(&im->batch[i].rec);
		free(im->batch[i].identity);
		free(im->batch[i].text);
		free(im->batch[i].refused);
	}
	im->nbatch = im->batch_octets = 0;
}

void
import_free(struct import **im)
{
	if (*im == NULL)
		return;
	drop_batch(*im);
	g_checksum_free((*im)->hash);
	history_record_clear(&(*im)->rec);
	odm_strbuf_free(&(*im)->text);
	free(*im);
	*im = NULL;
}

const struct import_counts *
import_counts(const struct import *im)
{
	return &im->counts;
}

/* The records that the store has taken, from at on. */
static void
count_stored(struct import *im, const struct store_new *list, size_t at, size_t n)
{
	for (size_t i = at; i < at + n; i++) {
		if (list[i].added == STORE_ADDED)
			im->counts.added++;
		else
			im->counts.known++;
		im->events->stored(im->events->arg, im->batch[i].line);
	}
}

/* The record that the database does not take. */
static int
refuse(struct import *im, struct waiting *w)
{
	if (++im->refused > IMPORT_REFUSED_MAX)
		return -1;
	w->refused = strdup(store_error(im->st));
	return w->refused != NULL ? 0 : -1;
}

/*
 * Sets aside what was refused in the batch. But several, and not one record that the
 * database takes: then it is no fault of theirs, and they wait in the input.
 */
static int
set_aside_refused(struct import *im)
{
	if (im->refused > 1 && im->counts.added + im->counts.known == 0)
		return -1;
	for (size_t i = 0; i < im->nbatch; i++) {
		const struct waiting *w = &im->batch[i];

		if (w->refused == NULL)
			continue;
		im->counts.rejected++;
		im->events->rejected(im->events->arg, w->line, w->refused,
		    (struct odm_span){ w->text, w->text_len });
	}
	return 0;
}

/*
 * A part of the batch. What is refused as a whole is given in halves, which finds the
 * records that cannot be stored in few steps.
 */
static int
store_part(struct import *im, struct store_new *list, size_t at, size_t n)
{
	if (store_add_messages(im->st, list + at, n) == 0) {
		count_stored(im, list, at, n);
		im->refused = 0;
		return 0;
	}
	if (!store_refused(im->st))
		return -1;
	if (n == 1)
		return refuse(im, &im->batch[at]);
	if (store_part(im, list, at, n / 2) != 0)
		return -1;
	return store_part(im, list, at + n / 2, n - n / 2);
}

int
import_flush(struct import *im)
{
	struct store_new *list;
	int result = -1;

	if (im->nbatch == 0)
		return 0;
	if ((list = calloc(im->nbatch, sizeof(*list))) != NULL) {
		for (size_t i = 0; i < im->nbatch; i++)
			list[i] = (struct store_new){ &im->batch[i].rec, im->batch[i].identity,
			    STORE_ADDED };
		result = store_part(im, list, 0, im->nbatch);
		if (result == 0)
			result = set_aside_refused(im);
	}
	free(list);
	drop_batch(im);
	return result;
}

static const struct history_arcseal *
find_seal(const struct history_record *rec, unsigned instance)
{
	for (size_t i = 0; i < rec->narcseals; i++)
		if (rec->arcseals[i].instance == instance)
			return &rec->arcseals[i];
	return NULL;
}

/* The chain in the words in which reports of OpenDMARC 1.4 told it, newest first. */
static void
tell_chain(const struct history_record *rec, struct odm_strbuf *out)
{
	const struct history_arcseal *first = find_seal(rec, 1);

	odm_strbuf_adds(out, "arc=pass");
	for (unsigned n = ODM_ARC_SETS_MAX; n > 0; n--) {
		const struct history_arcseal *seal = find_seal(rec, n);

		if (seal == NULL)
			continue;
		if (seal->domain != NULL)
			odm_strbuf_addf(out, " as[%u].d=%s", n, seal->domain);
		if (seal->selector != NULL)
			odm_strbuf_addf(out, " as[%u].s=%s", n, seal->selector);
	}
	if (first != NULL && first->ip != NULL)
		odm_strbuf_addf(out, " client-ip[1]=%s", first->ip);
}

/* The administrator's trust in a chain of sealers is why the policy was not applied. */
static bool
add_arc_reason(struct history_record *rec)
{
	struct odm_strbuf comment;
	bool added;

	odm_strbuf_init(&comment, ODM_HISTORY_VALUE_MAX);
	tell_chain(rec, &comment);
	added = history_add_reason(rec, HISTORY_OVERRIDE_LOCAL_POLICY,
	    comment.failed ? odm_span_str("arc=pass") : odm_strbuf_span(&comment));
	odm_strbuf_free(&comment);
	return added;
}

/*
 * In dialects without reasons: a failed message that was not treated as its policy
 * asks was spared (or treated worse) by local policy, and a report has to say so.
 */
static bool
derive_reason(struct history_record *rec)
{
	bool as_asked = true;

	if (rec->id != NULL || rec->nreasons > 0 || rec->action == HISTORY_ACTION_TEMPFAIL)
		return true;
	if (rec->policy == HISTORY_POLICY_REJECT)
		as_asked = rec->action == HISTORY_ACTION_REJECT ||
		    rec->action == HISTORY_ACTION_DISCARD;
	else if (rec->policy == HISTORY_POLICY_QUARANTINE)
		as_asked = rec->action == HISTORY_ACTION_QUARANTINE;
	if (as_asked)
		return true;
	if (rec->arc_policy == 0)
		return add_arc_reason(rec);
	return history_add_reason(rec, HISTORY_OVERRIDE_LOCAL_POLICY, odm_span_str(""));
}

/* The id that the daemon gave, or the hash of the text with line ends made equal. */
static const char *
identity_of(struct import *im)
{
	if (im->rec.id != NULL && im->rec.id[0] != '\0' &&
	    strlen(im->rec.id) <= STORE_IDENTITY_MAX)
		return im->rec.id;
	g_checksum_reset(im->hash);
	g_checksum_update(im->hash, (const guchar *)im->text.at, (gssize)im->text.len);
	return g_checksum_get_string(im->hash);
}

static void
reject(struct import *im)
{
	char reason[160];

	(void)snprintf(reason, sizeof(reason), "%s%s%s", im->bad_key,
	    im->bad_key[0] == '\0' ? "" : ": ", im->reason);
	im->counts.rejected++;
	im->events->rejected(im->events->arg, im->bad_line, reason,
	    odm_strbuf_span(&im->text));
}

/* The record joins the batch, which takes it over. */
static int
put(struct import *im)
{
	struct waiting *w = &im->batch[im->nbatch];

	if (!derive_reason(&im->rec) || (w->text = malloc(im->text.len)) == NULL)
		return -1;
	if ((w->identity = strdup(identity_of(im))) == NULL) {
		free(w->text);
		return -1;
	}
	memcpy(w->text, im->text.at, im->text.len);
	w->text_len = im->text.len;
	w->refused = NULL;
	w->rec = im->rec;
	w->line = im->first_line;
	history_record_init(&im->rec);
	im->nbatch++;
	im->batch_octets += im->text.len;
	return im->nbatch == IMPORT_BATCH || im->batch_octets >= IMPORT_BATCH_OCTETS ?
	    import_flush(im) : 0;
}

/* Ends the record that is open. */
static int
finish(struct import *im)
{
	int result = 0;

	if (!im->open)
		return 0;
	im->open = false;
	if (im->reason == NULL && im->text.failed) {
		im->reason = "record too long";
		im->bad_line = im->first_line;
	}
	if (im->reason == NULL && !history_complete(&im->rec, &im->reason))
		im->bad_line = im->first_line;
	if (im->reason != NULL)
		reject(im);
	else
		result = put(im);
	history_record_clear(&im->rec);
	odm_strbuf_clear(&im->text);
	return result;
}

static void
start(struct import *im)
{
	im->open = true;
	im->first_line = im->counts.lines;
	im->reason = NULL;
	im->bad_key[0] = '\0';
}

/* The first thing wrong with a record is what is told of it. */
static void
mark_bad(struct import *im, const char *reason, struct odm_span line)
{
	size_t len = odm_span_find(line, ' ');

	if (im->reason != NULL)
		return;
	im->reason = reason;
	im->bad_line = im->counts.lines;
	if (!odm_span_copy(odm_span_sub(line, 0, len), im->bad_key, sizeof(im->bad_key)))
		im->bad_key[0] = '\0';
}

/*
 * A last line without its end may lack a part of its value. Only what cannot be
 * shorter is believed: the one digit of action, and what Exim writes last.
 */
static bool
may_be_cut(struct odm_span line)
{
	struct odm_span key = odm_span_sub(line, 0, odm_span_find(line, ' '));

	return !odm_span_eq(key, "action") && !odm_span_eq(key, "arc_policy");
}

int
import_line(struct import *im, struct odm_span line, bool ended)
{
	const char *why;
	enum history_line got;
	int result = 0;

	im->counts.lines++;
	if (line.len > 0 && line.at[0] == '#')	/* as a file of rejected records has */
		return 0;
	got = history_read_line(&im->rec, line, false, &why);
	if (got == HISTORY_LINE_EMPTY)
		return 0;
	if (got == HISTORY_LINE_JOB) {
		result = finish(im);
		start(im);
		got = history_read_line(&im->rec, line, true, &why);
	} else if (!im->open && got != HISTORY_LINE_UNKNOWN) {
		start(im);
		mark_bad(im, "stands before the first job", line);
	}
	if (line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	if (im->open) {
		odm_strbuf_add(&im->text, line);
		odm_strbuf_addc(&im->text, '\n');
	}
	if (got == HISTORY_LINE_BAD)
		mark_bad(im, why, line);
	else if (got == HISTORY_LINE_UNKNOWN || why != NULL)
		im->events->skipped(im->events->arg, im->counts.lines, line, why);
	if (!ended && im->open && may_be_cut(line))
		mark_bad(im, "cut off: the file ends without a line end", line);
	return result;
}

int
import_end(struct import *im)
{
	if (finish(im) != 0)
		return -1;
	return import_flush(im);
}
