/*
 * places.c - can the files that the daemon will make be made?
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "opendmarc/listener.h"
#include "opendmarc/places.h"

static bool
is_member(const struct dmf_user *user, gid_t gid)
{
	for (int i = 0; i < user->ngroups; i++)
		if (user->groups[i] == gid)
			return true;
	return user->gid == gid;
}

/* By owner, group and mode: a change of user for a question would be for good. */
static bool
allows(const struct stat *st, const struct dmf_user *user)
{
	mode_t need = S_IWOTH | S_IXOTH;

	if (user->uid == 0)
		return true;
	if (st->st_uid == user->uid)
		need = S_IWUSR | S_IXUSR;
	else if (is_member(user, st->st_gid))
		need = S_IWGRP | S_IXGRP;
	return (st->st_mode & need) == need;
}

/* 0, or the errno that a file in the folder would meet. */
static int
try_folder(const char *folder, const struct dmf_user *user)
{
	struct stat st;

	if (stat(folder, &st) != 0)
		return errno;
	if (!S_ISDIR(st.st_mode))
		return ENOTDIR;
	if (user != NULL && user->uid != geteuid())
		return allows(&st, user) ? 0 : EACCES;
	return access(folder, W_OK | X_OK) == 0 ? 0 : errno;
}

static void
check_file(const char *option, const char *path, const struct dmf_user *user)
{
	char folder[PATH_MAX];
	const char *slash;
	int error = ENAMETOOLONG;

	if (path == NULL)
		return;
	slash = strrchr(path, '/');
	if (slash == NULL)
		path = ".";
	if (strlcpy(folder, path, sizeof(folder)) < sizeof(folder)) {
		if (slash != NULL)
			folder[slash == path ? 1 : slash - path] = '\0';
		error = try_folder(folder, user);
	}
	if (error != 0)
		log_write(LOG_LEVEL_WARNING, "%s: no file can be made in \"%s\": %s", option,
		    folder, strerror(error));
}

void
dmf_places_check(const struct conf *c, const struct dmf_user *user)
{
	check_file("Socket", dmf_listener_path(c->socket), user);
	check_file("PidFile", c->pid_file, user);
	check_file("HistoryFile", c->history_file, user);
}
