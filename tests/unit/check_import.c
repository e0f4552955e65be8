/*
 * check_import.c - reading history files: lines, records, batches, locks.
 */
#include <sys/file.h>
#include <check.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libopendmarc/base/strbuf.h"
#include "reports/import.h"
#include "reports/progress.h"
#include "tests/unit/suite.h"

#define USUAL \
	"reporter mx.example\nreceived 1795225536\nipaddr 192.0.2.1\nfrom a.example\n" \
	"mfrom a.example\ndkim a.example s1 0\nspf 0\npdomain a.example\npolicy 15\n" \
	"rua mailto:r@a.example\npct 100\nadkim 114\naspf 114\np 114\nsp 0\n" \
	"align_dkim 4\nalign_spf 4\narc 7\narc_policy 2 json:[]\n"
#define GOOD	"job A\n" USUAL "action 2\n"

struct fixture {
	char		 folder[64], db[128], input[128];
	struct store	*st;
	struct odm_strbuf told;		/* the events, a line each */
	int		 stored;
};

static void
begin(struct fixture *f)
{
	char why[256];

	*f = (struct fixture){ .folder = "/tmp/check_import.XXXXXX" };
	ck_assert_ptr_nonnull(mkdtemp(f->folder));
	snprintf(f->db, sizeof(f->db), "sqlite:%s/t.db", f->folder);
	snprintf(f->input, sizeof(f->input), "%s/input", f->folder);
	f->st = store_open(f->db, why, sizeof(why));
	ck_assert_msg(f->st != NULL, "%s", why);
	odm_strbuf_init(&f->told, 1 << 20);
}

static void
end(struct fixture *f)
{
	static const char *const names[] = { "t.db", "t.db-wal", "t.db-shm", "input" };

	store_close(&f->st);
	for (size_t i = 0; i < COUNT(names); i++) {
		char path[128];

		snprintf(path, sizeof(path), "%s/%s", f->folder, names[i]);
		(void)unlink(path);
	}
	ck_assert_int_eq(rmdir(f->folder), 0);
	odm_strbuf_free(&f->told);
}

static void
on_rejected(void *arg, int64_t line, const char *reason, struct odm_span text)
{
	struct fixture *f = arg;

	odm_strbuf_addf(&f->told, "rejected %d: %s {", (int)line, reason);
	odm_strbuf_add(&f->told, text);
	odm_strbuf_adds(&f->told, "}\n");
}

static void
on_skipped(void *arg, int64_t line, struct odm_span text, const char *reason)
{
	struct fixture *f = arg;

	(void)text;
	odm_strbuf_addf(&f->told, "skipped %d: %s\n", (int)line,
	    reason == NULL ? "unknown" : reason);
}

static void
on_stored(void *arg, int64_t line)
{
	struct fixture *f = arg;

	(void)line;
	f->stored++;
}

/* Imports a text line by line; every line in memory of its exact size. */
static struct import_counts
import_text(struct fixture *f, struct odm_span text)
{
	const struct import_events events = { on_rejected, on_skipped, on_stored, f };
	struct import *im = import_new(f->st, &events);
	struct import_counts counts;

	ck_assert_ptr_nonnull(im);
	odm_strbuf_clear(&f->told);
	while (text.len > 0) {
		size_t len = odm_span_find(text, '\n');
		bool ended = len < text.len;
		char *exact = malloc(len > 0 ? len : 1);

		ck_assert_ptr_nonnull(exact);
		memcpy(exact, text.at, len);
		ck_assert_msg(import_line(im, (struct odm_span){ exact, len }, ended) == 0,
		    "%s", store_error(f->st));
		free(exact);
		text = odm_span_sub(text, len + ended, text.len);
	}
	ck_assert_int_eq(import_end(im), 0);
	counts = *import_counts(im);
	import_free(&im);
	return counts;
}

#define T(text) { text, sizeof(text) - 1 }

