/*
 * failure.h - one message that failed, as the daemon saw it: what a failure report is
 * made of, and its text form in the spool. RFC 9991, 3 and 4; RFC 6591, 3.
 *
 * Text form, described in opendmarc-failures(8): "key value" lines, the first
 * "failure 1", the last "header OCTETS", then the header fields of the message, each
 * "Name: value" with LF line ends, exactly that many octets.
 */
#ifndef COMMON_FAILURE_H
#define COMMON_FAILURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libopendmarc/base/limits.h"
#include "libopendmarc/base/result.h"
#include "libopendmarc/base/span.h"
#include "libopendmarc/base/strbuf.h"

/* What the domain owner asked to be told, as bits. RFC 9989, 4.7, tag fo. */
enum failure_kind {
	FAILURE_DMARC = 1,	/* fo=0 or 1 */
	FAILURE_DKIM = 2,	/* fo=d: a signature failed */
	FAILURE_SPF = 4		/* fo=s: SPF failed */
};

/* What became of the message; the words of RFC 6591, 3.2.2. */
enum failure_delivery {
	FAILURE_DELIVERED,
	FAILURE_SPAM,
	FAILURE_POLICY,
	FAILURE_REJECT,
	FAILURE_OTHER
};

/* DKIM results of one message that are kept; more tell nothing more. */
#define FAILURE_DKIM_MAX	20

/* One value of the text form; longer ones are cut. */
#define FAILURE_VALUE_MAX	2000

/* The whole text form. */
#define FAILURE_TEXT_MAX	(ODM_FAILURE_HEADER_MAX + (20 + FAILURE_DKIM_MAX) * \
				 (FAILURE_VALUE_MAX + 20))

struct failure_dkim {
	enum odm_result	 result;
	const char	*domain;
	const char	*selector;	/* "" unknown */
	const char	*identity;	/* i=; "" unknown */
};

/* All texts are borrowed, never NULL after failure_init(); "" where nothing is known. */
struct failure {
	const char	*job;		/* queue id */
	const char	*reporter;	/* name of the mail server that had the message */
	const char	*authserv_id;
	int64_t		 arrived;	/* epoch seconds */
	const char	*ip;		/* of the client */
	unsigned	 port;		/* of the client; 0 unknown */
	const char	*helo;
	const char	*mail_from;	/* without angle brackets; "" null sender */
	const char	*author_domain;
	const char	*policy_domain;
	const char	*org_domain;	/* of the author */
	const char	*ruf;		/* URI list as published */
	unsigned	 fo;		/* bits of enum odm_fo */
	unsigned	 kinds;		/* bits of enum failure_kind, never 0 */
	char		 psd;		/* 'y', 'n', 'u' */
	const char	*result;	/* of DMARC, a word of RFC 8601 */
	const char	*published;	/* policy that applied: none, quarantine, reject */
	const char	*disposition;	/* what was done, the same words */
	bool		 dkim_aligned;	/* some signature passed and aligns */
	bool		 spf_aligned;
	enum odm_result	 spf;		/* UNKNOWN: not evaluated */
	const char	*spf_domain;
	bool		 spf_is_helo;	/* the HELO name was checked, not the sender */
	struct failure_dkim dkim[FAILURE_DKIM_MAX];
	size_t		 ndkim;
	enum failure_delivery delivery;
	struct odm_span	 header;	/* the header fields, LF line ends */
};

/* Everything unknown. */
void failure_init(struct failure *f);

/* "delivered", "spam", "policy", "reject", "other". Static. */
const char *failure_delivery_name(enum failure_delivery delivery);

/*
 * Appends the text form. Line ends and NUL in values become "?"; values are cut at
 * FAILURE_VALUE_MAX, the header behind its last whole line within ODM_FAILURE_HEADER_MAX.
 */
void failure_write(const struct failure *f, struct odm_strbuf *out);

/*
 * Reads a text form. text is changed, and the texts of *f_r point into it. False, and
 * why_r a static text, when it is none or incomplete. Keys that are not known are
 * passed over.
 */
bool failure_read(struct odm_strbuf *text, struct failure *f_r, const char **why_r);

/*
 * Cuts the next field off *rest_r, a header as in struct failure: its name, without
 * blanks at the end, and its value as it stands behind the colon, folds and all, without
 * the last LF. Lines that are no field are passed over. False at the end.
 */
bool failure_field(struct odm_span *rest_r, struct odm_span *name_r, struct odm_span *value_r);

#endif
