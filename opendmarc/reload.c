/*
 * reload.c - a new configuration while the daemon runs.
 */
#include "config.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "common/log.h"
#include "opendmarc/checks.h"
#include "opendmarc/process.h"
#include "opendmarc/reload.h"
#include "opendmarc/setup.h"

/* Reasons hold a path, sometimes two, and a sentence. */
#define WHY_MAX		(2 * PATH_MAX + 512)

static void
log_change(const struct conf_item *item, void *arg)
{
	(void)arg;
	if ((item->flags & CONF_FIXED) != 0)
		log_write(LOG_LEVEL_WARNING, "%s changed, which needs a restart; the old value "
		    "stays in force", item->name);
	else
		log_write(LOG_LEVEL_INFO, "%s changed", item->name);
}

/* The new setup, ready to be installed; NULL with the reason in why. */
static struct dmf_setup *
prepare(const struct dmf_command *cmd, const char *host_name, const struct dmf_setup *old,
    char *why)
{
	struct conf *c = dmf_command_conf_again(cmd, why, WHY_MAX);
	struct dmf_setup *s;

	if (c == NULL)
		return NULL;
	s = dmf_setup_read(&c, host_name, DMF_SERVE, why, WHY_MAX);
	if (s != NULL && dmf_setup_start(s, old, why, WHY_MAX) != 0)
		dmf_setup_unref(&s);
	return s;
}

/* BaseDirectory moved us already: go back when the rest failed. */
static void
go_back(int folder)
{
	if (folder >= 0 && fchdir(folder) != 0)
		log_write(LOG_LEVEL_ERROR, "cannot return to the working directory");
}

static void
install(struct dmf_setup *s, const struct dmf_setup *old, const char *host_name)
{
	const struct conf *c = dmf_setup_env(s)->conf;

	conf_compare(dmf_setup_env(old)->conf, c, log_change, NULL);
	dmf_process_open_log(c);
	dmf_check_log(c, dmf_setup_env(s)->exceptions, host_name);
	log_write(LOG_LEVEL_INFO, "configuration reloaded from %s", c->path);
	dmf_setup_install(s);
}

bool
dmf_reload(const struct dmf_command *cmd, const char *host_name)
{
	struct dmf_setup *old, *s;
	char why[WHY_MAX] = "";
	bool good;
	int folder;

	if (cmd->conf_file[0] == '\0') {
		log_write(LOG_LEVEL_ERROR, "ignoring reload signal: no configuration file was "
		    "read at start");
		return false;
	}
	old = dmf_setup_current();
	folder = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	s = prepare(cmd, host_name, old, why);
	good = s != NULL;
	if (good) {
		install(s, old, host_name);
	} else {
		log_write(LOG_LEVEL_ERROR, "%s", why);
		log_write(LOG_LEVEL_ERROR, "configuration not reloaded, the old one stays in "
		    "force");
		go_back(folder);
	}
	if (folder >= 0)
		(void)close(folder);
	dmf_setup_unref(&old);
	return good;
}
