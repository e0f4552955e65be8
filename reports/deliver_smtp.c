/*
 * deliver_smtp.c - SMTP by libcurl. RFC 5321, 3207, 4954, 8314.
 */
#include <stdio.h>
#include <stdlib.h>
#include <curl/curl.h>

#include "reports/deliver_smtp.h"
#include "reports/mail.h"

/* RFC 5321, 4.5.3.2: five minutes for a reply, ten for the one to the final dot. */
#define CONNECT_TIMEOUT_SECS	60L
#define REPLY_TIMEOUT_SECS	600L
/* A transaction that takes longer than this is stuck, however slow the line. */
#define SEND_TIMEOUT_SECS	3600L

/* The step of a transaction that the last reply was to. */
enum step { STEP_CONNECT, STEP_MAIL, STEP_RCPT, STEP_DATA };

struct report_smtp {
	CURL		*curl;
	enum step	 step;
	char		 error[CURL_ERROR_SIZE];
	char		 reply[256];		/* the last reply of the server */
	struct odm_span	 rest;			/* of the mail being sent */
};

int
report_smtp_init(void)
{
	return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? 0 : -1;
}

void
report_smtp_exit(void)
{
	curl_global_cleanup();
}

/* Gives curl the next octets of the mail. */
static size_t
read_mail(char *buf, size_t size, size_t n, void *arg)
{
	struct report_smtp *s = arg;
	size_t len = size * n;

	if (len > s->rest.len)
		len = s->rest.len;
	if (len > 0)
		memcpy(buf, s->rest.at, len);
	s->rest.at += len;
	s->rest.len -= len;
	return len;
}

/*
 * Keeps the replies of the server, the last one stays; curl calls them headers. The
 * farewell does not count: after a refusal curl says QUIT, and the refusal must stay.
 */
static size_t
note_reply(char *line, size_t size, size_t n, void *arg)
{
	struct report_smtp *s = arg;
	struct odm_span reply = odm_span_trim((struct odm_span){ line, size * n });

	if (reply.len >= 3 && memcmp(reply.at, "221", 3) == 0)
		return size * n;
	if (reply.len >= sizeof(s->reply))
		reply.len = sizeof(s->reply) - 1;
	(void)odm_span_copy(reply, s->reply, sizeof(s->reply));
	return size * n;
}

/* Sees the commands go out; curl does not tell later which one failed. */
static int
note_command(CURL *curl, curl_infotype type, char *data, size_t size, void *arg)
{
	static const char *const verbs[] = {
		[STEP_MAIL] = "MAIL ", [STEP_RCPT] = "RCPT ", [STEP_DATA] = "DATA\r",
	};
	struct report_smtp *s = arg;

	(void)curl;
	for (size_t i = STEP_MAIL; type == CURLINFO_HEADER_OUT && i < COUNT(verbs); i++)
		if (size > 5 && memcmp(data, verbs[i], 5) == 0)
			s->step = (enum step)i;
	return 0;
}

static bool
set_url(CURL *curl, const struct report_smtp_server *server)
{
	bool is_ipv6 = strchr(server->host, ':') != NULL && server->host[0] != '[';
	char url[700];
	int len = snprintf(url, sizeof(url), "%s://%s%s%s:%d/%s",
	    server->tls == REPORT_SMTP_TLS_IMPLICIT ? "smtps" : "smtp", is_ipv6 ? "[" : "",
	    server->host, is_ipv6 ? "]" : "", server->port, server->helo);

	return len > 0 && (size_t)len < sizeof(url) &&
	    curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK;
}

static bool
set_security(CURL *c, const struct report_smtp_server *server)
{
	static const long use[] = {
		[REPORT_SMTP_TLS_OFF]		= CURLUSESSL_NONE,
		[REPORT_SMTP_TLS_TRY]		= CURLUSESSL_TRY,
		[REPORT_SMTP_TLS_REQUIRE]	= CURLUSESSL_ALL,
		[REPORT_SMTP_TLS_IMPLICIT]	= CURLUSESSL_ALL,
	};
	/* Who would read along could as well hide that TLS is offered: nothing is lost. */
	bool check = server->tls != REPORT_SMTP_TLS_TRY;

	if (curl_easy_setopt(c, CURLOPT_USE_SSL, use[server->tls]) != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, check ? 1L : 0L) != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, check ? 2L : 0L) != CURLE_OK)
		return false;
	if (server->ca_file != NULL &&
	    curl_easy_setopt(c, CURLOPT_CAINFO, server->ca_file) != CURLE_OK)
		return false;
	return server->username == NULL ||
	    (curl_easy_setopt(c, CURLOPT_USERNAME, server->username) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_PASSWORD, server->password) == CURLE_OK);
}

