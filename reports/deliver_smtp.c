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

struct report_smtp {
	CURL		*curl;
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
	report_reason(text, reason);
}

/* True for failures that any other mail would meet as well. */
static bool
is_unreachable(const struct report_smtp *s, CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_LOGIN_DENIED:
	case CURLE_USE_SSL_FAILED:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_PEER_FAILED_VERIFICATION:
		return true;
	default:
		break;
	}
	return code == CURLE_OPERATION_TIMEDOUT && s->reply[0] == '\0';
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
	return is_unreachable(s, code) ? REPORT_UNREACHABLE : REPORT_FAILED;
}
