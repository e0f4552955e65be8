/*
 * check_reportid.c - names of reports: the same for the same report, never for two.
 */
#include <stdlib.h>
#include <string.h>
#include <check.h>

#include "reports/reportid.h"
#include "tests/unit/suite.h"

#define DAY	1779148800

START_TEST(id_is_stable_and_plain)
{
	struct report_window w = { .begin = DAY, .end = DAY + 86400 };
	char id[REPORT_ID_LEN + 1];
	size_t i;

	report_id("receiver.example", "sender.example", &w, id);
	/* SHA-256 over submitter, domain, begin and end as digits, each with a NUL. */
	ck_assert_str_eq(id, "20260519" "c23207f29e0829d067329e0ebe077218");
	ck_assert_uint_eq(strlen(id), REPORT_ID_LEN);
	for (i = 0; id[i] != '\0'; i++)
		ck_assert(odm_is_alnum(id[i]));
}
END_TEST

START_TEST(ids_differ)
{
	static const struct {
		const char	*submitter, *domain;
		int64_t		 begin, end;
		int		 part;
	} cases[] = {
		{ "receiver.example", "sender.example", DAY, DAY + 86400, 0 },
		{ "receiver.example", "other.example", DAY, DAY + 86400, 0 },
		{ "receiver2.example", "sender.example", DAY, DAY + 86400, 0 },
		{ "receiver.example", "sender.example", DAY + 86400, DAY + 2 * 86400, 0 },
		{ "receiver.example", "sender.example", DAY, DAY + 3600, 0 },
		{ "receiver.examples", "ender.example", DAY, DAY + 86400, 0 },
		{ "receiver.example", "sender.example", DAY, DAY + 86400, 1 },
		{ "receiver.example", "sender.example", DAY, DAY + 86400, 2 },
	};
	char ids[COUNT(cases)][REPORT_ID_LEN + 1];
	size_t i, j;

	for (i = 0; i < COUNT(cases); i++) {
		struct report_window w = { .begin = cases[i].begin, .end = cases[i].end,
		    .part = cases[i].part };

		report_id(cases[i].submitter, cases[i].domain, &w, ids[i]);
		for (j = 0; j < i; j++)
			ck_assert_str_ne(ids[i], ids[j]);
	}
}
END_TEST

START_TEST(file_name)
{
	struct report_window w = { .begin = DAY, .end = DAY + 86400 };
	char name[REPORT_FILE_NAME_SIZE], huge[REPORT_FILE_NAME_SIZE];

	ck_assert(report_file_name("receiver.example", "sender.example", &w, name));
	ck_assert_str_eq(name,
	    "receiver.example!sender.example!1779148800!1779235199.xml.gz");
	ck_assert(!report_file_name("receiver.example", "../sender.example", &w, name));
	memset(huge, 'a', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\0';
	ck_assert(!report_file_name("receiver.example", huge, &w, name));
}
END_TEST

START_TEST(longest_names_fit)
{
	struct report_window w = { .begin = 253402214400, .end = 253402300800 };
	char longest[ODM_NAME_MAX + 1], id[REPORT_ID_LEN + 1], name[REPORT_FILE_NAME_SIZE];
	char message_id[REPORT_MESSAGE_ID_SIZE];

	memset(longest, 'a', ODM_NAME_MAX);
	longest[ODM_NAME_MAX] = '\0';
	report_id(longest, longest, &w, id);
	ck_assert(report_file_name(longest, longest, &w, name));
	ck_assert(report_message_id(longest, id, "a@b.example", message_id));
}
END_TEST

/* Each destination has a Message-ID of its own, which stays the same. */
START_TEST(message_ids)
{
	char one[REPORT_MESSAGE_ID_SIZE], two[REPORT_MESSAGE_ID_SIZE], again[REPORT_MESSAGE_ID_SIZE];

	ck_assert(report_message_id("receiver.example", "2026x", "a@sender.example", one));
	ck_assert(report_message_id("receiver.example", "2026x", "b@sender.example", two));
	ck_assert(report_message_id("receiver.example", "2026x", "a@sender.example", again));
	ck_assert_str_eq(one, again);
	ck_assert_str_ne(one, two);
	ck_assert_ptr_nonnull(strstr(one, "@receiver.example"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("reportid");
	TCase *tc = tcase_create("reportid");

	tcase_add_test(tc, id_is_stable_and_plain);
	tcase_add_test(tc, ids_differ);
	tcase_add_test(tc, file_name);
	tcase_add_test(tc, longest_names_fit);
	tcase_add_test(tc, message_ids);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
