/*
 * check_questions.c - the table of questions: once each, any order, bounded.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libopendmarc/core/questions.h"
#include "tests/unit/dnsrows.h"
#include "tests/unit/suite.h"

static const struct odm_answer failure = { ODM_ANSWER_FAILURE, NULL, 0 };

static struct odm_questions *
new_questions(void)
{
	struct odm_questions *qs = odm_questions_new();

	ck_assert_ptr_nonnull(qs);
	return qs;
}

START_TEST(asks_each_name_once)
{
	struct odm_questions *qs = new_questions();
	char name[] = "_dmarc.example.com";
	int a, b;

	a = odm_questions_ask(qs, ODM_QUESTION_TXT, name);
	name[0] = 'x';	/* the table has its own copy */
	b = odm_questions_ask(qs, ODM_QUESTION_TXT, name);
	ck_assert_int_ge(a, 0);
	ck_assert_int_ne(a, b);
	ck_assert_int_eq(odm_questions_ask(qs, ODM_QUESTION_TXT, "_dmarc.example.com"), a);
	ck_assert_int_eq(odm_questions_ask(qs, ODM_QUESTION_TXT, "xdmarc.example.com"), b);
	ck_assert_uint_eq(dns_rows_asked(qs), 2);

	/* Another kind is another question. */
	ck_assert_int_ne(odm_questions_ask(qs, ODM_QUESTION_EXISTS, "_dmarc.example.com"), a);
	ck_assert_uint_eq(dns_rows_asked(qs), 3);
	ck_assert_str_eq(odm_questions_at(qs, 0)->name, "_dmarc.example.com");
	ck_assert_int_eq(odm_questions_at(qs, 2)->kind, ODM_QUESTION_EXISTS);
	odm_questions_free(&qs);
	ck_assert_ptr_null(qs);
	odm_questions_free(&qs);
}
END_TEST

/* The open questions in order, written one after another. */
static const char *
open_names(const struct odm_questions *qs, char *buf, size_t size)
{
	const struct odm_question *q;

	buf[0] = '\0';
	for (size_t i = 0; (q = odm_questions_open(qs, i)) != NULL; i++)
		strlcat(buf, q->name, size);
	return buf;
}

START_TEST(open_keeps_the_order_of_asking)
{
	struct odm_questions *qs = new_questions();
	const char *names[] = { "a", "b", "c", "d" };
	char buf[16];
	int id[4];

	for (size_t i = 0; i < COUNT(names); i++)
		id[i] = odm_questions_ask(qs, ODM_QUESTION_TXT, names[i]);
	ck_assert_str_eq(open_names(qs, buf, sizeof(buf)), "abcd");
	ck_assert_int_eq(odm_questions_feed(qs, (unsigned)id[2], &failure), 0);
	ck_assert_str_eq(open_names(qs, buf, sizeof(buf)), "abd");
	ck_assert_int_eq(odm_questions_feed(qs, (unsigned)id[0], &failure), 0);
	ck_assert_str_eq(open_names(qs, buf, sizeof(buf)), "bd");
	ck_assert_int_eq(odm_questions_feed(qs, (unsigned)id[3], &failure), 0);
	ck_assert_int_eq(odm_questions_feed(qs, (unsigned)id[1], &failure), 0);
	ck_assert_str_eq(open_names(qs, buf, sizeof(buf)), "");
	ck_assert_ptr_nonnull(odm_questions_at(qs, 3));
	ck_assert_ptr_null(odm_questions_at(qs, 4));
	odm_questions_free(&qs);
}
END_TEST

START_TEST(refuses_answers_to_what_is_not_open)
{
	struct odm_questions *qs = new_questions();
	int id;

	ck_assert_int_eq(odm_questions_feed(qs, 0, &failure), -1);
	id = odm_questions_ask(qs, ODM_QUESTION_TXT, "a");
	ck_assert_ptr_null(odm_questions_answer(qs, id));
	ck_assert_ptr_null(odm_questions_answer(qs, -1));
	ck_assert_ptr_null(odm_questions_answer(qs, 77));
	ck_assert_int_eq(odm_questions_feed(qs, (unsigned)id + 1, &failure), -1);
	ck_assert_int_eq(odm_questions_feed(qs, (unsigned)-1, &failure), -1);
	ck_assert_int_eq(odm_questions_feed(qs, (unsigned)id, &failure), 0);
	ck_assert_int_eq(odm_questions_feed(qs, (unsigned)id, &failure), -1);
	ck_assert_int_eq(odm_questions_answer(qs, id)->status, ODM_ANSWER_FAILURE);
	odm_questions_free(&qs);
}
END_TEST

START_TEST(copies_records)
{
	struct odm_questions *qs = new_questions();
	struct odm_span txt[] = { { "one", 3 }, { NULL, 0 }, { "a\0b", 3 } };
	struct odm_answer answer = { ODM_ANSWER_RECORDS, txt, COUNT(txt) };
	int id = odm_questions_ask(qs, ODM_QUESTION_TXT, "a");
	const struct odm_answer *got;

	ck_assert_int_eq(odm_questions_feed(qs, (unsigned)id, &answer), 0);
	txt[0].at = NULL;
	got = odm_questions_answer(qs, id);
	ck_assert_int_eq(got->status, ODM_ANSWER_RECORDS);
	ck_assert_uint_eq(got->ntxt, 3);
	ck_assert(odm_span_eq(got->txt[0], "one"));
	ck_assert_uint_eq(got->txt[1].len, 0);
	ck_assert_uint_eq(got->txt[2].len, 3);
	ck_assert_int_eq(memcmp(got->txt[2].at, "a\0b", 3), 0);

	/* Only records of type TXT have text, and only with that status. */
	id = odm_questions_ask(qs, ODM_QUESTION_EXISTS, "a");
	ck_assert_int_eq(odm_questions_feed(qs, (unsigned)id, &answer), 0);
	ck_assert_uint_eq(odm_questions_answer(qs, id)->ntxt, 0);
	id = odm_questions_ask(qs, ODM_QUESTION_TXT, "b");
	answer.status = ODM_ANSWER_NODATA;
	ck_assert_int_eq(odm_questions_feed(qs, (unsigned)id, &answer), 0);
	ck_assert_uint_eq(odm_questions_answer(qs, id)->ntxt, 0);
	ck_assert_int_eq(odm_questions_answer(qs, id)->status, ODM_ANSWER_NODATA);
	odm_questions_free(&qs);
}
END_TEST

