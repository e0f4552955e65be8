/*
 * check_resolver.c - questions over real sockets to servers that answer well or badly.
 * Questions are counted at the server; no test depends on being fast.
 */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/resolver.h"
#include "tests/unit/resolver_wait.h"
#include "tests/unit/suite.h"
#include "tests/unit/testdns.h"

#define BIG	"0123456789012345678901234567890123456789012345678901234567890123456789" \
		"0123456789012345678901234567890123456789012345678901234567890123456789" \
		"0123456789012345678901234567890123456789012345678901234567890123456789" \
		"0123456789012345678901234567890123456789012345678901234567890123456789"

static const struct testdns_row zone[] = {
	{ .name = "a.test", .type = DNS_TYPE_A, .data = "192.0.2.1" },
	{ .name = "a.test", .type = DNS_TYPE_TXT, .data = "v=DMARC1; |p=none" },
	{ .name = "nul.test", .type = DNS_TYPE_TXT, .data = "p=re\\0ject" },
	{ .name = "six.test", .type = DNS_TYPE_AAAA, .data = "2001:db8::1" },
	{ .name = "mail.test", .type = DNS_TYPE_MX, .data = "10 mx.test" },
	{ .name = "1.2.0.192.in-addr.arpa", .type = DNS_TYPE_PTR, .data = "host.test" },
	{ .name = "alias.test", .type = DNS_TYPE_CNAME, .data = "alias2.test" },
	{ .name = "alias2.test", .type = DNS_TYPE_CNAME, .data = "a.test" },
	{ .name = "dangling.test", .type = DNS_TYPE_A, .data = "gone.test",
	    .what = DO_NXDOMAIN_CNAME },
	{ .name = "slow.test", .type = DNS_TYPE_TXT, .data = "late", .delay_msecs = 300 },
	{ .name = "slower.test", .type = DNS_TYPE_TXT, .data = "late", .delay_msecs = 1500 },
	{ .name = "big.test", .type = DNS_TYPE_TXT, .data = BIG, .what = DO_TRUNCATE },
	{ .name = "tcpclose.test", .type = DNS_TYPE_TXT, .data = BIG, .what = DO_TCP_CLOSE },
	{ .name = "tcphang.test", .type = DNS_TYPE_TXT, .data = BIG, .what = DO_TCP_HANG },
	{ .name = "tcppart.test", .type = DNS_TYPE_TXT, .data = BIG, .what = DO_TCP_PART },
	{ .name = "forged.test", .type = DNS_TYPE_TXT, .data = "right", .what = DO_FORGED },
	{ .name = "echo.test", .type = DNS_TYPE_TXT, .data = "x", .what = DO_ECHO },
	{ .name = "noise.test", .type = DNS_TYPE_TXT, .data = "x", .what = DO_NOISE },
	{ .name = "circle.test", .type = DNS_TYPE_CNAME, .data = "circle2.test" },
	{ .name = "circle2.test", .type = DNS_TYPE_CNAME, .data = "circle.test" },
	{ .name = "zero.test", .type = DNS_TYPE_TXT, .data = "x", .ttl_secs = 0x80000000 },
	{ .name = "large.test", .type = DNS_TYPE_TXT, .data = BIG "|" BIG "|" BIG },
	{ .name = "*.many.test", .type = DNS_TYPE_TXT, .data = "yes", .delay_msecs = 20 },
	{ .name = "servfail.test", .type = DNS_TYPE_TXT, .what = DO_SERVFAIL },
	{ .name = "refused.test", .type = DNS_TYPE_TXT, .what = DO_REFUSED },
	{ .name = "drop.test", .type = DNS_TYPE_TXT, .what = DO_DROP },
	{ .name = "id.test", .type = DNS_TYPE_TXT, .data = "x", .what = DO_WRONG_ID },
	{ .name = "question.test", .type = DNS_TYPE_TXT, .data = "x", .what = DO_WRONG_QUESTION },
	{ .name = "owner.test", .type = DNS_TYPE_TXT, .data = "x", .what = DO_WRONG_OWNER },
	{ .name = "garbage.test", .type = DNS_TYPE_TXT, .data = "x", .what = DO_GARBAGE },
	{ .name = "cut.test", .type = DNS_TYPE_TXT, .data = "x", .what = DO_CUT },
	{ .name = "short.test", .type = DNS_TYPE_TXT, .data = "short", .ttl_secs = 1 },
	{ .name = "o\\d'd\x01 x.test", .type = DNS_TYPE_TXT, .data = "exact" },
};

static struct testdns *
start(struct testdns_manner manner)
{
	return testdns_start(zone, COUNT(zone), manner);
}

static struct resolver *
resolver_of(struct testdns *first, struct testdns *second, int timeout_secs)
{
	char *words[2], why[200] = "";
	struct conf_list list = testdns_list(words, first, second);
	struct resolver *r = resolver_new(&list, timeout_secs, why, sizeof(why));

	ck_assert_msg(r != NULL, "%s", why);
	return r;
}

