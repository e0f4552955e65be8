/*
 * check_msg.c - what is kept of a message, and the end of messages that need no DNS.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "libopendmarc/base/limits.h"
#include "opendmarc/fields.h"
#include "opendmarc/msg.h"
#include "opendmarc/sender.h"
#include "tests/unit/suite.h"

static const struct sender_case {
	const char *sender, *address, *domain;	/* domain NULL: none */
} sender_cases[] = {
	{ "<a@b.test>", "a@b.test", "b.test" },
	{ "a@b.test", "a@b.test", "b.test" },
	{ "<<a@b.test>>", "a@b.test", "b.test" },
	{ " < a@b.test > ", "a@b.test", "b.test" },
	{ "<>", "", NULL },
	{ "", "", NULL },
	{ NULL, "", NULL },
	{ "<a>", "a", NULL },
	{ "<a@>", "a@", NULL },
	{ "<\"a@b\"@c.test>", "\"a@b\"@c.test", "c.test" },
	{ "<\"a\\\"@b\"@c.test>", "\"a\\\"@b\"@c.test", "c.test" },
	{ "<\"a@b.test\">", "\"a@b.test\"", NULL },
	{ "<a@b@c.test>", "a@b@c.test", "c.test" },
	{ "<@x.test,@y.test:a@b.test>", "a@b.test", "b.test" },
	{ "<", "<", NULL },
	{ "<\"a\\", "<\"a\\", NULL },
	{ "<b+a=c.test@d.test>", "b+a=c.test@d.test", "d.test" },
};

START_TEST(sender_case)
{
	const struct sender_case *c = &sender_cases[_i];
	struct odm_span address, domain;
	bool got = dmf_sender_split(c->sender, &address, &domain);

	ck_assert_msg(got == (c->domain != NULL), "%s", c->sender);
	ck_assert_msg(odm_span_eq(address, c->address), "%s: address %.*s", c->sender,
	    (int)address.len, address.at);
	if (c->domain != NULL)
		ck_assert_msg(odm_span_eq(domain, c->domain), "%s: domain %.*s", c->sender,
		    (int)domain.len, domain.at);
}
END_TEST

START_TEST(field_kinds)
{
	ck_assert_int_eq((int)dmf_field_kind(odm_span_str("from")), DMF_FIELD_FROM);
	ck_assert_int_eq((int)dmf_field_kind(odm_span_str("From ")), DMF_FIELD_FROM);
	ck_assert_int_eq((int)dmf_field_kind(odm_span_str("RECEIVED-spf")), DMF_FIELD_RCVDSPF);
	ck_assert_int_eq((int)dmf_field_kind(odm_span_str("Received")), DMF_FIELD_RECEIVED);
	ck_assert_int_eq((int)dmf_field_kind(odm_span_str("X-From")), DMF_FIELD_OTHER);
	ck_assert_int_eq((int)dmf_field_kind(odm_span_str("")), DMF_FIELD_OTHER);
}
END_TEST

/* Fields over the limits are dropped and counted; smaller ones behind them still fit. */
START_TEST(field_limits)
{
	struct dmf_fields f;
	size_t len = ODM_HEADER_OCTETS_MAX - 10;
	char *text = calloc(1, len);
	size_t i;

	ck_assert_ptr_nonnull(text);
	dmf_fields_init(&f);
	dmf_fields_add(&f, DMF_FIELD_AUTHRES, (struct odm_span){ text, len });
	dmf_fields_add(&f, DMF_FIELD_AUTHRES, (struct odm_span){ text, 11 });
	dmf_fields_add(&f, DMF_FIELD_AUTHRES, (struct odm_span){ text, 10 });
	ck_assert_uint_eq(f.n, 2);
	ck_assert_uint_eq(f.dropped, 1);
	ck_assert_uint_eq(f.at[1].nth, 3);
	dmf_fields_clear(&f);
	for (i = 0; i < ODM_HEADER_FIELDS_MAX + 5; i++)
		dmf_fields_add(&f, DMF_FIELD_RECEIVED, (struct odm_span){ NULL, 0 });
	ck_assert_uint_eq(f.n, ODM_HEADER_FIELDS_MAX);
	ck_assert_uint_eq(f.dropped, 5);
	dmf_fields_add(&f, DMF_FIELD_OTHER, (struct odm_span){ text, 1 });
	dmf_fields_add(&f, DMF_FIELD_FROM, (struct odm_span){ text, 1 });
	ck_assert_uint_eq(f.dropped, 5);
	dmf_fields_clear(&f);
	ck_assert_uint_eq(f.n, 0);
	free(text);
}
END_TEST

