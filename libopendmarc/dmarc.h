/*
 * dmarc.h - the C API of libopendmarc 1.x, kept for the programs that use it.
 * Names, numbers, argument orders and the layout of OPENDMARC_LIB_T never change.
 *
 * A context (DMARC_POLICY_T) is one message. Feed it what SPF and DKIM found, let
 * the library ask the DNS (opendmarc_policy_query_dmarc) or give it the record
 * (opendmarc_policy_store_dmarc), and take the verdict. Organizational domains come
 * from the public suffix list, as in RFC 7489: of the file given, else the list
 * built into libpsl. Only opendmarc_policy_query_dmarc(),
 * opendmarc_policy_query_dmarc_xdomain(), the fetch_rua and fetch_ruf calls with a
 * buffer and the SPF tests ask the DNS; they block. One context belongs to one
 * thread at a time; any number of threads may work on contexts of their own.
 * Text that is given to the library is copied. See libopendmarc(3), and odm.h for
 * the interface to RFC 9989 evaluation.
 */
#ifndef DMARC_H
#define DMARC_H

#include <sys/param.h>
#include <sys/types.h>
#include <sys/socket.h>

#include <netinet/in.h>
#include <resolv.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One byte each: major, minor, patch, 0. */
#define OPENDMARC_LIB_VERSION			0x02000000

#define DMARC_MAXHOSTNAMELEN			256

#define DMARC_POLICY_IP_TYPE_IPV4		4
#define DMARC_POLICY_IP_TYPE_IPV6		6

#define DMARC_POLICY_SPF_ORIGIN_MAILFROM	1
#define DMARC_POLICY_SPF_ORIGIN_HELO		2

#define DMARC_POLICY_SPF_OUTCOME_NONE		0
#define DMARC_POLICY_SPF_OUTCOME_PASS		1
#define DMARC_POLICY_SPF_OUTCOME_FAIL		2
#define DMARC_POLICY_SPF_OUTCOME_TMPFAIL	3
#define DMARC_POLICY_SPF_ALIGNMENT_PASS		4
#define DMARC_POLICY_SPF_ALIGNMENT_FAIL		5

#define DMARC_POLICY_DKIM_OUTCOME_NONE		0
#define DMARC_POLICY_DKIM_OUTCOME_PASS		1
#define DMARC_POLICY_DKIM_OUTCOME_FAIL		2
#define DMARC_POLICY_DKIM_OUTCOME_TMPFAIL	3
#define DMARC_POLICY_DKIM_ALIGNMENT_PASS	4
#define DMARC_POLICY_DKIM_ALIGNMENT_FAIL	5

/* adkim and aspf */
#define DMARC_RECORD_A_UNSPECIFIED		'\0'
#define DMARC_RECORD_A_STRICT			's'
#define DMARC_RECORD_A_RELAXED			'r'

/* p and sp */
#define DMARC_RECORD_P_UNSPECIFIED		'\0'
#define DMARC_RECORD_P_NONE			'n'
#define DMARC_RECORD_P_QUARANTINE		'q'
#define DMARC_RECORD_P_REJECT			'r'

/* rf, bits */
#define DMARC_RECORD_RF_UNSPECIFIED		0x0
#define DMARC_RECORD_RF_AFRF			0x1
#define DMARC_RECORD_RF_IODEF			0x2

/* fo, bits */
#define DMARC_RECORD_FO_UNSPECIFIED		0x0
#define DMARC_RECORD_FO_0			0x1
#define DMARC_RECORD_FO_1			0x2
#define DMARC_RECORD_FO_D			0x4
#define DMARC_RECORD_FO_S			0x8

#define OPENDMARC_STATUS_T			int

/* What a call came to. */
#define DMARC_PARSE_OKAY			0
#define DMARC_PARSE_ERROR_EMPTY			1	/* an argument is NULL or empty */
#define DMARC_PARSE_ERROR_NULL_CTX		2	/* the context is NULL */
#define DMARC_PARSE_ERROR_BAD_VERSION		3	/* not a DMARC record */
#define DMARC_PARSE_ERROR_BAD_VALUE		4	/* an unusable policy, a bad domain */
#define DMARC_PARSE_ERROR_NO_REQUIRED_P		5	/* neither p nor a usable rua */
#define DMARC_PARSE_ERROR_NO_DOMAIN		6	/* no domain in the text */
#define DMARC_PARSE_ERROR_NO_ALLOC		7	/* out of memory */
#define DMARC_PARSE_ERROR_BAD_SPF_MACRO		8	/* a number that is none of the above */
#define DMARC_PARSE_ERROR_BAD_DKIM_MACRO	DMARC_PARSE_ERROR_BAD_SPF_MACRO
#define DMARC_DNS_ERROR_NO_RECORD		9
#define DMARC_DNS_ERROR_NXDOMAIN		10	/* never returned */
#define DMARC_DNS_ERROR_TMPERR			11
#define DMARC_TLD_ERROR_UNKNOWN			12	/* no usable public suffix list */
#define DMARC_FROM_DOMAIN_ABSENT		13

