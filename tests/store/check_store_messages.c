/*
 * check_store_messages.c - messages as they are kept and come back.
 */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/store/storebed.h"
#include "tests/unit/suite.h"

START_TEST(same_identity_counts_once)
{
	ck_assert_int_eq(add("i1", T0, ""), STORE_ADDED);
	ck_assert_int_eq(add("i1", T0, ""), STORE_KNOWN);
	/* Same job in the same second, but another record. */
	ck_assert_int_eq(add("i2", T0, ""), STORE_ADDED);
	ck_assert_int_eq(count_messages(), 2);
}
END_TEST

START_TEST(message_comes_back)
{
	struct seen seen = { .text = "" };

	add("i1", T0, "dkim esp.example - 7\nspf 7\nspf_scope 2\nspf_domain h.example\n"
	    "mfrom \neffective q\npolicy 16\noverride trusted_forwarder arc=pass\n"
	    "override other\nautomatic bounce\n");
	add("i2", T0 + 1, "from sub.a.example\nipaddr 2001:db8::1\nautomatic report\n");
	add("i3", T0 - 1, "");
	add("i4", T0 + DAY, "");
	add("i5", T0, "pdomain other.example\n");
	ck_assert_int_eq(store_each_message(st, "A.example", T0, T0 + DAY, see_message, &seen),
	    0);
	ck_assert_str_eq(seen.text,
	    "192.0.2.1 from=a.example mfrom= spf=7/2 h.example align=45 policy=16 action=2 "
	    "eff=q bounce dkim=a.example/s1/0 dkim=esp.example/-/7 trusted_forwarder(arc=pass) "
	    "other()\n"
	    "2001:db8::1 from=sub.a.example mfrom=b.a.example spf=0/-1 - align=45 policy=15 "
	    "action=2 eff=- report dkim=a.example/s1/0\n");

	seen = (struct seen){ .text = "" };
	ck_assert_int_eq(store_each_message(st, "none.example", T0, T0 + DAY, see_message,
	    &seen), 0);
	ck_assert_str_eq(seen.text, "");
}
END_TEST

#define ARC_RESULTS \
	"SELECT m.jobid, m.arc, m.arc_policy, a.instance, a.arc_client_addr FROM messages m" \
	" JOIN arcauthresults a ON a.message = m.id ORDER BY m.jobid, a.instance"
#define ARC_SEALS \
	"SELECT m.jobid, a.instance, d.name, COALESCE(s.name, '-') FROM messages m" \
	" JOIN arcseals a ON a.message = m.id JOIN domains d ON d.id = a.domain" \
	" LEFT JOIN selectors s ON s.id = a.selector AND s.domain = a.domain" \
	" ORDER BY m.jobid, a.instance"

/* People's own queries look there; one record or many at once, it is the same. */
START_TEST(arc_sets_are_kept)
{
	static const char *const lines[] = {
		"job J0\narc 0\narc_policy 0 json:[{ \"i\": 2, \"d\":\"L.example\", \"s\":\"s2\","
		    " \"ip\":\"192.0.2.7\" }, { \"i\": 1, \"d\":\"a.example\", \"s\":\"s1\","
		    " \"ip\":\"\" }, { \"i\": 2, \"d\":\"again.example\", \"s\":\"\", \"ip\":\"\" }]\n",
		"job J1\narc 7\narc_policy 2 json:[{ \"i\": 1, \"d\":\"l.example\", \"s\":\"\","
		    " \"ip\":\"2001:db8::1\" }]\n",
		"job J2\narc 7\narc_policy 2 json:[{ \"i\": 1, \"d\":\"\", \"s\":\"s\","
		    " \"ip\":\"\" }]\n",
		"job J3\narc 7\narc_policy 2 json:[]\n",
	};
	struct store_new list[COUNT(lines)];
	struct history_record recs[COUNT(lines)];
	struct seen results = { .text = "" }, seals = { .text = "" };
	struct store_expired expired;
	static const char *const ids[] = { "i0", "i1", "i2", "i3" };

	for (size_t i = 0; i < COUNT(lines); i++) {
		recs[i] = record(lines[i]);
		list[i] = (struct store_new){ &recs[i], ids[i], STORE_KNOWN };
		if (_i == 0)
			add(ids[i], T0, lines[i]);
	}
	if (_i == 1)
		ck_assert_msg(store_add_messages(st, list, COUNT(list)) == 0, "%s", store_error(st));
	/* Known already: nothing changes. */
	ck_assert_msg(store_add_messages(st, list, COUNT(list)) == 0, "%s", store_error(st));
	for (size_t i = 0; i < COUNT(lines); i++) {
		ck_assert_int_eq(list[i].added, STORE_KNOWN);
		history_record_clear(&recs[i]);
	}
	see_table(ARC_RESULTS, &results);
	see_table(ARC_SEALS, &seals);
	if (kind != JUDGE) {
		ck_assert_str_eq(results.text, "J0 0 0 1 \nJ0 0 0 2 192.0.2.7\n"
		    "J1 7 2 1 2001:db8::1\nJ2 7 2 1 \n");
		ck_assert_str_eq(seals.text, "J0 1 a.example s1\nJ0 2 l.example s2\n"
		    "J1 1 l.example -\n");
	}
	ck_assert_int_eq(store_expire(st, &(struct store_expiry){ .before = T0 + DAY,
	    .batch = 10, .unreported = true }, &expired), 0);
	ck_assert_int_eq(expired.messages, (int)COUNT(lines));
	results = seals = (struct seen){ .text = "" };
	see_table("SELECT id FROM arcauthresults", &results);
	see_table("SELECT id FROM arcseals", &seals);
	ck_assert_str_eq(results.text, "");
	ck_assert_str_eq(seals.text, "");
}
END_TEST

