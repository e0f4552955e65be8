/*
 * check_domain_json.c - what opendmarc-check says about one domain, for programs.
 */
#include "opendmarc/check_domain.h"

#include "libopendmarc/base/strbuf.h"

/* Records are text of at most ODM_TXT_MAX octets; each may become \xNN. */
#define TEXT_MAX	(4 * ODM_TXT_MAX)

static bool
set(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value) == 0;
}

static bool
set_text(json_t *object, const char *key, const char *text)
{
	return set(object, key, text != NULL ? json_string(text) : json_null());
}

/* Octets of the network: \DDD for all but printable ASCII, \\ for a backslash (RFC 1035, 5.1). */
static json_t *
octets(struct odm_span text)
{
	struct odm_strbuf b;
	json_t *value;

	odm_strbuf_init(&b, TEXT_MAX);
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '\\')
			odm_strbuf_adds(&b, "\\\\");
		else if (text.at[i] >= ' ' && text.at[i] <= '~')
			odm_strbuf_addc(&b, text.at[i]);
		else
			odm_strbuf_addf(&b, "\\%03u", (unsigned)(unsigned char)text.at[i]);
	}
	value = b.failed ? NULL : json_stringn(b.at, b.len);
	odm_strbuf_free(&b);
	return value;
}

static json_t *
finding_tree(const struct recordlint_finding *f)
{
	const struct recordlint_rule *rule = recordlint_rule(f->code);
	json_t *o = json_object();
	bool ok = set_text(o, "id", rule->id);

	ok = set_text(o, "severity", recordlint_severity_name(rule->severity)) && ok;
	ok = set(o, "tag", f->tag.len > 0 ? octets(f->tag) : json_null()) && ok;
	ok = set(o, "offset", json_integer((json_int_t)f->at)) && ok;
	ok = set(o, "length", json_integer((json_int_t)f->len)) && ok;
	ok = set_text(o, "what", rule->what) && ok;
	ok = set_text(o, "effect", rule->effect) && ok;
	ok = set(o, "fix", octets(odm_span_str(recordlint_fix(f)))) && ok;
	if (ok)
		return o;
	json_decref(o);
	return NULL;
}

static json_t *
record_tree(const struct check_record *r)
{
	json_t *o = json_object(), *findings = json_array();
	bool ok = set(o, "text", octets(r->text));

	ok = set(o, "valid", json_boolean(r->valid)) && ok;
	for (size_t i = 0; r->linted && i < r->lint.n; i++)
		ok = json_array_append_new(findings, finding_tree(&r->lint.findings[i])) == 0 && ok;
	ok = set(o, "findings", findings) && ok;
	if (ok)
		return o;
	json_decref(o);
	return NULL;
}

static json_t *
step_tree(const struct check_lookup *l, size_t step)
{
	json_t *o = json_object(), *records = json_array();
	bool ok = set_text(o, "name", l->walk->steps[step].name);

	ok = set_text(o, "answer", check_answer_name(check_lookup_answer(l, step))) && ok;
	for (size_t i = 0; i < l->nrecords; i++)
		if (l->records[i].step == step)
			ok = json_array_append_new(records, record_tree(&l->records[i])) == 0 && ok;
	ok = set(o, "records", records) && ok;
	if (ok)
		return o;
	json_decref(o);
	return NULL;
}

static json_t *
walk_tree(const struct check_lookup *l)
{
	size_t n = check_lookup_steps(l);
	json_t *walk = json_array();

	for (size_t i = 0; i < n; i++)
		if (json_array_append_new(walk, step_tree(l, i)) != 0) {
			json_decref(walk);
			return NULL;
		}
	return walk;
}

static json_t *
dest_tree(const struct check_dest *d)
{
	json_t *o = json_object();
	bool ok = set_text(o, "tag", d->kind == ODM_REPORT_AGGREGATE ? "rua" : "ruf");

	ok = set(o, "uri", octets(d->uri.text)) && ok;
	ok = set_text(o, "host", d->uri.host) && ok;
	ok = set_text(o, "state", check_dest_name(d->state)) && ok;
	ok = set(o, "override", d->override != NULL ? octets(odm_span_str(d->override)) :
	    json_null()) && ok;
	if (ok)
		return o;
	json_decref(o);
	return NULL;
}

static json_t *
policy_tree(const struct odm_verdict *v)
{
	static const char *const modes[] = {
		[ODM_ALIGNMENT_RELAXED] = "relaxed",
		[ODM_ALIGNMENT_STRICT] = "strict",
	};
	json_t *o = json_object();
	bool ok = set_text(o, "domain", v->policy_domain);

	ok = set_text(o, "p", odm_policy_name(v->record->p)) && ok;
	ok = set_text(o, "sp", odm_policy_name(v->record->sp)) && ok;
	ok = set_text(o, "np", odm_policy_name(v->record->np)) && ok;
	ok = set_text(o, "adkim", modes[v->record->adkim]) && ok;
	ok = set_text(o, "aspf", modes[v->record->aspf]) && ok;
	ok = set_text(o, "tag", check_tag_name(v->tag)) && ok;
	ok = set_text(o, "published", odm_policy_name(v->published)) && ok;
	ok = set_text(o, "effective", odm_policy_name(v->effective)) && ok;
	ok = set(o, "testing", json_boolean(v->testing)) && ok;
	ok = set(o, "exists", json_boolean(v->exists)) && ok;
	if (ok)
		return o;
	json_decref(o);
	return NULL;
}

json_t *
check_domain_json(const struct check_lookup *l, const char *argument)
{
	json_t *o = json_object(), *dests = json_array();
	bool ok = set(o, "argument", octets(odm_span_str(argument)));

	ok = set_text(o, "state", check_state_name(l->state)) && ok;
	ok = set_text(o, "domain", l->state == CHECK_INVALID ? NULL : l->domain) && ok;
	ok = set_text(o, "org_domain", l->org_domain) && ok;
	ok = set_text(o, "discovery", odm_discovery_name(l->by_list ? ODM_DISCOVERY_PSL :
	    ODM_DISCOVERY_TREEWALK)) && ok;
	ok = set_text(o, "reason", l->verdict != NULL ? l->verdict->reason : NULL) && ok;
	ok = set(o, "policy", l->state == CHECK_FOUND ? policy_tree(l->verdict) :
	    json_null()) && ok;
	ok = set(o, "walk", l->state == CHECK_INVALID ? json_array() : walk_tree(l)) && ok;
	for (size_t i = 0; i < l->ndests; i++)
		ok = json_array_append_new(dests, dest_tree(&l->dests[i])) == 0 && ok;
	ok = set(o, "destinations", dests) && ok;
	if (ok)
		return o;
	json_decref(o);
	return NULL;
}
