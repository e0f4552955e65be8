/*
 * check_store_changes.c - whole changes or none, and several programs at once.
 */
#include "config.h"

#include <sys/wait.h>
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/store/storebed.h"
#include "tests/unit/suite.h"

/* A report is made while the policies are walked: reading inside reading, then writing. */
static int
see_messages_of(const struct store_policy *p, void *arg)
{
	struct seen *seen = arg;
	struct seen inner = { .text = "" };
	char id[64];

	ck_assert_int_eq(store_each_message(st, p->domain, 0, INT64_MAX, see_message, &inner),
	    0);
	snprintf(id, sizeof(id), "report-%s", p->domain);
	ck_assert(add_report(st, p->domain, id, NULL, 0));
	note(seen, "%s:%d ", p->domain, inner.calls);
	return 0;
}

static int
read_again(const struct store_message *m, void *arg)
{
	struct seen *seen = arg;

	(void)m;
	seen->calls++;
	if (seen->calls > 3)
		return 0;
	return store_each_message(st, "a.example", 0, INT64_MAX, read_again, arg);
}

START_TEST(functions_may_use_the_store)
{
	struct seen seen = { .text = "" };

	add("i1", T0, "");
	add("i2", T0, "");
	add("i3", T0, "pdomain b.example\n");
	ck_assert_int_eq(store_each_policy(st, T0, T0 + DAY, see_messages_of, &seen), 0);
	ck_assert_str_eq(seen.text, "a.example:2 b.example:1 ");
	ck_assert_int_eq(store_each_message(st, "a.example", 0, INT64_MAX, read_again, &seen),
	    0);
	ck_assert_int_eq(seen.calls, 8);
}
END_TEST

START_TEST(transactions)
{
	struct seen seen = { .text = "" };

	ck_assert_int_eq(store_begin(st), 0);
	add("i1", T0, "from gone.example\npdomain gone.example\n");
	store_rollback(st);
	store_rollback(st);
	ck_assert_int_eq(count_messages(), 0);

	/* Ids that the rolled back transaction had given must not be used again. */
	ck_assert_int_eq(store_begin(st), 0);
	add("i2", T0, "pdomain kept.example\n");
	add("i1", T0, "from gone.example\npdomain gone.example\n");
	ck_assert_int_eq(store_commit(st), 0);
	ck_assert_int_eq(store_each_policy(st, 0, INT64_MAX, see_policy, &seen), 0);
	ck_assert_ptr_nonnull(strstr(seen.text, "gone.example"));
	ck_assert_ptr_nonnull(strstr(seen.text, "kept.example"));

	ck_assert_int_eq(store_begin(st), 0);
	add("i3", T0, "");
	if (kind == JUDGE)
		store_rollback(st);
	else
		store_close(&st);
	if (st == NULL)
		st = open_store();
	ck_assert_int_eq(count_messages(), 2);
}
END_TEST

/* The caller can find the record that is at fault, and store the others. */
START_TEST(refused_record_is_told)
{
	char id[STORE_IDENTITY_MAX + 2];
	struct history_record rec = record("");
	struct store_new list[] = {
		{ &rec, "i1", STORE_ADDED }, { &rec, id, STORE_ADDED }, { &rec, "i2", STORE_ADDED },
	};

	memset(id, 'x', sizeof(id) - 1);
	id[sizeof(id) - 1] = '\0';
	ck_assert_int_eq(store_add_messages(st, list, COUNT(list)), -1);
	ck_assert(store_refused(st) && !store_again(st));
	ck_assert_int_eq(store_add_messages(st, list, 1), 0);
	ck_assert_int_eq(store_add_messages(st, list + 1, 1), -1);
	ck_assert(store_refused(st));
	ck_assert_int_eq(store_add_messages(st, list + 2, 1), 0);
	ck_assert_int_eq(count_messages(), 2);

	/* Another failure is no refusal. */
	ck_assert_int_eq(store_delivery_result(st, 4711, STORE_DELIVERY_SENT, 0, NULL), -1);
	ck_assert(!store_refused(st));
	history_record_clear(&rec);
}
END_TEST

/* A record that the tables refuse leaves nothing behind, alone or in a transaction. */
START_TEST(failed_record_spoils_the_transaction)
{
	struct history_record bad = record("");
	enum store_added added;

	bad.action = 99;
	ck_assert_int_eq(store_add_message(st, &bad, "i1", &added), -1);
	ck_assert_str_ne(store_error(st), "");
	ck_assert_ptr_null(strchr(store_error(st), '\n'));
	ck_assert_int_eq(store_begin(st), 0);
	add("i2", T0, "");
	ck_assert_int_eq(store_add_message(st, &bad, "i1", &added), -1);
	ck_assert_int_eq(store_commit(st), -1);
	ck_assert_int_eq(count_messages(), 0);
	add("i2", T0, "");
	ck_assert_int_eq(count_messages(), 1);
	history_record_clear(&bad);
}
END_TEST

