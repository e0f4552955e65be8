/*
 * testmode.c - messages in files go through the filter as if a mail server had them.
 */
#include "config.h"

#include <limits.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "libopendmarc/base/limits.h"
#include "libopendmarc/base/nametab.h"
#include "opendmarc/process.h"
#include "opendmarc/savedmsg.h"
#include "opendmarc/session.h"
#include "opendmarc/testmode.h"

/* Macros that a session asks for, and the longest name of one. */
#define SYMBOLS_MAX	16
#define SYMBOL_SIZE	64

/* In front of a line about a file: the path, and the number of a line. */
#define PLACE_SIZE	(PATH_MAX + 32)

struct test {
	unsigned	 verbose;
	struct dmf_session *session;
	char		 symbols[SYMBOLS_MAX][SYMBOL_SIZE];	/* given out */
	size_t		 nsymbols;
};

/* One file on its way through. */
struct input {
	struct test	*test;
	const char	*path;
	struct odm_strbuf name, value;	/* of the field at hand */
	unsigned	 line, field_line;	/* the one at hand; where the field began */
	bool		 open;		/* a field waits for its end */
	bool		 any;		/* there was one */
};

/* SMFIS_NOREPLY does not come up: the fake mail server negotiates nothing. */
static const struct odm_name answers[] = {
	{ DMF_ANSWER_CONTINUE,	"SMFIS_CONTINUE" },
	{ DMF_ANSWER_NOREPLY,	"SMFIS_NOREPLY" },
	{ DMF_ANSWER_ACCEPT,	"SMFIS_ACCEPT" },
	{ DMF_ANSWER_REJECT,	"SMFIS_REJECT" },
	{ DMF_ANSWER_TEMPFAIL,	"SMFIS_TEMPFAIL" },
};

/* Writes a line in which what a message brought stays harmless to a terminal. */
static void __attribute__((format(printf, 2, 3)))
print(FILE *to, const char *format, ...)
{
	va_list ap;
	char *text;
	int len;

	va_start(ap, format);
	len = vasprintf(&text, format, ap);
	va_end(ap);
	if (len < 0)
		return;
	for (const char *at = text; *at != '\0'; at++) {
		unsigned char c = (unsigned char)*at;

		if (c >= ' ' && c < 0x7f)
			putc(c, to);
		else
			fprintf(to, "\\x%02x", c);
	}
	putc('\n', to);
	free(text);
}

/* Tells of the answer to a step; place ends in ": " or is "". True to go on. */
static bool
step(const struct test *t, const char *place, const char *call, enum dmf_answer answer)
{
	if (t->verbose > (answer == DMF_ANSWER_CONTINUE))
		print(stderr, DMF_PROGRAM ": %s%s() returned %s", place, call,
		    odm_name_of(answers, COUNT(answers), (int)answer));
	return answer == DMF_ANSWER_CONTINUE;
}

/* The fake mail server: each macro has its own name for a value. */
static const char *
fake_symbol(void *handle, const char *name)
{
	struct test *t = handle;
	char text[SYMBOL_SIZE];
	size_t i;
	int len = snprintf(text, sizeof(text), "DEBUG-%s", name);

	if (len < 0 || (size_t)len >= sizeof(text))
		return NULL;
	for (i = 0; i < t->nsymbols; i++)
		if (strcmp(t->symbols[i], text) == 0)
			return t->symbols[i];
	if (i == SYMBOLS_MAX)
		return NULL;
	(void)strlcpy(t->symbols[t->nsymbols++], text, SYMBOL_SIZE);
	return t->symbols[i];
}

static bool
fake_add_recipient(void *handle, const char *address)
{
	const struct test *t = handle;

	if (t->verbose > 1)
		print(stdout, "### ADDRCPT: '%s'", address);
	return true;
}

static bool
fake_quarantine(void *handle, const char *reason)
{
	const struct test *t = handle;

	if (t->verbose > 1)
		print(stdout, "### QUARANTINE: reason='%s'", reason);
	return true;
}

