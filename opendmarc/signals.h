/*
 * signals.h - which signals end the daemon, and who receives them.
 */
#ifndef OPENDMARC_SIGNALS_H
#define OPENDMARC_SIGNALS_H

/*
 * Blocks the signals that end the daemon, so that no thread is hit by them, and
 * ignores PIPE (a vanished peer is an error of write) and USR1. Call before the
 * first thread starts.
 */
void dmf_signals_block(void);

/*
 * Calls run() on a thread of its own and waits for its end; TERM, INT or HUP calls
 * stop() on the calling thread, which must be the first one of the process.
 * What run() returned; 0 whenever a signal asked for the end. -1 with errno also
 * when there can be no thread.
 */
int dmf_signals_serve(int (*run)(void), void (*stop)(void));

#endif