/* Asks and waits as long as it takes; drops the answer after a look at it. */
static enum dns_status
ask(struct resolver *r, const char *name, enum dns_type type, char *text, size_t size)
{
	struct dns_answer *a = resolver_wait(r, name, type, resolver_now() + 60000);
	enum dns_status status;

	ck_assert_ptr_nonnull(a);
	status = a->status;
	if (text != NULL) {
		text[0] = '\0';
		if (a->nrrs > 0)
			snprintf(text, size, "%.*s", (int)a->rrs[0].data.len, a->rrs[0].data.at);
	}
	dns_answer_unref(&a);
	return status;
}

static const struct answer_case {
	const char	*name;
	enum dns_type	 type;
	enum dns_status	 status;
	const char	*text;
} answer_cases[] = {
	{ "a.test",		DNS_TYPE_A,	DNS_FOUND,	"\xc0" },
	{ "A.TeSt.",		DNS_TYPE_TXT,	DNS_FOUND,	"v=DMARC1; p=none" },
	{ "mail.test",		DNS_TYPE_MX,	DNS_FOUND,	"mx.test" },
	{ "1.2.0.192.in-addr.arpa", DNS_TYPE_PTR, DNS_FOUND,	"host.test" },
	{ "six.test",		DNS_TYPE_AAAA,	DNS_FOUND,	" \x01\x0d\xb8" },
	{ "alias.test",		DNS_TYPE_TXT,	DNS_FOUND,	"v=DMARC1; p=none" },
	{ "dangling.test",	DNS_TYPE_A,	DNS_NODATA,	"" },
	{ "six.test",		DNS_TYPE_TXT,	DNS_NODATA,	"" },
	{ "none.test",		DNS_TYPE_TXT,	DNS_NXDOMAIN,	"" },
	{ "servfail.test",	DNS_TYPE_TXT,	DNS_FAILED,	"" },
	{ "refused.test",	DNS_TYPE_TXT,	DNS_FAILED,	"" },
	{ "owner.test",		DNS_TYPE_TXT,	DNS_NODATA,	"" },
	{ "cut.test",		DNS_TYPE_TXT,	DNS_FAILED,	"" },
	{ "echo.test",		DNS_TYPE_TXT,	DNS_FAILED,	"" },
	{ "circle.test",	DNS_TYPE_TXT,	DNS_FAILED,	"" },
	{ "forged.test",	DNS_TYPE_TXT,	DNS_FOUND,	"right" },
	{ "o\\d'd\x01 x.test",	DNS_TYPE_TXT,	DNS_FOUND,	"exact" },
	{ "a..test",		DNS_TYPE_TXT,	DNS_NXDOMAIN,	"" },
	{ "",			DNS_TYPE_TXT,	DNS_NXDOMAIN,	"" },
};

START_TEST(answers)
{
	struct testdns *d = start((struct testdns_manner){ 0 });
	struct resolver *r = resolver_of(d, NULL, 20);
	struct dns_answer *a;
	char text[200];
	size_t i;

	for (i = 0; i < COUNT(answer_cases); i++) {
		const struct answer_case *c = &answer_cases[i];
		enum dns_status got = ask(r, c->name, c->type, text, sizeof(text));

		ck_assert_msg(got == c->status, "%s: got %d, want %d", c->name, (int)got,
		    (int)c->status);
		ck_assert_msg(c->type == DNS_TYPE_A || strcmp(text, c->text) == 0,
		    "%s: got %s", c->name, text);
	}
	a = resolver_wait(r, "nul.test", DNS_TYPE_TXT, resolver_now() + 60000);
	ck_assert_uint_eq(a->nrrs, 1);
	ck_assert_uint_eq(a->rrs[0].data.len, 9);
	ck_assert_mem_eq(a->rrs[0].data.at, "p=re\0ject", 9);
	dns_answer_unref(&a);
	/* Nothing was asked for names that the DNS cannot carry. */
	ck_assert_uint_eq(testdns_count(d, NULL, DNS_TYPE_A), COUNT(answer_cases) - 2 + 1);
	resolver_free(&r);
	ck_assert_ptr_null(r);
	resolver_free(&r);
	testdns_stop(&d);
}
END_TEST

