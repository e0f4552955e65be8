/*
 * check_history.c - the history record in all its dialects, whole and damaged.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/history.h"
#include "libopendmarc/base/limits.h"
#include "tests/unit/suite.h"

static struct odm_span
str(const char *text)
{
	return odm_span_str(text);
}

/* Reads one line from memory of its exact size, so that an over-read shows up. */
static enum history_line
read_exact(struct history_record *rec, struct odm_span line, bool first, const char **why_r)
{
	char *exact = malloc(line.len > 0 ? line.len : 1);
	enum history_line got;

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, line.at, line.len);
	got = history_read_line(rec, (struct odm_span){ exact, line.len }, first, why_r);
	free(exact);
	return got;
}

/* Reads the first record of a text; returns the first result that is neither okay nor empty. */
static enum history_line
read_record(struct history_record *rec, const char *text, const char **why_r)
{
	struct odm_span rest = str(text), line;
	bool first = true;

	while (odm_span_next(&rest, '\n', &line)) {
		enum history_line got = read_exact(rec, line, first, why_r);

		if (got != HISTORY_LINE_OKAY && got != HISTORY_LINE_EMPTY)
			return got;
		first = false;
	}
	return HISTORY_LINE_OKAY;
}

static char *
read_golden(const char *name)
{
	const char *top = getenv("top_srcdir");
	char path[1024], *text = calloc(1, 65536);
	FILE *f;

	ck_assert_ptr_nonnull(text);
	snprintf(path, sizeof(path), "%s/tests/golden/history/%s", top == NULL ? "." : top,
	    name);
	f = fopen(path, "r");
	ck_assert_msg(f != NULL, "cannot open %s", path);
	ck_assert_uint_gt(fread(text, 1, 65535, f), 0);
	fclose(f);
	return text;
}

static void
fill(struct history_record *rec)
{
	history_record_init(rec);
	ck_assert(history_set(&rec->job, str("4F2C81A0B7")));
	ck_assert(history_set(&rec->id, str("65a1f0c2-1-7")));
	ck_assert(history_set(&rec->reporter, str("mx1.receiver.example")));
	rec->received = 1795225536;
	ck_assert(history_set(&rec->ipaddr, str("198.51.100.24")));
	ck_assert(history_set(&rec->from, str("News.Shop.Example")));
	ck_assert(history_set(&rec->mfrom, str("bounce.shop.example")));
	ck_assert(history_add_dkim(rec, str("shop.example"), str("k1"), 0));
	ck_assert(history_add_dkim(rec, str("esp.example"), str(""), 7));
	rec->spf = 0;
	rec->spf_scope = HISTORY_SPF_MAILFROM;
	ck_assert(history_set(&rec->spf_domain, str("bounce.shop.example")));
	ck_assert(history_set(&rec->pdomain, str("shop.example")));
	rec->policy = HISTORY_POLICY_REJECT;
	ck_assert(history_add_rua(rec, str("mailto:dmarc@shop.example")));
	ck_assert(history_add_rua(rec, str("mailto:agg@collector.example!10m")));
	rec->pct = 100;
	rec->adkim = 'r';
	rec->aspf = 's';
	rec->p = 'r';
	rec->sp = 'q';
	rec->np = 'r';
	rec->fo = 9;
	rec->psd = 'n';
	rec->testing = true;
	ck_assert(history_set(&rec->discovery, str("treewalk")));
	rec->effective = 'q';
	rec->arc = 0;
	rec->arc_policy = 0;
	ck_assert(history_add_arcseal(rec, 2, str("lists.example"), str("s\"2\\"),
	    str("2001:db8::7")));
	ck_assert(history_add_arcseal(rec, 1, str("x.example"), str(""), str("")));
	ck_assert(history_add_arcseal(rec, 2, str("again.example"), str("s"), str("")));
	ck_assert(history_add_arcseal(rec, 0, str("no.example"), str("s"), str("")));
	ck_assert(history_add_arcseal(rec, 51, str("no.example"), str("s"), str("")));
	ck_assert(history_add_reason(rec, HISTORY_OVERRIDE_TRUSTED_FORWARDER,
	    str("arc=pass as[1].d=lists.example")));
	ck_assert(history_add_reason(rec, HISTORY_OVERRIDE_LOCAL_POLICY, str("")));
	rec->automatic = HISTORY_AUTOMATIC_BOUNCE;
	rec->action = HISTORY_ACTION_ACCEPT;
}