static bool
fake_insert_field(void *handle, const char *name, const char *value)
{
	const struct test *t = handle;

	if (t->verbose > 1)
		print(stdout, "### INSHEADER: idx=0 hname='%s' hvalue='%s'", name, value);
	return true;
}

static bool
fake_remove_field(void *handle, const char *name, unsigned nth)
{
	const struct test *t = handle;

	if (t->verbose > 1)
		print(stdout, "### CHGHEADER: hname='%s' idx=%u hvalue=''", name, nth);
	return true;
}

static bool
fake_set_reply(void *handle, const char *code, const char *status, const char *text)
{
	const struct test *t = handle;

	if (t->verbose > 1)
		print(stdout, "### SETREPLY: rcode='%s' xcode='%s' replytxt='%s'", code, status,
		    text);
	return true;
}

static const struct dmf_mta fake_mta = {
	.symbol = fake_symbol,
	.add_recipient = fake_add_recipient,
	.quarantine = fake_quarantine,
	.insert_field = fake_insert_field,
	.remove_field = fake_remove_field,
	.set_reply = fake_set_reply,
};

static const char *
setting(const char *variable, const char *fallback)
{
	const char *value = getenv(variable);

	return value != NULL ? value : fallback;
}

/* Connection and HELO. EX_OK, or the status to exit with. */
static int
greet(struct test *t)
{
	const char *ip = setting("OPENDMARC_TEST_CLIENTIP", "127.0.0.1");
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	enum dmf_answer answer;
	int error = getaddrinfo(ip, NULL, &hints, &found);

	if (error != 0) {
		print(stderr, DMF_PROGRAM ": OPENDMARC_TEST_CLIENTIP \"%s\": %s", ip,
		    gai_strerror(error));
		return EX_NOHOST;
	}
	answer = dmf_session_connect(t->session,
	    setting("OPENDMARC_TEST_CLIENTHOST", "localhost"), found->ai_addr);
	freeaddrinfo(found);
	if (!step(t, "", "mlfi_connect", answer))
		return EX_SOFTWARE;
	answer = dmf_session_helo(t->session, setting("OPENDMARC_TEST_HELOHOST", "localhost"));
	return step(t, "", "mlfi_helo", answer) ? EX_OK : EX_SOFTWARE;
}

/* "FILE: ", or "FILE: line N: " when there is a number. */
static const char *
place(const struct input *in, unsigned line, char text[PLACE_SIZE])
{
	int len = line == 0 ? snprintf(text, PLACE_SIZE, "%s: ", in->path) :
	    snprintf(text, PLACE_SIZE, "%s: line %u: ", in->path, line);

	/* A path that long cannot have been opened. */
	if (len < 0 || len >= PLACE_SIZE)
		text[0] = '\0';
	return text;
}

static int
fail_too_large(const struct input *in)
{
	char where[PLACE_SIZE];

	print(stderr, DMF_PROGRAM ": %sheader '%.200s' too large",
	    place(in, in->field_line, where), in->name.at);
	return EX_DATAERR;
}

/* The end of a field: the session has it. EX_OK, or the status to exit with. */
static int
end_field(struct input *in)
{
	char where[PLACE_SIZE];

	if (!in->open)
		return EX_OK;
	in->open = false;
	if (in->name.failed || in->value.failed)
		return fail_too_large(in);
	return step(in->test, place(in, in->field_line, where), "mlfi_header",
	    dmf_session_header(in->test->session, in->name.at, in->value.at)) ? EX_OK :
	    EX_SOFTWARE;
}

/* Printable octets; a blank may stand before the colon. RFC 5322, 2.2 and 4.5.8. */
static bool
is_name(struct odm_span name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.at[i] <= ' ' || name.at[i] > '~')
			return false;
	return name.len > 0;
}

