/*
 * places.h - can the files that the daemon will make be made? For -n; the start itself
 * finds out by trying.
 */
#ifndef OPENDMARC_PLACES_H
#define OPENDMARC_PLACES_H

#include "common/conf.h"
#include "opendmarc/privs.h"

/*
 * Warns of each folder for socket, pid file and history file that is missing or where
 * user could make no file; user NULL: who we are. A folder may come later, as those below /run
 * do, so this is no error. Makes nothing.
 */
void dmf_places_check(const struct conf *c, const struct dmf_user *user);

#endif