/* Both forms are byte for byte the golden files. */
START_TEST(written_form)
{
	static const char *const names[] = { "1.4.dat", "full.dat" };
	struct history_record rec;
	struct odm_strbuf out;
	char *want = read_golden(names[_i]);

	fill(&rec);
	odm_strbuf_init(&out, 65536);
	history_write(&rec, _i == 1, &out);
	ck_assert(!out.failed);
	ck_assert_str_eq(out.at, want);
	odm_strbuf_free(&out);
	history_record_clear(&rec);
	free(want);
}
END_TEST

/* Each dialect reads, is complete, and written in full reads as the same again. */
START_TEST(dialects)
{
	static const struct {
		const char	*file;
		size_t		 ndkim, nrua, nreasons;
		int		 spf, spf_scope, policy, action, arc, arc_policy, fo;
		const char	*selector;	/* of the first dkim result */
		char		 p, effective;
	} cases[] = {
		{ "1.3.dat", 1, 1, 0, -1, -1, 15, 2, 7, 2, 0, NULL, 'n', 0 },
		{ "1.4.dat", 2, 2, 0, 0, -1, 16, 2, 0, 0, 0, "k1", 'r', 0 },
		{ "develop.dat", 0, 0, 0, 6, 2, 16, 0, 7, 2, 2, NULL, 'r', 0 },
		{ "exim.dat", 1, 1, 0, -1, -1, 17, 4, 11, 1, 0, "s1", 'q', 0 },
		{ "full.dat", 2, 2, 2, 0, 1, 16, 2, 0, 0, 9, "k1", 'r', 'q' },
	};
	char *text = read_golden(cases[_i].file);
	const char *file = cases[_i].file, *why = NULL;
	struct history_record rec, again;
	struct odm_strbuf once, twice;

	history_record_init(&rec);
	ck_assert_msg(read_record(&rec, text, &why) == HISTORY_LINE_OKAY, "%s: %s", file, why);
	ck_assert_msg(history_complete(&rec, &why), "%s: %s", file, why);
	ck_assert_uint_eq(rec.ndkim, cases[_i].ndkim);
	ck_assert_uint_eq(rec.nrua, cases[_i].nrua);
	ck_assert_uint_eq(rec.nreasons, cases[_i].nreasons);
	ck_assert_int_eq(rec.spf, cases[_i].spf);
	ck_assert_int_eq(rec.spf_scope, cases[_i].spf_scope);
	ck_assert_int_eq(rec.policy, cases[_i].policy);
	ck_assert_int_eq(rec.action, cases[_i].action);
	ck_assert_int_eq(rec.arc, cases[_i].arc);
	ck_assert_int_eq(rec.arc_policy, cases[_i].arc_policy);
	ck_assert_int_eq(rec.fo, cases[_i].fo);
	ck_assert_int_eq(rec.p, cases[_i].p);
	ck_assert_int_eq(rec.effective, cases[_i].effective);
	if (rec.ndkim > 0)
		ck_assert_pstr_eq(rec.dkim[0].selector, cases[_i].selector);

	history_record_init(&again);
	odm_strbuf_init(&once, 65536);
	odm_strbuf_init(&twice, 65536);
	history_write(&rec, true, &once);
	ck_assert(read_record(&again, once.at, &why) == HISTORY_LINE_OKAY);
	history_write(&again, true, &twice);
	ck_assert_str_eq(once.at, twice.at);
	odm_strbuf_free(&once);
	odm_strbuf_free(&twice);
	history_record_clear(&rec);
	history_record_clear(&again);
	free(text);
}
END_TEST

