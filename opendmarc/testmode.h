/*
 * testmode.h - opendmarc -t: messages in files go through the filter as if a mail server
 * had them, and what it orders is printed. opendmarc(8), TEST MODE.
 */
#ifndef OPENDMARC_TESTMODE_H
#define OPENDMARC_TESTMODE_H

#include "opendmarc/shared.h"

/* From this many -v on, the log goes to standard error too. */
#define DMF_TESTMODE_LOG	3

/*
 * Tests each of the comma-separated files ("-": standard input) under the setup in force,
 * all in one session. The envelope is that of OPENDMARC_TEST_* in the environment. With
 * verbose 1 the answers but CONTINUE go to standard error, with 2 all of them, and the orders
 * to standard output. The status to exit with: 0 whatever the verdicts are; 65 a malformed
 * or too large field; 68 no client address; 69 an unreadable file; 70 an answer but
 * CONTINUE before the end of a message; 71 out of memory.
 */
int dmf_testmode_run(const char *files, unsigned verbose, struct dmf_shared *shared);

#endif
