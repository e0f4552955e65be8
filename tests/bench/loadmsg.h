/*
 * loadmsg.h - the messages of the load generator, made from templates.
 *
 * A template file holds messages with a line "----" between them. Each begins with
 * lines about the envelope, then has an empty line, then header and body:
 *
 *   client 192.0.2.1		the address of the SMTP client
 *   helo mail.{domain}
 *   from bounce@{domain}	without brackets
 *   expect pass		what the filter says after "dmarc="
 *
 * Messages share connections, whose client is that of the first of them.
 * {domain} stands for dN.SUFFIX and {number} for the number of the message. Messages
 * take turns.
 */
#ifndef TESTS_BENCH_LOADMSG_H
#define TESTS_BENCH_LOADMSG_H

#include <stdbool.h>

#include "libopendmarc/base/strbuf.h"

#define LOADMSG_TEMPLATES_MAX	64

/* The templates: read once, then only read by all threads. */
struct loadmsg_set {
	struct odm_strbuf	 text;
	struct odm_span		 templates[LOADMSG_TEMPLATES_MAX];	/* into text */
	size_t			 count;
};

/* One message. The spans point into text and live until the next loadmsg_make(). */
struct loadmsg {
	struct odm_strbuf	 text;
	struct odm_span		 client, helo, from, expect;
	struct odm_span		 header, body;	/* lines end in LF */
	char			 job[24];	/* its queue id */
};

/* Reads a file. False, and a text in why (why_size octets), when it cannot be used. */
bool loadmsg_read(struct loadmsg_set *set, const char *path, char *why, size_t why_size);

void loadmsg_set_free(struct loadmsg_set *set);

/* Before the first loadmsg_make() and after the last one. */
void loadmsg_init(struct loadmsg *m);
void loadmsg_free(struct loadmsg *m);

/* Message NUMBER for domain dDOMAIN.SUFFIX. False: out of memory. */
bool loadmsg_make(struct loadmsg *m, const struct loadmsg_set *set, unsigned long long number,
    unsigned long long domain, const char *suffix);

/* Cuts the next field off *rest_r: name, and value with its folds, without final LF. */
bool loadmsg_field(struct odm_span *rest_r, struct odm_span *name_r, struct odm_span *value_r);

#endif