/* Messages without an Author Domain ask nothing of the DNS, so there is no resolver here. */
static const struct malformed_case {
	const char *what, *name, *value;
} malformed_cases[] = {
	{ "no From", "Subject", "x" },
	{ "empty From", "From", "" },
	{ "no address", "From", "Foo" },
	{ "empty group", "From", "undisclosed: ;" },
	{ "domain literal", "From", "a@[192.0.2.1]" },
	{ "two at signs", "From", "a@b@c.test" },
};

static struct dmf_shared shared;

START_TEST(malformed_case)
{
	const struct malformed_case *c = &malformed_cases[_i];
	char id[] = "mx.test";
	struct conf conf = { .authserv_id = id, .reject_failures = true, .dns_timeout_secs = 1,
		.dkim_verifiers = 1, .software_header = true, .remove_refused_results = true };
	struct dmf_env env = { .conf = &conf, .host_name = "filter.test" };
	struct dmf_conn conn;
	const struct dmf_orders *o;
	struct dmf_msg *m;

	dmf_shared_init(&shared, env.host_name);
	dmf_conn_init_unknown(&conn, &shared, &env);
	m = dmf_msg_new(&conn, "<a@b.test>", false);
	ck_assert_ptr_nonnull(m);
	dmf_msg_field(m, "Authentication-Results", "mx.test; dmarc=pass header.from=b.test");
	dmf_msg_field(m, c->name, c->value);
	o = dmf_msg_end(m, NULL, "mx.test");
	ck_assert_msg(o->action == DMF_ACTION_ACCEPT, "%s: action %d", c->what, (int)o->action);
	ck_assert_uint_eq(o->ninserts, 2);
	ck_assert_str_eq(o->inserts[0].name, "Authentication-Results");
	ck_assert_msg(strcmp(o->inserts[0].value,
	    "mx.test; dmarc=permerror (p=none dis=none)") == 0, "%s: %s", c->what,
	    o->inserts[0].value);
	ck_assert_str_eq(o->inserts[1].name, "DMARC-Filter");
	ck_assert_uint_eq(o->nremovals, 1);
	ck_assert_uint_eq(o->removals[0], 1);
	dmf_msg_free(&m);
	ck_assert_ptr_null(m);
	dmf_msg_free(&m);
}
END_TEST

START_TEST(identities_differ)
{
	char one[DMF_IDENTITY_SIZE], two[DMF_IDENTITY_SIZE], host[300];

	dmf_shared_init(&shared, "filter.test");
	dmf_shared_identity(&shared, one);
	dmf_shared_identity(&shared, two);
	ck_assert_str_ne(one, two);
	memset(host, 'h', sizeof(host));
	host[sizeof(host) - 1] = '\0';
	dmf_shared_init(&shared, host);
	dmf_shared_identity(&shared, one);
	ck_assert_str_ne(one, "");
}
END_TEST

START_TEST(hint_once_an_hour)
{
	dmf_shared_init(&shared, "filter.test");
	ck_assert(dmf_shared_hint_due(&shared, 1000));
	ck_assert(!dmf_shared_hint_due(&shared, 1001));
	ck_assert(!dmf_shared_hint_due(&shared, 1000 + 3600 * 1000 - 1));
	ck_assert(dmf_shared_hint_due(&shared, 1000 + 3600 * 1000));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("msg");
	TCase *tc = tcase_create("message");

	tcase_add_loop_test(tc, sender_case, 0, COUNT(sender_cases));
	tcase_add_test(tc, field_kinds);
	tcase_add_test(tc, field_limits);
	tcase_add_loop_test(tc, malformed_case, 0, COUNT(malformed_cases));
	tcase_add_test(tc, identities_differ);
	tcase_add_test(tc, hint_once_an_hour);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
