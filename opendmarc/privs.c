/*
 * privs.c - which user and group the daemon runs as.
 */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libopendmarc/base/span.h"
#include "opendmarc/privs.h"

/* The highest number that is an id: (uid_t)-1 means "none" to the system. */
#define ID_MAX		(UINT_MAX - 1)

static const struct passwd *
find_user(const char *text)
{
	const struct passwd *pw = getpwnam(text);
	unsigned long long uid;

	if (pw == NULL && odm_span_number(odm_span_str(text), ID_MAX, &uid))
		pw = getpwuid((uid_t)uid);
	return pw;
}

static const struct group *
find_group(const char *text)
{
	const struct group *gr = getgrnam(text);
	unsigned long long gid;

	if (gr == NULL && odm_span_number(odm_span_str(text), ID_MAX, &gid))
		gr = getgrgid((gid_t)gid);
	return gr;
}

/* Says which one is unknown; always -1. */
static int
fail_unknown(const char *what, const char *name, char *why, size_t why_size)
{
	if (snprintf(why, why_size, "unknown %s \"%s\" (create it, or correct UserID or -u)", what,
	    name) < 0)
		why[0] = '\0';
	return -1;
}

/* The groups of the user. False: out of memory. */
static bool
find_groups(struct dmf_user *user)
{
	gid_t *groups;
	int n = 0;

	/* With no room, the first call tells how much is needed. */
	(void)getgrouplist(user->name, user->gid, NULL, &n);
	groups = reallocarray(NULL, (size_t)n + 1, sizeof(*groups));
	if (groups == NULL || getgrouplist(user->name, user->gid, groups, &n) < 0) {
		free(groups);
		return false;
	}
	user->groups = groups;
	user->ngroups = n;
	return true;
}

int
dmf_user_find(const char *text, struct dmf_user *user_r, char *why, size_t why_size)
{
	char *name = strdup(text), *group;
	const struct passwd *pw;
	const struct group *gr;
	int result = -1;

	if (name == NULL) {
		strlcpy(why, "memory allocation failure", why_size);
		return -1;
	}
	group = strchr(name, ':');
	if (group != NULL)
		*group++ = '\0';
	pw = find_user(name);
	if (pw == NULL) {
		fail_unknown("user", name, why, why_size);
		goto out;
	}
	*user_r = (struct dmf_user){ .uid = pw->pw_uid, .gid = pw->pw_gid,
	    .name = strdup(pw->pw_name) };
	if (user_r->name == NULL) {
		strlcpy(why, "memory allocation failure", why_size);
		goto out;
	}
	if (group != NULL && (gr = find_group(group)) == NULL) {
		fail_unknown("group", group, why, why_size);
		dmf_user_clear(user_r);
		goto out;
	}
	if (group != NULL)
		user_r->gid = gr->gr_gid;
	if (!find_groups(user_r)) {
		strlcpy(why, "memory allocation failure", why_size);
		dmf_user_clear(user_r);
		goto out;
	}
	result = 0;
out:
	free(name);
	return result;
}

void
dmf_user_clear(struct dmf_user *user)
{
	free(user->name);
	free(user->groups);
	*user = (struct dmf_user){ 0 };
}

int
dmf_root_change(const char *path, char *why, size_t why_size)
{
	if (chdir(path) == 0 && chroot(".") == 0 && chdir("/") == 0)
		return 0;
	if (snprintf(why, why_size, "cannot make \"%s\" the root directory: %s (%s)", path,
	    strerror(errno), errno == EPERM ? "start as root" : "create it, or correct "
	    "ChangeRootDirectory") < 0)
		why[0] = '\0';
	return -1;
}

/* Says which call failed for whom; always -1. */
static int
fail_call(const char *call, const struct dmf_user *user, char *why, size_t why_size)
{
	if (snprintf(why, why_size, "cannot become user \"%s\": %s: %s (start as root or as this "
	    "user)", user->name, call, strerror(errno)) < 0)
		why[0] = '\0';
	return -1;
}

int
dmf_user_become(const struct dmf_user *user, char *why, size_t why_size)
{
	if (getuid() == user->uid && geteuid() == user->uid)
		return 0;
	if (setgroups((size_t)user->ngroups, user->groups) != 0)
		return fail_call("setgroups", user, why, why_size);
	if (setgid(user->gid) != 0)
		return fail_call("setgid", user, why, why_size);
	if (setuid(user->uid) != 0)
		return fail_call("setuid", user, why, why_size);
	return 0;
}
