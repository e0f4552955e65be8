/*
 * privs.h - which user and group the daemon runs as.
 */
#ifndef OPENDMARC_PRIVS_H
#define OPENDMARC_PRIVS_H

#include <stddef.h>
#include <sys/types.h>

struct dmf_user {
	uid_t	 uid;
	gid_t	 gid;
	char	*name;		/* for log lines; owned */
	gid_t	*groups;	/* gid and the supplementary ones; owned */
	int	 ngroups;
};

/*
 * Looks up "user" or "user:group": names, else numbers that the user and group
 * databases know; without a group the user's own. 0, or -1 with the reason in
 * why (exit status 65). Nothing is looked up later, in a changed root directory.
 */
int dmf_user_find(const char *text, struct dmf_user *user_r, char *why, size_t why_size);

/* Frees what belongs to *user. */
void dmf_user_clear(struct dmf_user *user);

/*
 * Makes path the root directory and goes there. 0, or -1 with the reason in why (exit
 * status 71).
 */
int dmf_root_change(const char *path, char *why, size_t why_size);

/*
 * Becomes the user for good, with its supplementary groups; nothing to do when
 * we are that user already. 0, or -1 with the reason in why (exit status 77).
 */
int dmf_user_become(const struct dmf_user *user, char *why, size_t why_size);

#endif
