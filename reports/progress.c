/*
 * progress.c - how far long work has come.
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "reports/progress.h"

/* What is quicker than the first needs no line; the eye takes few in a second. */
#define FIRST_MSECS	1000
#define NEXT_MSECS	250

static int64_t
now_msecs(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
progress_start(struct progress *p, const char *what)
{
	p->on = isatty(STDERR_FILENO) == 1;
	p->what = what;
	p->began = now_msecs();
	p->next = p->began + FIRST_MSECS;
}

void
progress_text(char *text, int size, const char *what, int64_t msecs, int64_t count,
    int64_t done, int64_t all)
{
	double part = all > 0 ? (double)done / (double)all : 0;
	int64_t left = part > 0 ? (int64_t)((double)msecs * (1 - part) / part / 1000) : 0;
	int len = snprintf(text, (size_t)size, "%" PRId64 " %s, %" PRId64 "/s", count, what,
	    msecs > 0 ? (int64_t)((double)count * 1000 / (double)msecs) : 0);

	if (part <= 0 || part > 1 || len < 0 || len >= size)
		return;
	if (snprintf(text + len, (size_t)(size - len), ", %d %%, %" PRId64 ":%02" PRId64
	    " left", (int)(part * 100), left / 60, left % 60) >= size - len)
		text[len] = '\0';
}

void
progress_show(struct progress *p, int64_t count, int64_t done, int64_t all)
{
	char text[80];
	int64_t now;

	if (!p->on || (now = now_msecs()) < p->next)
		return;
	p->next = now + NEXT_MSECS;
	progress_text(text, sizeof(text), p->what, now - p->began, count, done, all);
	fprintf(stderr, "\r%s\033[K", text);
	log_erase_line();
	p->shown = true;
}

void
progress_clear(struct progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = false;
}