static const struct text_case {
	const char	*what;
	struct odm_span	 text;
	int		 added, known, rejected;
	const char	*told;		/* stands in what was told; NULL: nothing was */
} cases[] = {
	{ "nothing", T(""), 0, 0, 0, NULL },
	{ "empty lines", T("\n\r\n\n"), 0, 0, 0, NULL },
	{ "one", T(GOOD), 1, 0, 0, NULL },
	{ "the same twice", T(GOOD GOOD), 1, 1, 0, NULL },
	{ "the same with CRLF", T(GOOD "job A\r\n" USUAL "action 2\r\n"), 1, 1, 0, NULL },
	{ "another job in the same second", T(GOOD "job B\n" USUAL "action 2\n"), 2, 0, 0,
	    NULL },
	{ "unknown jobs, told apart by the rest",
	    T("job (unknown-jobid)\n" USUAL "action 2\n"
	    "job (unknown-jobid)\n" USUAL "mfrom b.example\naction 2\n"), 2, 0, 0, NULL },
	{ "same id, other text", T("job A\nid X\n" USUAL "action 2\n"
	    "job B\nid X\n" USUAL "action 2\n"), 1, 1, 0, NULL },
	{ "other id, same text", T("job A\nid X\n" USUAL "action 2\n"
	    "job A\nid Y\n" USUAL "action 2\n"), 2, 0, 0, NULL },
	{ "last line without its end", T("job A\n" USUAL "action 2"), 1, 0, 0, NULL },
	{ "cut in the last line", T(GOOD "job B\nreporter mx.ex"), 1, 0, 1,
	    "rejected 23: reporter: cut off: the file ends without a line end {job B\n" },
	{ "cut in a value, all keys there", T("job A\n" USUAL "action 2\nrua mailto:x@ex"),
	    0, 0, 1, "cut off" },
	{ "cut after a line", T(GOOD "job B\nreporter mx.example\n"), 1, 0, 1,
	    "rejected 22: no received {job B\nreporter mx.example\n}" },
	{ "our own form cut after a line", T("job A\nid X\n" USUAL), 0, 0, 1,
	    "rejected 1: cut off before action" },
	{ "no action in an old form", T("job A\n" USUAL), 1, 0, 0, NULL },
	{ "two ran together", T("job A\nreporter mx.exjob B\n" USUAL "action 2\n" GOOD), 1, 0,
	    1, "reporter: repeated: two records ran together" },
	{ "a bad value spoils its record only", T("job B\n" USUAL "action 9\n" GOOD), 1, 0, 1,
	    "rejected 21: action: impossible value {job B\n" },
	{ "the first thing wrong is told", T("job B\npct 200\n" USUAL "action 9\n"), 0, 0, 1,
	    "rejected 2: pct: impossible value" },
	{ "lines before the first job", T("from x.example\nspf 0\n" GOOD), 1, 0, 1,
	    "rejected 1: from: stands before the first job {from x.example\nspf 0\n}" },
	{ "unknown key", T("job A\nmood good\n" USUAL "action 2\n"), 1, 0, 0,
	    "skipped 2: unknown\n" },
	{ "no text file at all", T("\x7f""ELF\x02\x01\x01\n\0\0\0\n\xff\xfe"), 0, 0, 0,
	    "skipped 1: unknown\nskipped 3: unknown\n" },
	{ "NULs of a crash before a record", T("\0\0\0\0" GOOD), 1, 0, 0, NULL },
	{ "comments", T("# input line 3: pct\n" GOOD), 1, 0, 0, NULL },
};

START_TEST(texts)
{
	const struct text_case *c = &cases[_i];
	struct fixture f;
	struct import_counts counts;

	begin(&f);
	counts = import_text(&f, c->text);
	ck_assert_msg(counts.added == c->added && counts.known == c->known &&
	    counts.rejected == c->rejected, "%s: added %d, known %d, rejected %d: %s", c->what,
	    (int)counts.added, (int)counts.known, (int)counts.rejected, f.told.at);
	if (c->told == NULL)
		ck_assert_msg(f.told.len == 0, "%s: %s", c->what, f.told.at);
	else
		ck_assert_msg(f.told.len > 0 && strstr(f.told.at, c->told) != NULL, "%s: %s",
		    c->what, f.told.at);
	ck_assert_int_eq(f.stored, c->added + c->known);

	/* Once more changes nothing. */
	counts = import_text(&f, c->text);
	ck_assert_int_eq(counts.added, 0);
	end(&f);
}
END_TEST

