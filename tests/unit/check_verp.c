/*
 * check_verp.c - senders that name a recipient, and back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include <check.h>

#include "libopendmarc/base/span.h"
#include "reports/verp.h"
#include "tests/unit/suite.h"

#define EMAIL	"noreply@r.example"
#define LONG	"a23456789012345678901234567890123456789012345678901234567890@long.example"

static const struct report_verp_key key = { "0123456789abcdef0123456789abcde" };

static const char *const recipients[] = {
	"dmarc@sender.example", "DMARC@Sender.Example", "a+b=c@sender.example", "a-b@x-y.example",
	"a@b.example", LONG, "dmarc@xn--bcher-kva.example",
};

START_TEST(there_and_back)
{
	const char *to = recipients[_i];
	char sender[ODM_URI_ADDRESS_MAX + 1], back[ODM_URI_ADDRESS_MAX + 1], *c;
	struct report_verp_key other = key;
	size_t i;

	report_verp_sender(&key, EMAIL, to, sender);
	ck_assert_msg(strcmp(sender, EMAIL) != 0, "%s", to);
	ck_assert_msg(strcspn(sender, "@") <= 64, "%s", sender);
	ck_assert_msg(report_verp_recipient(&key, EMAIL, sender, to, back), "%s", sender);
	ck_assert_int_eq(strcasecmp(back, to), 0);

	/* Letter case may be lost on the way. */
	for (c = sender; *c != '\0'; c++)
		*c = odm_lower(*c);
	ck_assert(report_verp_recipient(&key, "NoReply@R.example", sender, to, back));

	/* Each letter counts, and so do key and domain. */
	for (i = strlen("noreply"); sender[i] != '@'; i++) {
		char was = sender[i];

		sender[i] = was == 'x' ? 'y' : 'x';
		ck_assert_msg(!report_verp_recipient(&key, EMAIL, sender, to, back), "%s", sender);
		sender[i] = was;
	}
	other.octets[31] ^= 1;
	ck_assert(!report_verp_recipient(&other, EMAIL, sender, to, back));
	ck_assert(!report_verp_recipient(&key, "noreply@other.example", sender, to, back));
	ck_assert(!report_verp_recipient(&key, "reply@r.example", sender, to, back));
}
END_TEST

static const char *const strange[] = {
	"", "noreply@r.example", "noreply+@r.example", "noreply+a=b@r.example", "@",
	"noreply+a=b.example-00000000000000000000@r.example", "noreply+-@r.example",
	"noreply+00000000000000000000@r.example", "noreply+=@r.example", "x",
	"noreply+=-00000000000000000000@r.example",
	"noreply+a-00000000000000000000@r.example",
};

START_TEST(not_ours)
{
	char back[ODM_URI_ADDRESS_MAX + 1];

	ck_assert(!report_verp_recipient(&key, EMAIL, strange[_i], "a@b.example", back));
	ck_assert(!report_verp_recipient(&key, EMAIL, strange[_i], NULL, back));
}
END_TEST

/* The short form says nothing without a hint, and nothing about another address. */
START_TEST(short_form)
{
	char sender[ODM_URI_ADDRESS_MAX + 1], back[ODM_URI_ADDRESS_MAX + 1];

	report_verp_sender(&key, EMAIL, LONG, sender);
	ck_assert_ptr_null(strchr(sender, '='));
	ck_assert(!report_verp_recipient(&key, EMAIL, sender, NULL, back));
	ck_assert(!report_verp_recipient(&key, EMAIL, sender, "other@long.example", back));
	ck_assert(!report_verp_recipient(&key, EMAIL, sender, "no address", back));
}
END_TEST

/* An address that has no room for a suffix stays as it is. */
START_TEST(no_room)
{
	static const char email[] = "a2345678901234567890123456789012345678901234567890@r.example";
	char sender[ODM_URI_ADDRESS_MAX + 1];

	report_verp_sender(&key, email, "a@b.example", sender);
	ck_assert_str_eq(sender, email);
}
END_TEST

START_TEST(key_file)
{
	char dir[] = "/tmp/check_verp.XXXXXX", path[64], why[200];
	struct report_verp_key first, second;
	struct stat info;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/key", dir);
	ck_assert(!report_verp_key_read(path, false, &first, why, sizeof(why)));
	ck_assert_ptr_nonnull(strstr(why, path));
	ck_assert(report_verp_key_read(path, true, &first, why, sizeof(why)));
	ck_assert_int_eq(stat(path, &info), 0);
	ck_assert_int_eq(info.st_mode & 0777, 0600);
	ck_assert(report_verp_key_read(path, true, &second, why, sizeof(why)));
	ck_assert_mem_eq(&first, &second, sizeof(first));
	ck_assert_int_eq(truncate(path, 63), 0);
	ck_assert(!report_verp_key_read(path, true, &second, why, sizeof(why)));
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("verp");
	TCase *tc = tcase_create("verp");

	tcase_add_loop_test(tc, there_and_back, 0, COUNT(recipients));
	tcase_add_loop_test(tc, not_ours, 0, COUNT(strange));
	tcase_add_test(tc, short_form);
	tcase_add_test(tc, no_room);
	tcase_add_test(tc, key_file);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