#define J HISTORY_LINE_JOB
#define O HISTORY_LINE_OKAY
#define E HISTORY_LINE_EMPTY
#define U HISTORY_LINE_UNKNOWN
#define B HISTORY_LINE_BAD
#define L(text) { text, sizeof(text) - 1 }

static const struct line_case {
	const char	*what;
	struct odm_span	 line;
	bool		 first;
	enum history_line want;
} lines[] = {
	{ "a job begins a record", L("job 1"), false, J },
	{ "a job inside its record", L("job 1"), true, O },
	{ "nothing", L(""), false, E },
	{ "CR alone", L("\r"), false, E },
	{ "NULs alone", L("\0\0\0"), false, E },
	{ "NULs before a job", L("\0\0job 1"), false, J },
	{ "CRLF", L("policy 15\r"), false, O },
	{ "unknown key", L("colour blue"), false, U },
	{ "blank first", L(" policy 15"), false, U },
	{ "NUL inside a key", L("poli\0cy 15"), false, U },
	{ "key of other case", L("POLICY 15"), false, U },
	{ "NUL inside a text", L("from a\0b"), false, O },
	{ "NUL inside a number", L("policy 1\0005"), false, B },
	{ "no value for a number", L("policy"), false, B },
	{ "empty number", L("policy "), false, B },
	{ "number too small", L("policy 12"), false, B },
	{ "number too large", L("policy 19"), false, B },
	{ "huge number", L("policy 99999999999999999999"), false, B },
	{ "number with a tail", L("policy 15x"), false, B },
	{ "negative spf", L("spf -1"), false, O },
	{ "too negative spf", L("spf -2"), false, B },
	{ "minus alone", L("spf -"), false, B },
	{ "pct above a hundred", L("pct 101"), false, B },
	{ "p as a letter", L("p r"), false, O },
	{ "p unset", L("p 0"), false, O },
	{ "p of another alphabet", L("p 115"), false, B },
	{ "adkim strict", L("adkim 115"), false, O },
	{ "adkim with a policy", L("adkim 110"), false, B },
	{ "t other than y and n", L("t 1"), false, B },
	{ "time before 1970", L("received -5"), false, B },
	{ "time after year 9999", L("received 253402300800"), false, B },
	{ "time with a fraction", L("received 1795225536.5"), false, B },
	{ "dkim without a result", L("dkim example.com"), false, B },
	{ "dkim of 1.3", L("dkim example.com 0"), false, O },
	{ "dkim of 1.4", L("dkim example.com s 0"), false, O },
	{ "dkim with more words", L("dkim example.com s x y 0"), false, O },
	{ "dkim with a worded result", L("dkim example.com s pass"), false, B },
	{ "dkim without a domain", L("dkim  s 0"), false, O },
	{ "arc_policy of Exim", L("arc_policy 1 json[ ]"), false, O },
	{ "arc_policy without JSON", L("arc_policy 2"), false, O },
	{ "arc_policy with other words", L("arc_policy 2 none"), false, O },
	{ "arc_policy without a number", L("arc_policy json:[]"), false, B },
	{ "override without a comment", L("override mailing_list"), false, O },
	{ "override of a later day", L("override moon_phase full"), false, O },
	{ "no rua", L("rua -"), false, O },
};

START_TEST(one_line)
{
	const struct line_case *c = &lines[_i];
	struct history_record rec;
	const char *why = "unset";
	enum history_line got;

	history_record_init(&rec);
	got = read_exact(&rec, c->line, c->first, &why);
	ck_assert_msg(got == c->want, "%s: got %d, want %d", c->what, (int)got, (int)c->want);
	ck_assert_msg((why != NULL) == (got == B), "%s: reason", c->what);
	history_record_clear(&rec);
}
END_TEST

