/*
 * explain.h - one DMARC evaluation as a JSON document: what went in, every DNS
 * question and answer, the walks, the alignment of each identity, the verdict and the
 * rule behind it. The document alone is enough to repeat the evaluation.
 *
 * What the document says of the evaluation always comes from an evaluation of its own,
 * made from inputs and answers in one fixed order. So the text depends on nothing but
 * these, and reading a document and writing it again gives the same octets.
 * The form is described in opendmarc-check(8).
 */
#ifndef COMMON_EXPLAIN_H
#define COMMON_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "libopendmarc/base/result.h"
#include "libopendmarc/base/span.h"
#include "libopendmarc/core/eval.h"
#include "libopendmarc/core/questions.h"

/*
 * The longest document read: all questions of an evaluation with answers of full
 * length, most of it escaped, would be about 80 MB.
 */
#define EXPLAIN_OCTETS_MAX	(100UL * 1024 * 1024)

/* Identities of one message: SPF and what limits.h allows of results. */
#define EXPLAIN_IDENTITIES_MAX	(ODM_AUTHRES_RESULTS_MAX + 10)

/* The longest text that says where something came from, and the longest selector. */
#define EXPLAIN_TEXT_MAX	400

struct explain_identity {
	bool		 dkim;		/* else SPF */
	enum odm_result	 result;
	const char	*domain;	/* normalised; "" none */
	const char	*selector;	/* of DKIM, as published; NULL unknown */
	const char	*source;	/* how it was obtained, in words; NULL unknown */
	bool		 used;		/* it took part in the evaluation */
};

struct explain;			/* private: explain_private.h */

/* Starts with no inputs; eager as for odm_eval_new(). NULL: out of memory. */
struct explain *explain_new(bool eager);

/* Frees *x and clears it. *x may be NULL. */
void explain_free(struct explain **x);

/*
 * Evaluates by RFC 7489 with this list, which must outlive x; call it first. Of the list
 * the document keeps the suffixes of the names concerned, which are enough to repeat it.
 */
void explain_use_psl(struct explain *x, const struct odm_psl *psl);

/* Adds an Author Domain, normalised. 0, or -1: there are too many, or no memory. */
int explain_add_author(struct explain *x, const char *domain);

/*
 * Adds what SPF or DKIM said, in the order in which the evaluation was told. Texts are
 * copied, octets outside printable ASCII replaced by "?", long ones cut. 0, or -1.
 */
int explain_add_identity(struct explain *x, const struct explain_identity *id);

/* Adds the questions of an evaluation with their answers. 0, or -1: out of memory. */
int explain_add_dns(struct explain *x, const struct odm_questions *qs);

/*
 * Writes the document, with a line feed at its end; the caller frees it. NULL with the
 * reason in why: the answers do not lead to a verdict, or memory is short.
 */
char *explain_write(struct explain *x, char *why, size_t why_size);

/*
 * The verdict that follows from inputs and answers, as after explain_write(); it
 * belongs to x. NULL with the reason in why.
 */
const struct odm_verdict *explain_verdict(struct explain *x, char *why, size_t why_size);

/* The evaluation behind explain_verdict(), for those who want to tell more; NULL before. */
struct odm_eval *explain_eval(struct explain *x);

/*
 * Reads a document. Total: any octets give either the inputs or a reason in why that
 * names the place, "inputs.authors[0]: not a domain name". What the document says of
 * the evaluation is passed over. NULL: not usable.
 */
struct explain *explain_read(struct odm_span json, char *why, size_t why_size);

/*
 * Repeats the evaluation of a document without network and writes it anew; the caller
 * frees it. *same_r: the verdict of the document is the one found now. NULL with the
 * reason in why.
 */
char *explain_replay(struct odm_span json, bool *same_r, char *why, size_t why_size);

/* The i-th identity, texts owned by x; false past the last. */
bool explain_identity_at(const struct explain *x, size_t i, struct explain_identity *id_r);

#endif
