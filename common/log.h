/*
 * log.h - where the words of a running program go: syslog, standard error, or both.
 * Levels: error someone must act, warning worth a look, notice and info one
 * line per event, debug for us. Safe from any thread once opened.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdbool.h>

#include "libopendmarc/base/span.h"

enum log_level {		/* the numbers of syslog(3) */
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_NOTICE = 5,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7
};

/*
 * Opens the log. ident is kept, not copied. to_syslog with a facility word of
 * syslog.conf (NULL or unknown: mail); to_stderr for a program in the
 * foreground or a tool. May be called again, at any time.
 */
void log_open(const char *ident, bool to_syslog, const char *facility, bool to_stderr);

/* True when the word names a facility of syslog.conf; letter case is ignored. */
bool log_facility_known(const char *facility);

/* Messages above this level are dropped; LOG_LEVEL_INFO at first. */
void log_set_level(enum log_level level);

/*
 * The place on standard error where the cursor stands is not the begin of a line, as a
 * line of progress is there: the next line of the log erases it.
 */
void log_erase_line(void);

/*
 * Writes one line. The text may hold untrusted octets: control characters and
 * 8-bit octets come out as \xNN, and a line is cut at 2000 octets.
 */
void log_write(enum log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
