/*
 * testdns.h - a small DNS server for the tests: one thread, UDP and TCP on a free
 * loopback port, a table of answers and of ways to misbehave.
 */
#ifndef TESTS_UNIT_TESTDNS_H
#define TESTS_UNIT_TESTDNS_H

#include <stddef.h>

#include "common/conf.h"
#include "common/dnsmsg.h"

enum testdns_do {
	DO_ANSWER,		/* data is the record */
	DO_SERVFAIL,
	DO_REFUSED,
	DO_DROP,		/* never answers */
	DO_WRONG_ID,
	DO_WRONG_QUESTION,	/* answers another question */
	DO_WRONG_OWNER,		/* right question, records of another name */
	DO_GARBAGE,		/* right header, then noise */
	DO_CUT,			/* the last octets are missing */
	DO_TRUNCATE,		/* TC and no records by UDP, all by TCP */
	DO_TCP_CLOSE,		/* TC by UDP; the question by TCP closes the connection */
	DO_TCP_HANG,		/* TC by UDP; nothing by TCP */
	DO_TCP_PART,		/* TC by UDP; half of the answer by TCP, and no more */
	DO_FORGED,		/* forgeries that deny and that lie, then the right answer */
	DO_ECHO,		/* the question itself comes back */
	DO_NOISE,		/* packets of no and of a few octets that are no answer */
	DO_NXDOMAIN_CNAME	/* data is a CNAME, and the rcode is NXDOMAIN */
};

/*
 * One record. Several rows of one name and type are one record set; the first
 * row's way of answering counts. A name "*.x" stands for every name below x.
 * data as in a zone file: "192.0.2.1", "10 mx.test", "host.test"; TXT as it is,
 * cut into strings at "|" and at 255 octets, \0 for an octet of zero.
 */
struct testdns_row {
	const char	*name;
	enum dns_type	 type;
	const char	*data;
	enum testdns_do	 what;
	int		 delay_msecs;
	unsigned	 ttl_secs;	/* 0: 300 */
};

/* SOA of denials: ttl and minimum. */
#define TESTDNS_DENIAL_SECS	60

struct testdns;

/* How a whole server behaves. */
struct testdns_manner {
	bool	inet6;		/* on ::1 instead of 127.0.0.1 */
	bool	silent;		/* takes packets and never answers */
	bool	no_edns;	/* FORMERR to every question with an OPT record */
	bool	bare_formerr;	/* the same, as a header without the question */
	bool	edns_silent;	/* no answer to a question with an OPT record */
	bool	no_tcp;		/* nobody listens for TCP */
	bool	no_soa;		/* denials without SOA */
	int	delay_msecs;	/* of every answer */
};

/*
 * Starts a server; rows must outlive it. NULL when inet6 is wanted and this host
 * has no ::1; ends the test program on other failures.
 */
struct testdns *testdns_start(const struct testdns_row *rows, size_t nrows,
    struct testdns_manner manner);

void testdns_stop(struct testdns **d);

/* "127.0.0.1@PORT" or "::1@PORT", for the option Nameservers. Owned by d. */
char *testdns_address(struct testdns *d);

/* A list of one or two servers for resolver_new(); words is two pointers of the caller. */
struct conf_list testdns_list(char *words[2], struct testdns *first, struct testdns *second);

/* Questions received for (name, type), all ways; name NULL: for everything. */
unsigned testdns_count(struct testdns *d, const char *name, enum dns_type type);

/* Questions received by TCP. */
unsigned testdns_count_tcp(struct testdns *d);

#endif
