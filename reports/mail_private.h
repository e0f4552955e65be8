/*
 * mail_private.h - what the files that compose mail with GMime share.
 */
#ifndef REPORTS_MAIL_PRIVATE_H
#define REPORTS_MAIL_PRIVATE_H

#include <gmime/gmime.h>

#include "reports/mail.h"

/* Writes a message with CRLF line ends into *out, cleared first. False: memory is short. */
bool report_mail_print(GMimeMessage *message, struct odm_strbuf *out);

#endif
