/*
 * store_requests.c - what administrators decide: suppressed destinations and requests
 * with addresses of their own.
 */
#include <stdlib.h>
#include <string.h>

#include "db/clean.h"
#include "db/store_change.h"

/* A destination as it is kept; false when it cannot be one. */
static bool
clean_destination(struct store *st, const char *text, char clean[STORE_NAME_MAX + 1])
{
	size_t len = strlen(text);

	if (len == 0 || len > STORE_NAME_MAX) {
		(void)store_fail(st, "\"%.100s\": an address or domain has 1 to %d octets",
		    text, STORE_NAME_MAX);
		return false;
	}
	for (size_t i = 0; i <= len; i++)
		clean[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] | 0x20) : text[i];
	clean_name(clean, STORE_NAME_MAX);
	return true;
}

int
store_suppress(struct store *st, const char *destination, const char *reason,
    int64_t until)
{
	struct store_change c = { .st = st };
	char clean[STORE_NAME_MAX + 1], text[STORE_NAME_MAX + 1] = "";

	if (!clean_destination(st, destination, clean))
		return -1;
	for (size_t i = 0; reason != NULL && reason[i] != '\0' && i < STORE_NAME_MAX; i++)
		text[i] = reason[i];
	clean_comment(text);
	while (store_change_begin(&c))
		store_change_end(&c, st->ops->suppress(st, clean, text, until));
	return c.result;
}

int
store_unsuppress(struct store *st, const char *destination, bool *removed_r)
{
	struct store_change c = { .st = st };
	char clean[STORE_NAME_MAX + 1];

	if (!clean_destination(st, destination, clean))
		return -1;
	while (store_change_begin(&c))
		store_change_end(&c, st->ops->unsuppress(st, clean, removed_r));
	return c.result;
}

int
store_each_suppression(struct store *st, int64_t now,
    int (*fn)(const struct store_suppression *s, void *arg), void *arg)
{
	return st->ops->each_suppression(st, now, fn, arg);
}

int
store_suppressed(struct store *st, const char *address, int64_t now,
    bool *suppressed_r, char *reason, size_t reason_size)
{
	char clean[STORE_NAME_MAX + 1];
	const char *at;

	*suppressed_r = false;
	if (!clean_destination(st, address, clean))
		return -1;
	at = strrchr(clean, '@');
	return st->ops->suppressed(st, clean, at == NULL ? clean : at + 1, now, suppressed_r,
	    reason, reason_size);
}

int
store_request(struct store *st, const char *domain,
    int (*fn)(const struct store_request *r, void *arg), void *arg)
{
	char clean[STORE_NAME_MAX + 1];

	return clean_destination(st, domain, clean) ?
	    st->ops->request(st, clean, fn, arg) : -1;
}

int
store_request_lock(struct store *st, const char *domain, const char *rua)
{
	struct store_change c = { .st = st };
	char clean[STORE_NAME_MAX + 1];
	char *text = strdup(rua);

	if (text == NULL)
		return store_fail(st, "out of memory");
	clean_name(text, SIZE_MAX);
	if (!clean_destination(st, domain, clean)) {
		free(text);
		return -1;
	}
	while (store_change_begin(&c))
		store_change_end(&c, st->ops->request_lock(st, clean, text));
	free(text);
	return c.result;
}

int
store_request_unlock(struct store *st, const char *domain)
{
	struct store_change c = { .st = st };
	char clean[STORE_NAME_MAX + 1];

	if (!clean_destination(st, domain, clean))
		return -1;
	while (store_change_begin(&c))
		store_change_end(&c, st->ops->request_unlock(st, clean));
	return c.result;
}
