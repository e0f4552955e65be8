/*
 * confvalue.c - the text of one configuration value into its member of struct conf.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/conf_private.h"
#include "libopendmarc/base/domain.h"
#include "libopendmarc/base/nametab.h"

#define UMASK_MAX	0777

static void *
member(struct conf *c, const struct conf_item *item)
{
	return (char *)c + item->offset;
}

static void
free_list(struct conf_list *list)
{
	for (size_t i = 0; i < list->nwords; i++)
		free(list->words[i]);
	free(list->words);
	*list = (struct conf_list){ 0 };
}

void
conf_unset(struct conf *c, const struct conf_item *item)
{
	char **text;

	if (item->type == CONF_LIST) {
		free_list(member(c, item));
	} else if (item->type == CONF_STRING) {
		text = member(c, item);
		free(*text);
		*text = NULL;
	}
}

/* True and *yes_r for a boolean word. */
static bool
bool_parse(struct odm_span word, bool *yes_r)
{
	if (odm_span_ieq(word, "on") ||
	    (word.len > 0 && memchr("TtYy1", word.at[0], 5) != NULL)) {
		*yes_r = true;
		return true;
	}
	if (odm_span_ieq(word, "off") ||
	    (word.len > 0 && memchr("FfNn0", word.at[0], 5) != NULL)) {
		*yes_r = false;
		return true;
	}
	return false;
}

/* A whole number in text between min and max, base as for strtol(). */
static bool
read_number(struct odm_span value, int base, int min, int max, int *number_r)
{
	char text[32];
	intmax_t number;
	int status;

	if (!odm_span_copy(value, text, sizeof(text)))
		return false;
	number = strtoi(text, NULL, base, min, max, &status);
	if (status != 0)
		return false;
	*number_r = (int)number;
	return true;
}

static enum conf_set
set_number(struct conf *c, const struct conf_item *item, struct odm_span value)
{
	int *number = member(c, item), zero;

	if ((item->flags & CONF_ZERO_IS_MAX) != 0 && read_number(value, 0, 0, 0, &zero)) {
		*number = item->max;
		return CONF_SET_MAXIMUM;
	}
	if (!read_number(value, 0, item->min, item->max, number))
		return CONF_SET_ILLEGAL;
	return CONF_SET_OKAY;
}

/* The word as it is kept: HOSTNAME replaced, a domain normalised. */
static enum conf_set
copy_word(const struct conf_item *item, struct odm_span word, char **text_r)
{
	char host[ODM_NAME_MAX + 1], name[ODM_NAME_MAX + 1], *text;

	if (item->check != NULL && !item->check(word))
		return CONF_SET_ILLEGAL;
	if (odm_span_find(word, '\0') < word.len)
		return CONF_SET_ILLEGAL;
	if ((item->flags & CONF_HOSTNAME) != 0 && odm_span_eq(word, "HOSTNAME")) {
		if (gethostname(host, sizeof(host)) != 0)
			return CONF_SET_ILLEGAL;
		word = odm_span_str(host);
	}
	if ((item->flags & CONF_DOMAIN) != 0) {
		if (!odm_domain_normalise(word, name))
			return CONF_SET_ILLEGAL;
		word = odm_span_str(name);
	}
	text = strndup(word.at, word.len);
	if (text == NULL)
		return CONF_SET_NO_MEMORY;
	*text_r = text;
	return CONF_SET_OKAY;
}

static enum conf_set
set_string(struct conf *c, const struct conf_item *item, struct odm_span value)
{
	char **text = member(c, item), *copy;
	enum conf_set result;

	result = copy_word(item, value, &copy);
	if (result == CONF_SET_ILLEGAL && (item->flags & CONF_LENIENT) != 0)
		return CONF_SET_KEPT;
	if (result != CONF_SET_OKAY)
		return result;
	free(*text);
	*text = copy;
	return CONF_SET_OKAY;
}

/* Appends one word; the list is unchanged on any trouble. */
static enum conf_set
add_word(const struct conf_item *item, struct odm_span word, struct conf_list *list)
{
	char **words, *copy;
	enum conf_set result;

	result = copy_word(item, word, &copy);
	if (result != CONF_SET_OKAY)
		return result;
	words = reallocarray(list->words, list->nwords + 1, sizeof(words[0]));
	if (words == NULL) {
		free(copy);
		return CONF_SET_NO_MEMORY;
	}
	words[list->nwords++] = copy;
	list->words = words;
	return CONF_SET_OKAY;
}