/* Records of so many octets are fed; so many of them are kept. */
static const struct limit_case {
	const char	*what;
	size_t		 nrecords, octets_each, kept;
} limits[] = {
	{ "one",			1, 10, 1 },
	{ "as many as allowed",		ODM_TXT_RECORDS_MAX, 10, ODM_TXT_RECORDS_MAX },
	{ "one too many",		ODM_TXT_RECORDS_MAX + 1, 10, ODM_TXT_RECORDS_MAX },
	{ "the longest",		1, ODM_TXT_MAX, 1 },
	{ "longer than the longest",	1, ODM_TXT_MAX + 1, 0 },
	{ "too many octets together",	3, ODM_TXT_MAX / 2, 2 },
	{ "records, but none",		0, 0, 0 },
	{ "empty records",		3, 0, 3 },
};

START_TEST(bounds_answers)
{
	const struct limit_case *c = &limits[_i];
	struct odm_questions *qs = new_questions();
	char *text = malloc(c->octets_each > 0 ? c->octets_each : 1);
	struct odm_span txt[ODM_TXT_RECORDS_MAX + 1];
	struct odm_answer answer = { ODM_ANSWER_RECORDS, txt, c->nrecords };
	int id = odm_questions_ask(qs, ODM_QUESTION_TXT, "a");
	const struct odm_answer *got;

	ck_assert_ptr_nonnull(text);
	memset(text, 'x', c->octets_each);
	for (size_t i = 0; i < COUNT(txt); i++)
		txt[i] = (struct odm_span){ text, c->octets_each };
	ck_assert_int_eq(odm_questions_feed(qs, (unsigned)id, &answer), 0);
	free(text);
	got = odm_questions_answer(qs, id);
	ck_assert_int_eq(got->status, ODM_ANSWER_RECORDS);
	ck_assert_msg(got->ntxt == c->kept, "%s: kept %zu, want %zu", c->what, got->ntxt, c->kept);
	for (size_t i = 0; i < got->ntxt; i++) {
		ck_assert_uint_eq(got->txt[i].len, c->octets_each);
		if (c->octets_each > 0)
			ck_assert_int_eq(got->txt[i].at[c->octets_each - 1], 'x');
	}
	odm_questions_free(&qs);
}
END_TEST

/* Name i of a long list of long names. */
static void
long_name(char *name, size_t size, size_t i)
{
	int len = snprintf(name, size, "%0200zu.example.com", i);

	ck_assert(len > 0 && (size_t)len < size);
}

START_TEST(is_bounded_and_nothing_moves)
{
	struct odm_questions *qs = new_questions();
	char record[300], name[256];
	struct odm_span txt = { record, sizeof(record) };
	struct odm_answer answer = { ODM_ANSWER_RECORDS, &txt, 1 };
	const char *first;
	int first_id;

	memset(record, 'r', sizeof(record));
	first_id = odm_questions_ask(qs, ODM_QUESTION_TXT, "first");
	ck_assert_int_eq(odm_questions_feed(qs, (unsigned)first_id, &answer), 0);
	first = odm_questions_answer(qs, first_id)->txt[0].at;

	for (size_t i = 1; i < ODM_QUESTIONS_MAX; i++) {
		int id;

		long_name(name, sizeof(name), i);
		id = odm_questions_ask(qs, ODM_QUESTION_TXT, name);
		ck_assert_int_ge(id, 0);
		if (i % 3 == 0)
			ck_assert_int_eq(odm_questions_feed(qs, (unsigned)id, &answer), 0);
	}
	ck_assert_int_eq(odm_questions_ask(qs, ODM_QUESTION_TXT, "one.more"), -1);
	ck_assert_int_eq(odm_questions_ask(qs, ODM_QUESTION_TXT, "first"), first_id);
	ck_assert_ptr_eq(odm_questions_answer(qs, first_id)->txt[0].at, first);
	ck_assert_int_eq(first[sizeof(record) - 1], 'r');

	for (size_t i = 1; i < ODM_QUESTIONS_MAX; i++) {
		long_name(name, sizeof(name), i);
		ck_assert_str_eq(odm_questions_at(qs, i)->name, name);
		ck_assert_int_eq(odm_questions_answer(qs, (int)i) != NULL, i % 3 == 0);
	}
	odm_questions_free(&qs);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("questions");
	TCase *tc = tcase_create("questions");

	tcase_add_test(tc, asks_each_name_once);
	tcase_add_test(tc, open_keeps_the_order_of_asking);
	tcase_add_test(tc, refuses_answers_to_what_is_not_open);
	tcase_add_test(tc, copies_records);
	tcase_add_loop_test(tc, bounds_answers, 0, (int)COUNT(limits));
	tcase_add_test(tc, is_bounded_and_nothing_moves);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
