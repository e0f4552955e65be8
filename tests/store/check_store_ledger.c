/*
 * check_store_ledger.c - reports owed and told, and their deliveries.
 */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/store/storebed.h"
#include "tests/unit/suite.h"

START_TEST(ledger)
{
	static const struct store_delivery deliveries[] = {
		{ .destination = "good@a.example", .mail = "mail\r\n\0x", .mail_len = 8 },
		{ .destination = "later@b.example", .mail = "second", .mail_len = 6 },
		{ .destination = "dead@c.example", .mail = "third", .mail_len = 5 },
		{ .destination = "later@b.example", .mail = "twice", .mail_len = 5 },
		{ .destination = "no@d.example", .state = STORE_DELIVERY_DEAD,
		    .reason = "not verified" },
	};
	struct seen seen = { .text = "" };
	bool known = true;

	add("i1", T0, "");
	ck_assert_int_eq(store_report_known(st, "a.example", T0, T0 + DAY, &known), 0);
	ck_assert(!known);
	ck_assert(add_report(st, "a.example", "r1", deliveries, COUNT(deliveries)));
	ck_assert(!add_report(st, "A.EXAMPLE", "r2", deliveries, COUNT(deliveries)));
	ck_assert_int_eq(store_report_known(st, "a.example", T0, T0 + DAY, &known), 0);
	ck_assert(known);
	ck_assert_int_eq(store_report_known(st, "a.example", T0, T0 + DAY + 1, &known), 0);
	ck_assert(!known);

	ck_assert_int_eq(store_each_due(st, 0, see_delivery, &seen), 0);
	ck_assert_int_eq(seen.calls, 3);
	ck_assert_ptr_nonnull(strstr(seen.text, "a.example 0-86400 r1 good@a.example state=0 "
	    "tries=0 next=0 - [mail\r\n"));
	ck_assert_ptr_null(strstr(seen.text, "twice"));

	seen = (struct seen){ .text = "" };
	ck_assert_int_eq(store_each_due(st, 1, try_delivery, &seen), 0);
	ck_assert_int_eq(seen.calls, 3);
	seen = (struct seen){ .text = "" };
	ck_assert_int_eq(store_each_due(st, 999, see_delivery, &seen), 0);
	ck_assert_str_eq(seen.text, "");
	ck_assert_int_eq(store_each_due(st, 1000, see_delivery, &seen), 0);
	ck_assert_str_eq(seen.text, "a.example 0-86400 r1 later@b.example state=2 tries=1 "
	    "next=1000 451 later [second]\n");
	ck_assert_int_eq(store_delivery_result(st, 4711, STORE_DELIVERY_SENT, 0, NULL), -1);
}
END_TEST

/* A report whose id is used already is refused as a whole. */
START_TEST(report_is_whole_or_not)
{
	static const struct store_delivery d = { .destination = "a@a.example" };
	struct seen seen = { .text = "" };
	struct store_claim claim;
	enum store_claimed how;
	bool added, known;

	add("i1", T0, "");
	add("i2", T0, "pdomain b.example\n");
	ck_assert(add_report(st, "a.example", "r1", &d, 1));
	ck_assert_int_eq(store_report_claim(st, "b.example", T0, T0 + DAY, 0, &claim, &how), 0);
	ck_assert_int_eq(how, STORE_CLAIM_MINE);
	ck_assert_int_eq(store_report_add(st, &claim, "r1", 1, &d, 1, &added), -1);
	ck_assert_int_eq(store_report_known(st, "b.example", T0, T0 + DAY, &known), 0);
	ck_assert(!known);
	ck_assert_int_eq(store_each_due(st, 0, see_delivery, &seen), 0);
	ck_assert_int_eq(seen.calls, 1);
}
END_TEST

/* The addresses of which messages a claimed report is. */
static int
see_ip(const struct store_message *m, void *arg)
{
	struct seen *seen = arg;

	note(seen, "%s ", m->ip);
	return counted(seen);
}