START_TEST(two_writers_see_each_other)
{
	struct store *other = open_other();
	struct history_record rec = record("pdomain b.example\n");
	enum store_added added;

	add("i1", T0, "");
	ck_assert_int_eq(store_add_message(other, &rec, "i1", &added), 0);
	ck_assert_int_eq(added, STORE_KNOWN);
	ck_assert_int_eq(store_add_message(other, &rec, "i2", &added), 0);
	ck_assert_int_eq(added, STORE_ADDED);
	ck_assert_int_eq(add("i2", T0, "pdomain b.example\n"), STORE_KNOWN);
	ck_assert_int_eq(count_messages(), 2);
	store_close(&other);
	history_record_clear(&rec);
}
END_TEST

/* Another program commits between the rows; the outcome can be noted all the same. */
static void
write_elsewhere(const char *identity)
{
	struct history_record rec = record("pdomain other.example\n");
	enum store_added added;
	struct store *other = open_other();

	ck_assert_int_eq(store_add_message(other, &rec, identity, &added), 0);
	ck_assert_int_eq(added, STORE_ADDED);
	store_close(&other);
	history_record_clear(&rec);
}

static int
try_beside_others(const struct store_delivery *d, void *arg)
{
	struct seen *seen = arg;
	char identity[32];

	snprintf(identity, sizeof(identity), "due%d", ++seen->calls);
	write_elsewhere(identity);
	return store_delivery_result(st, d->id, STORE_DELIVERY_SENT, 0, NULL);
}

static int
report_beside_others(const struct store_policy *p, void *arg)
{
	static const struct store_delivery d[] = {
		{ .destination = "a@a.example" }, { .destination = "b@a.example" },
	};
	struct seen *seen = arg;
	char identity[64];

	snprintf(identity, sizeof(identity), "policy%d", ++seen->calls);
	write_elsewhere(identity);
	return add_report(st, p->domain, identity, d, COUNT(d)) ? 0 : -1;
}

START_TEST(other_programs_write_meanwhile)
{
	struct seen seen = { .text = "" };

	add("i1", T0, "");
	add("i2", T0, "pdomain b.example\n");
	ck_assert_msg(store_each_policy(st, T0, T0 + DAY, report_beside_others, &seen) == 0,
	    "%s", store_error(st));
	ck_assert_int_eq(seen.calls, 2);
	seen.calls = 0;
	ck_assert_msg(store_each_due(st, T0, try_beside_others, &seen) == 0, "%s",
	    store_error(st));
	ck_assert_int_eq(seen.calls, 4);
	ck_assert_int_eq(store_each_due(st, T0, try_beside_others, &seen), 0);
	ck_assert_int_eq(seen.calls, 4);
	ck_assert_int_eq(count_messages(), 8);
}
END_TEST

/* Two programs in one transaction each: the second waits or is told to come again. */
START_TEST(many_writers_at_once)
{
	int status, bad = 0;

	if (kind == JUDGE)
		return;
	store_close(&st);
	for (int w = 0; w < 4; w++) {
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (pid != 0)
			continue;
		st = open_store();
		for (int b = 0; b < 10; b++) {
			struct history_record recs[40];
			struct store_new list[40];
			char ids[40][32], lines[64];

			for (int i = 0; i < 40; i++) {
				/* The same new names, in another order. */
				int n = w % 2 == 0 ? i : 39 - i;

				snprintf(lines, sizeof(lines), "from w%d-%d.example\nrua mailto:x@y\n",
				    b, n);
				recs[i] = record(lines);
				snprintf(ids[i], sizeof(ids[i]), "w%d-%d-%d", w, b, i);
				list[i] = (struct store_new){ &recs[i], ids[i], STORE_KNOWN };
			}
			if (store_add_messages(st, list, 40) != 0) {
				fprintf(stderr, "%s\n", store_error(st));
				_exit(1);
			}
			for (int i = 0; i < 40; i++)
				history_record_clear(&recs[i]);
		}
		store_close(&st);
		_exit(0);
	}
	while (wait(&status) > 0)
		bad += status != 0;
	ck_assert_int_eq(bad, 0);
	st = open_store();
	ck_assert_int_eq(count_messages(), 4 * 10 * 40);
}
END_TEST

void
add_change_cases(TCase *tc)
{
	tcase_add_test(tc, functions_may_use_the_store);
	tcase_add_test(tc, transactions);
	tcase_add_test(tc, refused_record_is_told);
	tcase_add_test(tc, failed_record_spoils_the_transaction);
	tcase_add_test(tc, two_writers_see_each_other);
	tcase_add_test(tc, other_programs_write_meanwhile);
	tcase_add_test(tc, many_writers_at_once);
}
