/*
 * exchange.h - DNS packets to the name servers and back, by c-ares: sockets, TCP
 * on truncation, retreat from EDNS, matching of answers. RFC 1035, 4.2; RFC 5452;
 * RFC 6891. Which server is asked when is the caller's business. For one thread.
 */
#ifndef COMMON_EXCHANGE_H
#define COMMON_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/conf.h"
#include "common/dnsmsg.h"

/* More servers than this never get their turn before a deadline. */
#define EXCHANGE_SERVERS_MAX	8

enum exchange_outcome {
	EXCHANGE_ANSWER,	/* found or denied */
	EXCHANGE_REFUSED,	/* the server spoke, but said nothing usable */
	EXCHANGE_SILENT,	/* no answer in time, or the exchange was freed */
	EXCHANGE_UNREACHABLE	/* the packet could not be delivered */
};

/* answer is borrowed for the call; NULL unless outcome is EXCHANGE_ANSWER. */
typedef void exchange_done(void *context, void *arg, size_t server,
    enum exchange_outcome outcome, struct dns_answer *answer);

struct exchange;

/*
 * Opens one channel for each server: IP or IP@port words, none for the servers
 * of resolv.conf. A packet is waited for timeout_msecs. done gets context and the
 * arg of exchange_send(). NULL with the reason in why.
 */
struct exchange *exchange_new(const struct conf_list *servers, int timeout_msecs,
    exchange_done *done, void *context, char *why, size_t why_size);

/* Frees *x and clears it, after done() for every open packet. *x may be NULL. */
void exchange_free(struct exchange **x);

/* Number of servers, at least 1; they are named by index. */
size_t exchange_servers(const struct exchange *x);

/*
 * Asks server for a name that dnsmsg_question() accepts, copied; with EDNS when edns
 * is set and the server has not refused it before. done() follows, always from
 * exchange_run() or exchange_free(). False: out of memory, no done().
 */
bool exchange_send(struct exchange *x, size_t server, const char *name,
    enum dns_type type, bool edns, void *arg);

/*
 * Waits for packets, for at most msecs, or until wake_fd is readable; works on
 * what came and calls done() for what has ended. The caller empties wake_fd.
 */
void exchange_run(struct exchange *x, int wake_fd, int msecs);

#endif
