/*
 * spfcases.c - plays SPF checks against scripted zones and compares the results.
 * RFC 7208. The whole way is real: spf_start(), our resolver, a name server on
 * loopback, libspf2.
 *
 * Usage: spfcases [FILE...]; without FILE all of tests/spf/cases/. Speaks TAP,
 * one line for each case; the form of the files is in tests/spf/README.md.
 */
#include <dirent.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/spf.h"
#include "tests/unit/testdns.h"

#define LINE_MAX_OCTETS	8192
#define ROWS_MAX	400
#define TITLE_MAX	100
/* No result waits so long: every answer is here or a failure after a moment. */
#define PATIENCE_MSECS	60000

/*
 * The first record, ten terms with a record or ten hosts each, and the ten names
 * of the client with the reverse one: whatever a zone says, nobody asks more.
 */
#define QUESTIONS_MAX	(1 + 10 * 11 + 11)

struct player {
	const char	*file;
	size_t		 line;
	unsigned	 ran, failed;
	/* The zone. */
	struct testdns_row rows[ROWS_MAX];
	size_t		 nrows;
	struct testdns	*dns;		/* NULL: not started */
	/* The case. */
	char		 title[TITLE_MAX], section[TITLE_MAX];
	char		*client, *helo, *sender;
	enum odm_result	 expected;
	unsigned	 allowed;	/* a bit for each result that the standard allows; 0: expected */
	bool		 in_case, expect_given;
};

static void bad_file(const struct player *p, const char *what) __attribute__((noreturn));

static void
bad_file(const struct player *p, const char *what)
{
	printf("Bail out! %s:%zu: %s\n", p->file, p->line, what);
	exit(1);
}

static char *
keep(const struct player *p, const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL)
		bad_file(p, "out of memory");
	return copy;
}

static void
end_zone(struct player *p)
{
	testdns_stop(&p->dns);
	for (size_t i = 0; i < p->nrows; i++) {
		free((void *)(uintptr_t)p->rows[i].name);
		free((void *)(uintptr_t)p->rows[i].data);
	}
	p->nrows = 0;
}

static const enum dns_type all_types[] = {
	DNS_TYPE_A, DNS_TYPE_AAAA, DNS_TYPE_MX, DNS_TYPE_PTR, DNS_TYPE_TXT, DNS_TYPE_CNAME
};
static const char *const all_names[] = { "A", "AAAA", "MX", "PTR", "TXT", "CNAME" };

static void
add_row(struct player *p, const char *name, enum dns_type type, const char *data,
    enum testdns_do what)
{
	if (p->nrows == ROWS_MAX)
		bad_file(p, "too many rows in one zone");
	p->rows[p->nrows++] = (struct testdns_row){ .name = keep(p, name), .type = type,
		.data = keep(p, data), .what = what };
}

/* "FAILS": every question for the name that no row above answers. */
static void
add_failures(struct player *p, const char *name)
{
	for (size_t t = 0; t < COUNT(all_types) - 1; t++) {
		bool known = false;

		for (size_t i = 0; i < p->nrows; i++)
			known = known || (p->rows[i].type == all_types[t] &&
			    strcasecmp(p->rows[i].name, name) == 0);
		if (!known)
			add_row(p, name, all_types[t], "", DO_SERVFAIL);
	}
}

/* Cuts the first word off *rest. */
static char *
word(char **rest)
{
	char *start = *rest;
	size_t len = strcspn(start, " ");

	*rest = start + len;
	if (**rest != '\0')
		*(*rest)++ = '\0';
	return start;
}

/* Resolves \xHH in place. */
static void
unescape(const struct player *p, char *text)
{
	char *to = text;

	for (const char *at = text; *at != '\0'; at++) {
		char digits[3] = "", *end;

		if (at[0] != '\\' || at[1] != 'x') {
			*to++ = *at;
			continue;
		}
		memcpy(digits, at + 2, strnlen(at + 2, 2));
		*to++ = (char)strtoul(digits, &end, 16);
		if (end != digits + 2)
			bad_file(p, "\\x wants two digits");
		at += 3;
	}
	*to = '\0';
}

static void
read_row(struct player *p, char *line)
{
	char *rest = line, *name = word(&rest), *type = word(&rest);

	if (p->dns != NULL)
		bad_file(p, "a row after the first case of its zone");
	unescape(p, name);
	unescape(p, rest);
	if (strcmp(type, "FAILS") == 0) {
		add_failures(p, name);
		return;
	}
	for (size_t i = 0; i < COUNT(all_types); i++)
		if (strcmp(type, all_names[i]) == 0) {
			add_row(p, name, all_types[i], rest, DO_ANSWER);
			return;
		}
	bad_file(p, "unknown record type");
}

static enum odm_result
read_result(const struct player *p, const char *name)
{
	for (int i = ODM_RESULT_NONE; i <= ODM_RESULT_PERMERROR; i++)
		if (strcmp(odm_result_name((enum odm_result)i), name) == 0)
			return (enum odm_result)i;
	bad_file(p, "unknown result");
}

/* One check; the questions it cost go to *asked_r. */
static enum odm_result
check(const struct player *p, struct resolver *r, unsigned *asked_r)
{
	unsigned before = testdns_count(p->dns, NULL, 0);
	enum odm_result got = ODM_RESULT_NONE;
	struct spf_check *c;
	struct odm_ip ip;

	if (!odm_ip_parse(odm_span_str(p->client), &ip))
		bad_file(p, "no client address");
	c = spf_start(r, &ip, p->helo, p->sender);
	if (c == NULL)
		bad_file(p, "out of memory");
	got = spf_finish(c, resolver_now() + PATIENCE_MSECS);
	spf_free(&c);
	*asked_r = testdns_count(p->dns, NULL, 0) - before;
	return got;
}