START_TEST(values_as_kept)
{
	struct history_record rec;
	const char *why;

	history_record_init(&rec);
	ck_assert(read_record(&rec, "job a b\nfrom EXAMPLE.com\nmfrom \npdomain Example.COM\r\n"
	    "dkim ESP.Example S1 0\ndkim  s 0\ndkim a.example - 7\ndkim b.example 4\n"
	    "dkim c.example s tail 5\nspf_domain HELO.Example\nrua mailto:A@Example.com\n"
	    "override moon_phase full\noverride other two words\nadkim s\nspf 7\nspf 0\n",
	    &why) == HISTORY_LINE_OKAY);
	ck_assert_str_eq(rec.job, "a b");
	ck_assert_str_eq(rec.from, "example.com");
	ck_assert_str_eq(rec.mfrom, "");
	ck_assert_str_eq(rec.pdomain, "example.com");
	ck_assert_str_eq(rec.spf_domain, "helo.example");
	ck_assert_uint_eq(rec.ndkim, 4);
	ck_assert_str_eq(rec.dkim[0].domain, "esp.example");
	ck_assert_str_eq(rec.dkim[0].selector, "S1");
	ck_assert_ptr_null(rec.dkim[1].selector);
	ck_assert_ptr_null(rec.dkim[2].selector);
	ck_assert_int_eq(rec.dkim[2].result, 4);
	ck_assert_str_eq(rec.dkim[3].selector, "s");
	ck_assert_int_eq(rec.dkim[3].result, 5);
	ck_assert_str_eq(rec.rua[0], "mailto:A@Example.com");
	ck_assert_int_eq(rec.reasons[0].type, HISTORY_OVERRIDE_OTHER);
	ck_assert_str_eq(rec.reasons[0].comment, "moon_phase full");
	ck_assert_str_eq(rec.reasons[1].comment, "two words");
	ck_assert_int_eq(rec.adkim, 's');
	ck_assert_int_eq(rec.spf, 0);
	history_record_clear(&rec);
}
END_TEST

/* Texts of arc_policy and what they are when they are written again. */
static const struct seals_case {
	const char	*what, *text, *want;
	bool		 dropped;
} seals_cases[] = {
	{ "none",		"json:[]",	"json:[]", false },
	{ "none, of Exim",	"json[ ]",	"json:[]", false },
	{ "one",		"json:[{ \"i\": 1, \"d\":\"A.example\", \"s\":\"S\", \"ip\":\"192.0.2.7\" }]",
	    "json:[{ \"i\": 1, \"d\":\"a.example\", \"s\":\"S\", \"ip\":\"192.0.2.7\" }]", false },
	{ "without blanks, another order",
	    "json:[{\"ip\":\"\",\"s\":\"s\",\"d\":\"a\",\"i\":50}]",
	    "json:[{ \"i\": 50, \"d\":\"a\", \"s\":\"s\", \"ip\":\"\" }]", false },
	{ "of Exim",		"json[ {\"i\":\"1\", \"d\":\"a\", \"s\":\"s\", \"ip\":\"\"} ]",
	    "json:[{ \"i\": 1, \"d\":\"a\", \"s\":\"s\", \"ip\":\"\" }]", false },
	{ "escapes",		"json:[{ \"i\": 1, \"d\":\"a\\\"\\\\\\/\\u0041\\n\" }]",
	    "json:[{ \"i\": 1, \"d\":\"a\\\"\\\\/??\", \"s\":\"\", \"ip\":\"\" }]", false },
	{ "8-bit octets",	"json:[{ \"i\": 1, \"s\":\"\xc3\xbc\" }]",
	    "json:[{ \"i\": 1, \"d\":\"\", \"s\":\"??\", \"ip\":\"\" }]", false },
	{ "an unknown member",	"json:[{ \"i\": 1, \"cv\":\"pass\" }]",
	    "json:[{ \"i\": 1, \"d\":\"\", \"s\":\"\", \"ip\":\"\" }]", false },
	{ "one instance twice",	"json:[{ \"i\": 1, \"d\":\"a\" }, { \"i\": 1, \"d\":\"b\" }]",
	    "json:[{ \"i\": 1, \"d\":\"a\", \"s\":\"\", \"ip\":\"\" }]", false },
	{ "no instance, none such", "json:[{ \"d\":\"a\" }, { \"i\": 0, \"d\":\"b\" }, {}]",
	    "json:[]", false },
	{ "an instance too high", "json:[{ \"i\": 51 }]", "json:[]", true },
	{ "the good ones before a bad one", "json:[{ \"i\": 2 }, { \"i\": 1, \"d\":\"a\"b\" }]",
	    "json:[{ \"i\": 2, \"d\":\"\", \"s\":\"\", \"ip\":\"\" }]", true },
	{ "not closed",		"json:[{ \"i\": 1, \"d\":\"a",	"json:[]", true },
	{ "a backslash at the end", "json:[{ \"i\": 1, \"d\":\"a\\", "json:[]", true },
	{ "an escape at the end", "json:[{ \"i\": 1, \"d\":\"a\\u00", "json:[]", true },
	{ "an array in an array", "json:[[]]",	"json:[]", true },
	{ "an object",		"json:{}",	"json:[]", true },
	{ "nothing",		"json:",	"json:[]", true },
	{ "no JSON",		"",		"json:[]", false },
};

