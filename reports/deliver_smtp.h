/*
 * deliver_smtp.h - hands report mail to one mail server, one transaction for each
 * recipient, over a connection that is kept between them. RFC 5321, 3207, 4954, 8314.
 *
 * What goes wrong before MAIL (greeting, TLS, AUTH) says nothing about a mail: UNREACHABLE.
 * A 5xx to RCPT, to DATA or to the mail is an answer for good: REFUSED (RFC 5321, 4.2.1).
 * But where the server says that we may not send (530 and its like, X.7.x of RFC 3463:
 * relaying denied), and where it does not like our sender, it is our set-up or the server's
 * that somebody has to mend, and the mail shall not be lost meanwhile: FAILED, as for 4xx.
 */
#ifndef REPORTS_DELIVER_SMTP_H
#define REPORTS_DELIVER_SMTP_H

#include "reports/deliver.h"

enum report_smtp_tls {
	REPORT_SMTP_TLS_OFF,
	REPORT_SMTP_TLS_TRY,		/* STARTTLS where offered, whoever the server is */
	REPORT_SMTP_TLS_REQUIRE,	/* STARTTLS, and the certificate must be good */
	REPORT_SMTP_TLS_IMPLICIT	/* TLS from the first octet (RFC 8314), checked as well */
};

#define REPORT_SMTP_PASSWORD_SIZE	256

struct report_smtp_server {
	const char	*host;		/* name or address */
	int		 port;
	const char	*helo;		/* what we call ourselves */
	enum report_smtp_tls tls;
	const char	*ca_file;	/* certificates to trust; NULL: those of the system */
	const char	*username;	/* NULL: no AUTH */
	char		 password[REPORT_SMTP_PASSWORD_SIZE];
};

struct report_smtp;

/* Once in a program, before its threads start; the other at its end. 0 or -1. */
int report_smtp_init(void);
void report_smtp_exit(void);

/* Nothing is connected before the first mail. server is copied. NULL: out of memory, or
 * libcurl cannot do what server asks for. */
struct report_smtp *report_smtp_new(const struct report_smtp_server *server);

/* Says QUIT, frees *s and clears it. *s may be NULL. */
void report_smtp_free(struct report_smtp **s);

/*
 * Sends one mail (CRLF line ends) from the envelope sender, which has passed
 * report_mail_address_okay(), to one recipient, which FAILED unless it does too.
 * Unless SENT, reason holds one line that says why.
 */
enum report_outcome report_smtp_send(struct report_smtp *s, const char *sender,
    const char *recipient, struct odm_span mail, char reason[REPORT_REASON_SIZE]);

#endif
