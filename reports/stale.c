/*
 * stale.c - questions to a list of destinations that are dead, and what it answered.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <glib.h>

#include "common/log.h"
#include "libopendmarc/base/strbuf.h"
#include "reports/deliver.h"
#include "reports/stale.h"
#include "reports/web.h"

struct report_stale {
	struct report_web web;
	char		*base;		/* without "/" at its end */
	const char	*variant;	/* "DefDeny" or "" */
	GHashTable	*answers;	/* rest of the URL -> GINT_TO_POINTER(is stale) */
	int64_t		 spent_ms;
	bool		 silent;	/* no answer came: nothing more is asked */
};

static int64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* True for a URL with a host, to which a path can be appended. */
static bool
is_base(const char *url)
{
	const char *host;
	size_t i;

	if (strncasecmp(url, "https://", 8) != 0 && strncasecmp(url, "http://", 7) != 0)
		return false;
	host = strchr(url, ':') + 3;
	for (i = 0; url[i] != '\0'; i++)
		if (url[i] <= ' ' || url[i] > '~' || strchr("?#\"<>\\", url[i]) != NULL)
			return false;
	return i <= REPORT_STALE_URL_MAX && *host != '\0' && *host != '/';
}

struct report_stale *
report_stale_new(const char *server, bool def_deny, const char *ca_file, char *why,
    size_t why_size)
{
	const char *url = server != NULL ? server : REPORT_STALE_SERVER;
	bool http = strncasecmp(url, "http:", 5) == 0;
	struct report_stale *s;
	size_t len;

	if (!is_base(url)) {
		(void)snprintf(why, why_size, "\"%.200s\" is no URL such as %s", url,
		    REPORT_STALE_SERVER);
		return NULL;
	}
	(void)snprintf(why, why_size, "%s", strerror(ENOMEM));
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	s->variant = def_deny ? "DefDeny" : "";
	s->answers = g_hash_table_new_full(g_str_hash, g_str_equal, free, NULL);
	s->base = strdup(url);
	if (s->base == NULL || !report_web_open(&s->web, http, ca_file,
	    REPORT_STALE_TIMEOUT_SECS, REPORT_STALE_TIMEOUT_SECS)) {
		report_stale_free(&s);
		return NULL;
	}
	for (len = strlen(s->base); s->base[len - 1] == '/'; len--)
		s->base[len - 1] = '\0';
	return s;
}

void
report_stale_free(struct report_stale **s)
{
	if (*s == NULL)
		return;
	report_web_close(&(*s)->web);
	g_hash_table_destroy((*s)->answers);
	free((*s)->base);
	free(*s);
	*s = NULL;
}

/* Says why the server is asked no more. */
static void
give_up(struct report_stale *s, const char *why)
{
	char reason[REPORT_REASON_SIZE];

	report_reason(why, reason);
	log_write(LOG_LEVEL_WARNING, "--stale-server %s: %s; it is not asked any more in this "
	    "run, and reports are sent", s->base, reason);
	s->silent = true;
}

/* Asks the server. */
static bool
ask(struct report_stale *s, const char *rest)
{
	char url[REPORT_STALE_URL_MAX + 2000];
	const char *why = "the question is too long";
	int len = snprintf(url, sizeof(url), "%s/%s", s->base, rest);
	int64_t begin = now_ms();
	long status = 0;

	if (len > 0 && (size_t)len < sizeof(url))
		status = report_web_ask(&s->web, url, &why);
	s->spent_ms += now_ms() - begin;
	if (status == 0)
		give_up(s, why);
	else if (status >= 300 && status < 400)
		give_up(s, "it redirects to another URL, which must be named in its place");
	else if (s->spent_ms > REPORT_STALE_TOTAL_SECS * (int64_t)1000)
		give_up(s, "its answers took too long, all together");
	return status == 200;
}

/* Looks for a remembered answer, else asks. rest is freed or kept. */
static bool
look_up(struct report_stale *s, char *rest)
{
	gpointer answer;
	bool stale;

	if (g_hash_table_lookup_extended(s->answers, rest, NULL, &answer)) {
		free(rest);
		return GPOINTER_TO_INT(answer) != 0;
	}
	stale = !s->silent && ask(s, rest);
	if (s->silent || g_hash_table_size(s->answers) >= REPORT_STALE_ANSWERS_MAX)
		free(rest);
	else
		(void)g_hash_table_insert(s->answers, rest, GINT_TO_POINTER(stale));
	return stale;
}

static bool
is_stale(struct report_stale *s, const char *what, const char *key)
{
	char *escaped, *rest = NULL;
	int len = -1;

	if (s == NULL)
		return false;
	if ((escaped = curl_easy_escape(s->web.curl, key, 0)) != NULL)
		len = asprintf(&rest, "check%s%s.php?key=%s", what, s->variant, escaped);
	curl_free(escaped);
	/* Without memory for the question the report is sent. */
	return len >= 0 && look_up(s, rest);
}

bool
report_stale_domain(struct report_stale *s, const char *domain)
{
	return is_stale(s, "Domain", domain);
}

bool
report_stale_address(struct report_stale *s, const char *address)
{
	return is_stale(s, "Rua", address);
}