START_TEST(seals)
{
	const struct seals_case *c = &seals_cases[_i];
	struct history_record rec;
	struct odm_strbuf line, out;
	const char *why, *got;

	history_record_init(&rec);
	odm_strbuf_init(&line, 65536);
	odm_strbuf_init(&out, 65536);
	odm_strbuf_addf(&line, "arc_policy 1 %s", c->text);
	ck_assert(read_exact(&rec, odm_strbuf_span(&line), false, &why) == HISTORY_LINE_OKAY);
	ck_assert_msg((why != NULL) == c->dropped, "%s: reason", c->what);
	ck_assert_int_eq(rec.arc_policy, 1);
	history_write(&rec, false, &out);
	got = strstr(out.at, "arc_policy 1 ");
	ck_assert_ptr_nonnull(got);
	got += strlen("arc_policy 1 ");
	ck_assert_msg(strncmp(got, c->want, strlen(c->want)) == 0 && got[strlen(c->want)] == '\n',
	    "%s: got %s", c->what, got);
	odm_strbuf_free(&line);
	odm_strbuf_free(&out);
	history_record_clear(&rec);
}
END_TEST

/* However long the names, the line stays within what the importer reads. */
START_TEST(seals_fit_a_line)
{
	char name[201];
	struct history_record rec, again;
	struct odm_strbuf out;
	const char *why, *at, *end;

	memset(name, '"', 200);
	name[200] = '\0';
	history_record_init(&rec);
	history_record_init(&again);
	odm_strbuf_init(&out, 65536);
	for (unsigned i = 1; i <= 50; i++)
		ck_assert(history_add_arcseal(&rec, i, str(name), str(name), str("::1")));
	history_write(&rec, false, &out);
	at = strstr(out.at, "arc_policy ");
	ck_assert_ptr_nonnull(at);
	end = strchr(at, '\n');
	ck_assert_int_le(end - at, ODM_HISTORY_VALUE_MAX + 64);
	ck_assert(read_exact(&again, (struct odm_span){ at, (size_t)(end - at) }, false, &why) ==
	    HISTORY_LINE_OKAY);
	ck_assert_ptr_null(why);
	ck_assert_uint_gt(again.narcseals, 5);
	ck_assert_str_eq(again.arcseals[0].domain, name);
	odm_strbuf_free(&out);
	history_record_clear(&rec);
	history_record_clear(&again);
}
END_TEST

