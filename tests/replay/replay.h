/*
 * replay.h - what the parts of the replay program share: the script's state.
 */
#ifndef TESTS_REPLAY_REPLAY_H
#define TESTS_REPLAY_REPLAY_H

#include "libopendmarc/base/psl.h"
#include "libopendmarc/core/eval.h"

#define LINE_MAX_OCTETS	8192
#define ENTRIES_MAX	200
#define FACTS_MAX	100
#define VERDICTS_MAX	ODM_AUTHORS_MAX

enum entry_kind {
	ENTRY_TXT,
	ENTRY_EXISTS,
	ENTRY_NXDOMAIN,
	ENTRY_FAILURE,
	ENTRY_SILENT
};

struct entry {
	enum entry_kind	 kind;
	char		 name[ODM_NAME_MAX + 1];
	char		*text;
	size_t		 len;
};

struct zone {
	struct entry	 entries[ENTRIES_MAX];
	size_t		 n;
};

struct fact {
	enum odm_result	 result;
	bool		 dkim;
	char		 domain[ODM_NAME_MAX + 1];
};

struct expected {
	bool		 given;
	enum odm_dmarc	 result;
	char		 at[ODM_NAME_MAX + 1];
	enum odm_policy_tag tag;
	enum odm_policy	 published, effective;
	char		 org[ODM_NAME_MAX + 1];
	bool		 spf, dkim, testing, nonexistent;
	unsigned	 pct;
};

struct expected_author {
	char		 domain[ODM_NAME_MAX + 1];
	enum odm_dmarc	 result;
	enum odm_policy	 effective;	/* UNSET: not compared */
};

struct replay {
	struct zone	 shared, own;
	struct odm_psl	*psl;		/* NULL: by tree walk */
	char		 title[LINE_MAX_OCTETS];
	bool		 in_case;
	char		 authors[ODM_AUTHORS_MAX + 1][ODM_NAME_MAX + 1];
	size_t		 nauthors;
	struct fact	 facts[FACTS_MAX];
	size_t		 nfacts;
	struct expected	 expected;
	struct expected_author verdicts[VERDICTS_MAX];
	size_t		 nverdicts;
	char		 asked[LINE_MAX_OCTETS];
	bool		 asked_given;
	unsigned long long at_most;	/* 0: not given */
	const char	*file;
	size_t		 line;
	size_t		 ncases, nfailed;
	char		 why[LINE_MAX_OCTETS];	/* first difference of this case */
};

/* The script itself is wrong: nothing after it can be trusted. Does not return. */
void bad_script(const struct replay *r, const char *what) __attribute__((noreturn));

/* zone.c: the scripted DNS. */

void zone_clear(struct zone *z);

/* Adds an entry to the zone of the case, or outside of one to the shared zone. */
void zone_add(struct replay *r, enum entry_kind kind, const char *name,
    const char *text, size_t len);

/* True when name has an entry of that kind. */
bool zone_has(const struct replay *r, const char *name, enum entry_kind kind);

/* Answers q; txt has room for 2 * ENTRIES_MAX records, which point into the zone. */
struct odm_answer zone_lookup(const struct replay *r, const struct odm_question *q,
    struct odm_span *txt);

/* The first or the last open question that the zone is not silent about; NULL: none is. */
const struct odm_question *zone_pick(const struct replay *r, struct odm_questions *qs,
    bool from_last);

/* script.c: reads a file and plays its cases. */
void script_play(struct replay *r, const char *path);

/* player.c: counts the case that has been played and prints its result. */
void report_case(struct replay *r);

/* Each program has its own: plays the case that has been read, ends with report_case(). */
void play_case(struct replay *r);

#endif