START_TEST(cached)
{
	struct testdns *d = start((struct testdns_manner){ 0 });
	struct resolver *r = resolver_of(d, NULL, 20);
	struct dns_answer *a;
	int i;

	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(ask(r, "a.test", DNS_TYPE_TXT, NULL, 0), DNS_FOUND);
		ck_assert_int_eq(ask(r, "A.test", DNS_TYPE_TXT, NULL, 0), DNS_FOUND);
		ck_assert_int_eq(ask(r, "none.test", DNS_TYPE_TXT, NULL, 0), DNS_NXDOMAIN);
	}
	ck_assert_uint_eq(testdns_count(d, "a.test", DNS_TYPE_TXT), 1);
	ck_assert_uint_eq(testdns_count(d, "none.test", DNS_TYPE_TXT), 1);
	/* An answer at hand is given at once. */
	a = resolver_ask(r, "a.test", DNS_TYPE_TXT, NULL, NULL);
	ck_assert_ptr_nonnull(a);
	ck_assert_uint_eq(a->ttl_secs, 300);
	dns_answer_unref(&a);
	/* A denial is kept for the minimum of the SOA. */
	a = resolver_ask(r, "none.test", DNS_TYPE_TXT, NULL, NULL);
	ck_assert_ptr_nonnull(a);
	ck_assert_uint_eq(a->ttl_secs, TESTDNS_DENIAL_SECS);
	dns_answer_unref(&a);
	/* An answer with no time to live is given to who asked, and not kept. */
	ck_assert_int_eq(ask(r, "zero.test", DNS_TYPE_TXT, NULL, 0), DNS_FOUND);
	ck_assert_int_eq(ask(r, "zero.test", DNS_TYPE_TXT, NULL, 0), DNS_FOUND);
	ck_assert_uint_eq(testdns_count(d, "zero.test", DNS_TYPE_TXT), 2);
	/* After its second an answer is asked for again. */
	ck_assert_int_eq(ask(r, "short.test", DNS_TYPE_TXT, NULL, 0), DNS_FOUND);
	usleep(1100 * 1000);
	ck_assert_int_eq(ask(r, "short.test", DNS_TYPE_TXT, NULL, 0), DNS_FOUND);
	ck_assert_uint_eq(testdns_count(d, "short.test", DNS_TYPE_TXT), 2);
	resolver_free(&r);
	testdns_stop(&d);
}
END_TEST

START_TEST(denial_without_soa_is_not_kept)
{
	struct testdns *d = start((struct testdns_manner){ .no_soa = true });
	struct resolver *r = resolver_of(d, NULL, 20);

	ck_assert_int_eq(ask(r, "none.test", DNS_TYPE_TXT, NULL, 0), DNS_NXDOMAIN);
	ck_assert_int_eq(ask(r, "none.test", DNS_TYPE_TXT, NULL, 0), DNS_NXDOMAIN);
	ck_assert_uint_eq(testdns_count(d, "none.test", DNS_TYPE_TXT), 2);
	resolver_free(&r);
	testdns_stop(&d);
}
END_TEST

/* Counts callbacks and the answers they brought. */
struct tally {
	pthread_mutex_t	lock;
	pthread_cond_t	changed;
	unsigned	found, failed;
};

static void
tally_init(struct tally *t)
{
	*t = (struct tally){ 0 };
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->changed, NULL);
}

static void
tally_done(void *arg, struct dns_answer *answer)
{
	struct tally *t = arg;

	pthread_mutex_lock(&t->lock);
	if (answer->status == DNS_FOUND)
		t->found++;
	else
		t->failed++;
	pthread_cond_signal(&t->changed);
	pthread_mutex_unlock(&t->lock);
}

static void
tally_wait(struct tally *t, unsigned n)
{
	pthread_mutex_lock(&t->lock);
	while (t->found + t->failed < n)
		pthread_cond_wait(&t->changed, &t->lock);
	pthread_mutex_unlock(&t->lock);
}

START_TEST(shared_in_flight)
{
	struct testdns *d = start((struct testdns_manner){ 0 });
	struct resolver *r = resolver_of(d, NULL, 20);
	struct tally t;
	int i;

	tally_init(&t);
	for (i = 0; i < 100; i++)
		ck_assert_ptr_null(resolver_ask(r, i % 2 ? "slow.test" : "SLOW.test.",
		    DNS_TYPE_TXT, tally_done, &t));
	tally_wait(&t, 100);
	ck_assert_uint_eq(t.found, 100);
	ck_assert_uint_eq(testdns_count(d, "slow.test", DNS_TYPE_TXT), 1);
	resolver_free(&r);
	testdns_stop(&d);
}
END_TEST

START_TEST(parallel_questions)
{
	struct testdns *d = start((struct testdns_manner){ 0 });
	struct resolver *r = resolver_of(d, NULL, 20);
	char name[64];
	struct tally t;
	int i;

	tally_init(&t);
	for (i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "n%d.many.test", i);
		ck_assert_ptr_null(resolver_ask(r, name, DNS_TYPE_TXT, tally_done, &t));
	}
	tally_wait(&t, 500);
	ck_assert_uint_eq(t.found, 500);
	resolver_free(&r);
	testdns_stop(&d);
}
END_TEST

START_TEST(tcp_after_truncation)
{
	struct testdns *d = start((struct testdns_manner){ 0 });
	struct resolver *r = resolver_of(d, NULL, 20);
	char text[400];

	ck_assert_int_eq(ask(r, "big.test", DNS_TYPE_TXT, text, sizeof(text)), DNS_FOUND);
	ck_assert_str_eq(text, BIG);
	ck_assert_uint_eq(testdns_count_tcp(d), 1);
	resolver_free(&r);
	testdns_stop(&d);
}
END_TEST

