/*
 * replay_main.c - runs a fuzz target over stored inputs and speaks TAP: every
 * file of the folders in argv, or else of NAME.in and NAME.repro beside the
 * sources when the program is called fuzz_NAME. One "ok" for each file; a
 * target that finds a broken promise ends the program.
 */
#include <sys/stat.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libopendmarc/base/span.h"
#include "tests/fuzz/fuzz.h"

struct replay {
	unsigned	ran, failed;
};

/* The whole file in memory of exactly its size, so that an over-read shows. NULL: errno. */
static uint8_t *
read_file(const char *path, size_t *len_r)
{
	uint8_t *octets = NULL;
	struct stat st;
	FILE *f;

	if ((f = fopen(path, "rb")) == NULL)
		return NULL;
	if (fstat(fileno(f), &st) == 0) {
		*len_r = (size_t)st.st_size;
		octets = malloc(*len_r > 0 ? *len_r : 1);
		if (octets != NULL && fread(octets, 1, *len_r, f) != *len_r) {
			free(octets);
			octets = NULL;
		}
	}
	fclose(f);
	return octets;
}

static void
replay_file(struct replay *r, const char *folder, const char *name)
{
	char path[PATH_MAX];
	uint8_t *octets = NULL;
	size_t len = 0;
	int n;

	n = snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (n > 0 && (size_t)n < sizeof(path))
		octets = read_file(path, &len);
	r->ran++;
	if (octets == NULL) {
		r->failed++;
		printf("not ok %u - %s: %s\n", r->ran, name, strerror(errno));
		return;
	}
	/* Said before the run: it is the last line when the target aborts. */
	printf("# %s\n", path);
	fflush(stdout);
	LLVMFuzzerTestOneInput(octets, len);
	free(octets);
	printf("ok %u - %s\n", r->ran, name);
}

static int
visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* A folder that is not there is an error unless it may be missing. */
static void
replay_folder(struct replay *r, const char *folder, bool may_miss)
{
	struct dirent **list;
	int i, n;

	n = scandir(folder, &list, visible, alphasort);
	if (n < 0) {
		if (may_miss && errno == ENOENT)
			return;
		r->ran++;
		r->failed++;
		printf("not ok %u - %s: %s\n", r->ran, folder, strerror(errno));
		return;
	}
	for (i = 0; i < n; i++) {
		replay_file(r, folder, list[i]->d_name);
		free(list[i]);
	}
	free(list);
}

/* NAME.in and NAME.repro in the source tree, NAME taken from the program's own name. */
static void
replay_own(struct replay *r, const char *program)
{
	const char *srcdir = getenv("top_srcdir");
	const char *name = strstr(program, "fuzz_");
	const char *slash = strrchr(program, '/');
	static const char *const endings[] = { "in", "repro" };
	char folder[PATH_MAX];
	size_t i;
	int n;

	if (slash != NULL)
		name = strstr(slash, "fuzz_");
	if (name == NULL)
		return;
	name += strlen("fuzz_");
	for (i = 0; i < COUNT(endings); i++) {
		n = snprintf(folder, sizeof(folder), "%s/tests/fuzz/%s.%s",
		    srcdir != NULL ? srcdir : ".", name, endings[i]);
		if (n > 0 && (size_t)n < sizeof(folder))
			replay_folder(r, folder, i > 0);
	}
}

int
main(int argc, char **argv)
{
	struct replay r = { 0, 0 };
	int i;

	for (i = 1; i < argc; i++)
		replay_folder(&r, argv[i], false);
	if (argc <= 1)
		replay_own(&r, argv[0]);
	printf("1..%u\n", r.ran);
	return r.failed > 0 || r.ran == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