/* What a file does not say has a value all the same. */
START_TEST(defaults)
{
	struct history_record rec;

	history_record_init(&rec);
	ck_assert_int_eq(rec.spf, -1);
	ck_assert_int_eq(rec.spf_scope, HISTORY_SPF_UNKNOWN);
	ck_assert_int_eq(rec.arc, 7);
	ck_assert_int_eq(rec.action, HISTORY_ACTION_ACCEPT);
	ck_assert_int_eq(rec.align_dkim, HISTORY_ALIGN_FAIL);
	ck_assert_uint_eq(rec.ndkim + rec.nrua + rec.nreasons, 0);
}
END_TEST

/* A record of the full form that lost its end, or ran into the next one, is seen. */
START_TEST(damaged_records)
{
	struct history_record rec;
	struct odm_strbuf out;
	const char *why = NULL;
	size_t complete = 0;

	fill(&rec);
	odm_strbuf_init(&out, 65536);
	history_write(&rec, true, &out);
	history_record_clear(&rec);
	for (size_t len = 1; len < out.len - 1; len++) {
		char *cut = strndup(out.at, len);

		history_record_init(&rec);
		if (read_record(&rec, cut, &why) == HISTORY_LINE_OKAY &&
		    history_complete(&rec, &why))
			complete++;
		history_record_clear(&rec);
		free(cut);
	}
	ck_assert_uint_eq(complete, 0);

	for (size_t len = 1; len < out.len; len++) {
		struct odm_strbuf both;
		enum history_line got;

		odm_strbuf_init(&both, 65536);
		odm_strbuf_add(&both, (struct odm_span){ out.at, len });
		odm_strbuf_adds(&both, out.at);
		history_record_init(&rec);
		got = read_record(&rec, both.at, &why);
		if (got == HISTORY_LINE_OKAY)	/* the cut was before id: only a strange job */
			ck_assert_msg(len < sizeof("job 4F2C81A0B7\nid"), "joined at %zu", len);
		else if (got == HISTORY_LINE_JOB)
			ck_assert(history_complete(&rec, &why) == (len == out.len));
		history_record_clear(&rec);
		odm_strbuf_free(&both);
	}
	odm_strbuf_free(&out);
}
END_TEST

START_TEST(missing_keys)
{
	static const char *const needed[] = { "job", "reporter", "received", "ipaddr", "from",
		"mfrom", "pdomain", "policy" };
	char *text = read_golden("1.4.dat");
	struct odm_span rest = str(text), line;
	struct odm_strbuf out;
	struct history_record rec;
	const char *why = NULL;

	odm_strbuf_init(&out, 65536);
	while (odm_span_next(&rest, '\n', &line)) {
		size_t len = strlen(needed[_i]);

		if (line.len > len && line.at[len] == ' ' &&
		    memcmp(line.at, needed[_i], len) == 0)
			continue;
		odm_strbuf_add(&out, line);
		odm_strbuf_addc(&out, '\n');
	}
	history_record_init(&rec);
	ck_assert(read_record(&rec, out.at, &why) == HISTORY_LINE_OKAY);
	ck_assert(!history_complete(&rec, &why));
	ck_assert_msg(strstr(why, needed[_i]) != NULL, "%s: %s", needed[_i], why);
	history_record_clear(&rec);
	odm_strbuf_free(&out);
	free(text);
}
END_TEST

