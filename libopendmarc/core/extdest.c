/*
 * extdest.c - asks a report destination outside the organization whether it
 * agrees to receive reports about a policy domain. RFC 9990, 4; RFC 9991, 5.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "libopendmarc/base/domain.h"
#include "libopendmarc/core/extdest.h"
#include "libopendmarc/core/walk.h"
#include "libopendmarc/parse/record.h"
#include "libopendmarc/parse/uri.h"

#define INFIX	"._report._dmarc."

struct odm_extdest_check {
	struct odm_questions *questions;
	struct odm_walk	 owner;		/* its subject is the policy domain */
	struct odm_walk	 receiver;	/* its subject is the destination's host */
	enum odm_report_kind kind;
	enum odm_extdest state;
	struct odm_span	 override;
};

struct odm_extdest_check *
odm_extdest_new(const char *policy_domain, const char *host, enum odm_report_kind kind)
{
	struct odm_extdest_check *c = malloc(sizeof(*c));

	if (c == NULL)
		return NULL;
	c->questions = odm_questions_new();
	if (c->questions == NULL) {
		free(c);
		return NULL;
	}
	odm_walk_init(&c->owner, policy_domain);
	odm_walk_init(&c->receiver, host);
	c->kind = kind;
	c->state = ODM_EXTDEST_OPEN;
	c->override = (struct odm_span){ NULL, 0 };
	return c;
}

void
odm_extdest_free(struct odm_extdest_check **c)
{
	if (*c == NULL)
		return;
	odm_questions_free(&(*c)->questions);
	free(*c);
	*c = NULL;
}

struct odm_questions *
odm_extdest_questions(struct odm_extdest_check *c)
{
	return c->questions;
}

struct odm_span
odm_extdest_override(const struct odm_extdest_check *c)
{
	return c->state == ODM_EXTDEST_VERIFIED ? c->override : (struct odm_span){ NULL, 0 };
}

/*
 * Compares the two Organizational Domains: DONE and *same_r, or why not yet.
 * Walks only as far as the names leave the answer open: an organization owns
 * nothing but its own name and names below it.
 */
static enum odm_walk_state
same_organization(struct odm_extdest_check *c, bool *same_r)
{
	const char *policy_domain = c->owner.subject, *host = c->receiver.subject, *org;
	enum odm_walk_state state;

	*same_r = strcmp(policy_domain, host) == 0;
	if (*same_r || strcmp(odm_domain_suffix(policy_domain, 1), odm_domain_suffix(host, 1)) != 0)
		return ODM_WALK_DONE;

	state = odm_walk_run(&c->owner, c->questions, false);
	if (state != ODM_WALK_DONE)
		return state;
	org = odm_walk_orgdomain(&c->owner);
	if (strcmp(host, org) != 0 && !odm_domain_is_below(host, org))
		return ODM_WALK_DONE;
	state = odm_walk_run(&c->receiver, c->questions, false);
	if (state == ODM_WALK_DONE)
		*same_r = strcmp(odm_walk_orgdomain(&c->receiver), org) == 0;
	return state;
}

/*
 * Looks at the destinations of an override. False when one is elsewhere; what is
 * malformed or of a scheme we do not know is ignored, as in any record. *usable_r
 * tells whether anything was left to send to.
 */
static bool
stays_on_host(struct odm_span list, const char *host, bool *usable_r)
{
	struct odm_uri uri;

	*usable_r = false;
	while (odm_uri_next(&list, &uri)) {
		if (uri.malformed || uri.scheme == ODM_URI_OTHER)
			continue;
		if (strcmp(uri.host, host) != 0)
			return false;
		*usable_r = true;
	}
	return true;
}

static bool
sorts_before(struct odm_span a, struct odm_span b)
{
	int order = memcmp(a.at, b.at, a.len < b.len ? a.len : b.len);

	return order != 0 ? order < 0 : a.len < b.len;
}

/*
 * Steps 5 to 8 of the check. Of several records with overrides the first in
 * sorted order counts, because the DNS hands records out in any order; but one
 * that points elsewhere refuses, whatever the others say.
 */
static enum odm_extdest
read_permission(struct odm_extdest_check *c, const struct odm_answer *answer)
{
	struct odm_span override = { NULL, 0 }, list;
	struct odm_record record;
	bool agreed = false, usable;
	size_t i;

	for (i = 0; i < answer->ntxt; i++) {
		if (!odm_record_parse(answer->txt[i], &record))
			continue;
		agreed = true;
		list = c->kind == ODM_REPORT_FAILURE ? record.ruf : record.rua;
		if (!stays_on_host(list, c->receiver.subject, &usable))
			return ODM_EXTDEST_REFUSED;
		if (usable && (override.len == 0 || sorts_before(list, override)))
			override = list;
	}
	if (!agreed)
		return ODM_EXTDEST_REFUSED;
	c->override = override;
	return ODM_EXTDEST_VERIFIED;
}

/* Asks POLICY-DOMAIN._report._dmarc.HOST, steps 2 to 4. */
static enum odm_extdest
ask_permission(struct odm_extdest_check *c)
{
	char name[ODM_NAME_MAX + sizeof(INFIX) + ODM_NAME_MAX] = "";
	const struct odm_answer *answer;
	int question;

	strlcat(name, c->owner.subject, sizeof(name));
	strlcat(name, INFIX, sizeof(name));
	if (strlcat(name, c->receiver.subject, sizeof(name)) > ODM_NAME_MAX)
		return ODM_EXTDEST_REFUSED;

	question = odm_questions_ask(c->questions, ODM_QUESTION_TXT, name);
	if (question < 0)
		return ODM_EXTDEST_TEMPERROR;
	answer = odm_questions_answer(c->questions, question);
	if (answer == NULL)
		return ODM_EXTDEST_OPEN;
	if (answer->status == ODM_ANSWER_FAILURE)
		return ODM_EXTDEST_TEMPERROR;
	return read_permission(c, answer);
}

enum odm_extdest
odm_extdest_run(struct odm_extdest_check *c)
{
	bool same;

	if (c->state != ODM_EXTDEST_OPEN)
		return c->state;
	switch (same_organization(c, &same)) {
	case ODM_WALK_OPEN:
		break;
	case ODM_WALK_FAILED:
		c->state = ODM_EXTDEST_TEMPERROR;
		break;
	case ODM_WALK_DONE:
		c->state = same ? ODM_EXTDEST_INTERNAL : ask_permission(c);
		break;
	}
	return c->state;
}
