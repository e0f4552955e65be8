/*
 * bench_library.c - what an evaluation with answers at hand and the parsing of a
 * typical Authentication-Results field cost.
 *
 * usage: bench_library [NAME COUNT]
 *
 * Without arguments every row is run for about a second and printed with the CPU time and
 * the allocations of one run. With a name and a count only that row is run so often:
 * the form for counting instructions (tests/bench/library.sh).
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libopendmarc/core/eval.h"
#include "libopendmarc/parse/authres.h"
#include "libopendmarc/parse/from.h"
#include "libopendmarc/parse/record.h"

/* Allocations of this program: the linker sends them here first (--wrap). */
static unsigned long long allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *at, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *at, size_t size);

void *
__wrap_malloc(size_t size)
{
	allocations++;
	return __real_malloc(size);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	allocations++;
	return __real_calloc(n, size);
}

void *
__wrap_realloc(void *at, size_t size)
{
	allocations++;
	return __real_realloc(at, size);
}

static const char record_text[] =
    "v=DMARC1; p=reject; sp=quarantine; rua=mailto:dmarc@example.com,mailto:agg@collector.example; "
    "adkim=r; aspf=r; fo=1";
static const char authres_text[] =
    " mx.example.net;\n\tdkim=pass (2048-bit key; unprotected) header.d=example.com "
    "header.i=@example.com header.a=rsa-sha256 header.s=s1 header.b=AbCdEfGh;\n\t"
    "dkim-atps=neutral;\n\tspf=pass (sender SPF authorized) smtp.mailfrom=bounce+x=y@example.com";
static const char from_text[] = "\"Doe, Jane (Sales)\" <jane.doe@news.example.com>";

/* A record at example.com, nothing anywhere else: answered as a cache would. */
static void
answer_all(struct odm_eval *e)
{
	static const struct odm_span txt = { record_text, sizeof(record_text) - 1 };
	const struct odm_answer found = { ODM_ANSWER_RECORDS, &txt, 1 };
	const struct odm_answer absent = { ODM_ANSWER_NXDOMAIN, NULL, 0 };
	struct odm_questions *qs = odm_eval_questions(e);
	const struct odm_question *q;

	while (!odm_eval_run(e) && odm_questions_open(qs, 0) != NULL)
		while ((q = odm_questions_open(qs, 0)) != NULL)
			if (odm_questions_feed(qs, q->id,
			    strcmp(q->name, "_dmarc.example.com") == 0 ? &found : &absent) != 0)
				abort();
}

static void
evaluate(const char *author)
{
	struct odm_eval *e = odm_eval_new(true);

	if (e == NULL || odm_eval_add_author(e, author) != 0)
		abort();
	odm_eval_add_spf(e, ODM_RESULT_PASS, "bounce.example.com");
	odm_eval_add_dkim(e, ODM_RESULT_PASS, "esp.example.net");
	odm_eval_add_dkim(e, ODM_RESULT_PASS, "mail.example.com");
	odm_eval_identities_complete(e);
	answer_all(e);
	if (odm_eval_verdict(e) == NULL || odm_eval_verdict(e)->result != ODM_DMARC_PASS)
		abort();
	odm_eval_free(&e);
}

static void
eval_own_record(void)
{
	evaluate("example.com");
}

static void
eval_subdomain(void)
{
	evaluate("news.example.com");
}

static void
parse_authres(void)
{
	struct odm_authres_result res;
	struct odm_authres ar;
	int got, n = 0;

	if (!odm_authres_open(odm_span_str(authres_text), &ar))
		abort();
	while ((got = odm_authres_next(&ar, &res)) != 0)
		n += got;
	if (n != 3)
		abort();
}

static void
parse_record(void)
{
	struct odm_record rec;

	if (!odm_record_parse(odm_span_str(record_text), &rec) || rec.p != ODM_POLICY_REJECT)
		abort();
}

static void
parse_from(void)
{
	struct odm_from from;

	odm_from_parse(odm_span_str(from_text), &from);
	if (from.ndomains != 1)
		abort();
}

static const struct row {
	const char	*name;
	void		(*run)(void);
} rows[] = {
	{ "evaluation-own-record",	eval_own_record },
	{ "evaluation-subdomain",	eval_subdomain },
	{ "parse-authres",		parse_authres },
	{ "parse-record",		parse_record },
	{ "parse-from",			parse_from },
};

static double
cpu_secs(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
measure(const struct row *row)
{
	const unsigned batch = 1000;
	unsigned long long runs = 0, before = allocations;
	double start = cpu_secs(), spent;

	do {
		for (unsigned i = 0; i < batch; i++)
			row->run();
		runs += batch;
		spent = cpu_secs() - start;
	} while (spent < 1.0);
	printf("%-24s %8.3f us  %5.1f allocations\n", row->name, spent * 1e6 / (double)runs,
	    (double)(allocations - before) / (double)runs);
}

int
main(int argc, char **argv)
{
	unsigned long long count;

	if (argc == 1) {
		for (size_t i = 0; i < COUNT(rows); i++)
			measure(&rows[i]);
		return EXIT_SUCCESS;
	}
	for (size_t i = 0; argc == 3 && i < COUNT(rows); i++) {
		if (strcmp(argv[1], rows[i].name) != 0 ||
		    !odm_span_number(odm_span_str(argv[2]), 1000000000, &count))
			continue;
		while (count-- > 0)
			rows[i].run();
		return EXIT_SUCCESS;
	}
	fprintf(stderr, "usage: bench_library [NAME COUNT]\n");
	return 64;
}
