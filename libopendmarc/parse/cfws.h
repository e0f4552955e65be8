/*
 * cfws.h - the lexical ground of structured header fields: comments, folding
 * white space, quoted strings. RFC 5322, 3.2; shared by the field parsers.
 */
#ifndef ODM_PARSE_CFWS_H
#define ODM_PARSE_CFWS_H

#include <stdbool.h>

#include "libopendmarc/base/span.h"

/*
 * Skips comments (nesting, with quoted pairs) and folding white space at the
 * start of *rest_r. False when a comment is not closed or nests too deep;
 * *rest_r is then empty.
 */
bool odm_cfws_skip(struct odm_span *rest_r);

/*
 * Takes a quoted string from the start of *rest_r, which must begin with DQUOTE.
 * *inner_r is the raw text between the quotes, quoted pairs still in it.
 * False when it is not closed; *rest_r is then empty.
 */
bool odm_quoted_take(struct odm_span *rest_r, struct odm_span *inner_r);

/*
 * Takes everything up to white space, "(" or ";" from the start of *rest_r;
 * quoted strings inside are kept whole, so that the three have no meaning in
 * them. *run_r may be empty. False when a quoted string is not closed;
 * *rest_r is then empty.
 */
bool odm_run_take(struct odm_span *rest_r, struct odm_span *run_r);

/*
 * Takes the value behind a "=" from the start of *rest_r: a run, before which
 * comments and white space may stand. Where white space comes first and next()
 * knows the text behind it as the start of the following item, the value is empty:
 * fields in use leave values out. False as odm_run_take() and odm_cfws_skip().
 */
bool odm_value_take(struct odm_span *rest_r, bool (*next)(struct odm_span text),
    struct odm_span *value_r);

#endif