static int
see_reasons(const struct store_message *m, void *arg)
{
	struct odm_strbuf *seen = arg;

	for (size_t i = 0; i < m->nreasons; i++)
		odm_strbuf_addf(seen, "%s(%s) ", history_override_name(m->reasons[i].type),
		    m->reasons[i].comment == NULL ? "" : m->reasons[i].comment);
	return 0;
}

/* Failed and not acted on: dialects without reasons get the one that must be told. */
START_TEST(reasons_derived)
{
	static const struct {
		const char	*lines, *want;
	} derivations[] = {
		{ "policy 15\naction 2\n", "" },
		{ "policy 14\naction 2\n", "" },
		{ "policy 18\naction 2\n", "" },
		{ "policy 16\naction 0\n", "" },
		{ "policy 16\naction 1\n", "" },
		{ "policy 16\naction 2\n", "local_policy() " },
		{ "policy 16\naction 4\n", "local_policy() " },
		{ "policy 16\naction 3\n", "" },
		{ "policy 17\naction 4\n", "" },
		{ "policy 17\naction 2\n", "local_policy() " },
		{ "policy 17\naction 0\n", "local_policy() " },
		{ "policy 16\narc_policy 0 json:[]\naction 2\n", "local_policy(arc=pass) " },
		{ "policy 16\narc_policy 0 json:[{ \"i\": 2, \"d\":\"B.example\", \"s\":\"s2\","
		    " \"ip\":\"192.0.2.2\" }, { \"i\": 1, \"d\":\"a.example\", \"s\":\"s1\","
		    " \"ip\":\"192.0.2.1\" }]\naction 2\n",
		    "local_policy(arc=pass as[2].d=b.example as[2].s=s2 as[1].d=a.example"
		    " as[1].s=s1 client-ip[1]=192.0.2.1) " },
		{ "policy 17\narc_policy 0 json:[{ \"i\": 1, \"d\":\"a.example\", \"s\":\"\","
		    " \"ip\":\"\" }, { \"i\": 3, \"d\":\"\", \"s\":\"s3\", \"ip\":\"::1\" }]\n"
		    "action 2\n", "local_policy(arc=pass as[3].s=s3 as[1].d=a.example) " },
		{ "policy 16\narc_policy 2 json:[{ \"i\": 1, \"d\":\"a.example\", \"s\":\"s1\","
		    " \"ip\":\"192.0.2.1\" }]\naction 2\n", "local_policy() " },
		{ "policy 16\narc_policy 0 json:[{ \"i\": 1, \"d\":\"a.example\", \"s\":\"s1\","
		    " \"ip\":\"192.0.2.1\" }]\naction 0\n", "" },
		{ "policy 16\naction 2\nid X\n", "" },
		{ "policy 16\naction 2\noverride mailing_list l.example\n",
		    "mailing_list(l.example) " },
	};
	struct odm_strbuf text, seen;
	struct fixture f;

	begin(&f);
	odm_strbuf_init(&text, 65536);
	odm_strbuf_init(&seen, 65536);
	odm_strbuf_adds(&seen, "");
	odm_strbuf_adds(&text, "job A\n" USUAL);
	odm_strbuf_adds(&text, derivations[_i].lines);
	ck_assert_int_eq(import_text(&f, odm_strbuf_span(&text)).added, 1);
	ck_assert_int_eq(store_each_message(f.st, "a.example", 0, INT64_MAX, see_reasons,
	    &seen), 0);
	ck_assert_str_eq(seen.len == 0 ? "" : seen.at, derivations[_i].want);
	odm_strbuf_free(&text);
	odm_strbuf_free(&seen);
	end(&f);
}
END_TEST

/* More records than a batch; the store holds only what was committed. */
START_TEST(batches)
{
	const struct import_events events = { on_rejected, on_skipped, on_stored, NULL };
	struct fixture f;
	struct import_events mine = events;
	struct import *im;
	int64_t messages, domains;

	begin(&f);
	mine.arg = &f;
	im = import_new(f.st, &mine);
	for (int i = 0; i < IMPORT_BATCH + 11; i++) {
		char job[32];
		struct odm_span rest = odm_span_str(USUAL "action 2"), line;

		snprintf(job, sizeof(job), "job J%d", i);
		ck_assert_int_eq(import_line(im, odm_span_str(job), true), 0);
		while (odm_span_next(&rest, '\n', &line))
			ck_assert_int_eq(import_line(im, line, true), 0);
	}
	ck_assert_int_eq(import_counts(im)->added, IMPORT_BATCH);
	ck_assert_int_eq(import_flush(im), 0);
	ck_assert_int_eq(import_counts(im)->added, IMPORT_BATCH + 10);
	import_free(&im);	/* the last record was never finished */
	ck_assert_int_eq(store_count(f.st, 0, INT64_MAX, &messages, &domains), 0);
	ck_assert_int_eq(messages, IMPORT_BATCH + 10);
	end(&f);
}
END_TEST