/* The order of import does not matter; records without a policy say nothing about it. */
START_TEST(newest_policy_decides)
{
	struct seen seen = { .text = "" };

	add("i1", T0 + 50, "p 113\nsp 110\nnp 114\nfo 9\npsd n\nt y\ndiscovery treewalk\n"
	    "rua mailto:new@a.example\nrua mailto:x@b.example!1m\n");
	add("i2", T0 + 10, "p 110\nrua mailto:old@a.example\n");
	add("i3", T0 + 60, "p 0\npolicy 14\nadkim 0\naspf 0\n");
	add("i4", T0, "pdomain Z.example\n");
	add("i5", T0, "pdomain b.example\nfrom www.b.example\n");
	add("i6", T0, "pdomain nothing.example\np 0\npolicy 14\n");
	ck_assert_int_eq(store_each_policy(st, T0, T0 + DAY, see_policy, &seen), 0);
	ck_assert_str_eq(seen.text,
	    "a.example rs qnr fo=9 psd=n t=1 treewalk "
	    "rua=mailto:new@a.example,mailto:x@b.example!1m\n"
	    "b.example rs r-- fo=0 psd=u t=0 - rua=\n"
	    "z.example rs r-- fo=0 psd=u t=0 - rua=\n");

	/* A window in which only the older one was seen. */
	seen = (struct seen){ .text = "" };
	ck_assert_int_eq(store_each_policy(st, T0 + 1, T0 + 50, see_policy, &seen), 0);
	ck_assert_str_eq(seen.text,
	    "a.example rs n-- fo=0 psd=u t=0 - rua=mailto:old@a.example\n");
}
END_TEST

START_TEST(windows_are_half_open)
{
	struct seen seen = { .text = "" };
	int64_t messages, domains;

	add("i1", T0 - 1, "");
	add("i2", T0, "");
	add("i3", T0 + DAY - 1, "pdomain b.example\n");
	add("i4", T0 + DAY, "pdomain c.example\n");
	ck_assert_int_eq(store_count(st, T0, T0 + DAY, &messages, &domains), 0);
	ck_assert_int_eq(messages, 2);
	ck_assert_int_eq(domains, 2);
	ck_assert_int_eq(store_each_policy(st, T0, T0 + DAY, see_policy, &seen), 0);
	ck_assert_int_eq(seen.calls, 2);
}
END_TEST

START_TEST(function_ends_the_run)
{
	struct seen seen = { .stop_after = 2 };

	for (int i = 0; i < 5; i++) {
		char lines[64], id[8];

		snprintf(lines, sizeof(lines), "pdomain d%d.example\n", i);
		snprintf(id, sizeof(id), "i%d", i);
		add(id, T0, lines);
		add(id, T0 + 1, "");
	}
	ck_assert_int_eq(store_each_policy(st, 0, INT64_MAX, see_policy, &seen), 7);
	ck_assert_int_eq(seen.calls, 2);
	seen.calls = 0;
	ck_assert_int_eq(store_each_message(st, "a.example", 0, INT64_MAX, see_message, &seen),
	    7);
	ck_assert_int_eq(seen.calls, 2);
}
END_TEST