/* What opendmarc_get_policy_to_enforce() says. */
#define DMARC_POLICY_ABSENT			14	/* no record */
#define DMARC_POLICY_PASS			15
#define DMARC_POLICY_REJECT			16
#define DMARC_POLICY_QUARANTINE			17
#define DMARC_POLICY_NONE			18

/* What opendmarc_get_policy_token_used() says. */
#define DMARC_USED_POLICY_IS_P			19
#define DMARC_USED_POLICY_IS_SP			20

#define OPENDMARC_TLD_TYPE_NONE			0
#define OPENDMARC_TLD_TYPE_MOZILLA		1	/* the list of publicsuffix.org */

#ifndef MAXPATHLEN
#define MAXPATHLEN				2048
#endif
#ifndef MAXNS
#define MAXNS					3
#endif
#define OPENDMARC_MAX_NSADDRLIST		8

typedef struct dmarc_policy_t DMARC_POLICY_T;

typedef struct {
	int			tld_type;	/* OPENDMARC_TLD_TYPE_ */
	u_char			tld_source_file[MAXPATHLEN];	/* "": built-in list */
	int			nscount;	/* 0: the name servers of the system */
	struct sockaddr_in	nsaddr_list[MAXNS];
} OPENDMARC_LIB_T;

/*
 * Settings of the whole process; *lib_init is copied. 0, 2 (NULL), or 12 when the
 * list cannot be read (errno says why) or has another type. May be called again.
 */
OPENDMARC_STATUS_T opendmarc_policy_library_init(OPENDMARC_LIB_T *lib_init);
/* Back to the settings of the system. The argument is not used. Always 0. */
OPENDMARC_STATUS_T opendmarc_policy_library_shutdown(OPENDMARC_LIB_T *lib_init);

/*
 * A new context, for the client address as text; is_ipv6 is not 0 for IPv6.
 * NULL: errno says why. Free it with opendmarc_policy_connect_shutdown().
 */
DMARC_POLICY_T *opendmarc_policy_connect_init(u_char *ip_addr, int is_ipv6);
/* Forgets everything; returns the context. NULL gives NULL and EINVAL. */
DMARC_POLICY_T *opendmarc_policy_connect_clear(DMARC_POLICY_T *pctx);
/* Forgets everything but the client address; returns the context. */
DMARC_POLICY_T *opendmarc_policy_connect_rset(DMARC_POLICY_T *pctx);
/* Frees the context, which may be NULL. Always NULL. */
DMARC_POLICY_T *opendmarc_policy_connect_shutdown(DMARC_POLICY_T *pctx);

/*
 * The Author Domain: a domain or the value of a From field. With several
 * domains in it the first is looked up, and a pass must be aligned with all.
 */
OPENDMARC_STATUS_T opendmarc_policy_store_from_domain(DMARC_POLICY_T *pctx, u_char *domain);
/* One DKIM result; call it for every signature, in any order, after the From domain. */
OPENDMARC_STATUS_T opendmarc_policy_store_dkim(DMARC_POLICY_T *pctx, u_char *domain,
    u_char *selector, int result, u_char *human_result);
/* The SPF result for a domain or address; the last call counts. */
OPENDMARC_STATUS_T opendmarc_policy_store_spf(DMARC_POLICY_T *pctx, u_char *domain, int result,
    int origin, u_char *human_result);

/* Looks the record up; domain NULL or "" stands for the From domain. Blocks. */
OPENDMARC_STATUS_T opendmarc_policy_query_dmarc(DMARC_POLICY_T *pctx, u_char *domain);
/* Reads a record that was found at domain. */
OPENDMARC_STATUS_T opendmarc_policy_parse_dmarc(DMARC_POLICY_T *pctx, u_char *domain,
    u_char *record);
/* As above, and domain is the From domain; organizationaldomain may be NULL. */
OPENDMARC_STATUS_T opendmarc_policy_store_dmarc(DMARC_POLICY_T *pctx, u_char *dmarc_record,
    u_char *domain, u_char *organizationaldomain);

/* The verdict: one of DMARC_POLICY_, or 2, or 13. */
OPENDMARC_STATUS_T opendmarc_get_policy_to_enforce(DMARC_POLICY_T *pctx);
/* DMARC_POLICY_..._ALIGNMENT_ after the verdict, 0 before. Pointers may be NULL. */
OPENDMARC_STATUS_T opendmarc_policy_fetch_alignment(DMARC_POLICY_T *pctx, int *dkim_alignment,
    int *spf_alignment);