START_TEST(one_runner_makes_a_report)
{
	struct store *other = open_other();
	struct store_claim mine, theirs;
	struct seen seen = { .text = "" };
	enum store_claimed how;
	int64_t now = (int64_t)time(NULL);
	bool added;

	add("i1", T0, "ipaddr 192.0.2.1\n");
	ck_assert_int_eq(store_report_claim(st, "a.example", T0, T0 + DAY, now, &mine, &how), 0);
	ck_assert_int_eq(how, STORE_CLAIM_MINE);
	ck_assert(!mine.taken_over);
	ck_assert_int_eq(mine.part, 0);
	ck_assert_int_eq(store_report_claim(other, "a.example", T0, T0 + DAY, now, &theirs,
	    &how), 0);
	ck_assert_int_eq(how, STORE_CLAIM_TAKEN);
	ck_assert_int_eq(store_report_claim(st, "a.example", T0, T0 + DAY, now, &mine, &how), 0);
	ck_assert_int_eq(how, STORE_CLAIM_MINE);

	/* What comes meanwhile is not in it; the claim passes on when its time is over. */
	add("i2", T0, "ipaddr 192.0.2.2\n");
	ck_assert_int_eq(store_report_claim(other, "a.example", T0, T0 + DAY,
	    now + ODM_CLAIM_SECS + 60, &theirs, &how), 0);
	ck_assert_int_eq(how, STORE_CLAIM_MINE);
	ck_assert(theirs.taken_over);
	ck_assert_int_eq(theirs.report, mine.report);
	ck_assert_int_eq(store_each_claimed(other, &theirs, see_ip, &seen), 0);
	ck_assert_str_eq(seen.text, "192.0.2.1 ");

	/* The one who was too slow changes nothing. */
	ck_assert_int_eq(store_report_withhold(st, &mine, "slow"), 0);
	ck_assert_int_eq(store_report_release(st, &mine), 0);
	ck_assert_int_eq(store_report_add(st, &mine, "slow", 1, NULL, 0, &added), 0);
	ck_assert(!added);
	ck_assert_int_eq(store_report_add(other, &theirs, "r1", 1, NULL, 0, &added), 0);
	ck_assert(added);
	ck_assert_int_eq(store_report_add(other, &theirs, "r1", 1, NULL, 0, &added), 0);
	store_close(&other);
}
END_TEST

START_TEST(late_messages_get_a_supplement)
{
	struct store_claim claim;
	struct seen seen = { .text = "" };
	enum store_claimed how;
	int64_t ledger_end = -1;

	ck_assert_int_eq(store_ledger_end(st, &ledger_end), 0);
	ck_assert_int_eq(ledger_end, 0);
	add("i1", T0, "ipaddr 192.0.2.1\n");
	ck_assert(add_report(st, "a.example", "r1", NULL, 0));
	ck_assert_int_eq(store_each_unreported(st, T0, T0 + DAY, see_policy, &seen), 0);
	ck_assert_int_eq(seen.calls, 0);
	ck_assert_int_eq(store_report_claim(st, "a.example", T0, T0 + DAY, 0, &claim, &how), 0);
	ck_assert_int_eq(how, STORE_CLAIM_NOTHING);

	add("i2", T0 + 1, "ipaddr 192.0.2.2\np 110\n");
	ck_assert_int_eq(store_each_unreported(st, T0, T0 + DAY, see_policy, &seen), 0);
	ck_assert_str_eq(seen.text, "a.example rs n-- fo=0 psd=u t=0 - rua=\n");
	ck_assert_int_eq(store_report_claim(st, "a.example", T0, T0 + DAY, 0, &claim, &how), 0);
	ck_assert_int_eq(how, STORE_CLAIM_MINE);
	ck_assert_int_eq(claim.part, 1);
	seen = (struct seen){ .text = "" };
	ck_assert_int_eq(store_each_claimed(st, &claim, see_ip, &seen), 0);
	ck_assert_str_eq(seen.text, "192.0.2.2 ");

	/* Given back, they are there for the next one. */
	ck_assert_int_eq(store_report_release(st, &claim), 0);
	ck_assert_int_eq(store_report_claim(st, "a.example", T0, T0 + DAY, 0, &claim, &how), 0);
	ck_assert_int_eq(how, STORE_CLAIM_MINE);
	ck_assert_int_eq(claim.part, 1);
	ck_assert_int_eq(store_report_withhold(st, &claim, "no destination"), 0);
	ck_assert_int_eq(store_ledger_end(st, &ledger_end), 0);
	ck_assert_int_eq(ledger_end, T0 + DAY);
	ck_assert_int_eq(store_report_claim(st, "a.example", T0, T0 + DAY, 0, &claim, &how), 0);
	ck_assert_int_eq(how, STORE_CLAIM_NOTHING);
}
END_TEST

static enum store_claimed
claim_at(struct store *by, int64_t begin, int64_t end, int64_t now, struct store_claim *claim_r)
{
	enum store_claimed how;

	ck_assert_msg(store_report_claim(by, "a.example", begin, end, now, claim_r, &how) == 0,
	    "%s", store_error(by));
	return how;
}

