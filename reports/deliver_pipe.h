/*
 * deliver_pipe.h - hands report mail to a program that takes mail as sendmail(8) does:
 * PROGRAM -i -f SENDER -- RECIPIENT, the mail on its standard input. No shell.
 */
#ifndef REPORTS_DELIVER_PIPE_H
#define REPORTS_DELIVER_PIPE_H

#include "reports/deliver.h"

/* A program that has not ended after this time is killed. */
#define REPORT_PIPE_TIMEOUT_SECS	600

/*
 * Sends one mail (CRLF line ends, which become LF) from sender to recipient, addresses as
 * report_smtp_send() takes them. SENT when the program ends with 0; UNREACHABLE when it
 * cannot be started; FAILED else. Unless SENT, reason says why, where the program wrote
 * something with its first line.
 */
enum report_outcome report_pipe_send(const char *program, const char *sender,
    const char *recipient, struct odm_span mail, int timeout_secs,
    char reason[REPORT_REASON_SIZE]);

#endif