/* Text of a message is only data, whatever it looks like. */
START_TEST(hostile_texts)
{
	static const char evil[] = "'; DROP TABLE messages; --\"\\%_?\x01\xff\xc3(";
	static const char kept[] = "'; DROP TABLE messages; --\"\\%_???" "?(";
	struct history_record rec = record("");
	struct seen seen = { .text = "" };
	enum store_added added;

	ck_assert(history_set(&rec.from, odm_span_str(evil)));
	ck_assert(history_set(&rec.mfrom, odm_span_str(evil)));
	ck_assert(history_set(&rec.pdomain, odm_span_str(evil)));
	ck_assert(history_set(&rec.job, odm_span_str(evil)));
	ck_assert(history_set(&rec.reporter, odm_span_str(evil)));
	ck_assert(history_set(&rec.ipaddr, odm_span_str(evil)));
	ck_assert(history_add_dkim(&rec, odm_span_str(evil), odm_span_str(evil), 0));
	ck_assert(history_add_reason(&rec, HISTORY_OVERRIDE_OTHER, odm_span_str(evil)));
	ck_assert(history_add_rua(&rec, odm_span_str(evil)));
	ck_assert(history_add_arcseal(&rec, 1, odm_span_str(evil), odm_span_str(evil),
	    odm_span_str(evil)));
	ck_assert_int_eq(store_add_message(st, &rec, evil, &added), 0);
	ck_assert_int_eq(added, STORE_ADDED);
	ck_assert_int_eq(store_each_message(st, kept, 0, INT64_MAX, see_message, &seen), 0);
	ck_assert_int_eq(seen.calls, 1);
	ck_assert_ptr_nonnull(strstr(seen.text, kept));
	ck_assert_int_eq(store_each_policy(st, 0, INT64_MAX, see_policy, &seen), 0);
	ck_assert_int_eq(seen.calls, 2);
	seen = (struct seen){ .text = "" };
	see_table("SELECT arc_client_addr FROM arcauthresults", &seen);
	if (kind != JUDGE)
		ck_assert_str_eq(seen.text, "';?DROP?TABLE?messages;?--\"\\%_???" "?(\n");
	history_record_clear(&rec);
}
END_TEST

/* A list of addresses is kept whole, however long; so is a message of 1000 signatures. */
START_TEST(large_records)
{
	struct history_record rec = record("");
	struct seen seen = { .text = "" };
	enum store_added added;
	char uri[200];

	for (int i = 0; i < 20; i++) {
		snprintf(uri, sizeof(uri), "mailto:%0100d@a.example", i);
		ck_assert(history_add_rua(&rec, odm_span_str(uri)));
	}
	ck_assert_int_eq(store_add_message(st, &rec, "i1", &added), 0);
	ck_assert_int_eq(store_each_policy(st, 0, INT64_MAX, see_policy, &seen), 0);
	ck_assert_ptr_nonnull(strstr(seen.text, uri));
	history_record_clear(&rec);

	rec = record("pdomain many.example\n");
	while (history_add_dkim(&rec, odm_span_str("esp.example"), odm_span_str("s"), 7))
		;
	ck_assert_uint_eq(rec.ndkim, HISTORY_DKIM_MAX);
	ck_assert_int_eq(store_add_message(st, &rec, "i2", &added), 0);
	history_record_clear(&rec);
}
END_TEST

static int
count_signatures(const struct store_message *m, void *arg)
{
	size_t *most = arg;

	if (m->ndkim > *most)
		*most = m->ndkim;
	return 0;
}

START_TEST(many_signatures_come_back)
{
	struct history_record rec = record("");
	enum store_added added;
	size_t most = 0;

	while (history_add_dkim(&rec, odm_span_str("esp.example"), odm_span_str("s"), 7))
		;
	ck_assert_int_eq(store_add_message(st, &rec, "i1", &added), 0);
	history_record_clear(&rec);
	ck_assert_int_eq(store_each_message(st, "a.example", 0, INT64_MAX, count_signatures,
	    &most), 0);
	ck_assert_uint_eq(most, HISTORY_DKIM_MAX);
}
END_TEST

