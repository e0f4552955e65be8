/*
 * signals.h - which signals end or change the daemon, and who receives them.
 */
#ifndef OPENDMARC_SIGNALS_H
#define OPENDMARC_SIGNALS_H

/*
 * Blocks the signals that the daemon knows, so that no thread is hit by them, and
 * ignores PIPE: a vanished peer is an error of write. Call before the first thread
 * starts.
 */
void dmf_signals_block(void);

/* The longest time between two calls of tick(). */
#define DMF_TICK_SECS	15

/* What the signals lead to. All but run() are called on the first thread. */
struct dmf_server {
	int	(*run)(void);		/* serves, on a thread of its own */
	void	(*stop)(void);		/* TERM and INT: the service ends, run() may go on */
	void	(*reload)(void);	/* HUP and USR1 */
	void	(*tick)(void);		/* at the start, after each reload, and now and then */
};

/*
 * Calls run() and carries out signals until run() returns or a signal has stopped the
 * service; the calling thread must be the first one of the process. What run()
 * returned; 0 when a signal asked for the end. -1 with errno also when there can be no
 * thread. The process is to exit then.
 */
int dmf_signals_serve(const struct dmf_server *server);

#endif
