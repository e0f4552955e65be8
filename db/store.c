/*
 * store.c - the front of the store: chooses the backend by URL, opens and closes it,
 * keeps the reasons of failures.
 */
#include "config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "db/store.h"
#include "db/store_backend.h"

static const struct backend {
	const char	*scheme;
	const struct store_backend *backend;	/* NULL: not in this build */
} backends[] = {
	{ "sqlite", &store_sqlite },
	{ "memory", &store_memory },
#ifdef HAVE_MYSQL
	{ "mysql", &store_mysql },
	{ "mariadb", &store_mysql },
#else
	{ "mysql", NULL },
	{ "mariadb", NULL },
#endif
};

int
store_fail(struct store *st, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	if (vsnprintf(st->error, sizeof(st->error), format, ap) < 0)
		st->error[0] = '\0';
	va_end(ap);
	st->again = st->refused = false;
	for (char *at = st->error; *at != '\0'; at++)
		if (*at == '\n' || *at == '\r')
			*at = ' ';
	return -1;
}

void *
store_no(char *why, size_t why_size, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	if (vsnprintf(why, why_size, format, ap) < 0 && why_size > 0)
		why[0] = '\0';
	va_end(ap);
	return NULL;
}

/* The backend of a URL, and what follows its scheme; NULL with the reason in why. */
static const struct store_backend *
find_backend(const char *url, const char **location_r, char *why, size_t why_size)
{
	size_t len = strcspn(url, ":");
	struct odm_span scheme = { url, len };

	for (size_t i = 0; url[len] == ':' && i < COUNT(backends); i++) {
		if (!odm_span_ieq(scheme, backends[i].scheme))
			continue;
		if (backends[i].backend == NULL)
			return store_no(why, why_size, "%s is not built into this version "
			    "(configure --with-mysql adds it); use a database URL like "
			    "sqlite:/path/file", backends[i].scheme);
		*location_r = url + len + 1;
		return backends[i].backend;
	}
	return store_no(why, why_size, "\"%.200s\" is no database URL; it must look like "
	    "sqlite:/path/file or mysql://user@host/name", url);
}

/* A name that no other handle has, on no host. */
static void
name_runner(char runner[STORE_RUNNER_SIZE])
{
	char host[48] = "";
	uint64_t random = 0;

	(void)gethostname(host, sizeof(host) - 1);
	if (getentropy(&random, sizeof(random)) != 0)
		random = (uint64_t)time(NULL);
	host[sizeof(host) - 1] = '\0';
	if (snprintf(runner, STORE_RUNNER_SIZE, "%s/%ld/%016" PRIx64, host, (long)getpid(),
	    random) < 0)
		runner[0] = '\0';
}

struct store *
store_open_access(const struct store_access *access, char *why, size_t why_size)
{
	const char *location;
	const struct store_backend *backend = find_backend(access->url, &location, why,
	    why_size);
	struct store *st = backend == NULL ? NULL :
	    backend->open(location, access, why, why_size);

	if (st != NULL)
		name_runner(st->runner);
	return st;
}

struct store *
store_open(const char *url, char *why, size_t why_size)
{
	const struct store_access access = { url, NULL };

	return store_open_access(&access, why, why_size);
}

int
store_pending(const struct store_access *access,
    int (*fn)(const char *statement, void *arg), void *arg, char *why, size_t why_size)
{
	const char *location;
	const struct store_backend *backend = find_backend(access->url, &location, why,
	    why_size);

	return backend == NULL ? -1 :
	    backend->pending(location, access, fn, arg, why, why_size);
}

void
store_close(struct store **st)
{
	if (*st == NULL)
		return;
	store_rollback(*st);
	(*st)->ops->close(*st);
	*st = NULL;
}

const char *
store_error(const struct store *st)
{
	return st->error;
}

bool
store_again(const struct store *st)
{
	return st->again;
}

bool
store_refused(const struct store *st)
{
	return st->refused;
}