/* Cuts the next word of a list off *rest_r. */
static bool
next_word(const struct conf_item *item, struct odm_span *rest_r, struct odm_span *word_r)
{
	struct odm_span rest = *rest_r;
	size_t comma = odm_span_find(rest, ','), other;

	if (rest.len == 0)
		return false;
	if ((item->flags & CONF_SEMICOLON) != 0) {
		other = odm_span_find(rest, ';');
		comma = other < comma ? other : comma;
	}
	*word_r = odm_span_trim(odm_span_sub(rest, 0, comma));
	*rest_r = odm_span_sub(rest, comma < rest.len ? comma + 1 : comma, rest.len);
	return true;
}

/* A word ends at its first blank, as in 1.x; empty words count for nothing. */
static enum conf_set
set_list(struct conf *c, const struct conf_item *item, struct odm_span value,
    struct odm_span *bad_r)
{
	struct conf_list list = { 0 }, *to = member(c, item);
	enum conf_set result = CONF_SET_OKAY, added;
	struct odm_span word;
	size_t len;

	while (next_word(item, &value, &word)) {
		for (len = 0; len < word.len && !odm_is_fws(word.at[len]); len++)
			continue;
		if (len == 0)
			continue;
		if (len < word.len)
			result = CONF_SET_CUT;
		added = add_word(item, odm_span_sub(word, 0, len), &list);
		if (added != CONF_SET_OKAY) {
			*bad_r = odm_span_sub(word, 0, len);
			free_list(&list);
			return added;
		}
	}
	free_list(to);
	*to = list;
	return result;
}

enum conf_set
conf_set(struct conf *c, const struct conf_item *item, struct odm_span value,
    struct odm_span *bad_r)
{
	bool ok = false;

	*bad_r = value;
	switch (item->type) {
	case CONF_STRING:
		return set_string(c, item, value);
	case CONF_LIST:
		return set_list(c, item, value, bad_r);
	case CONF_NUMBER:
		return set_number(c, item, value);
	case CONF_BOOL:
		ok = bool_parse(value, member(c, item));
		break;
	case CONF_OCTAL:
		ok = read_number(value, 8, 0, UMASK_MAX, member(c, item));
		break;
	case CONF_WORD:
		ok = odm_name_value(item->choices, item->nchoices, value, member(c, item));
		break;
	}
	return ok ? CONF_SET_OKAY : CONF_SET_ILLEGAL;
}

static bool
equal_texts(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
equal_lists(const struct conf_list *a, const struct conf_list *b)
{
	if (a->nwords != b->nwords)
		return false;
	for (size_t i = 0; i < a->nwords; i++)
		if (strcmp(a->words[i], b->words[i]) != 0)
			return false;
	return true;
}

bool
conf_equal(const struct conf *a, const struct conf *b, const struct conf_item *item)
{
	const void *x = (const char *)a + item->offset, *y = (const char *)b + item->offset;

	switch (item->type) {
	case CONF_STRING:
		return equal_texts(*(char *const *)x, *(char *const *)y);
	case CONF_LIST:
		return equal_lists(x, y);
	case CONF_BOOL:
		return *(const bool *)x == *(const bool *)y;
	case CONF_NUMBER:
	case CONF_OCTAL:
	case CONF_WORD:
		break;
	}
	return *(const int *)x == *(const int *)y;
}

void
conf_expects(const struct conf_item *item, char *text, size_t size)
{
	size_t len;

	switch (item->type) {
	case CONF_STRING:
	case CONF_LIST:
		strlcpy(text, item->expects != NULL ? item->expects : "text", size);
		break;
	case CONF_BOOL:
		strlcpy(text, "yes or no", size);
		break;
	case CONF_NUMBER:
		snprintf(text, size, "a number from %d to %d", item->min, item->max);
		break;
	case CONF_OCTAL:
		snprintf(text, size, "an octal number from 0 to %o", (unsigned)UMASK_MAX);
		break;
	case CONF_WORD:
		strlcpy(text, item->choices[0].name, size);
		for (size_t i = 1; i < item->nchoices; i++) {
			len = strlcat(text, " or ", size);
			if (len < size)
				strlcat(text, item->choices[i].name, size);
		}
		break;
	}
}