/* What comes before the right answer, from wherever, changes and costs nothing. */
START_TEST(forgeries_are_ignored)
{
	struct testdns *d = start((struct testdns_manner){ 0 });
	struct resolver *r = resolver_of(d, NULL, 20);
	struct resolver_counts c;
	char text[20];

	ck_assert_int_eq(ask(r, "forged.test", DNS_TYPE_TXT, text, sizeof(text)), DNS_FOUND);
	ck_assert_str_eq(text, "right");
	resolver_counts(r, &c);
	ck_assert_uint_eq(c.failed, 0);
	ck_assert_uint_eq(testdns_count(d, "forged.test", DNS_TYPE_TXT), c.sent);
	resolver_free(&r);
	testdns_stop(&d);
}
END_TEST

static const char *const tcp_names[] = { "tcpclose.test", "tcphang.test", "tcppart.test" };

/* TCP that fails is a server that fails: with no other, the deadline is the end. */
START_TEST(tcp_without_answer)
{
	struct testdns *d = start((struct testdns_manner){ 0 });
	struct resolver *r = resolver_of(d, NULL, 2);
	struct tally t;
	size_t i;

	tally_init(&t);
	for (i = 0; i < COUNT(tcp_names); i++)
		ck_assert_ptr_null(resolver_ask(r, tcp_names[i], DNS_TYPE_TXT, tally_done, &t));
	ck_assert_int_eq(ask(r, "a.test", DNS_TYPE_TXT, NULL, 0), DNS_FOUND);
	tally_wait(&t, COUNT(tcp_names));
	ck_assert_uint_eq(t.failed, COUNT(tcp_names));
	ck_assert_uint_ge(testdns_count_tcp(d), COUNT(tcp_names));
	/* The connection that was left half used does not matter to others. */
	ck_assert_int_eq(ask(r, "a.test", DNS_TYPE_A, NULL, 0), DNS_FOUND);
	resolver_free(&r);
	testdns_stop(&d);
}
END_TEST

START_TEST(tcp_of_another_server)
{
	static const struct testdns_row well[] = {
		{ .name = "*.test", .type = DNS_TYPE_TXT, .data = BIG, .what = DO_TRUNCATE },
	};
	struct testdns *bad = start((struct testdns_manner){ .no_tcp = _i == 1 });
	struct testdns *good = testdns_start(well, COUNT(well), (struct testdns_manner){ 0 });
	char text[400];
	size_t i;

	for (i = 0; i < COUNT(tcp_names); i++) {
		/* Each by its own resolver: none knows which server is the better one. */
		struct resolver *r = resolver_of(bad, good, 20);

		ck_assert_int_eq(ask(r, tcp_names[i], DNS_TYPE_TXT, text, sizeof(text)), DNS_FOUND);
		ck_assert_str_eq(text, BIG);
		resolver_free(&r);
	}
	ck_assert(_i == 0 ? testdns_count_tcp(bad) >= COUNT(tcp_names) :
	    testdns_count_tcp(bad) == 0);
	testdns_stop(&bad);
	testdns_stop(&good);
}
END_TEST

START_TEST(large_answer_by_udp)
{
	struct testdns *d = start((struct testdns_manner){ 0 });
	struct resolver *r = resolver_of(d, NULL, 20);
	char text[1000];

	/* More than 512 octets: EDNS was understood on both sides. */
	ck_assert_int_eq(ask(r, "large.test", DNS_TYPE_TXT, text, sizeof(text)), DNS_FOUND);
	ck_assert_str_eq(text, BIG BIG BIG);
	ck_assert_uint_eq(testdns_count_tcp(d), 0);
	resolver_free(&r);
	testdns_stop(&d);
}
END_TEST

START_TEST(server_by_ipv6)
{
	struct testdns *d = start((struct testdns_manner){ .inet6 = true });
	struct resolver *r;

	if (d == NULL)		/* no IPv6 on this host */
		return;
	r = resolver_of(d, NULL, 20);
	ck_assert_int_eq(ask(r, "a.test", DNS_TYPE_TXT, NULL, 0), DNS_FOUND);
	ck_assert_int_eq(ask(r, "big.test", DNS_TYPE_TXT, NULL, 0), DNS_FOUND);
	ck_assert_uint_eq(testdns_count_tcp(d), 1);
	resolver_free(&r);
	testdns_stop(&d);
}
END_TEST

