/*
 * loadmta.h - the MTA's side of one milter connection, for the load generator.
 *
 * It offers everything, does what the filter chose, and writes what needs no reply
 * together with the next command that needs one, as Postfix does.
 */
#ifndef TESTS_BENCH_LOADMTA_H
#define TESTS_BENCH_LOADMTA_H

#include <sys/socket.h>
#include <stdbool.h>
#include <stdint.h>

#include "libopendmarc/base/strbuf.h"
#include "tests/bench/loadmsg.h"

#define LOADMTA_BUFFER	65536
#define LOADMTA_RESULT	16

enum loadmta_answer {
	LOADMTA_GO_ON,		/* not decided yet */
	LOADMTA_ACCEPTED,
	LOADMTA_REJECTED,
	LOADMTA_TEMPFAILED,
	LOADMTA_DISCARDED,
	LOADMTA_BROKEN		/* the connection is lost or the reply makes no sense */
};

struct loadmta {
	int		 fd;		/* -1: not connected */
	uint32_t	 steps;		/* protocol flags that the filter chose */
	bool		 greeted;	/* connect and helo are said */
	bool		 accepted;	/* the filter took the whole connection */
	struct odm_strbuf out;		/* commands not written yet */
	unsigned char	 in[LOADMTA_BUFFER];
	size_t		 in_at, in_end;	/* octets of in that are not read yet */
	/* About the latest message: */
	char		 result[LOADMTA_RESULT];	/* after "dmarc=", "" without a field */
	char		 why[128];	/* for LOADMTA_BROKEN */
};

/* Where the filter listens: unix:PATH or inet:PORT@ADDRESS. False: neither of them. */
bool loadmta_address(const char *socket, struct sockaddr_storage *ss_r, socklen_t *len_r);

void loadmta_init(struct loadmta *m);

/* Connects and negotiates. False: see m->why. */
bool loadmta_open(struct loadmta *m, const struct sockaddr_storage *ss, socklen_t len);

/* Says QUIT and closes. Harmless when it is not open. */
void loadmta_close(struct loadmta *m);

/* Closes and frees what it holds. */
void loadmta_free(struct loadmta *m);

/* One message on an open connection, to its end. */
enum loadmta_answer loadmta_message(struct loadmta *m, const struct loadmsg *msg);

#endif
