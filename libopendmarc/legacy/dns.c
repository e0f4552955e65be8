/*
 * dns.c - answers to the questions of the core: from the table of fake records if
 * there is one, else by the system resolver. RFC 1035, 4. Blocks.
 */
#include <sys/types.h>
#include <netinet/in.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <pthread.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config.h"
#include "libopendmarc/base/domain.h"
#include "libopendmarc/legacy/legacy.h"

#define PACKET_MAX	65535	/* what TCP can carry */

struct fake {
	struct fake	*next;
	char		*text;
	char		 name[];
};

/* The one table of the process, in the order in which records were added. */
static struct {
	pthread_mutex_t	 lock;
	struct fake	*first;
	struct fake	**end;
} fakes = { PTHREAD_MUTEX_INITIALIZER, NULL, &fakes.first };

void
opendmarc_dns_fake_record(const char *name, const char *answer)
{
	struct fake *fake;
	size_t size;

	if (name == NULL || answer == NULL)
		return;
	size = strlen(name) + 1;
	fake = malloc(sizeof(*fake) + size);
	if (fake == NULL)
		return;
	fake->next = NULL;
	fake->text = strdup(answer);
	if (fake->text == NULL) {
		free(fake);
		return;
	}
	memcpy(fake->name, name, size);
	pthread_mutex_lock(&fakes.lock);
	*fakes.end = fake;
	fakes.end = &fake->next;
	pthread_mutex_unlock(&fakes.lock);
}

bool
legacy_fake_each(void (*found)(void *arg, const char *name, const char *text), void *arg)
{
	const struct fake *fake;
	bool any;

	pthread_mutex_lock(&fakes.lock);
	any = fakes.first != NULL;
	for (fake = fakes.first; fake != NULL; fake = fake->next)
		found(arg, fake->name, fake->text);
	pthread_mutex_unlock(&fakes.lock);
	return any;
}

/* When the library is unloaded. */
__attribute__((destructor)) static void
forget_fakes(void)
{
	struct fake *fake;

	pthread_mutex_lock(&fakes.lock);
	while ((fake = fakes.first) != NULL) {
		fakes.first = fake->next;
		free(fake->text);
		free(fake);
	}
	fakes.end = &fakes.first;
	pthread_mutex_unlock(&fakes.lock);
}

static bool
fake_matches(const struct fake *fake, const char *name)
{
	if (strcasecmp(fake->name, name) == 0)
		return true;
	return strncmp(fake->name, "*.", 2) == 0 && odm_domain_is_below(name, fake->name + 2);
}

/* True when the table answers, which it does as soon as it holds anything. */
static bool
answer_from_fakes(struct odm_questions *qs, const struct odm_question *q, int *error_r)
{
	struct odm_answer answer = { ODM_ANSWER_NXDOMAIN, NULL, 0 };
	const struct fake *fake;
	struct odm_span text;
	bool any;

	pthread_mutex_lock(&fakes.lock);
	any = fakes.first != NULL;
	for (fake = fakes.first; fake != NULL && !fake_matches(fake, q->name); fake = fake->next)
		;
	if (fake != NULL) {
		text = odm_span_str(fake->text);
		answer = (struct odm_answer){ ODM_ANSWER_RECORDS, &text, 1 };
	}
	if (any)
		*error_r = odm_questions_feed(qs, q->id, &answer);
	pthread_mutex_unlock(&fakes.lock);
	return any;
}

#ifdef HAVE_RES_NSEND
/* One exchange of packets; octets of the answer, 0 or less on failure. */
static int
exchange(const char *name, int type, u_char *packet, int size)
{
	u_char question[NS_PACKETSZ];
	struct sockaddr_in servers[MAXNS];
	struct __res_state state;
	int n, len = -1;

	memset(&state, 0, sizeof(state));
	if (res_ninit(&state) != 0)
		return -1;
	n = legacy_nameservers(servers);
	if (n > 0) {
		memcpy(state.nsaddr_list, servers, (size_t)n * sizeof(servers[0]));
		state.nscount = n;
	}
	n = res_nmkquery(&state, ns_o_query, name, ns_c_in, type, NULL, 0, NULL, question,
	    (int)sizeof(question));
	if (n > 0)
		len = res_nsend(&state, question, n, packet, size);
	res_nclose(&state);
	return len;
}
#else
/* C libraries without resolver states of one's own ask the servers of the system. */
static int
exchange(const char *name, int type, u_char *packet, int size)
{
	u_char question[NS_PACKETSZ];
	int n;

	n = res_mkquery(ns_o_query, name, ns_c_in, type, NULL, 0, NULL, question,
	    (int)sizeof(question));
	return n > 0 ? res_send(question, n, packet, size) : -1;
}
#endif

/* Asks the DNS. The core of this API asks for TXT records only. */
static int
answer_from_dns(struct odm_questions *qs, const struct odm_question *q, int *host_errno_r)
{
	static const int host_errors[] = {
		[ODM_ANSWER_RECORDS]	= 0,
		[ODM_ANSWER_NODATA]	= NO_DATA,
		[ODM_ANSWER_NXDOMAIN]	= HOST_NOT_FOUND,
		[ODM_ANSWER_FAILURE]	= TRY_AGAIN,
	};
	struct odm_span txt[ODM_TXT_RECORDS_MAX];
	u_char *packet = malloc(PACKET_MAX);
	struct odm_answer answer;
	int len, error;

	if (packet == NULL)
		return -1;
	len = exchange(q->name, ns_t_txt, packet, PACKET_MAX);
	answer = legacy_read_packet(packet, len > PACKET_MAX ? -1 : len, q->name, txt);
	*host_errno_r = host_errors[answer.status];
	error = odm_questions_feed(qs, q->id, &answer);
	free(packet);
	return error;
}

int
legacy_answer_all(struct odm_questions *qs, int *host_errno_r)
{
	const struct odm_question *q;
	int error = 0;

	while (error == 0 && (q = odm_questions_open(qs, 0)) != NULL) {
		*host_errno_r = 0;
		if (!answer_from_fakes(qs, q, &error))
			error = answer_from_dns(qs, q, host_errno_r);
	}
	return error;
}