START_TEST(server_without_edns)
{
	struct testdns *d = start((struct testdns_manner){ .no_edns = true });
	struct resolver *r = resolver_of(d, NULL, 20);
	struct tally t;
	char name[64];
	int i;

	tally_init(&t);
	for (i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "n%d.many.test", i);
		ck_assert_ptr_null(resolver_ask(r, name, DNS_TYPE_TXT, tally_done, &t));
	}
	tally_wait(&t, 20);
	ck_assert_uint_eq(t.found, 20);
	ck_assert_int_eq(ask(r, "a.test", DNS_TYPE_TXT, NULL, 0), DNS_FOUND);
	/* Once the server is known, no packet is wasted. */
	ck_assert_uint_eq(testdns_count(d, "a.test", DNS_TYPE_TXT), 1);
	resolver_free(&r);
	testdns_stop(&d);
}
END_TEST

/* Servers that drop EDNS, or refuse it in a way that cannot be matched to the question. */
START_TEST(server_deaf_to_edns)
{
	struct testdns *d = start((struct testdns_manner){ .edns_silent = _i == 0,
	    .bare_formerr = _i == 1 });
	struct resolver *r = resolver_of(d, NULL, 20);
	char text[1000];

	ck_assert_int_eq(ask(r, "a.test", DNS_TYPE_TXT, NULL, 0), DNS_FOUND);
	ck_assert_int_eq(ask(r, "big.test", DNS_TYPE_TXT, text, sizeof(text)), DNS_FOUND);
	ck_assert_str_eq(text, BIG);
	resolver_free(&r);
	testdns_stop(&d);
}
END_TEST

START_TEST(dead_first_server)
{
	struct testdns *dead = start((struct testdns_manner){ .silent = true });
	struct testdns *good = start((struct testdns_manner){ 0 });
	struct resolver *r = resolver_of(dead, good, 20);
	unsigned before;
	char name[64];
	int i;

	ck_assert_int_eq(ask(r, "a.test", DNS_TYPE_TXT, NULL, 0), DNS_FOUND);
	before = testdns_count(dead, NULL, DNS_TYPE_TXT);
	ck_assert_uint_ge(before, 1);
	for (i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "n%d.many.test", i);
		ck_assert_int_eq(ask(r, name, DNS_TYPE_TXT, NULL, 0), DNS_FOUND);
	}
	/* The one that answered is asked first from now on. */
	ck_assert_uint_eq(testdns_count(dead, NULL, DNS_TYPE_TXT), before);
	resolver_free(&r);
	testdns_stop(&dead);
	testdns_stop(&good);
}
END_TEST

START_TEST(closed_first_server)
{
	struct testdns *gone = start((struct testdns_manner){ 0 });
	struct testdns *good = start((struct testdns_manner){ 0 });
	char *words[2], copy[32], why[200];
	struct conf_list list = testdns_list(words, gone, good);
	struct resolver *r;

	snprintf(copy, sizeof(copy), "%s", testdns_address(gone));
	words[0] = copy;
	testdns_stop(&gone);
	r = resolver_new(&list, 20, why, sizeof(why));
	ck_assert_ptr_nonnull(r);
	ck_assert_int_eq(ask(r, "a.test", DNS_TYPE_TXT, NULL, 0), DNS_FOUND);
	resolver_free(&r);
	testdns_stop(&good);
}
END_TEST

START_TEST(second_server_knows)
{
	static const struct testdns_row bad[] = {
		{ .name = "a.test", .type = DNS_TYPE_TXT, .what = DO_SERVFAIL },
		{ .name = "alias2.test", .type = DNS_TYPE_TXT, .data = "x", .what = DO_CUT },
	};
	struct testdns *d = testdns_start(bad, COUNT(bad), (struct testdns_manner){ 0 });
	struct testdns *good = start((struct testdns_manner){ 0 });
	struct resolver *r = resolver_of(d, good, 20);

	ck_assert_int_eq(ask(r, "a.test", DNS_TYPE_TXT, NULL, 0), DNS_FOUND);
	ck_assert_int_eq(ask(r, "alias2.test", DNS_TYPE_TXT, NULL, 0), DNS_FOUND);
	ck_assert_uint_eq(testdns_count(d, "a.test", DNS_TYPE_TXT), 1);
	/* Where nobody knows, every server is asked once and that is the answer. */
	ck_assert_int_eq(ask(r, "refused.test", DNS_TYPE_TXT, NULL, 0), DNS_NXDOMAIN);
	resolver_free(&r);
	testdns_stop(&d);
	testdns_stop(&good);
}
END_TEST

/* Answers that are none: silence, wrong id, wrong question, noise. */
START_TEST(no_answer_in_time)
{
	static const char *const names[] = { "drop.test", "id.test", "question.test",
		"noise.test" };
	struct testdns *d = start((struct testdns_manner){ 0 });
	struct resolver *r = resolver_of(d, NULL, 2);
	struct tally t;
	size_t i;

	tally_init(&t);
	for (i = 0; i < COUNT(names); i++)
		ck_assert_ptr_null(resolver_ask(r, names[i], DNS_TYPE_TXT, tally_done, &t));
	/* The others are served meanwhile. */
	ck_assert_int_eq(ask(r, "a.test", DNS_TYPE_TXT, NULL, 0), DNS_FOUND);
	ck_assert_int_eq(ask(r, "garbage.test", DNS_TYPE_TXT, NULL, 0), DNS_FAILED);
	tally_wait(&t, COUNT(names));
	ck_assert_uint_eq(t.failed, COUNT(names));
	ck_assert_uint_ge(testdns_count(d, "drop.test", DNS_TYPE_TXT), 2);
	/* A failure is kept for a moment. */
	ck_assert_int_eq(ask(r, "drop.test", DNS_TYPE_TXT, NULL, 0), DNS_FAILED);
	resolver_free(&r);
	testdns_stop(&d);
}
END_TEST

