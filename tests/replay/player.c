/*
 * player.c - the frame of the programs that play scripts: which files, and the
 * results in the Test Anything Protocol. What is done with a case is theirs.
 */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/replay/replay.h"

void
report_case(struct replay *r)
{
	r->ncases++;
	r->nfailed += r->why[0] != '\0';
	if (r->why[0] != '\0')
		printf("# %s: %s\n", r->file, r->why);
	printf("%s %zu - %s\n", r->why[0] == '\0' ? "ok" : "not ok", r->ncases, r->title);
}

/* Plays all scripts of the source tree. */
static void
play_all(struct replay *r)
{
	const char *srcdir = getenv("top_srcdir");
	char pattern[4096];
	glob_t found;
	int len;

	len = snprintf(pattern, sizeof(pattern), "%s/tests/replay/cases/*.replay",
	    srcdir == NULL ? "." : srcdir);
	r->file = pattern;
	if (len < 0 || (size_t)len >= sizeof(pattern) || glob(pattern, 0, NULL, &found) != 0)
		bad_script(r, "no scripts found");
	for (size_t i = 0; i < found.gl_pathc; i++)
		script_play(r, found.gl_pathv[i]);
	globfree(&found);
}

int
main(int argc, char **argv)
{
	struct replay *r = calloc(1, sizeof(*r));
	size_t nfailed;

	if (r == NULL)
		return 1;
	for (int i = 1; i < argc; i++)
		script_play(r, argv[i]);
	if (argc < 2)
		play_all(r);
	printf("1..%zu\n", r->ncases);
	nfailed = r->nfailed;
	free(r);
	return nfailed == 0 ? 0 : 1;
}
