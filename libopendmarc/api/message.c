/*
 * message.c - the public state machine over core/eval: facts in, questions out,
 * answers in. RFC 9989.
 */
#include <stdlib.h>

#include "config.h"
#include "libopendmarc/base/domain.h"
#include "libopendmarc/core/eval.h"
#include "libopendmarc/api/api.h"
#include "libopendmarc/parse/from.h"

struct odm_message {
	struct odm_eval	*eval;
	bool		 complete;
	bool		 started;
	bool		 done;
};

const char *
odm_version(void)
{
	return PACKAGE_VERSION;
}

struct odm_message *
odm_message_new(unsigned flags)
{
	struct odm_message *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->eval = odm_eval_new((flags & ODM_MESSAGE_EAGER) != 0);
	if (m->eval == NULL) {
		free(m);
		return NULL;
	}
	return m;
}

void
odm_message_free(struct odm_message **message)
{
	if (*message == NULL)
		return;
	odm_eval_free(&(*message)->eval);
	free(*message);
	*message = NULL;
}

enum odm_status
odm_message_use_suffix_list(struct odm_message *message, const struct odm_suffix_list *list)
{
	if (message->started)
		return ODM_STATUS_TOO_LATE;
	odm_eval_use_psl(message->eval, list->psl);
	return ODM_STATUS_OK;
}

enum odm_status
odm_message_add_from(struct odm_message *message, const char *value, size_t length)
{
	struct odm_from from;
	size_t i;

	if (message->complete)
		return ODM_STATUS_TOO_LATE;
	odm_from_parse((struct odm_span){ value, length }, &from);
	for (i = 0; i < from.ndomains; i++)
		if (odm_eval_add_author(message->eval, from.domains[i]) != 0)
			return ODM_STATUS_INVALID;
	return from.ndomains > 0 ? ODM_STATUS_OK : ODM_STATUS_INVALID;
}

enum odm_status
odm_message_add_author(struct odm_message *message, const char *domain)
{
	char name[ODM_NAME_MAX + 1];

	if (message->complete)
		return ODM_STATUS_TOO_LATE;
	if (!odm_domain_normalise(odm_span_str(domain), name) ||
	    odm_eval_add_author(message->eval, name) != 0)
		return ODM_STATUS_INVALID;
	return ODM_STATUS_OK;
}

/* Adds the result of one mechanism. */
static enum odm_status
add_identity(struct odm_message *message,
    int (*add)(struct odm_eval *, enum odm_result, const char *), const char *result,
    const char *domain)
{
	enum odm_result parsed = odm_result_parse(odm_span_str(result));
	char name[ODM_NAME_MAX + 1] = "";

	if (message->complete)
		return ODM_STATUS_TOO_LATE;
	if (parsed == ODM_RESULT_UNKNOWN)
		return ODM_STATUS_INVALID;
	/* A result without a domain is a fact too, just none that could align. */
	if (domain != NULL && domain[0] != '\0' &&
	    !odm_domain_normalise(odm_domain_of_address(odm_span_str(domain)), name))
		return ODM_STATUS_INVALID;
	return add(message->eval, parsed, name) == 0 ? ODM_STATUS_OK : ODM_STATUS_NO_MEMORY;
}

enum odm_status
odm_message_add_spf(struct odm_message *message, const char *result, const char *domain)
{
	return add_identity(message, odm_eval_add_spf, result, domain);
}

enum odm_status
odm_message_add_dkim(struct odm_message *message, const char *result, const char *domain)
{
	return add_identity(message, odm_eval_add_dkim, result, domain);
}

void
odm_message_complete(struct odm_message *message)
{
	message->complete = true;
	odm_eval_identities_complete(message->eval);
}

int
odm_message_run(struct odm_message *message)
{
	message->started = true;
	message->done = odm_eval_run(message->eval);
	return message->done ? 1 : 0;
}

int
odm_message_question(const struct odm_message *message, size_t i,
    struct odm_message_question *question)
{
	const struct odm_question *q = odm_questions_open(odm_eval_questions(message->eval), i);

	if (q == NULL)
		return 0;
	*question = (struct odm_message_question){
		.id = q->id,
		.lookup = q->kind == ODM_QUESTION_TXT ? ODM_LOOKUP_TXT : ODM_LOOKUP_EXISTS,
		.name = q->name,
	};
	return 1;
}

static bool
is_open(const struct odm_questions *qs, unsigned id)
{
	const struct odm_question *q;
	size_t i;

	for (i = 0; (q = odm_questions_open(qs, i)) != NULL; i++)
		if (q->id == id)
			return true;
	return false;
}

enum odm_status
odm_message_answer(struct odm_message *message, unsigned id, enum odm_lookup_status status,
    const char *const *txt, const size_t *lengths, size_t count)
{
	static const enum odm_answer_status core_status[] = {
		[ODM_LOOKUP_FOUND]	= ODM_ANSWER_RECORDS,
		[ODM_LOOKUP_NODATA]	= ODM_ANSWER_NODATA,
		[ODM_LOOKUP_NXDOMAIN]	= ODM_ANSWER_NXDOMAIN,
		[ODM_LOOKUP_FAILED]	= ODM_ANSWER_FAILURE,
	};
	struct odm_questions *qs = odm_eval_questions(message->eval);
	struct odm_span spans[ODM_TXT_RECORDS_MAX];
	struct odm_answer answer;
	size_t i;

	if ((size_t)status >= COUNT(core_status) || !is_open(qs, id))
		return ODM_STATUS_INVALID;
	/* The core drops what is beyond the limit just the same. */
	if (count > ODM_TXT_RECORDS_MAX)
		count = ODM_TXT_RECORDS_MAX;
	for (i = 0; i < count; i++)
		spans[i] = lengths == NULL ? odm_span_str(txt[i]) :
		    (struct odm_span){ txt[i], lengths[i] };
	answer = (struct odm_answer){ core_status[status], spans, count };
	return odm_questions_feed(qs, id, &answer) == 0 ? ODM_STATUS_OK : ODM_STATUS_NO_MEMORY;
}

void
odm_message_give_up(struct odm_message *message)
{
	message->complete = message->done = true;
	odm_eval_give_up(message->eval);
}

const struct odm_verdict *
odm_message_verdict(const struct odm_message *message)
{
	return message->done ? odm_eval_verdict(message->eval) : NULL;
}

const struct odm_verdict *
odm_message_author_verdict(const struct odm_message *message, size_t i)
{
	return message->done ? odm_eval_author_verdict(message->eval, i) : NULL;
}
