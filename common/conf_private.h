/*
 * conf_private.h - what the files of the configuration reader share.
 */
#ifndef COMMON_CONF_PRIVATE_H
#define COMMON_CONF_PRIVATE_H

#include "common/conf.h"

/* A word of older versions that is still accepted. */
struct conf_old {
	const char	*name;
	const char	*now;	/* what the option is called today; NULL: of no use any more */
};

#define CONF_NOLD	5

extern const struct conf_old conf_old_items[CONF_NOLD];

/* NULL when no option has the name, letter case ignored. */
const struct conf_item *conf_item_find(struct odm_span name);
const struct conf_old *conf_old_find(struct odm_span name);

/*
 * The name of the option that differs least from a misspelt one; NULL when none is
 * near. Static text.
 */
const char *conf_nearest(struct odm_span name);

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

/* True when the item's member is the same in both. */
bool conf_equal(const struct conf *a, const struct conf *b, const struct conf_item *item);

/* Frees what the item's member of c owns. */
void conf_unset(struct conf *c, const struct conf_item *item);

/*
 * The checks of words, one for each kind of value that the table asks for.
 * confcheck.c; nothing but the table uses them.
 */
bool conf_is_address(struct odm_span word);	/* LOCAL@DOMAIN */
bool conf_is_authserv_id(struct odm_span word);
bool conf_is_domain(struct odm_span word);
bool conf_is_facility(struct odm_span word);
bool conf_is_nameserver(struct odm_span word);	/* IP or IP@PORT */
bool conf_is_net(struct odm_span word);
bool conf_is_line(struct odm_span text);	/* no control characters */
bool conf_is_rate(struct odm_span text);	/* N/T with a unit */
bool conf_is_reject_text(struct odm_span text);
bool conf_is_socket(struct odm_span word);	/* the forms that libmilter takes */
bool conf_is_user(struct odm_span word);	/* user, or user:group */

#endif
