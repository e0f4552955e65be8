/*
 * dnsrows.h - a small table of DNS data for the tests of the policy core.
 */
#ifndef TESTS_UNIT_DNSROWS_H
#define TESTS_UNIT_DNSROWS_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "libopendmarc/core/questions.h"

struct dns_row {
	const char	*name;
	const char	*text;	/* a TXT record; NULL: questions for the name fail */
};

#define DNS_ROWS_MAX	12

/* Feeds one question from rows; a name that is in none does not exist. */
static inline void
dns_rows_feed(struct odm_questions *qs, const struct odm_question *q,
    const struct dns_row *rows, size_t nrows)
{
	struct odm_answer answer = { ODM_ANSWER_NXDOMAIN, NULL, 0 };
	struct odm_span txt[DNS_ROWS_MAX];
	char *exact[DNS_ROWS_MAX];

	for (size_t i = 0; i < nrows && rows[i].name != NULL; i++) {
		size_t len;

		if (strcmp(rows[i].name, q->name) != 0)
			continue;
		if (rows[i].text == NULL) {
			answer.status = ODM_ANSWER_FAILURE;
			continue;
		}
		/* Exact and freed after feeding: over-reads and borrowing show. */
		len = strlen(rows[i].text);
		exact[answer.ntxt] = malloc(len > 0 ? len : 1);
		ck_assert_ptr_nonnull(exact[answer.ntxt]);
		memcpy(exact[answer.ntxt], rows[i].text, len);
		txt[answer.ntxt] = (struct odm_span){ exact[answer.ntxt], len };
		answer.ntxt++;
		answer.status = ODM_ANSWER_RECORDS;
	}
	answer.txt = txt;
	ck_assert_int_eq(odm_questions_feed(qs, q->id, &answer), 0);
	for (size_t i = 0; i < answer.ntxt; i++)
		free(exact[i]);
}

/* How many questions have been asked, open or not. */
static inline size_t
dns_rows_asked(const struct odm_questions *qs)
{
	size_t n = 0;

	while (odm_questions_at(qs, n) != NULL)
		n++;
	return n;
}

/* How many questions are open. */
static inline size_t
dns_rows_open(const struct odm_questions *qs)
{
	size_t n = 0;

	while (odm_questions_open(qs, n) != NULL)
		n++;
	return n;
}

#endif
