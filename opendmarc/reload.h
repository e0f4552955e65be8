/*
 * reload.h - a new configuration while the daemon runs: as a whole or not at all.
 */
#ifndef OPENDMARC_RELOAD_H
#define OPENDMARC_RELOAD_H

#include <stdbool.h>

#include "opendmarc/command.h"

/*
 * Reads the configuration again and puts it in force for connections that begin from
 * here on. Logs what changed and which of that needs a restart; on any error, logs it,
 * leaves the old configuration in force and returns false. For the first thread.
 */
bool dmf_reload(const struct dmf_command *cmd, const char *host_name);

#endif