/* A batch in which some records are known, twice there, or wrong. */
START_TEST(batches)
{
	enum { N = 700 };
	static struct history_record recs[N];
	static struct store_new list[N];
	static char ids[N][16];
	struct seen seen = { .text = "" };
	char lines[160];
	size_t i, most = 0;

	for (i = 0; i < N; i++) {
		snprintf(lines, sizeof(lines), "pdomain d%zu.example\nfrom w.d%zu.example\n"
		    "ipaddr 192.0.2.%zu\nrua mailto:r%zu@a.example\ndkim esp.example S%zu 7\n"
		    "override other number%zu\n", i % 3, i % 50, i % 200, i, i % 5, i);
		recs[i] = record(lines);
		recs[i].received = T0 + (int64_t)(i * 7 % N);
		snprintf(ids[i], sizeof(ids[i]), "b%zu", i == 600 ? 599 : i);
		list[i] = (struct store_new){ &recs[i], ids[i], STORE_KNOWN };
	}
	recs[600].received = recs[599].received;
	ck_assert_int_eq(store_add_message(st, &recs[300], ids[300], &list[300].added), 0);
	ck_assert_int_eq(store_add_message(st, &recs[699], ids[699], &list[699].added), 0);

	recs[650].action = 99;
	ck_assert_int_eq(store_add_messages(st, list, N), -1);
	ck_assert_int_eq(count_messages(), 2);
	recs[650].action = 2;
	ck_assert_msg(store_add_messages(st, list, N) == 0, "%s", store_error(st));
	for (i = 0; i < N; i++)
		ck_assert_msg(list[i].added == (i == 300 || i == 600 || i == 699 ? STORE_KNOWN :
		    STORE_ADDED), "record %zu", i);
	ck_assert_int_eq(count_messages(), N - 1);
	seen.stop_after = 1;
	ck_assert_int_eq(store_each_message(st, "d0.example", T0 + 3 * 7, T0 + 3 * 7 + 1,
	    see_message, &seen), 7);
	ck_assert_str_eq(seen.text, "192.0.2.3 from=w.d3.example mfrom=b.a.example spf=0/-1 - "
	    "align=45 policy=15 action=2 eff=- dkim=a.example/s1/0 dkim=esp.example/S3/7 "
	    "other(number3)\n");
	for (i = 0; i < 3; i++) {
		snprintf(lines, sizeof(lines), "d%zu.example", i);
		ck_assert_int_eq(store_each_message(st, lines, 0, INT64_MAX, count_signatures,
		    &most), 0);
	}
	ck_assert_uint_eq(most, 2);
	/* The newest of those of one From domain, and of the same second the last. */
	ck_assert_ptr_nonnull(strstr(request("w.d7.example"), "mailto:r657@a.example"));
	for (i = 0; i < N; i++)
		history_record_clear(&recs[i]);
}
END_TEST

/* How often each selector sNUMBER of esp.example came. */
static int
count_selectors(const struct store_message *m, void *arg)
{
	int *times = arg;

	for (size_t i = 0; i < m->ndkim; i++)
		if (strcmp(m->dkim[i].domain, "esp.example") == 0)
			times[strtol(m->dkim[i].selector + 1, NULL, 10)]++;
	return 0;
}

/* The same batch again, and after it one with known and new records in turn. */
START_TEST(batches_again)
{
	enum { N = 900, NEW = 300 };
	static struct history_record recs[N];
	static struct store_new list[N];
	static char ids[N][16];
	static int times[N];
	char lines[160];

	for (size_t i = 0; i < N; i++) {
		/* rua addresses that differ in letter case only, many in one second */
		snprintf(lines, sizeof(lines), "pdomain d.example\nrua mailto:%c@a.example\n"
		    "dkim esp.example s%zu 0\n", i % 2 == 0 ? 'r' : 'R', i);
		recs[i] = record(lines);
		recs[i].received = T0 + (int64_t)(i / 100);
		snprintf(ids[i], sizeof(ids[i]), "b%zu", i * 7 % N);
		list[i] = (struct store_new){ &recs[i], ids[i], STORE_KNOWN };
	}
	ck_assert_int_eq(store_add_messages(st, list, N - NEW), 0);
	ck_assert_int_eq(store_add_messages(st, list, N - NEW), 0);
	for (size_t i = 0; i < N - NEW; i++)
		ck_assert_int_eq(list[i].added, STORE_KNOWN);
	ck_assert_int_eq(count_messages(), N - NEW);
	for (size_t i = 0; i < NEW; i++) {
		struct store_new known = list[i * 2];

		list[i * 2] = list[N - NEW + i];
		list[N - NEW + i] = known;
	}
	ck_assert_int_eq(store_add_messages(st, list, N), 0);
	for (size_t i = 0; i < N; i++)
		ck_assert_msg(list[i].added == (i < NEW * 2 && i % 2 == 0 ? STORE_ADDED :
		    STORE_KNOWN), "record %zu", i);
	ck_assert_int_eq(count_messages(), N);
	ck_assert_int_eq(store_each_message(st, "d.example", 0, INT64_MAX, count_selectors,
	    times), 0);
	for (size_t i = 0; i < N; i++) {
		ck_assert_msg(times[i] == 1, "s%zu %d times", i, times[i]);
		history_record_clear(&recs[i]);
	}
}
END_TEST

void
add_message_cases(TCase *tc)
{
	tcase_add_test(tc, same_identity_counts_once);
	tcase_add_test(tc, message_comes_back);
	tcase_add_loop_test(tc, arc_sets_are_kept, 0, 2);
	tcase_add_test(tc, newest_policy_decides);
	tcase_add_test(tc, windows_are_half_open);
	tcase_add_test(tc, function_ends_the_run);
	tcase_add_test(tc, hostile_texts);
	tcase_add_test(tc, large_records);
	tcase_add_test(tc, many_signatures_come_back);
	tcase_add_test(tc, batches);
	tcase_add_test(tc, batches_again);
}