/* The first line of a field. EX_OK, or the status to exit with. */
static int
begin_field(struct input *in, struct odm_span line)
{
	size_t colon = odm_span_find(line, ':');
	struct odm_span name = odm_span_trim(odm_span_sub(line, 0, colon)), value;
	char where[PLACE_SIZE];
	int status = end_field(in);

	if (status != EX_OK)
		return status;
	if (colon == line.len || odm_is_wsp(line.at[0]) || !is_name(name)) {
		print(stderr, DMF_PROGRAM ": %sheader malformed", place(in, in->line, where));
		return EX_DATAERR;
	}
	value = odm_span_sub(line, colon + 1, line.len);
	if (value.len > 0 && value.at[0] == ' ')
		value = odm_span_sub(value, 1, value.len);
	odm_strbuf_clear(&in->name);
	odm_strbuf_clear(&in->value);
	odm_strbuf_add(&in->name, name);
	odm_strbuf_add(&in->value, value);
	in->field_line = in->line;
	in->open = in->any = true;
	return EX_OK;
}

/* All fields of the header. EX_OK, or the status to exit with. */
static int
send_header(struct input *in, const struct savedmsg *m)
{
	struct odm_span rest = m->rest, line;
	int status = EX_OK;

	/* The line that begins a mailbox was skipped. */
	in->line = rest.len < m->text.len;
	while (status == EX_OK && odm_span_next(&rest, '\n', &line)) {
		if (line.len > 0 && line.at[line.len - 1] == '\r')
			line.len--;
		in->line++;
		if (line.len == 0)
			return end_field(in);
		if (!in->open || !odm_is_wsp(line.at[0])) {
			status = begin_field(in, line);
			continue;
		}
		odm_strbuf_adds(&in->value, "\r\n");
		odm_strbuf_add(&in->value, line);
	}
	if (status == EX_OK && in->open && m->text.len >= SAVEDMSG_OCTETS_MAX)
		return fail_too_large(in);
	return status == EX_OK ? end_field(in) : status;
}

/* One message from MAIL to its end. EX_OK, or the status to exit with. */
static int
send_message(struct input *in, const struct savedmsg *m)
{
	struct dmf_session *s = in->test->session;
	char where[PLACE_SIZE];
	int status;

	if (!step(in->test, place(in, 0, where), "mlfi_envfrom", dmf_session_mail(s,
	    setting("OPENDMARC_TEST_ENVFROM", "<sender@example.org>"))))
		return EX_SOFTWARE;
	status = send_header(in, m);
	if (status != EX_OK)
		return status;
	if (!in->any)
		print(stderr, DMF_PROGRAM ": %swarning: no headers on input", where);
	(void)step(in->test, where, "mlfi_eom", dmf_session_end(s));
	return EX_OK;
}

static int
test_file(struct test *t, struct odm_span name)
{
	struct input in = { .test = t };
	char path[PATH_MAX] = "";
	const char *why = "File name too long";
	struct savedmsg m = { 0 };
	int status = EX_UNAVAILABLE;

	in.path = path;
	odm_strbuf_init(&in.name, ODM_HEADER_OCTETS_MAX);
	odm_strbuf_init(&in.value, ODM_HEADER_OCTETS_MAX);
	if (odm_span_copy(name, path, sizeof(path)) && savedmsg_open(&m, path, &why))
		status = send_message(&in, &m);
	else
		print(stderr, DMF_PROGRAM ": %.*s: %s", (int)(name.len > PATH_MAX ? PATH_MAX :
		    name.len), name.at, why);
	savedmsg_close(&m);
	odm_strbuf_free(&in.name);
	odm_strbuf_free(&in.value);
	return status;
}

int
dmf_testmode_run(const char *files, unsigned verbose, struct dmf_shared *shared)
{
	struct dmf_work work = DMF_WORK_INITIALIZER;
	struct odm_span rest = odm_span_str(files), name;
	struct test t = { .verbose = verbose };
	int status;

	t.session = dmf_session_new(shared, &work, &fake_mta, &t);
	if (t.session == NULL) {
		print(stderr, DMF_PROGRAM ": memory allocation failure");
		return EX_OSERR;
	}
	t.session->may_remove = dmf_session_conf(t.session)->remove_refused_results;
	status = greet(&t);
	while (status == EX_OK && odm_span_next(&rest, ',', &name))
		if (name.len > 0)
			status = test_file(&t, name);
	dmf_session_free(&t.session);
	if (status == EX_OK)
		(void)step(&t, "", "mlfi_close", DMF_ANSWER_CONTINUE);
	return status;
}