START_TEST(late_answer_is_kept)
{
	struct testdns *d = start((struct testdns_manner){ 0 });
	struct resolver *r = resolver_of(d, NULL, 1);
	int64_t until = resolver_now() + 30000;
	enum dns_status status;
	unsigned asked;

	ck_assert_int_eq(ask(r, "slower.test", DNS_TYPE_TXT, NULL, 0), DNS_FAILED);
	asked = testdns_count(d, "slower.test", DNS_TYPE_TXT);
	/* The failure stands in the cache until the late answer takes its place. */
	do {
		usleep(50 * 1000);
		status = ask(r, "slower.test", DNS_TYPE_TXT, NULL, 0);
	} while (status == DNS_FAILED && resolver_now() < until);
	ck_assert_int_eq(status, DNS_FOUND);
	ck_assert_uint_eq(testdns_count(d, "slower.test", DNS_TYPE_TXT), asked);
	resolver_free(&r);
	testdns_stop(&d);
}
END_TEST

/* Asks again from the callback, on the resolver thread. */
struct follow_up {
	struct resolver	*r;
	struct tally	 failed, found;
};

static void
ask_next(void *arg, struct dns_answer *answer)
{
	struct follow_up *f = arg;

	ck_assert_ptr_null(resolver_ask(f->r, "a.test", DNS_TYPE_TXT, tally_done, &f->found));
	tally_done(&f->failed, answer);
}

/*
 * A question that is asked because another one failed is sent at once, and so are those
 * of other threads. Measured against a question of another resolver that fails later.
 */
START_TEST(follow_up_after_deadline)
{
	struct testdns *d = start((struct testdns_manner){ 0 });
	struct resolver *other = resolver_of(d, NULL, 4);
	struct follow_up f = { .r = resolver_of(d, NULL, 1) };
	struct tally later;

	tally_init(&f.failed);
	tally_init(&f.found);
	tally_init(&later);
	ck_assert_ptr_null(resolver_ask(other, "drop.test", DNS_TYPE_TXT, tally_done, &later));
	ck_assert_ptr_null(resolver_ask(f.r, "drop.test", DNS_TYPE_TXT, ask_next, &f));
	tally_wait(&f.failed, 1);
	ck_assert_uint_eq(f.failed.failed, 1);
	ck_assert_ptr_null(resolver_ask(f.r, "big.test", DNS_TYPE_TXT, tally_done, &f.found));
	tally_wait(&later, 1);
	pthread_mutex_lock(&f.found.lock);
	ck_assert_uint_eq(f.found.found, 2);
	pthread_mutex_unlock(&f.found.lock);
	resolver_free(&f.r);
	resolver_free(&other);
	testdns_stop(&d);
}
END_TEST

START_TEST(deadline_of_the_caller)
{
	struct testdns *d = start((struct testdns_manner){ 0 });
	struct resolver *r = resolver_of(d, NULL, 20);
	struct dns_answer *a = resolver_wait(r, "drop.test", DNS_TYPE_TXT, resolver_now() + 50);

	ck_assert_ptr_nonnull(a);
	ck_assert_int_eq(a->status, DNS_FAILED);
	dns_answer_unref(&a);
	resolver_free(&r);
	testdns_stop(&d);
}
END_TEST

START_TEST(freed_in_flight)
{
	struct testdns *d = start((struct testdns_manner){ 0 });
	struct resolver *r = resolver_of(d, NULL, 20);
	struct tally t;
	char name[64];
	int i;

	tally_init(&t);
	for (i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "n%d.many.test", i);
		ck_assert_ptr_null(resolver_ask(r, name, DNS_TYPE_TXT, tally_done, &t));
		ck_assert_ptr_null(resolver_ask(r, "drop.test", DNS_TYPE_TXT, tally_done, &t));
		ck_assert_ptr_null(resolver_ask(r, "big.test", DNS_TYPE_TXT, tally_done, &t));
		if (i == 25)
			usleep(10 * 1000);
		if (testdns_count(d, "big.test", DNS_TYPE_TXT) > 0)
			break;
	}
	resolver_free(&r);
	/* Everybody has been told. */
	ck_assert_uint_ge(t.found + t.failed, 3);
	ck_assert_uint_ge(t.failed, 1);
	testdns_stop(&d);
}
END_TEST

