/*
 * selftest.c - the words of --check-identity and --bounce.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "common/log.h"
#include "libopendmarc/base/domain.h"
#include "libopendmarc/base/strbuf.h"
#include "reports/selftest.h"

#define EXIT_LATER	75	/* EX_TEMPFAIL */

/* What to do about a result; NULL when nothing. */
static const char *
advice(const struct report_checkid *r)
{
	switch (r->dmarc) {
	case ODM_DMARC_PASS:
		return NULL;
	case ODM_DMARC_NONE:
		return "there is no DMARC record for the sender's domain: publish one";
	case ODM_DMARC_PERMERROR:
		return "the DMARC record of the sender's domain is unusable";
	case ODM_DMARC_TEMPERROR:
		return "the DNS fails for now: try again";
	case ODM_DMARC_FAIL:
		break;
	}
	return "SPF does not pass: name this address in the SPF record of the sender's domain, "
	    "or let the mail server sign with DKIM for that domain, which cannot be seen here";
}

/* Judges one address and prints its line; the exit status for it. */
static int
judge_ip(const struct report_identity *identity, struct resolver *resolver,
    const struct odm_ip *ip, int64_t timeout_ms)
{
	struct report_checkid r;
	char text[ODM_IP_TEXT_MAX + 1];
	const char *what;

	odm_ip_format(ip, text);
	if (report_checkid(resolver, identity, ip, timeout_ms, &r) != 0) {
		log_write(LOG_LEVEL_ERROR, "%s: memory is short", text);
		return EXIT_LATER;
	}
	what = advice(&r);
	(void)printf("%s: spf=%s%s, dmarc=%s%s%s\n", text, odm_result_name(r.spf),
	    r.spf_aligned ? " aligned" : "", odm_dmarc_name(r.dmarc), what == NULL ? "" : ": ",
	    what == NULL ? "" : what);
	return r.dmarc == ODM_DMARC_PASS ? CLI_EXIT_OKAY :
	    r.dmarc == ODM_DMARC_TEMPERROR ? EXIT_LATER : CLI_EXIT_FAILED;
}

int
report_selftest_identity(const struct report_settings *s,
    const struct report_identity *identity, struct resolver *resolver, int64_t timeout_ms)
{
	struct odm_ip ips[2], ip;
	size_t n = s->outgoing_ips.nwords > 0 ? 0 : report_checkid_own_ips(ips), i;
	int status = CLI_EXIT_OKAY, one;

	if (n == 0 && s->outgoing_ips.nwords == 0) {
		log_write(LOG_LEVEL_ERROR, "from where the mail leaves cannot be told: say "
		    "--outgoing-ip ADDRESS");
		return CLI_EXIT_FAILED;
	}
	(void)printf("From and envelope sender %s, HELO %s\n", identity->email, identity->helo);
	for (i = 0; i < n; i++) {
		one = judge_ip(identity, resolver, &ips[i], timeout_ms);
		status = status == CLI_EXIT_OKAY ? one : status;
	}
	for (i = 0; i < s->outgoing_ips.nwords; i++) {
		if (!odm_ip_parse(odm_span_str(s->outgoing_ips.words[i]), &ip)) {
			log_write(LOG_LEVEL_ERROR, "--outgoing-ip \"%s\" is no IP address",
			    s->outgoing_ips.words[i]);
			return CLI_EXIT_FAILED;
		}
		one = judge_ip(identity, resolver, &ip, timeout_ms);
		status = status == CLI_EXIT_OKAY ? one : status;
	}
	return status;
}

/* Reads standard input; what is behind REPORT_BOUNCE_MAX is passed over. */
static bool
read_input(struct odm_strbuf *mail)
{
	char piece[16384];
	ssize_t n;

	while ((n = read(STDIN_FILENO, piece, sizeof(piece))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		if (mail->len < REPORT_BOUNCE_MAX)
			odm_strbuf_add(mail, (struct odm_span){ piece, (size_t)n });
	}
	return !mail->failed;
}

int
report_selftest_bounce(const struct report_settings *s,
    const struct report_identity *identity, const struct report_verp_key *key,
    struct report_bounce *bounce_r)
{
	static const char *const words[] = {
		[REPORT_BOUNCE_DELAYED]	= "delayed",
		[REPORT_BOUNCE_FAILED]	= "failed",
	};
	struct report_bounce b = { .kind = REPORT_BOUNCE_OTHER };
	struct odm_strbuf mail;

	*bounce_r = b;
	odm_strbuf_init(&mail, REPORT_BOUNCE_MAX + 16384);
	if (!read_input(&mail)) {
		log_write(LOG_LEVEL_ERROR, "standard input: %s", strerror(errno));
		odm_strbuf_free(&mail);
		return EXIT_LATER;
	}
	report_bounce_read(odm_strbuf_span(&mail), s->bounce_to, identity->email, key, &b);
	odm_strbuf_free(&mail);
	*bounce_r = b;
	if (b.kind != REPORT_BOUNCE_OTHER)
		(void)printf("%s %s %s (%s)\n", b.recipient, words[b.kind],
		    b.status[0] == '\0' ? "-" : b.status, b.reason);
	else if (s->common.verbose > 0)
		(void)printf("nothing about a report: %s\n", b.reason);
	return CLI_EXIT_OKAY;
}
