/*
 * checkid.c - the check of our own sender: SPF first, then DMARC with its result.
 */
#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <unistd.h>

#include "common/dmarctask.h"
#include "common/spf.h"
#include "libopendmarc/base/domain.h"
#include "reports/checkid.h"
#include "reports/deliver_https.h"

static enum dnstask_state
step(struct dnstask *task, void *arg)
{
	struct odm_eval *eval = arg;

	do {
		if (odm_eval_run(eval))
			return DNSTASK_DONE;
	} while (dmarctask_carry(task, odm_eval_questions(eval), NULL));
	if (!dnstask_overdue(task))
		return DNSTASK_WAITS;
	odm_eval_give_up(eval);
	return DNSTASK_DONE;
}

/* The evaluation is the caller's. */
static void
release(void *arg)
{
	(void)arg;
}

/* Brings the evaluation to its verdict. 0, or -1 when memory is short. */
static int
evaluate(struct odm_eval *eval, struct resolver *resolver, int64_t deadline)
{
	struct dnstask *task = dnstask_start(resolver, step, release, eval);

	if (task == NULL)
		return -1;
	(void)dnstask_finish(task, deadline);
	dnstask_free(&task);
	return odm_eval_verdict(eval) == NULL ? -1 : 0;
}

int
report_checkid(struct resolver *resolver, const struct report_identity *identity,
    const struct odm_ip *ip, int64_t timeout_ms, struct report_checkid *result_r)
{
	int64_t deadline = resolver_now() + timeout_ms;
	struct spf_check *spf = spf_start(resolver, ip, identity->helo, identity->email);
	struct odm_eval *eval = odm_eval_new(false);
	const struct odm_verdict *v;
	struct report_checkid r;
	char author[ODM_NAME_MAX + 1];
	int result = -1;

	if (spf == NULL || eval == NULL ||
	    !odm_domain_normalise(odm_domain_of_address(odm_span_str(identity->email)), author) ||
	    odm_eval_add_author(eval, author) != 0)
		goto out;
	r.spf = spf_finish(spf, deadline);
	if (odm_eval_add_spf(eval, r.spf, spf_domain(spf)) != 0)
		goto out;
	odm_eval_identities_complete(eval);
	if (evaluate(eval, resolver, deadline) != 0)
		goto out;
	v = odm_eval_verdict(eval);
	r.dmarc = v->result;
	r.policy = v->published;
	r.spf_aligned = v->spf_aligned;
	*result_r = r;
	result = 0;
out:
	odm_eval_free(&eval);
	spf_free(&spf);
	return result;
}

/* The local address of a way to far; nothing is sent for that. */
static bool
own_ip(const struct sockaddr *far, socklen_t len, struct odm_ip *ip_r)
{
	struct sockaddr_storage own = { 0 };
	socklen_t own_len = sizeof(own);
	int fd = socket(far->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool found;

	if (fd < 0)
		return false;
	found = connect(fd, far, len) == 0 &&
	    getsockname(fd, (struct sockaddr *)&own, &own_len) == 0 &&
	    !report_https_private((struct sockaddr *)&own) &&
	    odm_ip_from_sockaddr((struct sockaddr *)&own, ip_r);
	(void)close(fd);
	return found;
}

size_t
report_checkid_own_ips(struct odm_ip ips_r[2])
{
	/* Any address of the world will do: those of the documentation are nobody's. */
	struct sockaddr_in far4 = { .sin_family = AF_INET, .sin_port = htons(25) };
	struct sockaddr_in6 far6 = { .sin6_family = AF_INET6, .sin6_port = htons(25) };
	size_t n = 0;

	(void)inet_pton(AF_INET, "198.51.100.1", &far4.sin_addr);
	(void)inet_pton(AF_INET6, "2001:db8::1", &far6.sin6_addr);
	n += own_ip((struct sockaddr *)&far4, sizeof(far4), &ips_r[n]);
	n += own_ip((struct sockaddr *)&far6, sizeof(far6), &ips_r[n]);
	return n;
}
