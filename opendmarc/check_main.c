/*
 * check_main.c - opendmarc-check: policies of domains looked up and their records checked,
 * saved messages judged and explained. Manual: opendmarc-check(8).
 */
#include "config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/log.h"
#include "common/textfile.h"
#include "opendmarc/check_command.h"
#include "opendmarc/check_domain.h"
#include "opendmarc/check_message.h"
#include "opendmarc/check_verdict.h"
#include "opendmarc/checks.h"

/* Reasons hold a path, sometimes two, and a sentence. */
#define WHY_MAX	(2 * PATH_MAX + 512)

/* A domain with findings, where --strict asks; a message that fails. */
#define EXIT_FINDINGS	1

/* Everything that the work needs. */
struct checker {
	struct conf	*conf;
	struct resolver	*resolver;
	struct odm_psl	*psl;		/* what the filter works with; NULL: tree walk */
	struct odm_psl	*any_psl;	/* for findings without it; NULL: no list here */
	struct hostlist	*ignore_hosts;
	struct odm_net	*relays;
	struct domainlist *sealers;
	struct dmf_exceptions *exceptions;
	char		 host_name[ODM_NAME_MAX + 1];
	struct paint	 paint;
};

static bool
override(struct conf *c, const char *name, const char *value, char *why)
{
	return value == NULL || conf_override(c, name, value, why, WHY_MAX);
}

/* The configuration of the filter; without --conf it may be missing. */
static int
read_conf(struct checker *ck, const struct check_command *cmd, char *why)
{
	const char *path = cmd->conf_path, *spf = NULL;

	if (path == NULL && access(conf_default_path, R_OK) == 0)
		path = conf_default_path;
	ck->conf = conf_read(path, why, WHY_MAX);
	if (ck->conf == NULL || !override(ck->conf, "Nameservers", cmd->nameservers, why) ||
	    !override(ck->conf, "AuthservID", cmd->authserv_id, why))
		return EX_CONFIG;
	/* SPF is about a client; who names one where nothing is configured wants to know. */
	if (cmd->message != NULL && cmd->envelope.client_ip == NULL)
		spf = "no";
	else if (cmd->message != NULL && path == NULL)
		spf = "yes";
	if (!override(ck->conf, "SPFSelfValidate", spf, why))
		return EX_CONFIG;
	return EX_OK;
}

/* Sets *ck up; EX_OK, or the status to exit with and the reason in why. */
static int
prepare(struct checker *ck, const struct check_command *cmd, char *why)
{
	int status;

	paint_init(&ck->paint, stdout);
	if (cmd->replay != NULL)
		return EX_OK;
	status = read_conf(ck, cmd, why);
	if (status != EX_OK)
		return status;
	if (cmd->message != NULL) {
		ck->ignore_hosts = dmf_check_ignore_hosts(ck->conf, true, why, WHY_MAX);
		if (ck->ignore_hosts == NULL)
			return EX_CONFIG;
		ck->relays = dmf_check_relays(ck->conf, why, WHY_MAX);
		if (ck->relays == NULL)
			return EX_CONFIG;
		ck->sealers = dmf_check_sealers(ck->conf, why, WHY_MAX);
		if (ck->sealers == NULL ||
		    dmf_check_exceptions(ck->conf, &ck->exceptions, why, WHY_MAX) != 0)
			return EX_CONFIG;
	}
	if (gethostname(ck->host_name, sizeof(ck->host_name) - 1) != 0)
		strlcpy(ck->host_name, "localhost", sizeof(ck->host_name));
	if (dmf_check_psl(ck->conf, &ck->psl, why, WHY_MAX) != 0)
		return EX_CONFIG;
	if (ck->psl == NULL)
		ck->any_psl = odm_psl_open(ck->conf->public_suffix_list);
	ck->resolver = resolver_new(&ck->conf->nameservers, ck->conf->dns_timeout_secs, why,
	    WHY_MAX);
	return ck->resolver == NULL ? EX_OSERR : EX_OK;
}

static void
release(struct checker *ck)
{
	resolver_free(&ck->resolver);
	odm_psl_free(&ck->psl);
	odm_psl_free(&ck->any_psl);
	dmf_exceptions_free(&ck->exceptions);
	domainlist_free(&ck->sealers);
	free(ck->relays);
	hostlist_free(&ck->ignore_hosts);
	conf_free(&ck->conf);
}