/* What a dead program has claimed for a window is told by the next one, whatever its windows. */
START_TEST(windows_of_several_lengths)
{
	struct store *other = open_other();
	struct store_claim first, second, third;
	struct seen seen = { .text = "" };
	int64_t now = (int64_t)time(NULL), later = now + ODM_CLAIM_SECS + 60;
	bool added;

	add("i1", T0 + 3600, "ipaddr 192.0.2.1\n");
	add("i2", T0 + 7200, "ipaddr 192.0.2.2\n");
	ck_assert_int_eq(claim_at(st, T0 + 3600, T0 + 7200, now, &first), STORE_CLAIM_MINE);
	ck_assert(first.begin == T0 + 3600 && first.end == T0 + 7200 && !first.taken_over);

	/* Windows that only touch it have nothing to do with it; while it is made it is left alone. */
	ck_assert_int_eq(claim_at(other, T0, T0 + 3600, later, &second), STORE_CLAIM_NOTHING);
	ck_assert_int_eq(claim_at(other, T0 + 7200, T0 + DAY, now, &second), STORE_CLAIM_MINE);
	ck_assert_int_eq(store_report_release(other, &second), 0);
	ck_assert_int_eq(claim_at(other, T0, T0 + DAY, now, &second), STORE_CLAIM_MINE);
	ck_assert_int_eq(store_each_claimed(other, &second, see_ip, &seen), 0);
	ck_assert_str_eq(seen.text, "192.0.2.2 ");
	ck_assert_int_eq(store_report_add(other, &second, "r2", 1, NULL, 0, &added), 0);
	ck_assert(added);

	/* Its maker is dead: a longer window takes it over as it is. */
	add("i3", T0 + 3601, "ipaddr 192.0.2.3\n");
	ck_assert_int_eq(claim_at(other, T0, T0 + DAY, later, &second), STORE_CLAIM_MINE);
	ck_assert(second.taken_over && second.report == first.report);
	ck_assert(second.begin == first.begin && second.end == first.end && second.part == 0);
	seen = (struct seen){ .text = "" };
	ck_assert_int_eq(store_each_claimed(other, &second, see_ip, &seen), 0);
	ck_assert_str_eq(seen.text, "192.0.2.1 ");
	ck_assert_int_eq(store_report_add(other, &second, "r1", 1, NULL, 0, &added), 0);
	ck_assert(added);

	/* And a shorter one that of a longer one. */
	ck_assert_int_eq(claim_at(other, T0, T0 + DAY, later, &third), STORE_CLAIM_MINE);
	ck_assert(!third.taken_over && third.part == 1 && third.end == T0 + DAY);
	ck_assert_int_eq(claim_at(st, T0 + 36000, T0 + 39600, later + 2 * ODM_CLAIM_SECS, &first),
	    STORE_CLAIM_MINE);
	ck_assert(first.taken_over && first.report == third.report && first.end == T0 + DAY);
	ck_assert_int_eq(store_report_withhold(st, &first, "none"), 0);
	ck_assert_int_eq(claim_at(st, T0, T0 + DAY, later, &first), STORE_CLAIM_NOTHING);
	store_close(&other);
}
END_TEST

static int
send_by(const struct store_delivery *d, void *by)
{
	return store_delivery_result(by, d->id, STORE_DELIVERY_SENT, 0, NULL);
}

/* While one runner sends, another one finds nothing to send. */
static int
look_elsewhere(const struct store_delivery *d, void *arg)
{
	struct seen *seen = arg, inner = { .text = "" };
	struct store *other = open_other();

	seen->calls++;
	ck_assert_int_ge(d->first_try, (int64_t)time(NULL) - 100);
	ck_assert_int_eq(store_each_due(other, 1, see_delivery, &inner), 0);
	ck_assert_int_eq(inner.calls, 0);
	ck_assert_int_eq(store_each_due(st, 1, see_delivery, &inner), 0);
	ck_assert_int_eq(inner.calls, 0);
	ck_assert_int_eq(store_delivery_result(other, d->id, STORE_DELIVERY_SENT, 0, NULL), -1);
	ck_assert(!store_again(other));

	/* A host that died: its claim ends. */
	if (seen->stop_after == 99) {
		ck_assert_int_eq(store_each_due(other, (int64_t)time(NULL) + ODM_CLAIM_SECS + 60,
		    send_by, other), 0);
		ck_assert_int_eq(store_delivery_result(st, d->id, STORE_DELIVERY_FAILED, 5,
		    "late"), -1);
	}
	store_close(&other);
	return 0;
}

START_TEST(one_runner_tries_a_delivery)
{
	static const struct store_delivery d = { .destination = "good@a.example",
	    .mail = "x", .mail_len = 1 };
	struct seen seen = { .text = "" };

	add("i1", T0, "");
	ck_assert(add_report(st, "a.example", "r1", &d, 1));
	ck_assert_int_eq(store_each_due(st, 1, look_elsewhere, &seen), 0);
	ck_assert_int_eq(seen.calls, 1);
	/* No outcome was noted: it is as it was. */
	seen = (struct seen){ .text = "" };
	ck_assert_int_eq(store_each_due(st, 1, see_delivery, &seen), 0);
	ck_assert_str_eq(seen.text,
	    "a.example 0-86400 r1 good@a.example state=0 tries=0 next=0 - [x]\n");
	seen = (struct seen){ .stop_after = 99 };
	ck_assert_int_eq(store_each_due(st, 1, look_elsewhere, &seen), 0);
	seen = (struct seen){ .text = "" };
	ck_assert_int_eq(store_each_due(st, INT32_MAX, see_delivery, &seen), 0);
	ck_assert_int_eq(seen.calls, 0);
}
END_TEST

void
add_ledger_cases(TCase *tc)
{
	tcase_add_test(tc, ledger);
	tcase_add_test(tc, report_is_whole_or_not);
	tcase_add_test(tc, one_runner_makes_a_report);
	tcase_add_test(tc, late_messages_get_a_supplement);
	tcase_add_test(tc, windows_of_several_lengths);
	tcase_add_test(tc, one_runner_tries_a_delivery);
}
