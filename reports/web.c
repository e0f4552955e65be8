/*
 * web.c - the libcurl options of all requests over http and https.
 */
#include "config.h"

#include "reports/web.h"

/* What the other side has to say is not kept. */
static size_t
drop_answer(char *octets, size_t size, size_t n, void *arg)
{
	struct report_web *w = arg;
	size_t len = size * n;

	(void)octets;
	if (len > w->left)
		return 0;
	w->left -= len;
	return len;
}

static bool
set_schemes(CURL *c, bool http_okay)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	return curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, http_okay ? "http,https" :
	    "https") == CURLE_OK;
#else
	return curl_easy_setopt(c, CURLOPT_PROTOCOLS, (long)CURLPROTO_HTTPS |
	    (http_okay ? (long)CURLPROTO_HTTP : 0L)) == CURLE_OK;
#endif
}

bool
report_web_open(struct report_web *w, bool http_okay, const char *ca_file,
    long connect_secs, long total_secs)
{
	CURL *c = w->curl = curl_easy_init();

	if (c == NULL)
		return false;
	if (ca_file != NULL && curl_easy_setopt(c, CURLOPT_CAINFO, ca_file) != CURLE_OK)
		return false;
	return set_schemes(c, http_okay) &&
	    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, w->error) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_PROXY, "") == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_USERAGENT, "opendmarc-reports/" PACKAGE_VERSION) ==
	    CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, drop_answer) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_WRITEDATA, w) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, connect_secs) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_TIMEOUT, total_secs) == CURLE_OK;
}

void
report_web_close(struct report_web *w)
{
	curl_easy_cleanup(w->curl);
	w->curl = NULL;
}

long
report_web_ask(struct report_web *w, const char *url, const char **why_r)
{
	CURLcode code = CURLE_OUT_OF_MEMORY;
	long status = 0;

	w->error[0] = '\0';
	w->left = REPORT_WEB_ANSWER_MAX;
	if (curl_easy_setopt(w->curl, CURLOPT_URL, url) == CURLE_OK)
		code = curl_easy_perform(w->curl);
	/* An answer that goes on and on has told its status all the same. */
	if (code == CURLE_OK || code == CURLE_WRITE_ERROR)
		(void)curl_easy_getinfo(w->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status == 0)
		*why_r = w->error[0] != '\0' ? w->error : curl_easy_strerror(code);
	return status;
}
