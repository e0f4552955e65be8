/*
 * exceptions.c - the ExceptionsFile. Its lines are looked at one after another, and
 * only for mail that fails under an enforcing policy.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "common/textfile.h"
#include "libopendmarc/base/domain.h"
#include "opendmarc/exceptions.h"

/* A list of exceptions that nobody can oversee is a policy of its own. */
#define FILE_MAX	(256 * 1024)
#define LINES_MAX	1000

/* Octets of a comment: it stands in log lines and in reports. */
#define COMMENT_MAX	200

#define DAY_SECS	86400

static const char no_memory[] = "memory allocation failure";

struct dmf_exceptions {
	const char	*path;
	struct dmf_exception *at;
	size_t		 n;
	char		*comments;	/* all of them, each with its NUL */
};

/* Cuts the next word off *rest_r. */
static struct odm_span
take_word(struct odm_span *rest_r)
{
	size_t len = 0;
	struct odm_span word;

	while (len < rest_r->len && !odm_is_fws(rest_r->at[len]))
		len++;
	word = odm_span_sub(*rest_r, 0, len);
	*rest_r = odm_span_trim(odm_span_sub(*rest_r, len, rest_r->len));
	return word;
}

static bool
read_author(struct odm_span word, struct dmf_exception *e)
{
	e->below = word.len > 0 && word.at[0] == '.';
	return odm_domain_normalise(odm_span_sub(word, e->below, word.len), e->domain);
}

/* The part behind a prefix such as "net:"; false when the word has another. */
static bool
has_prefix(struct odm_span word, const char *prefix, struct odm_span *rest_r)
{
	size_t len = strlen(prefix);

	if (word.len < len || strncasecmp(word.at, prefix, len) != 0)
		return false;
	*rest_r = odm_span_sub(word, len, word.len);
	return true;
}

static bool
read_sender(struct odm_span word, struct dmf_exception *e)
{
	struct odm_span rest;

	if (has_prefix(word, "dkim:", &rest))
		return odm_domain_normalise(rest, e->signer);
	return has_prefix(word, "net:", &rest) && odm_net_parse(rest, &e->net);
}

/* Reads digits into a number of tm. */
static bool
read_part(struct odm_span text, int *part_r)
{
	unsigned long long number;

	if (!odm_span_number(text, 9999, &number))
		return false;
	*part_r = (int)number;
	return true;
}

/* The last day, so it ends with the day after. */
static bool
read_until(struct odm_span word, struct dmf_exception *e)
{
	struct tm tm = { 0 }, back;
	time_t start;

	if (!odm_span_copy(word, e->until, sizeof(e->until)))
		return false;
	if (strcmp(e->until, "-") == 0) {
		e->ends = INT64_MAX;
		return true;
	}
	if (word.len != 10 || word.at[4] != '-' || word.at[7] != '-' ||
	    !read_part(odm_span_sub(word, 0, 4), &tm.tm_year) ||
	    !read_part(odm_span_sub(word, 5, 7), &tm.tm_mon) ||
	    !read_part(odm_span_sub(word, 8, 10), &tm.tm_mday) || tm.tm_year < 1970)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	back = tm;
	start = timegm(&back);
	/* timegm() makes the 30th of February a day in March. */
	if (back.tm_mon != tm.tm_mon || back.tm_mday != tm.tm_mday)
		return false;
	e->ends = (int64_t)start + DAY_SECS;
	return true;
}

static bool
is_text(struct odm_span text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.at[i] < 0x20 || text.at[i] == 0x7f)
			return false;
	return true;
}

/* Reads a line that is neither empty nor a comment. NULL, or what is wrong with it. */
static const char *
read_exception(struct odm_span line, struct dmf_exception *e, struct odm_span *comment_r)
{
	struct odm_span rest = line;

	if (!read_author(take_word(&rest), e))
		return "the first word is no domain name";
	if (!read_sender(take_word(&rest), e))
		return "the second word is neither dkim:DOMAIN nor net:NETWORK";
	if (!read_until(take_word(&rest), e))
		return "the third word is neither a day as 2027-03-31 nor \"-\"";
	if (rest.len > COMMENT_MAX)
		return "the comment is longer than 200 octets";
	if (!is_text(rest))
		return "the comment has a control character";
	*comment_r = rest;
	return NULL;
}

