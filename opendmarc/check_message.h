/*
 * check_message.h - a saved message judged by the code of the filter, and explained.
 */
#ifndef OPENDMARC_CHECK_MESSAGE_H
#define OPENDMARC_CHECK_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/explain.h"
#include "opendmarc/env.h"
#include "opendmarc/paint.h"

/* What is known of a message besides its file; NULL: not known. */
struct check_envelope {
	const char	*client_ip;
	const char	*helo;
	const char	*mail_from;	/* NULL: that of the Return-Path field, if any */
	const char	*queue_id;
};

struct check_message;			/* private: check_message.c */

/*
 * Reads and judges the message at path ("-": standard input); env must outlive it.
 * Without client address there is no SPF check, whatever the configuration asks. NULL
 * with the reason in why and in *status_r the status to exit with.
 */
struct check_message *check_message_new(const struct dmf_env *env, const char *path,
    const struct check_envelope *envelope, char *why, size_t why_size, int *status_r);

/* Frees *m and clears it. *m may be NULL. */
void check_message_free(struct check_message **m);

/* The explanation of the verdict; it belongs to m. */
struct explain *check_message_explain(struct check_message *m);

/* Prints in plain words what the message is, why it passes or fails, and what follows. */
bool check_message_print(const struct paint *p, struct check_message *m, char *why,
    size_t why_size);

#endif
