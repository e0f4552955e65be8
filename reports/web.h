/*
 * web.h - what every request over http or https has in common: a libcurl handle that
 * speaks the schemes named and no other, to no proxy, and reads of an answer no more
 * than its status and a bounded beginning, which is thrown away.
 */
#ifndef REPORTS_WEB_H
#define REPORTS_WEB_H

#include <stdbool.h>
#include <stddef.h>
#include <curl/curl.h>

/* Octets of one answer that are read; what stands behind them is left on the line. */
#define REPORT_WEB_ANSWER_MAX	(64 * 1024)

/* private to web.c but for curl, to which a user of the module may add its options. */
struct report_web {
	CURL		*curl;
	char		 error[CURL_ERROR_SIZE];
	size_t		 left;		/* of REPORT_WEB_ANSWER_MAX */
};

/*
 * Makes a handle; nothing is connected. https only, or with http_okay http too; ca_file:
 * certificates to trust, NULL those of the system. Redirects are answers like others.
 * False: out of memory; report_web_close() in any case.
 */
bool report_web_open(struct report_web *w, bool http_okay, const char *ca_file,
    long connect_secs, long total_secs);

/* Ends the connections. *w may be zeroed. */
void report_web_close(struct report_web *w);

/*
 * Makes the request. The status of the answer, or 0 when there was none; *why_r then
 * says why, until the next call.
 */
long report_web_ask(struct report_web *w, const char *url, const char **why_r);

#endif