/* Adds one more; *at_r is where its comment ends. NULL, or what is wrong with it. */
static const char *
add(struct dmf_exceptions *x, struct odm_span line, unsigned number, char **at_r)
{
	struct dmf_exception *e = &x->at[x->n];
	struct odm_span comment;
	const char *reason;

	if (x->n == LINES_MAX)
		return "more than 1000 exceptions";
	reason = read_exception(line, e, &comment);
	if (reason != NULL)
		return reason;
	e->line = number;
	e->comment = *at_r;
	if (comment.len > 0)
		memcpy(*at_r, comment.at, comment.len);
	(*at_r)[comment.len] = '\0';
	*at_r += comment.len + 1;
	x->n++;
	return NULL;
}

/* The next line without its end and blanks around it; "#" elsewhere is part of a comment. */
static bool
next_line(struct odm_span *rest_r, struct odm_span *line_r)
{
	struct odm_span line;

	if (!odm_span_next(rest_r, '\n', &line))
		return false;
	*line_r = odm_span_trim(line);
	if (line_r->len > 0 && line_r->at[0] == '#')
		line_r->len = 0;
	return true;
}

/* False, and the reason with its line in why. */
static bool
read_lines(struct dmf_exceptions *x, struct odm_span text, char *why, size_t why_size)
{
	struct odm_span rest = text, line;
	const char *reason = NULL;
	unsigned number = 0;
	char *at;

	/* Comments are shorter than their lines by far more than a NUL. */
	x->comments = malloc(text.len + 1);
	x->at = calloc(LINES_MAX + 1, sizeof(x->at[0]));
	if (x->comments == NULL || x->at == NULL) {
		strlcpy(why, no_memory, why_size);
		return false;
	}
	at = x->comments;
	while (reason == NULL && next_line(&rest, &line)) {
		number++;
		if (line.len > 0)
			reason = add(x, line, number, &at);
	}
	if (reason != NULL &&
	    snprintf(why, why_size, "%s: line %u: %s", x->path, number, reason) < 0)
		strlcpy(why, reason, why_size);
	return reason == NULL;
}

struct dmf_exceptions *
dmf_exceptions_read(const char *path, char *why, size_t why_size)
{
	struct dmf_exceptions *x = calloc(1, sizeof(*x));
	struct odm_strbuf text;
	const char *reason;
	bool good = false;

	if (x == NULL) {
		strlcpy(why, no_memory, why_size);
		return NULL;
	}
	x->path = path;
	odm_strbuf_init(&text, FILE_MAX);
	if (textfile_read(path, &text, &reason))
		good = read_lines(x, odm_strbuf_span(&text), why, why_size);
	else if (snprintf(why, why_size, "%s: %s", path, reason) < 0)
		strlcpy(why, reason, why_size);
	odm_strbuf_free(&text);
	if (!good)
		dmf_exceptions_free(&x);
	return x;
}

void
dmf_exceptions_free(struct dmf_exceptions **x)
{
	if (*x == NULL)
		return;
	free((*x)->comments);
	free((*x)->at);
	free(*x);
	*x = NULL;
}

static bool
is_author(const struct dmf_exception *e, const char *author)
{
	return strcmp(author, e->domain) == 0 ||
	    (e->below && odm_domain_is_below(author, e->domain));
}

/* A DKIM pass that could count for alignment, of the signer or a name below it. */
static bool
signed_by(const struct dmf_inputs *inputs, const char *signer)
{
	const struct dmf_dkim *d;
	size_t i;

	for (i = 0; (d = dmf_inputs_dkim(inputs, i)) != NULL; i++)
		if (d->aligns && d->result == ODM_RESULT_PASS &&
		    (strcmp(d->domain, signer) == 0 || odm_domain_is_below(d->domain, signer)))
			return true;
	return false;
}

const struct dmf_exception *
dmf_exceptions_find(const struct dmf_exceptions *x, const char *author,
    const struct odm_ip *client, const struct dmf_inputs *inputs, int64_t now)
{
	const struct dmf_exception *e;
	size_t i;

	for (i = 0; (e = dmf_exceptions_at(x, i)) != NULL; i++)
		if (now < e->ends && is_author(e, author) &&
		    (e->signer[0] != '\0' ? signed_by(inputs, e->signer) :
		    odm_net_contains(&e->net, client)))
			return e;
	return NULL;
}

const struct dmf_exception *
dmf_exceptions_at(const struct dmf_exceptions *x, size_t i)
{
	return x != NULL && i < x->n ? &x->at[i] : NULL;
}

const char *
dmf_exceptions_path(const struct dmf_exceptions *x)
{
	return x->path;
}
