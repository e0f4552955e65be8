/*
 * rotate.h - takes a history file away from its writers, and removes it when nobody can
 * write to it any more.
 *
 * FILE is renamed to FILE.OLD.PID, as OpenDMARC does; writers then make a new one. What an
 * interrupted run left behind, FILE.OLD.NUMBER and the FILE.import of older scripts, is
 * found again by its name. FILE.lock keeps two runs apart.
 */
#ifndef REPORTS_ROTATE_H
#define REPORTS_ROTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reports/histfile.h"

/*
 * The path behind a symbolic link, for free(); path itself where it is none or does not
 * exist. NULL with the reason in why: out of memory, or root is asked to follow a link
 * that somebody else made.
 */
char *rotate_resolve(const char *path, char *why, size_t why_size);

enum rotate_locked {
	ROTATE_LOCKED,
	ROTATE_TAKEN,		/* another run is at work, *since_r tells since when */
	ROTATE_LOCK_FAILED	/* the reason is in why */
};

/* Takes FILE.lock; it ends with the process, or with close(*fd_r). */
enum rotate_locked rotate_lock(const char *path, int *fd_r, int64_t *since_r, char *why,
    size_t why_size);

/* Files that wait, oldest first; each for free(), and the list, by rotate_list_free(). */
struct rotate_list {
	char	**paths;
	size_t	  n;
};

/* 0, or -1 with the reason in why. */
int rotate_leftovers(const char *path, struct rotate_list *list_r, char *why,
    size_t why_size);
void rotate_list_free(struct rotate_list *list);

/*
 * Renames path, and appends what it is called now to the list. 1; 0 when there is nothing
 * to take (missing, empty); -1 with the reason in why. Never takes the name of another file.
 */
int rotate_take(const char *path, struct rotate_list *list, char *why, size_t why_size);

/* Opens one of the list, a regular file and no link. A descriptor, or -1: why. */
int rotate_open(const char *path, char *why, size_t why_size);

enum rotate_end {
	ROTATE_SETTLED,		/* all is read, and nobody can add to it */
	ROTATE_GREW,		/* read on */
	ROTATE_HELD		/* a program keeps it open for writing */
};

/*
 * Waits for writers that opened the file before it was renamed. fd is that of the file.
 * Where the system cannot tell whether there are any, they get ROTATE_GRACE_SECS.
 */
enum rotate_end rotate_settle(struct histfile *file, int fd);

#define ROTATE_GRACE_SECS	2

/* Removes path if it is still the file of fd. 0, or -1: errno. */
int rotate_remove(const char *path, int fd);

#endif
