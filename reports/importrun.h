/*
 * importrun.h - imports one history file and tells a person what is worth telling: what
 * was set aside and why, what is not known, how far it has come. All on standard error.
 *
 * Bad records are appended to a file, each after a comment with its line and reason;
 * that file is a history file itself.
 */
#ifndef REPORTS_IMPORTRUN_H
#define REPORTS_IMPORTRUN_H

#include "reports/import.h"

struct importrun_settings {
	const char	*prog;		/* begins each line */
	const char	*name;		/* of the input, for people */
	const char	*rejects;	/* path of the file of bad records; NULL: standard error */
	int		 verbose;	/* 1: what is done; 2: each record */
};

struct importrun;

/* What settings points to, and st, must outlive it. NULL: out of memory. */
struct importrun *importrun_new(struct store *st, const struct importrun_settings *settings);

/*
 * Imports what file has, to its end, and commits. May be called again when the file has
 * grown. 0; -1 when something readable is not in the store, all said: keep the input.
 */
int importrun_read(struct importrun *run, struct histfile *file);

/* For histfile_open(): what is complete is stored before we wait for input. arg: the run. */
void importrun_before_wait(void *arg);

/*
 * Makes the file of bad records safe on the disk and sums up. 0, or -1 when bad records
 * could not be kept: keep the input. Call it before the input is removed.
 */
int importrun_finish(struct importrun *run);

const struct import_counts *importrun_counts(const struct importrun *run);

/* Frees *run and clears it. *run may be NULL. */
void importrun_free(struct importrun **run);

#endif