/* One of several owners lets go; the questions of the others go on. */
START_TEST(several_owners)
{
	struct testdns *d = start((struct testdns_manner){ 0 });
	struct resolver *r = resolver_of(d, NULL, 20);
	struct resolver *second = resolver_ref(r), *third = resolver_ref(r);
	struct tally t;

	tally_init(&t);
	ck_assert_ptr_eq(second, r);
	ck_assert_ptr_null(resolver_ask(r, "slow.test", DNS_TYPE_TXT, tally_done, &t));
	resolver_free(&r);
	ck_assert_ptr_null(r);
	resolver_free(&third);
	tally_wait(&t, 1);
	ck_assert_uint_eq(t.found, 1);
	ck_assert_int_eq(ask(second, "a.test", DNS_TYPE_TXT, NULL, 0), DNS_FOUND);
	resolver_free(&second);
	testdns_stop(&d);
}
END_TEST

/* Each number, by what is done to it. */
START_TEST(counted)
{
	struct testdns *d = start((struct testdns_manner){ 0 });
	struct resolver *r = resolver_of(d, NULL, 1);
	struct resolver_counts c;
	struct tally t;
	size_t octets;

	resolver_counts(r, &c);
	ck_assert(c.asked + c.cache_hits + c.joined + c.sent + c.failed + c.overdue == 0);
	ck_assert_uint_eq(c.cache_entries + c.cache_octets, 0);

	ck_assert_int_eq(ask(r, "a.test", DNS_TYPE_TXT, NULL, 0), DNS_FOUND);
	ck_assert_int_eq(ask(r, "a.test", DNS_TYPE_TXT, NULL, 0), DNS_FOUND);
	ck_assert_int_eq(ask(r, "a..test", DNS_TYPE_TXT, NULL, 0), DNS_NXDOMAIN);
	resolver_counts(r, &c);
	ck_assert_uint_eq(c.asked, 2);
	ck_assert_uint_eq(c.cache_hits, 1);
	ck_assert_uint_eq(c.sent, 1);
	ck_assert_uint_eq(c.cache_entries, 1);
	ck_assert_uint_gt(c.cache_octets, 0);
	octets = c.cache_octets;

	tally_init(&t);
	ck_assert_ptr_null(resolver_ask(r, "drop.test", DNS_TYPE_TXT, tally_done, &t));
	ck_assert_ptr_null(resolver_ask(r, "drop.test", DNS_TYPE_TXT, tally_done, &t));
	tally_wait(&t, 2);
	ck_assert_int_eq(ask(r, "servfail.test", DNS_TYPE_TXT, NULL, 0), DNS_FAILED);
	ck_assert_int_eq(ask(r, "none.test", DNS_TYPE_TXT, NULL, 0), DNS_NXDOMAIN);
	resolver_counts(r, &c);
	ck_assert_uint_eq(c.asked, 6);
	ck_assert_uint_eq(c.cache_hits, 1);
	ck_assert_uint_eq(c.joined, 1);
	ck_assert_uint_eq(c.overdue, 1);
	ck_assert_uint_eq(c.failed, 1);
	ck_assert_uint_ge(c.sent, 4);
	ck_assert_uint_eq(c.cache_entries, 4);
	ck_assert_uint_gt(c.cache_octets, octets);
	resolver_free(&r);
	testdns_stop(&d);
}
END_TEST

/* More questions than a server can ever want: the surplus fails at once, the others go on. */
START_TEST(too_many_in_flight)
{
	static const struct testdns_row quiet[] = {
		{ .name = "*.many.test", .type = DNS_TYPE_TXT, .what = DO_DROP },
	};
	struct testdns *d = testdns_start(quiet, COUNT(quiet), (struct testdns_manner){ 0 });
	struct resolver *r = resolver_of(d, NULL, 60);
	struct dns_answer *a = NULL;
	struct resolver_counts c;
	char name[64];
	struct tally t;
	unsigned n;

	tally_init(&t);
	for (n = 0; a == NULL && n <= 10000; n++) {
		snprintf(name, sizeof(name), "n%u.many.test", n);
		a = resolver_ask(r, name, DNS_TYPE_TXT, tally_done, &t);
	}
	ck_assert_uint_eq(n, 10001);
	ck_assert_ptr_nonnull(a);
	ck_assert_int_eq(a->status, DNS_FAILED);
	dns_answer_unref(&a);
	/* What is in flight already can still be joined. */
	ck_assert_ptr_null(resolver_ask(r, "n0.many.test", DNS_TYPE_TXT, tally_done, &t));
	resolver_counts(r, &c);
	ck_assert_uint_eq(c.asked, 10002);
	ck_assert_uint_eq(c.joined, 1);
	ck_assert_uint_eq(c.failed, 1);
	resolver_free(&r);
	ck_assert_uint_eq(t.failed, 10001);
	testdns_stop(&d);
}
END_TEST

struct asker {
	struct resolver	*r;
	pthread_t	 thread;
	unsigned	 found;
	int		 number;
};

