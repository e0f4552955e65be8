/*
 * legacy.h - what the files of the 1.x API share: the context of one message, and
 * the process-wide settings that this API has by nature. Private to legacy/.
 */
#ifndef ODM_LEGACY_LEGACY_H
#define ODM_LEGACY_LEGACY_H

#include <stdbool.h>
#include <stddef.h>

#include "libopendmarc/base/limits.h"
#include "libopendmarc/base/psl.h"
#include "libopendmarc/base/span.h"
#include "libopendmarc/core/extdest.h"
#include "libopendmarc/core/questions.h"
#include "libopendmarc/dmarc.h"
#include "libopendmarc/parse/record.h"

/* How well a signature vouches for the From domain; the best one is shown. */
enum legacy_rank {
	LEGACY_RANK_EMPTY = 0,	/* no result was stored */
	LEGACY_RANK_OTHER,	/* no pass */
	LEGACY_RANK_PASS,
	LEGACY_RANK_ALIGNED,
	LEGACY_RANK_EXACT
};

struct legacy_signature {
	enum legacy_rank rank;
	char	domain[ODM_NAME_MAX + 1];
	char	*selector, *human;	/* may be NULL */
	int	outcome;		/* DMARC_POLICY_DKIM_OUTCOME_ */
};

struct dmarc_policy_t {
	char	*ip;			/* NULL after a clear */
	bool	is_ipv6;

	/* Author Domains, normalised; the first is the one that is looked up. */
	char	authors[ODM_AUTHORS_MAX][ODM_NAME_MAX + 1];
	size_t	nauthors;

	char	spf_domain[ODM_NAME_MAX + 1];	/* normalised, "" for none */
	int	spf_outcome, spf_origin;	/* origin 0: nothing was stored */
	char	*spf_human;

	/* Every domain that a signature vouches for; which is aligned shows at the end. */
	char	signers[ODM_IDENTIFIERS_MAX][ODM_NAME_MAX + 1];
	size_t	nsigners;
	struct legacy_signature best;	/* what opendmarc_policy_to_buf() shows */

	char	*text;			/* the record; NULL without one */
	struct odm_record record;	/* its spans point into text */
	u_char	**rua, **ruf;		/* NULL without any */
	char	org_domain[ODM_NAME_MAX + 1];	/* "" while the From domain itself counts */

	int	dkim_alignment, spf_alignment;	/* 0 before the verdict */
	int	host_errno;		/* of the last lookup, as in netdb.h */
};

/* library.c: settings of the process; every call is safe in any thread. */

/* The list in force, until legacy_psl_put(). NULL when there is none at all. */
struct legacy_psl *legacy_psl_get(void);
void legacy_psl_put(struct legacy_psl *psl);

/* The organizational domain of a normalised name; name itself without a list. */
void legacy_orgdomain(const struct legacy_psl *psl, const char *name,
    char org_r[ODM_NAME_MAX + 1]);

/* Copies the name servers to use; 0: those of the system. */
int legacy_nameservers(struct sockaddr_in servers_r[MAXNS]);

/* dns.c */

/*
 * Answers every open question, one after the other. 0, or -1 when memory is
 * short. *host_errno_r is that of the last answer, 0 for records.
 */
int legacy_answer_all(struct odm_questions *qs, int *host_errno_r);

/* Calls found() for each fake record. True when there is any. */
bool legacy_fake_each(void (*found)(void *arg, const char *name, const char *text), void *arg);

/* packet.c */

/*
 * Reads the answer to a question for the TXT records of name; the resolver has
 * compared the question. Octets of packet are moved, so that strings stand joined;
 * the answer points to txt and into packet.
 */
struct odm_answer legacy_read_packet(u_char *packet, int len, const char *name,
    struct odm_span txt[ODM_TXT_RECORDS_MAX]);

/* store.c */

/* The domain of a domain name or an address list, normalised. False: none that is clear. */
bool legacy_domain_of(const u_char *text, char domain_r[ODM_NAME_MAX + 1]);

/* Copies text into *copy_r, whose old value is freed. NULL gives NULL. False: no memory. */
bool legacy_replace(char **copy_r, const u_char *text);

/* record.c */

/* Makes text the record of the context. A DMARC_PARSE_ status; on failure there is none. */
int legacy_set_record(DMARC_POLICY_T *pctx, struct odm_span text);

/* Makes domain the only Author Domain, unless it is the first one already. */
void legacy_set_author(DMARC_POLICY_T *pctx, const char *domain);

/* The domain whose record applies, "" while unknown. */
const char *legacy_policy_domain(const DMARC_POLICY_T *pctx);

/* policy.c */

/* Identifier Alignment by the public suffix list, RFC 7489, 3.1; both normalised. */
bool legacy_aligned(const struct legacy_psl *psl, const char *identifier,
    const char *author, bool strict);

/* query.c */

/* May reports go to this URI? A status as of opendmarc_policy_query_dmarc_xdomain(). */
int legacy_query_destination(DMARC_POLICY_T *pctx, struct odm_span uri,
    enum odm_report_kind kind);

#endif
