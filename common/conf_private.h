/*
 * conf_private.h - what the files of the configuration reader share.
 */
#ifndef COMMON_CONF_PRIVATE_H
#define COMMON_CONF_PRIVATE_H

#include "common/conf.h"

/* A word of 1.x that is accepted, so that its file starts, but does nothing here. */
struct conf_old {
	const char	*name;
	const char	*now;		/* what the option is called today; NULL: the same */
	bool		 is_bool;	/* "no" asks for nothing and is not worth a warning */
	const char	*note;		/* what that means for mail; may be NULL */
};

#define CONF_NOLD	30

extern const struct conf_old conf_old_items[CONF_NOLD];

/* NULL when no option has the name, letter case ignored. */
const struct conf_item *conf_item_find(struct odm_span name);
const struct conf_old *conf_old_find(struct odm_span name);

/*
 * The valid name that differs least from a misspelt one, of the options first;
 * NULL when none is near. Static text.
 */
const char *conf_nearest(struct odm_span name);

/* True and *yes_r for a boolean word. */
bool conf_bool_parse(struct odm_span word, bool *yes_r);

enum conf_set {
	CONF_SET_OKAY,
	CONF_SET_NO_MEMORY,
	CONF_SET_ILLEGAL,	/* conf_expects() says what was expected */
	CONF_SET_KEPT,		/* illegal but CONF_LENIENT: the default stays */
	CONF_SET_MAXIMUM,	/* 0 was taken as the maximum */
	CONF_SET_CUT		/* what followed a blank in a list word was dropped */
};

/*
 * Puts value, a trimmed text, into the item's member of c. When it is illegal,
 * *bad_r is the word that is to blame, inside value.
 */
enum conf_set conf_set(struct conf *c, const struct conf_item *item, struct odm_span value,
    struct odm_span *bad_r);

/* What a value of the item looks like, in words: "yes or no". */
void conf_expects(const struct conf_item *item, char *text, size_t size);

/* Frees what the item's member of c owns. */
void conf_unset(struct conf *c, const struct conf_item *item);

#endif