static int
no_memory(void)
{
	fputs(CHECK_PROG ": memory is short\n", stderr);
	return EX_OSERR;
}

/* Of two exit statuses the one that says more: nothing valid, DNS trouble, findings. */
static int
worse(int a, int b)
{
	static const int order[] = { EX_OSERR, EX_SOFTWARE, EX_TEMPFAIL, EXIT_FINDINGS };

	for (size_t i = 0; i < COUNT(order); i++)
		if (a == order[i] || b == order[i])
			return order[i];
	return EX_OK;
}

static int
lookup_status(const struct check_lookup *l, bool strict)
{
	switch (l->state) {
	case CHECK_FOUND:
		break;
	case CHECK_TEMPERROR:
		return EX_TEMPFAIL;
	case CHECK_UNUSABLE:
	case CHECK_NONE:
	case CHECK_INVALID:
		return EX_SOFTWARE;
	}
	return strict && check_lookup_count(l, RECORDLINT_WARNING) > 0 ? EXIT_FINDINGS : EX_OK;
}

static void
print_status(const char *domain, const struct check_lookup *l)
{
	const char *text = check_domain_status(l);
	struct paint err = { .out = stderr };

	if (text == NULL)
		return;
	fflush(stdout);
	fputs(CHECK_PROG ": opendmarc_policy_query_dmarc(", stderr);
	paint_octets(&err, odm_span_str(domain));
	fprintf(stderr, "): %s\n", text);
}

/* A tree on standard output; frees it. */
static int
print_tree(json_t *tree)
{
	char *text = tree == NULL ? NULL : json_dumps(tree, JSON_INDENT(2) | JSON_ENSURE_ASCII);

	json_decref(tree);
	if (text == NULL)
		return no_memory();
	puts(text);
	free(text);
	return EX_OK;
}

/* The document of all domains, still without them. NULL: out of memory. */
static json_t *
new_document(json_t **domains_r)
{
	json_t *document = json_object();

	*domains_r = json_array();
	if (json_object_set_new(document, "format", json_string(CHECK_PROG)) == 0 &&
	    json_object_set_new(document, "version", json_integer(1)) == 0 &&
	    json_object_set_new(document, "domains", *domains_r) == 0)
		return document;
	json_decref(document);
	return NULL;
}

static int
check_domains(struct checker *ck, const struct check_command *cmd)
{
	int64_t timeout = (int64_t)ck->conf->dns_timeout_secs * 1000;
	json_t *list = NULL, *document = cmd->json ? new_document(&list) : NULL;
	int status = EX_OK;
	struct check_lookup l;

	if (cmd->json && document == NULL)
		return no_memory();
	for (int i = 0; i < cmd->ndomains; i++) {
		const char *name = cmd->domains[i];
		bool ok = check_lookup(&l, ck->resolver, ck->psl != NULL ? ck->psl : ck->any_psl,
		    ck->psl != NULL, name, timeout);

		if (ok && !cmd->json) {
			if (i > 0)
				putchar('\n');
			check_domain_print(&ck->paint, &l, name);
			print_status(name, &l);
		} else if (ok) {
			ok = json_array_append_new(list, check_domain_json(&l, name)) == 0;
		}
		status = worse(status, ok ? lookup_status(&l, cmd->strict) : no_memory());
		check_lookup_clear(&l);
	}
	if (cmd->json)
		status = worse(status, print_tree(document));
	return status;
}

/* 0, or -1 with the reason in why. */
static int
write_file(const char *path, const char *text, char *why)
{
	FILE *file = fopen(path, "we");
	bool ok = file != NULL && fputs(text, file) >= 0;

	if (file != NULL && fclose(file) != 0)
		ok = false;
	if (!ok && snprintf(why, WHY_MAX, "%s: cannot be written", path) < 0)
		why[0] = '\0';
	return ok ? 0 : -1;
}

/* The explanation as JSON, where it was asked for; the status to exit with. */
static int
give_json(const struct check_command *cmd, struct explain *x, char *why)
{
	char *text = explain_write(x, why, WHY_MAX);
	int status = EX_OK;

	if (text == NULL)
		return EX_OSERR;
	if (cmd->explain_path != NULL && write_file(cmd->explain_path, text, why) != 0)
		status = EX_CANTCREAT;
	else if (cmd->json)
		fputs(text, stdout);
	free(text);
	return status;
}

