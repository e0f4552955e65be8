/*
 * library.c - settings of the process: name servers and the public suffix list.
 *
 * The 1.x API keeps them for all contexts, so this is the one place of the library
 * with state that threads share, all of it under one lock. A list is counted by
 * reference: reading another one never takes it from a thread that is using it.
 * The list of the last file stays in memory over a shutdown, since programs that
 * serve each message anew begin and end the library each time.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libopendmarc/legacy/legacy.h"

struct legacy_psl {
	struct odm_psl	*list;
	unsigned	 refs;		/* under the lock */
	struct stat	 file;		/* as it was read; nothing for the built-in list */
	char		 path[];	/* "" for the built-in list */
};

static struct {
	pthread_mutex_t	 lock;
	int		 nscount;
	struct sockaddr_in servers[MAXNS];
	struct legacy_psl *builtin;	/* opened when it is first needed */
	struct legacy_psl *file;	/* the last file that was read */
	bool		 use_file;
} library = { .lock = PTHREAD_MUTEX_INITIALIZER };

static struct legacy_psl *
psl_open(const char *path, const struct stat *file)
{
	size_t size = path == NULL ? 1 : strlen(path) + 1;
	struct legacy_psl *psl = calloc(1, sizeof(*psl) + size);
	int reason;

	if (psl == NULL)
		return NULL;
	psl->list = odm_psl_open(path);
	if (psl->list == NULL) {
		reason = errno;
		free(psl);
		errno = reason;
		return NULL;
	}
	psl->refs = 1;
	if (path != NULL) {
		memcpy(psl->path, path, size);
		psl->file = *file;
	}
	return psl;
}

/* Drops one reference, under the lock. */
static void
psl_unref(struct legacy_psl *psl)
{
	if (psl == NULL || --psl->refs > 0)
		return;
	odm_psl_free(&psl->list);
	free(psl);
}

struct legacy_psl *
legacy_psl_get(void)
{
	struct legacy_psl *psl;

	pthread_mutex_lock(&library.lock);
	if (library.builtin == NULL && !library.use_file)
		library.builtin = psl_open(NULL, NULL);
	psl = library.use_file ? library.file : library.builtin;
	if (psl != NULL)
		psl->refs++;
	pthread_mutex_unlock(&library.lock);
	return psl;
}

void
legacy_psl_put(struct legacy_psl *psl)
{
	pthread_mutex_lock(&library.lock);
	psl_unref(psl);
	pthread_mutex_unlock(&library.lock);
}

void
legacy_orgdomain(const struct legacy_psl *psl, const char *name, char org_r[ODM_NAME_MAX + 1])
{
	if (psl != NULL)
		odm_psl_orgdomain(psl->list, name, org_r);
	else
		memcpy(org_r, name, strlen(name) + 1);
}

int
legacy_nameservers(struct sockaddr_in servers_r[MAXNS])
{
	int n;

	pthread_mutex_lock(&library.lock);
	n = library.nscount;
	memcpy(servers_r, library.servers, sizeof(library.servers));
	pthread_mutex_unlock(&library.lock);
	return n;
}

static bool
unchanged(const struct legacy_psl *psl, const char *path, const struct stat *now)
{
	return psl != NULL && strcmp(psl->path, path) == 0 &&
	    psl->file.st_dev == now->st_dev && psl->file.st_ino == now->st_ino &&
	    psl->file.st_size == now->st_size &&
	    psl->file.st_mtim.tv_sec == now->st_mtim.tv_sec &&
	    psl->file.st_mtim.tv_nsec == now->st_mtim.tv_nsec;
}

/* Puts the list of path in force, under the lock. 0 or an errno value. */
static int
read_list(const char *path)
{
	struct legacy_psl *psl;
	struct stat now;

	if (stat(path, &now) != 0)
		return errno;
	if (!unchanged(library.file, path, &now)) {
		psl = psl_open(path, &now);
		if (psl == NULL)
			return errno;
		psl_unref(library.file);
		library.file = psl;
	}
	library.use_file = true;
	return 0;
}

int
opendmarc_tld_read_file(char *path_fname, char *commentstring, char *drop, char *except)
{
	char *again = NULL;
	int error = EINVAL;

	(void)commentstring;
	(void)drop;
	(void)except;
	pthread_mutex_lock(&library.lock);
	if (path_fname == NULL && library.file != NULL) {
		/* read_list() may free the structure that holds the path. */
		again = strdup(library.file->path);
		error = again == NULL ? ENOMEM : read_list(again);
	} else if (path_fname != NULL) {
		error = read_list(path_fname);
	}
	pthread_mutex_unlock(&library.lock);
	free(again);
	return error;
}

void
opendmarc_tld_shutdown(void)
{
	pthread_mutex_lock(&library.lock);
	library.use_file = false;
	pthread_mutex_unlock(&library.lock);
}

OPENDMARC_STATUS_T
opendmarc_policy_library_init(OPENDMARC_LIB_T *lib_init)
{
	char path[MAXPATHLEN];
	size_t len;
	int n, error;

	if (lib_init == NULL)
		return DMARC_PARSE_ERROR_NULL_CTX;

	n = lib_init->nscount < 0 ? 0 : lib_init->nscount > MAXNS ? MAXNS : lib_init->nscount;
	pthread_mutex_lock(&library.lock);
	library.nscount = n;
	memcpy(library.servers, lib_init->nsaddr_list, sizeof(library.servers));
	pthread_mutex_unlock(&library.lock);

	len = strnlen((const char *)lib_init->tld_source_file, sizeof(path));
	if (len == 0)
		return DMARC_PARSE_OKAY;
	error = EINVAL;
	if (lib_init->tld_type == OPENDMARC_TLD_TYPE_MOZILLA && len < sizeof(path)) {
		memcpy(path, lib_init->tld_source_file, len + 1);
		error = opendmarc_tld_read_file(path, NULL, NULL, NULL);
	}
	if (error == 0)
		return DMARC_PARSE_OKAY;
	errno = error;
	return DMARC_TLD_ERROR_UNKNOWN;
}

OPENDMARC_STATUS_T
opendmarc_policy_library_shutdown(OPENDMARC_LIB_T *lib_init)
{
	(void)lib_init;
	opendmarc_tld_shutdown();
	pthread_mutex_lock(&library.lock);
	library.nscount = 0;
	pthread_mutex_unlock(&library.lock);
	return DMARC_PARSE_OKAY;
}

/* When the library is unloaded. Threads that hold a list keep it. */
__attribute__((destructor)) static void
forget_lists(void)
{
	pthread_mutex_lock(&library.lock);
	psl_unref(library.builtin);
	psl_unref(library.file);
	library.builtin = library.file = NULL;
	library.use_file = false;
	pthread_mutex_unlock(&library.lock);
}
