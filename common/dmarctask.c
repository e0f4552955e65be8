/*
 * dmarctask.c - carries the questions of a library state machine to the resolver.
 */
#include <assert.h>

#include "common/dmarctask.h"

/* The resolver's answer in the words of the library. */
static struct odm_answer
library_answer(const struct dns_answer *a, enum odm_question_kind kind,
    struct odm_span txt[ODM_TXT_RECORDS_MAX])
{
	struct odm_answer answer = { .status = ODM_ANSWER_FAILURE };

	switch (a->status) {
	case DNS_FOUND:
		answer.status = ODM_ANSWER_RECORDS;
		if (kind != ODM_QUESTION_TXT)
			break;
		for (; answer.ntxt < a->nrrs && answer.ntxt < ODM_TXT_RECORDS_MAX; answer.ntxt++)
			txt[answer.ntxt] = a->rrs[answer.ntxt].data;
		answer.txt = txt;
		break;
	case DNS_NODATA:
		answer.status = ODM_ANSWER_NODATA;
		break;
	case DNS_NXDOMAIN:
		answer.status = ODM_ANSWER_NXDOMAIN;
		break;
	case DNS_FAILED:
		break;
	}
	return answer;
}

/* What is known about q, in the words of the library. False: under way. */
static bool
find_answer(struct dnstask *task, const struct odm_question *q, const struct testzone *zone,
    struct odm_span txt[ODM_TXT_RECORDS_MAX], struct odm_answer *answer_r)
{
	const struct dns_answer *a;

	if (testzone_answer(zone, q->kind, q->name, answer_r))
		return true;
	a = dnstask_ask(task, q->name,
	    q->kind == ODM_QUESTION_TXT ? DNS_TYPE_TXT : DNS_TYPE_A);
	if (a == NULL)
		return false;
	*answer_r = library_answer(a, q->kind, txt);
	return true;
}

bool
dmarctask_carry(struct dnstask *task, struct odm_questions *qs, const struct testzone *zone)
{
	struct odm_span txt[ODM_TXT_RECORDS_MAX];
	const struct odm_question *q;
	struct odm_answer answer;
	bool fed = false;
	size_t i = 0;

	while ((q = odm_questions_open(qs, i)) != NULL) {
		/* An answered question is no longer open, so the next one is at i. */
		if (find_answer(task, q, zone, txt, &answer) &&
		    odm_questions_feed(qs, q->id, &answer) == 0)
			fed = true;
		else
			i++;
	}
	return fed;
}