static int
check_message(struct checker *ck, const struct check_command *cmd, char *why)
{
	struct dmf_env env = {
		.conf = ck->conf, .ignore_hosts = ck->ignore_hosts, .resolver = ck->resolver,
		.host_name = ck->host_name, .trusted_relays = ck->relays,
		.ntrusted_relays = ck->conf->trusted_relays.nwords, .psl = ck->psl,
		.sealers = ck->sealers, .exceptions = ck->exceptions,
	};
	struct check_message *m;
	int status;

	m = check_message_new(&env, cmd->message, &cmd->envelope, why, WHY_MAX, &status);
	if (m == NULL)
		return status;
	if (cmd->json || cmd->explain_path != NULL)
		status = give_json(cmd, check_message_explain(m), why);
	if (status == EX_OK && !cmd->json &&
	    !check_message_print(&ck->paint, m, why, WHY_MAX))
		status = EX_OSERR;
	if (status == EX_OK)
		status = check_verdict_status(explain_verdict(check_message_explain(m), why,
		    WHY_MAX)->result);
	check_message_free(&m);
	return status;
}

/* Prints a document that was read; the status to exit with. */
static int
print_replay(struct checker *ck, const struct check_command *cmd, struct explain *x, char *why)
{
	if (cmd->json) {
		int status = give_json(cmd, x, why);

		if (status != EX_OK)
			return status;
	} else {
		paint(&ck->paint, PAINT_BOLD, "DMARC evaluation repeated from ");
		paint_octets(&ck->paint, odm_span_str(cmd->replay));
		paint(&ck->paint, PAINT_PLAIN, ":\n");
		if (!check_verdict_print(&ck->paint, x, why, WHY_MAX))
			return EX_DATAERR;
	}
	return check_verdict_status(explain_verdict(x, why, WHY_MAX)->result);
}

static int
replay(struct checker *ck, const struct check_command *cmd, char *why)
{
	struct odm_strbuf text;
	struct explain *x = NULL;
	const char *reason;
	char problem[512], *again = NULL;
	int status = EX_NOINPUT;
	bool same = false;

	odm_strbuf_init(&text, EXPLAIN_OCTETS_MAX);
	if (!textfile_read(cmd->replay, &text, &reason)) {
		(void)snprintf(why, WHY_MAX, "%s: %s", cmd->replay, reason);
		goto out;
	}
	status = EX_DATAERR;
	again = explain_replay(odm_strbuf_span(&text), &same, problem, sizeof(problem));
	if (again == NULL || (x = explain_read(odm_strbuf_span(&text), problem,
	    sizeof(problem))) == NULL) {
		(void)snprintf(why, WHY_MAX, "%s: %s", cmd->replay, problem);
		goto out;
	}
	status = EX_OK;
	if (explain_verdict(x, problem, sizeof(problem)) != NULL)
		status = print_replay(ck, cmd, x, why);
	if (!same) {
		(void)snprintf(why, WHY_MAX, "%s: the verdict in the document is another one",
		    cmd->replay);
		status = EX_DATAERR;
	}
out:
	free(again);
	explain_free(&x);
	odm_strbuf_free(&text);
	return status;
}

int
main(int argc, char **argv)
{
	struct checker ck = { 0 };
	struct check_command cmd;
	char why[WHY_MAX] = "";
	int status;

	log_open(CHECK_PROG, false, NULL, true);
	log_set_level(LOG_LEVEL_WARNING);
	status = check_command_read(argc, argv, &cmd);
	if (status != -1)
		return status;
	status = prepare(&ck, &cmd, why);
	if (status == EX_OK && cmd.replay != NULL)
		status = replay(&ck, &cmd, why);
	else if (status == EX_OK && cmd.message != NULL)
		status = check_message(&ck, &cmd, why);
	else if (status == EX_OK)
		status = check_domains(&ck, &cmd);
	if (why[0] != '\0')
		fprintf(stderr, CHECK_PROG ": %s\n", why);
	release(&ck);
	if (fflush(stdout) != 0 && status == EX_OK)
		status = EX_IOERR;
	return status;
}
