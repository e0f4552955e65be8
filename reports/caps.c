/*
 * caps.c - counters of mail. A tree, as its names are chosen by others.
 */
#include <sys/tree.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>

#include "reports/caps.h"

struct count {
	RB_ENTRY(count)	 in_tree;
	int64_t		 mails;
	char		 domain[];
};

RB_HEAD(count_tree, count);

struct report_caps {
	struct count_tree counts;	/* owns them */
	int64_t		 mails, max_mails, max_per_domain;
};

static int
compare_counts(const struct count *a, const struct count *b)
{
	return strcmp(a->domain, b->domain);
}

/* RB_GENERATE_STATIC() of libbsd needs a macro that glibc does not have. */
/* cppcheck-suppress unknownMacro */
RB_GENERATE_INTERNAL(count_tree, count, in_tree, compare_counts, __attribute__((unused)) static)

struct report_caps *
report_caps_new(int64_t max_mails, int64_t max_per_domain)
{
	struct report_caps *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	RB_INIT(&c->counts);
	c->max_mails = max_mails;
	c->max_per_domain = max_per_domain;
	return c;
}

void
report_caps_free(struct report_caps **c)
{
	struct count *count;

	if (*c == NULL)
		return;
	while ((count = RB_ROOT(&(*c)->counts)) != NULL) {
		RB_REMOVE(count_tree, &(*c)->counts, count);
		free(count);
	}
	free(*c);
	*c = NULL;
}

enum report_cap
report_caps_take(struct report_caps *c, const char *domain)
{
	size_t size = strlen(domain) + 1;
	struct count *count, *known;

	if (c->mails >= c->max_mails)
		return REPORT_CAP_RUN;
	if ((count = malloc(sizeof(*count) + size)) == NULL)
		return REPORT_CAP_MEMORY;
	count->mails = 0;
	memcpy(count->domain, domain, size);
	if ((known = RB_INSERT(count_tree, &c->counts, count)) != NULL) {
		free(count);
		count = known;
	}
	if (count->mails >= c->max_per_domain)
		return REPORT_CAP_DOMAIN;
	count->mails++;
	c->mails++;
	return REPORT_CAP_NONE;
}

int64_t
report_caps_wait_secs(const char *submitter, int64_t most)
{
	char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, submitter, -1);
	char digits[9] = "";
	int64_t wait;

	(void)strlcpy(digits, sum, sizeof(digits));
	wait = (int64_t)strtoul(digits, NULL, 16) % (most + 1);
	g_free(sum);
	return wait;
}