/* Text of a message cannot make lines or words of its own. */
START_TEST(hostile_values)
{
	struct history_record rec, again;
	struct odm_strbuf out;
	const char *why;

	fill(&rec);
	ck_assert(history_set(&rec.from, (struct odm_span)L("a\r\n\0job x")));
	ck_assert_str_eq(rec.from, "a???job x");
	free(rec.mfrom);
	rec.mfrom = strdup("b\naction 0");
	ck_assert(history_add_dkim(&rec, (struct odm_span)L("d x\ny"), str("s\t\"\\"), 0));
	ck_assert(history_add_rua(&rec, str("mailto:a\nrua mailto:b")));
	ck_assert(history_add_reason(&rec, HISTORY_OVERRIDE_OTHER, str("c\naction 0")));
	odm_strbuf_init(&out, 65536);
	history_write(&rec, true, &out);
	history_record_init(&again);
	ck_assert(read_record(&again, out.at, &why) == HISTORY_LINE_OKAY);
	ck_assert_uint_eq(again.ndkim, rec.ndkim);
	ck_assert_str_eq(again.dkim[2].domain, "d?x?y");
	ck_assert_str_eq(again.dkim[2].selector, "s?\"\\");
	ck_assert_uint_eq(again.nrua, rec.nrua);
	ck_assert_uint_eq(again.nreasons, rec.nreasons);
	ck_assert_str_eq(again.mfrom, "b?action 0");
	ck_assert_int_eq(again.action, HISTORY_ACTION_ACCEPT);
	history_record_clear(&rec);
	history_record_clear(&again);
	odm_strbuf_free(&out);
}
END_TEST

START_TEST(limits)
{
	struct history_record rec;
	const char *why;
	char *text = malloc(ODM_HISTORY_VALUE_MAX * 2);

	ck_assert_ptr_nonnull(text);
	memset(text, 'a', ODM_HISTORY_VALUE_MAX * 2);
	history_record_init(&rec);
	ck_assert(history_set(&rec.job, (struct odm_span){ text, ODM_HISTORY_VALUE_MAX * 2 }));
	ck_assert_uint_eq(strlen(rec.job), ODM_HISTORY_VALUE_MAX);
	for (int i = 0; i < HISTORY_DKIM_MAX; i++)
		ck_assert(history_add_dkim(&rec, str("a.example"), str("s"), 0));
	ck_assert(!history_add_dkim(&rec, str("b.example"), str("s"), 0));
	ck_assert(history_read_line(&rec, str("dkim b.example s 0"), false, &why) == O);
	ck_assert_ptr_nonnull(why);
	for (int i = 0; i < HISTORY_RUA_MAX; i++)
		ck_assert(history_add_rua(&rec, str("mailto:a@b")));
	ck_assert(!history_add_rua(&rec, str("mailto:a@b")));
	ck_assert(history_read_line(&rec, str("rua mailto:c@d"), false, &why) == O);
	ck_assert_ptr_nonnull(why);
	for (int i = 0; i < HISTORY_OVERRIDES_MAX; i++)
		ck_assert(history_add_reason(&rec, HISTORY_OVERRIDE_OTHER, str("c")));
	ck_assert(!history_add_reason(&rec, HISTORY_OVERRIDE_OTHER, str("c")));
	ck_assert(history_read_line(&rec, str("override other c"), false, &why) == O);
	ck_assert_ptr_nonnull(why);
	ck_assert_uint_eq(rec.ndkim, HISTORY_DKIM_MAX);
	history_record_clear(&rec);
	ck_assert_uint_eq(rec.ndkim, 0);

	/* A value that would have to be cut is none. */
	memcpy(text, "from ", 5);
	ck_assert(read_exact(&rec, (struct odm_span){ text, ODM_HISTORY_VALUE_MAX + 5 }, false,
	    &why) == O);
	ck_assert(read_exact(&rec, (struct odm_span){ text, ODM_HISTORY_VALUE_MAX + 6 }, false,
	    &why) == B);
	memcpy(text, "arc_policy 1 json:", 18);
	ck_assert(read_exact(&rec, (struct odm_span){ text, ODM_HISTORY_VALUE_MAX * 2 }, false,
	    &why) == O);
	history_record_clear(&rec);
	free(text);
}
END_TEST