/* The record as published; 0 in *value where there is none. */
OPENDMARC_STATUS_T opendmarc_policy_fetch_pct(DMARC_POLICY_T *pctx, int *value);
OPENDMARC_STATUS_T opendmarc_policy_fetch_adkim(DMARC_POLICY_T *pctx, int *value);
OPENDMARC_STATUS_T opendmarc_policy_fetch_aspf(DMARC_POLICY_T *pctx, int *value);
OPENDMARC_STATUS_T opendmarc_policy_fetch_p(DMARC_POLICY_T *pctx, int *value);
OPENDMARC_STATUS_T opendmarc_policy_fetch_sp(DMARC_POLICY_T *pctx, int *value);
/* DMARC_RECORD_FO_ bits; 0 unless the record has ruf. */
OPENDMARC_STATUS_T opendmarc_policy_fetch_fo(DMARC_POLICY_T *pctx, int *value);
OPENDMARC_STATUS_T opendmarc_policy_fetch_rf(DMARC_POLICY_T *pctx, int *value);

/*
 * The reporting URIs, a NULL-terminated array; NULL without any. With constant 0
 * free it with opendmarc_util_clearargv(), else it lives as long as the context's
 * record. With a buffer, the URIs that take reports about this domain are written
 * there, comma between them, as many as fit; each is asked by the DNS. Blocks then.
 */
u_char **opendmarc_policy_fetch_rua(DMARC_POLICY_T *pctx, u_char *list_buf,
    size_t size_of_buf, int constant);
u_char **opendmarc_policy_fetch_ruf(DMARC_POLICY_T *pctx, u_char *list_buf,
    size_t size_of_buf, int constant);

/* The domain whose record applies: the organizational domain if set, else the From domain. */
OPENDMARC_STATUS_T opendmarc_policy_fetch_utilized_domain(DMARC_POLICY_T *pctx, u_char *buf,
    size_t buflen);
OPENDMARC_STATUS_T opendmarc_policy_fetch_from_domain(DMARC_POLICY_T *pctx, u_char *buf,
    size_t buflen);
/* 0 when the URI's host takes reports about this domain, else 6, 9 or 11. Blocks. */
OPENDMARC_STATUS_T opendmarc_policy_query_dmarc_xdomain(DMARC_POLICY_T *pctx, u_char *uri);
/* DMARC_USED_POLICY_IS_P or DMARC_USED_POLICY_IS_SP. */
OPENDMARC_STATUS_T opendmarc_get_policy_token_used(DMARC_POLICY_T *pctx);

/*
 * Reads a public suffix list, text or DAFSA. 0 or an errno value; the list in force
 * stays on failure. The syntax is that of publicsuffix.org, so that comment, drop
 * and except are not used. path NULL: the last path again. Cheap while the file
 * has not changed.
 */
int opendmarc_tld_read_file(char *path_fname, char *commentstring, char *drop, char *except);
/* Back to the built-in list. */
void opendmarc_tld_shutdown(void);

/*
 * An aggregate report as lines of CSV, the first one with the column names; free
 * them with opendmarc_util_clearargv(). NULL, and a reason in the error buffer.
 */
u_char **opendmarc_xml(char *b, size_t blen, char *e, size_t elen);
u_char **opendmarc_xml_parse(char *fname, char *err_buf, size_t err_len);

/*
 * For tests: the TXT record of a name ("*.example": of the names below example).
 * From the first one on the DNS is not asked any more, in the whole process.
 */
void opendmarc_dns_fake_record(const char *name, const char *answer);
/* Frees an array of strings. Always NULL. */
u_char **opendmarc_util_clearargv(u_char **ary);
/* Static text, never NULL. */
const char *opendmarc_policy_status_to_str(OPENDMARC_STATUS_T status);
/* 0 aligned, -1 not, EINVAL for NULL. mode: DMARC_RECORD_A_. */
int opendmarc_policy_check_alignment(u_char *subdomain, u_char *tld, int mode);
/* The context as KEY=value lines. 0, EINVAL, or E2BIG. */
int opendmarc_policy_to_buf(DMARC_POLICY_T *pctx, char *buf, size_t buflen);

/*
 * An SPF check by libspf2: DMARC_POLICY_SPF_OUTCOME_, the word for it in
 * human_readable, and whether the sender (1) or the HELO name (0) was checked.
 * The record is always looked up. Both names do the same. Blocks.
 */
int opendmarc_spf_test(char *ip_address, char *mail_from_domain, char *helo_domain,
    char *spf_record, int softfail_okay_flag, char *human_readable,
    size_t human_readable_len, int *used_mfrom);
int opendmarc_spf2_test(char *ip_address, char *mail_from_domain, char *helo_domain,
    char *spf_record, int softfail_okay_flag, char *human_readable,
    size_t human_readable_len, int *used_mfrom);

#ifdef __cplusplus
}
#endif

#endif