/*
 * Plays the case twice, with an empty cache, where the evaluation starts again
 * with each answer, and then with all answers at hand: both must agree.
 */
static void
play(struct player *p)
{
	char *words[2], why[200] = "";
	enum odm_result cold, warm;
	struct conf_list list;
	struct resolver *r;
	unsigned asked, again;
	bool good;

	if (p->dns == NULL)
		p->dns = testdns_start(p->rows, p->nrows, (struct testdns_manner){ 0 });
	list = testdns_list(words, p->dns, NULL);
	r = resolver_new(&list, 20, why, sizeof(why));
	if (r == NULL)
		bad_file(p, why);
	cold = check(p, r, &asked);
	warm = check(p, r, &again);
	resolver_free(&r);
	good = cold == p->expected && warm == cold && asked <= QUESTIONS_MAX &&
	    (p->allowed == 0 || (p->allowed & (1u << p->expected)) != 0);
	p->ran++;
	p->failed += !good;
	printf("%sok %u - %s (%s)\n", good ? "" : "not ", p->ran, p->title, p->section);
	if (!good)
		printf("# %s:%zu: got %s, from the cache %s, want %s; %u questions\n", p->file,
		    p->line, odm_result_name(cold), odm_result_name(warm),
		    odm_result_name(p->expected), asked);
}

static void
end_case(struct player *p)
{
	if (p->in_case && (!p->expect_given || p->client == NULL))
		bad_file(p, "the case before lacks client or expect");
	if (p->in_case)
		play(p);
	free(p->client);
	free(p->helo);
	free(p->sender);
	p->client = p->helo = p->sender = NULL;
	p->in_case = p->expect_given = false;
	p->allowed = 0;
	p->section[0] = '\0';
}

static void
copy_title(const struct player *p, char title_r[TITLE_MAX], const char *text)
{
	if (strlcpy(title_r, text, TITLE_MAX) >= TITLE_MAX)
		bad_file(p, "too long");
}

static void
set_text(const struct player *p, char **slot, char *text)
{
	unescape(p, text);
	free(*slot);
	*slot = keep(p, text);
}

/* A line inside a case. */
static void
read_fact(struct player *p, char *line)
{
	char *rest = line, *key = word(&rest);

	if (strcmp(key, "section") == 0)
		copy_title(p, p->section, rest);
	else if (strcmp(key, "client") == 0)
		set_text(p, &p->client, rest);
	else if (strcmp(key, "helo") == 0)
		set_text(p, &p->helo, rest);
	else if (strcmp(key, "sender") == 0)
		set_text(p, &p->sender, rest);
	else if (strcmp(key, "allowed") == 0) {
		while (*rest != '\0')
			p->allowed |= 1u << read_result(p, word(&rest));
	} else if (strcmp(key, "expect") == 0) {
		p->expected = read_result(p, rest);
		p->expect_given = true;
	} else
		bad_file(p, "unknown line");
}

static void
read_line(struct player *p, char *line)
{
	line[strcspn(line, "\n")] = '\0';
	p->line++;
	if (line[0] == '#' || line[0] == '\0')
		return;
	if (strncmp(line, "zone ", 5) == 0) {
		end_case(p);
		end_zone(p);
		printf("# %s\n", line);
	} else if (strncmp(line, "case ", 5) == 0) {
		end_case(p);
		p->in_case = true;
		copy_title(p, p->title, line + 5);
	} else if (p->in_case) {
		read_fact(p, line);
	} else {
		read_row(p, line);
	}
}

static void
play_file(struct player *p, const char *path)
{
	char line[LINE_MAX_OCTETS];
	FILE *f = fopen(path, "r");

	p->file = path;
	p->line = 0;
	if (f == NULL)
		bad_file(p, "cannot be opened");
	while (fgets(line, sizeof(line), f) != NULL) {
		if (strchr(line, '\n') == NULL)
			bad_file(p, "a line is too long or lacks its end");
		read_line(p, line);
	}
	fclose(f);
	end_case(p);
	end_zone(p);
}

static int
is_case_file(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot != NULL && strcmp(dot, ".cases") == 0;
}

static void
play_all(struct player *p)
{
	const char *srcdir = getenv("top_srcdir");
	char folder[PATH_MAX], path[PATH_MAX + NAME_MAX + 2];
	struct dirent **list;
	int i, n;

	n = snprintf(folder, sizeof(folder), "%s/tests/spf/cases", srcdir == NULL ? "." : srcdir);
	p->file = folder;
	if (n < 0 || (size_t)n >= sizeof(folder) ||
	    (n = scandir(folder, &list, is_case_file, alphasort)) < 0)
		bad_file(p, "cannot be read");
	for (i = 0; i < n; i++) {
		if (snprintf(path, sizeof(path), "%s/%s", folder, list[i]->d_name) > 0)
			play_file(p, path);
		free(list[i]);
	}
	free(list);
}

int
main(int argc, char **argv)
{
	static struct player p;
	int i;

	for (i = 1; i < argc; i++)
		play_file(&p, argv[i]);
	if (argc <= 1)
		play_all(&p);
	printf("1..%u\n", p.ran);
	return p.failed > 0 || p.ran == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
