/*
 * reportid.h - the names of a report: its id, its file, its Message-IDs.
 * They follow from what the report is about alone, so that a second run gives the
 * same names. RFC 9990, 3.1.4, 3.5.1 and 3.5.2.
 */
#ifndef REPORTS_REPORTID_H
#define REPORTS_REPORTID_H

#include <stdbool.h>

#include "libopendmarc/base/limits.h"
#include "reports/window.h"

/* "YYYYMMDD" and 32 hexadecimal digits: letters and digits only, so one form fits everywhere. */
#define REPORT_ID_LEN		40

/* submitter!domain!begin!end.xml.gz and NUL; begin and end have at most 20 digits. */
#define REPORT_FILE_NAME_SIZE	(2 * ODM_NAME_MAX + 2 * 20 + 3 + 7 + 1)

/* id.16 hexadecimal digits@submitter and NUL, without angle brackets. */
#define REPORT_MESSAGE_ID_SIZE	(REPORT_ID_LEN + 1 + 16 + 1 + ODM_NAME_MAX + 1)

/*
 * The id of the report that submitter makes about policy_domain and a window. It
 * differs in 128 bits for different reports, whoever makes them.
 */
void report_id(const char *submitter, const char *policy_domain,
    const struct report_window *w, char id_r[REPORT_ID_LEN + 1]);

/*
 * "receiver!domain!begin!end.xml.gz", without the id that may follow end: one report
 * covers a window of a domain. False when it does not fit.
 */
bool report_file_name(const char *submitter, const char *policy_domain,
    const struct report_window *w, char name_r[REPORT_FILE_NAME_SIZE]);

/* A Message-ID for the mail of a report to one destination. False when it does not fit. */
bool report_message_id(const char *submitter, const char *id, const char *destination,
    char text_r[REPORT_MESSAGE_ID_SIZE]);

#endif
