/*
 * setup.c - one configuration in force, and which one it is.
 * The setup in force is a writable global because libmilter hands its callbacks
 * nothing that could lead to it.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "opendmarc/checks.h"
#include "opendmarc/failreport.h"
#include "opendmarc/histwriter.h"
#include "opendmarc/setup.h"

struct dmf_setup {
	atomic_uint	 refs;
	struct conf	*conf;
	struct hostlist	*ignore_hosts;
	struct odm_net	*relays;
	struct odm_psl	*psl;
	struct testzone	*test_zone;
	struct domainlist *sealers;
	struct dmf_exceptions *exceptions;
	struct dmf_env	 env;		/* its view; resolver, history and failures are owned here */
};

static struct {
	pthread_mutex_t	  lock;
	struct dmf_setup *setup;
} current = { PTHREAD_MUTEX_INITIALIZER, NULL };

/* Goes to BaseDirectory and reads the files. 0, or -1 with the reason in why. */
static int
read_files(struct dmf_setup *s, enum dmf_purpose purpose, char *why, size_t why_size)
{
	const struct conf *c = s->conf;

	if ((purpose == DMF_SERVE && dmf_check_socket(c, why, why_size) != 0) ||
	    dmf_check_conf(c, why, why_size) != 0 ||
	    dmf_check_psl(c, &s->psl, why, why_size) != 0 ||
	    dmf_check_test_zone(c, &s->test_zone, why, why_size) != 0 ||
	    dmf_check_exceptions(c, &s->exceptions, why, why_size) != 0)
		return -1;
	s->sealers = dmf_check_sealers(c, why, why_size);
	if (s->sealers == NULL)
		return -1;
	s->ignore_hosts = dmf_check_ignore_hosts(c, purpose == DMF_SERVE, why, why_size);
	if (s->ignore_hosts == NULL)
		return -1;
	s->relays = dmf_check_relays(c, why, why_size);
	return s->relays != NULL ? 0 : -1;
}

struct dmf_setup *
dmf_setup_read(struct conf **c, const char *host_name, enum dmf_purpose purpose, char *why,
    size_t why_size)
{
	struct dmf_setup *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		strlcpy(why, strerror(ENOMEM), why_size);
		conf_free(c);
		return NULL;
	}
	atomic_init(&s->refs, 1);
	s->conf = *c;
	*c = NULL;
	if (read_files(s, purpose, why, why_size) != 0) {
		dmf_setup_unref(&s);
		return NULL;
	}
	s->env = (struct dmf_env){
		.conf = s->conf, .ignore_hosts = s->ignore_hosts, .psl = s->psl,
		.test_zone = s->test_zone, .host_name = host_name, .trusted_relays = s->relays,
		.ntrusted_relays = s->conf->trusted_relays.nwords,
		.sealers = s->sealers, .exceptions = s->exceptions,
	};
	return s;
}

static int
start_resolver(struct dmf_setup *s, const struct dmf_setup *old, char *why, size_t why_size)
{
	const struct conf *c = s->conf;

	if (old != NULL && conf_same(c, old->conf, "DNSTimeout") &&
	    conf_same(c, old->conf, "Nameservers"))
		s->env.resolver = resolver_ref(old->env.resolver);
	else
		s->env.resolver = resolver_new(&c->nameservers, c->dns_timeout_secs, why,
		    why_size);
	return s->env.resolver != NULL ? 0 : -1;
}

static int
start_history(struct dmf_setup *s, const struct dmf_setup *old, char *why, size_t why_size)
{
	const char *path = s->conf->history_file;

	if (path == NULL)
		return 0;
	if (old != NULL && conf_same(s->conf, old->conf, "HistoryFile"))
		s->env.history = histwriter_ref(old->env.history);
	else
		s->env.history = histwriter_new(path);
	if (s->env.history != NULL)
		return 0;
	strlcpy(why, strerror(ENOMEM), why_size);
	return -1;
}

/* Mail goes on without failure reports; whoever looks into the log learns why. */
static void
start_failures(struct dmf_setup *s, const struct dmf_setup *old, char *why, size_t why_size)
{
	if (!s->conf->failure_reports)
		return;
	s->env.failures = dmf_failreporter_new(s->conf, old != NULL ? old->env.failures : NULL,
	    why, why_size);
	if (s->env.failures == NULL)
		log_write(LOG_LEVEL_ERROR, "FailureReportsSpool: %s; no failure reports are written "
		    "until that is mended and the configuration reloaded", why);
}

int
dmf_setup_start(struct dmf_setup *s, const struct dmf_setup *old, char *why, size_t why_size)
{
	if (start_resolver(s, old, why, why_size) != 0 ||
	    start_history(s, old, why, why_size) != 0)
		return -1;
	start_failures(s, old, why, why_size);
	return 0;
}

const struct dmf_env *
dmf_setup_env(const struct dmf_setup *s)
{
	return &s->env;
}

struct dmf_setup *
dmf_setup_ref(struct dmf_setup *s)
{
	atomic_fetch_add(&s->refs, 1);
	return s;
}

void
dmf_setup_unref(struct dmf_setup **s)
{
	struct dmf_setup *gone = *s;

	*s = NULL;
	if (gone == NULL || atomic_fetch_sub(&gone->refs, 1) > 1)
		return;
	dmf_failreporter_free(&gone->env.failures);
	histwriter_free(&gone->env.history);
	resolver_free(&gone->env.resolver);
	dmf_exceptions_free(&gone->exceptions);
	domainlist_free(&gone->sealers);
	testzone_free(&gone->test_zone);
	odm_psl_free(&gone->psl);
	free(gone->relays);
	hostlist_free(&gone->ignore_hosts);
	conf_free(&gone->conf);
	free(gone);
}

void
dmf_setup_install(struct dmf_setup *s)
{
	struct dmf_setup *old;

	pthread_mutex_lock(&current.lock);
	old = current.setup;
	current.setup = s;
	pthread_mutex_unlock(&current.lock);
	dmf_setup_unref(&old);
}

struct dmf_setup *
dmf_setup_current(void)
{
	struct dmf_setup *s;

	pthread_mutex_lock(&current.lock);
	s = current.setup != NULL ? dmf_setup_ref(current.setup) : NULL;
	pthread_mutex_unlock(&current.lock);
	return s;
}