START_TEST(record_without_end)
{
	const struct import_events events = { on_rejected, on_skipped, on_stored, NULL };
	struct import_events mine = events;
	struct fixture f;
	struct import *im;
	char line[4096] = "mood ";

	begin(&f);
	mine.arg = &f;
	memset(line + 5, 'x', sizeof(line) - 6);
	im = import_new(f.st, &mine);
	ck_assert_int_eq(import_line(im, odm_span_str("job A"), true), 0);
	for (int i = 0; i < 1000; i++)
		ck_assert_int_eq(import_line(im, odm_span_str(line), true), 0);
	odm_strbuf_clear(&f.told);
	f.told.max = 4 * IMPORT_RECORD_MAX;
	ck_assert_int_eq(import_end(im), 0);
	ck_assert_int_eq(import_counts(im)->rejected, 1);
	ck_assert_ptr_nonnull(strstr(f.told.at, "rejected 1: record too long"));
	ck_assert_uint_lt(f.told.len, IMPORT_RECORD_MAX + 100);
	import_free(&im);
	end(&f);
}
END_TEST

static void
write_input(const struct fixture *f, struct odm_span text, const char *mode)
{
	FILE *file = fopen(f->input, mode);

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(text.at, 1, text.len, file), text.len);
	ck_assert_int_eq(fclose(file), 0);
}

/* All lines of the input file, joined by "|"; "!" where the end of a line is missing. */
static void
read_input(struct fixture *f)
{
	char why[256];
	struct histfile *file = histfile_open(f->input, NULL, NULL, why, sizeof(why));
	struct odm_span line;
	bool ended;
	int got;

	ck_assert_msg(file != NULL, "%s", why);
	odm_strbuf_clear(&f->told);
	while ((got = histfile_next(file, &line, &ended)) == 1) {
		if (line.len > 100)
			odm_strbuf_addf(&f->told, "(%zu)%s", line.len, ended ? "|" : "!");
		else
			odm_strbuf_addf(&f->told, "%.*s%s", (int)line.len, line.at,
			    ended ? "|" : "!");
	}
	ck_assert_int_eq(got, 0);
	ck_assert(!histfile_unlocked(file));
	ck_assert(!histfile_shrank(file));
	histfile_close(&file);
}

START_TEST(lines_of_a_file)
{
	static const struct {
		struct odm_span	 text;
		const char	*want;
	} files[] = {
		{ T(""), "" },
		{ T("\n"), "|" },
		{ T("a"), "a!" },
		{ T("a\nb"), "a|b!" },
		{ T("a\n\nb\n"), "a||b|" },
	};
	struct fixture f;

	begin(&f);
	write_input(&f, files[_i].text, "w");
	read_input(&f);
	ck_assert_str_eq(f.told.len == 0 ? "" : f.told.at, files[_i].want);
	end(&f);
}
END_TEST

/* Lines around the limit and around the size of what is read at once. */
START_TEST(long_lines)
{
	static const size_t lengths[] = { HISTFILE_LINE_MAX - 1, HISTFILE_LINE_MAX,
		HISTFILE_LINE_MAX + 1, 256 * 1024 - 3, 256 * 1024 - 2, 256 * 1024 - 1,
		256 * 1024, 1000000 };
	size_t len = lengths[_i], want = len < HISTFILE_LINE_MAX ? len : HISTFILE_LINE_MAX;
	struct fixture f;
	char *line = malloc(len + 3), expected[64];

	begin(&f);
	ck_assert_ptr_nonnull(line);
	memset(line, 'x', len + 3);
	line[0] = 'a';
	line[1] = '\n';
	line[len + 2] = '\n';
	write_input(&f, (struct odm_span){ line, len + 3 }, "w");
	write_input(&f, odm_span_str("b\n"), "a");
	read_input(&f);
	snprintf(expected, sizeof(expected), "a|(%zu)|b|", want);
	ck_assert_str_eq(f.told.at, expected);
	free(line);
	end(&f);
}
END_TEST

