/*
 * cli.c - options read as Getopt::Long reads them, and the configuration.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "reports/cli.h"

/* What is read into what; the reason of a bad option goes to why. */
struct reading {
	const struct cli_option	*options;
	size_t			 n;
	void			*settings;
	char			*why;
	size_t			 why_size;
};

/* An option as it was found for a word of the command line. */
struct found {
	const struct cli_option	*option;	/* NULL: none */
	bool			 negated;
	bool			 ambiguous;
};

static bool
no(char *why, size_t why_size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool
no(char *why, size_t why_size, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	if (vsnprintf(why, why_size, format, ap) < 0 && why_size > 0)
		why[0] = '\0';
	va_end(ap);
	return false;
}

static bool
takes_value(const struct cli_option *o)
{
	return o->type != CLI_FLAG && o->type != CLI_COUNT;
}

/* 0 no, 1 word is a beginning of name, 2 all of it. */
static int
fits(struct odm_span word, const char *name)
{
	size_t len = strlen(name);

	if (word.len > len || !odm_span_same(word, (struct odm_span){ name, word.len }))
		return 0;
	return word.len == len ? 2 : 1;
}

/* The better of what word is to the two names of an option, with and without "no". */
static int
fits_option(struct odm_span word, const struct cli_option *o, bool *negated_r)
{
	const char *const names[] = { o->name, o->alias };
	int best = 0;

	for (size_t i = 0; i < COUNT(names); i++) {
		char negative[2][64];
		int how;

		if (names[i] == NULL)
			continue;
		how = fits(word, names[i]);
		if (how > best) {
			best = how;
			*negated_r = false;
		}
		if (takes_value(o) ||
		    snprintf(negative[0], sizeof(negative[0]), "no%s", names[i]) >=
		    (int)sizeof(negative[0]) ||
		    snprintf(negative[1], sizeof(negative[1]), "no-%s", names[i]) >=
		    (int)sizeof(negative[1]))
			continue;
		for (size_t k = 0; k < COUNT(negative); k++) {
			how = fits(word, negative[k]);
			if (how > best) {
				best = how;
				*negated_r = true;
			}
		}
	}
	return best;
}

/* Looks among the options of 1.x (old) or among all. */
static struct found
find_among(struct odm_span word, const struct cli_option *options, size_t n, bool old)
{
	struct found found = { NULL, false, false };

	for (size_t i = 0; i < n; i++) {
		bool negated = false;
		int how;

		if (old && !options[i].old)
			continue;
		how = fits_option(word, &options[i], &negated);
		if (how == 2)
			return (struct found){ &options[i], negated, false };
		if (how == 1 && found.option != NULL && found.option != &options[i])
			found.ambiguous = true;
		if (how == 1)
			found = (struct found){ &options[i], negated, found.ambiguous };
	}
	return found;
}

/* A whole name wins; then what 1.x would have understood; then a new name. */
static struct found
find_option(struct odm_span word, const struct cli_option *options, size_t n)
{
	struct found found = { NULL, false, false };

	if (word.len == 0)
		return found;
	for (size_t i = 0; i < n; i++) {
		bool negated = false;

		if (fits_option(word, &options[i], &negated) == 2)
			return (struct found){ &options[i], negated, false };
	}
	found = find_among(word, options, n, true);
	return found.option != NULL ? found : find_among(word, options, n, false);
}

const struct cli_option *
cli_find(const struct cli_option *options, size_t noptions, struct odm_span name,
    bool *negated_r)
{
	struct found found = find_option(name, options, noptions);

	if (found.option == NULL || found.ambiguous)
		return NULL;
	*negated_r = found.negated;
	return found.option;
}

static bool
add_to_list(struct cli_list *list, const char *value)
{
	const char **more;

	if (list->nwords >= CLI_LIST_MAX)
		return false;
	more = reallocarray(list->words, list->nwords + 1, sizeof(*more));
	if (more == NULL)
		return false;
	list->words = more;
	list->words[list->nwords++] = value;
	return true;
}

void
cli_list_free(struct cli_list *list)
{
	free(list->words);
	*list = (struct cli_list){ NULL, 0 };
}

static void *
place(const struct reading *r, const struct cli_option *o)
{
	return (char *)r->settings + o->offset;
}

static bool
store_number(const struct reading *r, const struct cli_option *o, const char *value)
{
	const char *problem;
	long long number = strtonum(value, o->min, o->max, &problem);

	if (problem != NULL)
		return no(r->why, r->why_size, "value \"%.100s\" of option %s is %s (a number from "
		    "%" PRId64 " to %" PRId64 ")", value, o->name, problem, o->min, o->max);
	*(int64_t *)place(r, o) = number;
	return true;
}

static bool
store_value(const struct reading *r, const struct found *f, const char *value)
{
	const struct cli_option *o = f->option;

	switch (o->type) {
	case CLI_FLAG:
		*(bool *)place(r, o) = !f->negated;
		return true;
	case CLI_COUNT:
		*(int *)place(r, o) = f->negated ? 0 : *(int *)place(r, o) + 1;
		return true;
	case CLI_STRING:
	case CLI_TEXT:
		*(const char **)place(r, o) = value;
		return true;
	case CLI_NUMBER:
		return store_number(r, o, value);
	case CLI_LIST:
	case CLI_WORDS:
		if (!add_to_list(place(r, o), value))
			return no(r->why, r->why_size, "%s%s is given too often",
			    o->name == NULL ? "" : "option ",
			    o->name == NULL ? value : o->name);
		return true;
	}
	return false;
}

/* Reads argv[*i_r] and, where the option wants it, the value behind it. */
static bool
read_one(const struct reading *r, int argc, char **argv, int *i_r)
{
	const char *arg = argv[*i_r], *value = strchr(arg, '=');
	size_t dashes = arg[1] == '-' ? 2 : 1;
	struct odm_span word = { arg + dashes,
	    (value == NULL ? strlen(arg) : (size_t)(value - arg)) };
	struct found f;

	word.len = word.len > dashes ? word.len - dashes : 0;
	f = find_option(word, r->options, r->n);
	if (f.option == NULL)
		return no(r->why, r->why_size, "unknown option: %.100s", arg);
	if (f.ambiguous)
		return no(r->why, r->why_size, "option %.100s is ambiguous", arg);
	if (!takes_value(f.option)) {
		if (value != NULL)
			return no(r->why, r->why_size, "option %s does not take a value",
			    f.option->name);
		return store_value(r, &f, NULL);
	}
	if (value != NULL)
		value++;
	else if (*i_r + 1 < argc)
		value = argv[++*i_r];
	if (value == NULL || (*value == '\0' && f.option->type != CLI_TEXT))
		return no(r->why, r->why_size, "option %s requires a value", f.option->name);
	return store_value(r, &f, value);
}

/* An argument that is no option. */
static bool
take_word(const struct reading *r, const char *word)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->options[i].type == CLI_WORDS)
			return store_value(r, &(struct found){ &r->options[i], false, false },
			    word);
	return no(r->why, r->why_size, "unexpected argument: %.100s", word);
}