static bool
set_options(struct report_smtp *s)
{
	CURL *c = s->curl;

	return curl_easy_setopt(c, CURLOPT_ERRORBUFFER, s->error) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_PROXY, "") == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_UPLOAD, 1L) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_READFUNCTION, read_mail) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_READDATA, s) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, note_reply) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_HEADERDATA, s) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_DEBUGFUNCTION, note_command) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_DEBUGDATA, s) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_VERBOSE, 1L) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_SECS) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_SERVER_RESPONSE_TIMEOUT, REPLY_TIMEOUT_SECS) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_TIMEOUT, SEND_TIMEOUT_SECS) == CURLE_OK;
}

struct report_smtp *
report_smtp_new(const struct report_smtp_server *server)
{
	struct report_smtp *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->curl = curl_easy_init();
	if (s->curl == NULL || !set_url(s->curl, server) || !set_options(s) ||
	    !set_security(s->curl, server))
		report_smtp_free(&s);
	return s;
}

void
report_smtp_free(struct report_smtp **s)
{
	if (*s == NULL)
		return;
	curl_easy_cleanup((*s)->curl);
	free(*s);
	*s = NULL;
}

/* The server's refusal where there is one, else what curl says. */
static void
tell_reason(const struct report_smtp *s, CURLcode code, char reason[REPORT_REASON_SIZE])
{
	const char *text = s->error[0] != '\0' ? s->error : curl_easy_strerror(code);

	if (s->reply[0] == '4' || s->reply[0] == '5')
		text = s->reply;
	else if (code == CURLE_USE_SSL_FAILED)
		text = "the server does not offer STARTTLS, see --smtp-starttls";
	report_reason(text, reason);
}

/* True for failures that any other mail would meet as well. */
static bool
is_unreachable(const struct report_smtp *s, CURLcode code)
{
	if (s->step != STEP_CONNECT)
		return false;
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_LOGIN_DENIED:
	case CURLE_USE_SSL_FAILED:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_GOT_NOTHING:
		return true;
	default:
		break;
	}
	return s->reply[0] == '4' || s->reply[0] == '5';
}

/* True when the text of a reply begins with an enhanced code (RFC 3463) like "5.7.". */
static bool
has_enhanced(const char *reply, const char *code)
{
	return strlen(reply) > 4 && strncmp(reply + 4, code, strlen(code)) == 0;
}

/* True for an answer for good to this mail; see the header. */
static bool
is_refused(const struct report_smtp *s)
{
	static const char *const not_us[] = { "530", "534", "535", "538" };

	if (s->reply[0] != '5' || s->step == STEP_CONNECT)
		return false;
	/* Of what may be wrong with MAIL only the size is the mail's own. */
	if (s->step == STEP_MAIL)
		return strncmp(s->reply, "552", 3) == 0 || has_enhanced(s->reply, "5.2.3") ||
		    has_enhanced(s->reply, "5.3.4");
	for (size_t i = 0; i < COUNT(not_us); i++)
		if (strncmp(s->reply, not_us[i], 3) == 0)
			return false;
	return !has_enhanced(s->reply, "5.7.");
}

enum report_outcome
report_smtp_send(struct report_smtp *s, const char *sender, const char *recipient,
    struct odm_span mail, char reason[REPORT_REASON_SIZE])
{
	struct curl_slist *recipients;
	CURLcode code = CURLE_OUT_OF_MEMORY;

	if (!report_mail_address_okay(odm_span_str(recipient))) {
		(void)snprintf(reason, REPORT_REASON_SIZE, "no mail address");
		return REPORT_FAILED;
	}
	recipients = curl_slist_append(NULL, recipient);
	s->rest = mail;
	s->error[0] = s->reply[0] = '\0';
	s->step = STEP_CONNECT;
	if (recipients != NULL &&
	    curl_easy_setopt(s->curl, CURLOPT_MAIL_FROM, sender) == CURLE_OK &&
	    curl_easy_setopt(s->curl, CURLOPT_MAIL_RCPT, recipients) == CURLE_OK &&
	    curl_easy_setopt(s->curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)mail.len) == CURLE_OK)
		code = curl_easy_perform(s->curl);
	curl_easy_setopt(s->curl, CURLOPT_MAIL_RCPT, NULL);
	curl_slist_free_all(recipients);
	if (code == CURLE_OK)
		return REPORT_SENT;
	tell_reason(s, code, reason);
	if (is_unreachable(s, code))
		return REPORT_UNREACHABLE;
	return is_refused(s) ? REPORT_REFUSED : REPORT_FAILED;
}
