/*
 * supervise.h - AutoRestart: a small process that starts the daemon as its child, again
 * when it dies, and hands on the signals that are meant for it.
 */
#ifndef OPENDMARC_SUPERVISE_H
#define OPENDMARC_SUPERVISE_H

#include <stdbool.h>

/* What a supervisor goes by. ready and stopping are called in the supervisor. */
struct dmf_supervisor {
	unsigned	count_max;	/* restarts in all; 0: without limit */
	unsigned	rate_max;	/* restarts within rate_secs seconds; */
	unsigned	rate_secs;	/* 0: without limit */
	void		(*ready)(void);	/* a child serves; once */
	void		(*stopping)(void);	/* TERM or INT came; once. The child has it too */
};

/* What a child knows of itself. */
struct dmf_child {
	int	 ready_fd;	/* for dmf_process_ready() */
	bool	 restarted;	/* not the first one */
};

#define DMF_SUPERVISED	(-1)

/*
 * Returns DMF_SUPERVISED in each child, with HUP, USR1, TERM and INT blocked, and in
 * the supervisor, once all is over, the status to exit with: 0 when TERM or INT asked for
 * the end; the child's own from 64 to 78, which no restart mends; 69 when a limit of restarts
 * is reached; 71 when the system has no process. Logs why. HUP and USR1 go to the child as
 * USR1. A child gets TERM when its supervisor dies. Call before there is a thread.
 */
int dmf_supervise(const struct dmf_supervisor *s, struct dmf_child *child_r);

#endif