/* The numbers of the file mean these words, in both directions. */
START_TEST(codes)
{
	static const struct {
		int		 code;
		const char	*word;
	} cases[] = {
		{ 0, "pass" }, { 2, "softfail" }, { 3, "neutral" }, { 4, "temperror" },
		{ 5, "permerror" }, { 6, "none" }, { 7, "fail" }, { 8, "policy" },
	};

	ck_assert_str_eq(odm_result_name(history_result(cases[_i].code)), cases[_i].word);
	ck_assert_int_eq(history_code(odm_result_parse(str(cases[_i].word))), cases[_i].code);
	ck_assert_int_eq(history_code(ODM_RESULT_UNKNOWN), -1);
	ck_assert_int_eq(history_result(-1), ODM_RESULT_UNKNOWN);
	ck_assert_int_eq(history_result(12), ODM_RESULT_UNKNOWN);
}
END_TEST

START_TEST(override_words)
{
	static const char *const words[] = { "local_policy", "mailing_list", "other",
		"policy_test_mode", "trusted_forwarder" };
	enum history_override type;

	ck_assert(history_override_parse(str(words[_i]), &type));
	ck_assert_int_eq(type, _i);
	ck_assert_str_eq(history_override_name(type), words[_i]);
	ck_assert(!history_override_parse(str("sampled_out"), &type));
}
END_TEST

/* In the full form only, before action; it comes back; a kind of later days is dropped. */
START_TEST(automatic_mail)
{
	static const struct {
		enum history_automatic kind;
		const char *line;
	} kinds[] = {
		{ HISTORY_AUTOMATIC_NO, NULL },
		{ HISTORY_AUTOMATIC_REPORT, "\nautomatic report\naction 2\n" },
		{ HISTORY_AUTOMATIC_BOUNCE, "\nautomatic bounce\naction 2\n" },
	};
	struct history_record rec, again;
	struct odm_strbuf full, old;
	const char *why;

	fill(&rec);
	rec.automatic = kinds[_i].kind;
	odm_strbuf_init(&full, 65536);
	odm_strbuf_init(&old, 65536);
	history_write(&rec, true, &full);
	history_write(&rec, false, &old);
	ck_assert_ptr_null(strstr(old.at, "automatic"));
	if (kinds[_i].line == NULL)
		ck_assert_ptr_null(strstr(full.at, "automatic"));
	else
		ck_assert_ptr_nonnull(strstr(full.at, kinds[_i].line));
	history_record_init(&again);
	ck_assert(read_record(&again, full.at, &why) == HISTORY_LINE_OKAY);
	ck_assert_int_eq(again.automatic, kinds[_i].kind);
	ck_assert(read_exact(&again, str("automatic haiku"), false, &why) == HISTORY_LINE_OKAY);
	ck_assert_str_eq(why, "unknown kind of automatic mail: it counts as other mail");
	ck_assert_int_eq(again.automatic, HISTORY_AUTOMATIC_NO);
	history_record_clear(&rec);
	history_record_clear(&again);
	odm_strbuf_free(&full);
	odm_strbuf_free(&old);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("history");
	TCase *tc = tcase_create("history");

	tcase_add_loop_test(tc, written_form, 0, 2);
	tcase_add_loop_test(tc, dialects, 0, 5);
	tcase_add_loop_test(tc, one_line, 0, COUNT(lines));
	tcase_add_test(tc, values_as_kept);
	tcase_add_loop_test(tc, seals, 0, COUNT(seals_cases));
	tcase_add_test(tc, seals_fit_a_line);
	tcase_add_test(tc, defaults);
	tcase_add_test(tc, damaged_records);
	tcase_add_loop_test(tc, missing_keys, 0, 8);
	tcase_add_test(tc, hostile_values);
	tcase_add_test(tc, limits);
	tcase_add_loop_test(tc, codes, 0, 8);
	tcase_add_loop_test(tc, override_words, 0, 5);
	tcase_add_loop_test(tc, automatic_mail, 0, 3);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