static void *
ask_many(void *arg)
{
	struct asker *a = arg;
	char name[64];
	int i;

	for (i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "t%d.many.test", (i + a->number) % 20);
		a->found += ask(a->r, name, DNS_TYPE_TXT, NULL, 0) == DNS_FOUND;
	}
	return NULL;
}

START_TEST(many_threads)
{
	struct testdns *d = start((struct testdns_manner){ 0 });
	struct resolver *r = resolver_of(d, NULL, 20);
	struct asker askers[8];
	int i;

	for (i = 0; i < 8; i++) {
		askers[i] = (struct asker){ .r = r, .number = i };
		ck_assert_int_eq(pthread_create(&askers[i].thread, NULL, ask_many,
		    &askers[i]), 0);
	}
	for (i = 0; i < 8; i++) {
		pthread_join(askers[i].thread, NULL);
		ck_assert_uint_eq(askers[i].found, 40);
	}
	ck_assert_uint_eq(testdns_count(d, NULL, DNS_TYPE_TXT), 20);
	resolver_free(&r);
	testdns_stop(&d);
}
END_TEST

static const struct server_case {
	const char	*word;
	const char	*why;	/* NULL: accepted */
} server_cases[] = {
	{ "127.0.0.1",		NULL },
	{ "127.0.0.1@5353",	NULL },
	{ "::1",		NULL },
	{ "2001:db8::1@65535",	NULL },
	{ "localhost",		"name server \"localhost\" is not IP or IP@port" },
	{ "127.0.0.1@",		"name server \"127.0.0.1@\" is not IP or IP@port" },
	{ "127.0.0.1@0",	"name server \"127.0.0.1@0\" is not IP or IP@port" },
	{ "127.0.0.1@65536",	"name server \"127.0.0.1@65536\" is not IP or IP@port" },
	{ "127.0.0.1:53",	"name server \"127.0.0.1:53\" is not IP or IP@port" },
	{ "",			"name server \"\" is not IP or IP@port" },
};

START_TEST(server_case)
{
	const struct server_case *c = &server_cases[_i];
	char word[64], why[200] = "", *words[1] = { word };
	struct conf_list list = { .words = words, .nwords = 1 };
	struct resolver *r;

	snprintf(word, sizeof(word), "%s", c->word);
	r = resolver_new(&list, 5, why, sizeof(why));
	ck_assert_msg((r != NULL) == (c->why == NULL), "%s: %s", c->word, why);
	ck_assert_str_eq(why, c->why == NULL ? "" : c->why);
	resolver_free(&r);
}
END_TEST

START_TEST(server_lists)
{
	char word[] = "127.0.0.1", why[200] = "", *words[9];
	struct conf_list list = { .words = words, .nwords = COUNT(words) };
	struct resolver *r;
	size_t i;

	for (i = 0; i < COUNT(words); i++)
		words[i] = word;
	ck_assert_ptr_null(resolver_new(&list, 5, why, sizeof(why)));
	ck_assert_str_eq(why, "more than 8 name servers");
	list.nwords = 8;
	r = resolver_new(&list, 5, why, sizeof(why));
	ck_assert_ptr_nonnull(r);
	resolver_free(&r);
	list.nwords = 0;	/* the system's; nothing is asked */
	r = resolver_new(&list, 5, why, sizeof(why));
	ck_assert_ptr_nonnull(r);
	resolver_free(&r);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("resolver");
	TCase *tc = tcase_create("resolver");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, answers);
	tcase_add_test(tc, cached);
	tcase_add_test(tc, denial_without_soa_is_not_kept);
	tcase_add_test(tc, shared_in_flight);
	tcase_add_test(tc, parallel_questions);
	tcase_add_test(tc, tcp_after_truncation);
	tcase_add_test(tc, forgeries_are_ignored);
	tcase_add_test(tc, tcp_without_answer);
	tcase_add_loop_test(tc, tcp_of_another_server, 0, 2);
	tcase_add_test(tc, large_answer_by_udp);
	tcase_add_test(tc, server_by_ipv6);
	tcase_add_test(tc, server_without_edns);
	tcase_add_loop_test(tc, server_deaf_to_edns, 0, 2);
	tcase_add_test(tc, dead_first_server);
	tcase_add_test(tc, closed_first_server);
	tcase_add_test(tc, second_server_knows);
	tcase_add_test(tc, no_answer_in_time);
	tcase_add_test(tc, late_answer_is_kept);
	tcase_add_test(tc, follow_up_after_deadline);
	tcase_add_test(tc, deadline_of_the_caller);
	tcase_add_test(tc, freed_in_flight);
	tcase_add_test(tc, several_owners);
	tcase_add_test(tc, counted);
	tcase_add_test(tc, too_many_in_flight);
	tcase_add_test(tc, many_threads);
	tcase_add_loop_test(tc, server_case, 0, COUNT(server_cases));
	tcase_add_test(tc, server_lists);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