bool
cli_read(const struct cli_option *options, size_t noptions, void *settings, int argc,
    char **argv, char *why, size_t why_size)
{
	const struct reading r = { options, noptions, settings, why, why_size };
	bool options_end = false;

	for (int i = 1; i < argc; i++) {
		if (!options_end && strcmp(argv[i], "--") == 0) {
			options_end = true;
		} else if (options_end || argv[i][0] != '-' || argv[i][1] == '\0') {
			if (!take_word(&r, argv[i]))
				return false;
		} else if (!read_one(&r, argc, argv, &i)) {
			return false;
		}
	}
	return true;
}

static void
print_usage(const char *prog, const struct cli_option *options, size_t n)
{
	const char *words = "";

	for (size_t i = 0; i < n; i++)
		if (options[i].type == CLI_WORDS)
			words = options[i].arg;
	fprintf(stderr, "Usage: %s [options]%s%s\n", prog, *words == '\0' ? "" : " ", words);
	for (size_t i = 0; i < n; i++) {
		const struct cli_option *o = &options[i];
		const char *alias = o->alias == NULL ? "" : o->alias;
		char left[64] = "";

		if (o->help == NULL || o->name == NULL)
			continue;
		(void)snprintf(left, sizeof(left), "%s%s%s--%s%s%s",
		    strlen(alias) > 1 ? "--" : alias[0] == '\0' ? "" : "-", alias,
		    alias[0] == '\0' ? "" : ", ", o->name,
		    o->arg == NULL ? "" : "=", o->arg == NULL ? "" : o->arg);
		fprintf(stderr, "  %-26s %s\n", left, o->help);
	}
}

int
cli_parse(const struct cli_common *c, const struct cli_option *options,
    size_t noptions, void *settings, int argc, char **argv)
{
	char why[256];

	if (!cli_read(options, noptions, settings, argc, argv, why, sizeof(why))) {
		fprintf(stderr, "%s: %s\n", c->prog, why);
		print_usage(c->prog, options, noptions);
		return CLI_EXIT_FAILED;
	}
	if (c->help) {
		print_usage(c->prog, options, noptions);
		return CLI_EXIT_OKAY;
	}
	if (c->version) {
		printf("%s v%s\n", c->prog, PACKAGE_VERSION);
		return CLI_EXIT_OKAY;
	}
	return -1;
}

int
cli_refuse(int status, const char *format, ...)
{
	char text[800];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	log_write(LOG_LEVEL_ERROR, "%s", text);
	return status;
}

void
cli_say_time(const struct cli_common *c, const char *what)
{
	time_t now = time(NULL);
	struct tm tm;
	char text[64];

	if (c->verbose > 0 && gmtime_r(&now, &tm) != NULL &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm) > 0)
		fprintf(stderr, "%s: %s at %s\n", c->prog, what, text);
}

int
cli_read_conf(const struct cli_common *c, struct conf **conf_r)
{
	const char *path = c->conf == NULL ? conf_default_path : c->conf;
	char why[512];

	if (c->conf == NULL && access(path, F_OK) != 0 && errno == ENOENT)
		path = NULL;
	*conf_r = conf_read(path, why, sizeof(why));
	if (*conf_r != NULL)
		return -1;
	fprintf(stderr, "%s: %s\n", c->prog, why);
	return CLI_EXIT_CONFIG;
}

