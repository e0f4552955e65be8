/*
 * deliver_smtp.h - hands report mail to one mail server, one transaction for each
 * recipient, over a connection that is kept between them. RFC 5321.
 */
#ifndef REPORTS_DELIVER_SMTP_H
#define REPORTS_DELIVER_SMTP_H

#include "libopendmarc/base/span.h"

/* Room for a reason: the server's answer, made one clean line. */
#define REPORT_SMTP_REASON_SIZE	512

struct report_smtp_server {
	const char	*host;		/* name or address */
	int		 port;
	const char	*helo;		/* what we call ourselves */
};

enum report_smtp_outcome {
	REPORT_SMTP_SENT,
	REPORT_SMTP_FAILED,		/* this mail, with this server, this time */
	REPORT_SMTP_UNREACHABLE		/* no connection to the server at all */
};

struct report_smtp;

/* Once in a program, before its threads start; the other at its end. 0 or -1. */
int report_smtp_init(void);
void report_smtp_exit(void);

/* Nothing is connected before the first mail. server is copied. NULL: out of memory. */
struct report_smtp *report_smtp_new(const struct report_smtp_server *server);

/* Says QUIT, frees *s and clears it. *s may be NULL. */
void report_smtp_free(struct report_smtp **s);

/*
 * Sends one mail (CRLF line ends) from the envelope sender, which has passed
 * report_mail_address_okay(), to one recipient, which FAILED unless it does too.
 * Unless SENT, reason holds one line that says why.
 */
enum report_smtp_outcome report_smtp_send(struct report_smtp *s, const char *sender,
    const char *recipient, struct odm_span mail, char reason[REPORT_SMTP_REASON_SIZE]);

#endif