/* Who appends while the file is read is not kept waiting, and is read too. */
START_TEST(file_that_grows)
{
	struct fixture f;
	struct odm_span line;
	struct histfile *file;
	char why[256];
	bool ended;
	int other;

	begin(&f);
	write_input(&f, odm_span_str("a\nb\n"), "w");
	file = histfile_open(f.input, NULL, NULL, why, sizeof(why));
	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(histfile_next(file, &line, &ended), 1);
	other = open(f.input, O_WRONLY | O_APPEND);
	ck_assert_int_eq(flock(other, LOCK_EX | LOCK_NB), 0);
	ck_assert_int_eq(write(other, "c\n", 2), 2);
	ck_assert_int_eq(flock(other, LOCK_UN), 0);
	ck_assert_int_eq(histfile_next(file, &line, &ended), 1);
	ck_assert_int_eq(histfile_next(file, &line, &ended), 1);
	ck_assert_int_eq(line.at[0], 'c');
	ck_assert_int_eq(histfile_next(file, &line, &ended), 0);
	/* A writer need not wait, and what it appends can be had. */
	ck_assert_int_eq(flock(other, LOCK_EX | LOCK_NB), 0);
	ck_assert_int_eq(histfile_writers(file), HISTFILE_WRITERS_SOME);
	ck_assert_int_eq(write(other, "d\n", 2), 2);
	close(other);
	ck_assert_int_eq(histfile_next(file, &line, &ended), 0);
	ck_assert_int_eq(histfile_more(file), 1);
	ck_assert_int_eq(histfile_next(file, &line, &ended), 1);
	ck_assert_int_eq(line.at[0], 'd');
	ck_assert_int_eq(histfile_next(file, &line, &ended), 0);
	ck_assert_int_eq(histfile_more(file), 0);
	ck_assert_int_eq(histfile_writers(file), HISTFILE_WRITERS_NONE);
	histfile_close(&file);
	end(&f);
}
END_TEST

START_TEST(file_that_shrinks)
{
	struct fixture f;
	struct odm_span line;
	struct histfile *file;
	char why[256];
	bool ended;

	begin(&f);
	write_input(&f, odm_span_str("a\nb\n"), "w");
	file = histfile_open(f.input, NULL, NULL, why, sizeof(why));
	ck_assert_int_eq(histfile_next(file, &line, &ended), 1);
	ck_assert_int_eq(truncate(f.input, 0), 0);
	ck_assert_int_eq(histfile_next(file, &line, &ended), 1);
	ck_assert_int_eq(histfile_next(file, &line, &ended), 0);
	ck_assert(histfile_shrank(file));
	histfile_close(&file);
	ck_assert_ptr_null(histfile_open("/no/such/file", NULL, NULL, why, sizeof(why)));
	ck_assert_str_eq(why, "No such file or directory");
	end(&f);
}
END_TEST

START_TEST(progress_line)
{
	char text[80], small[24];

	progress_text(text, sizeof(text), "records", 2000, 50000, 25, 100);
	ck_assert_str_eq(text, "50000 records, 25000/s, 25 %, 0:06 left");
	progress_text(text, sizeof(text), "records", 1000, 10, 0, 0);
	ck_assert_str_eq(text, "10 records, 10/s");
	progress_text(text, sizeof(text), "records", 0, 0, 5, 4);
	ck_assert_str_eq(text, "0 records, 0/s");
	progress_text(small, sizeof(small), "records", 2000, 50000, 25, 100);
	ck_assert_str_eq(small, "50000 records, 25000/s");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("import");
	TCase *tc = tcase_create("import");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, texts, 0, COUNT(cases));
	tcase_add_loop_test(tc, reasons_derived, 0, 14);
	tcase_add_test(tc, batches);
	tcase_add_test(tc, record_without_end);
	tcase_add_loop_test(tc, lines_of_a_file, 0, 5);
	tcase_add_loop_test(tc, long_lines, 0, 8);
	tcase_add_test(tc, file_that_grows);
	tcase_add_test(tc, file_that_shrinks);
	tcase_add_test(tc, progress_line);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
