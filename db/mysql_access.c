/*
 * mysql_access.c - what a URL says:
 * mysql://USER[:PASSWORD]@HOST[:PORT][,HOST[:PORT]...]/NAME[?KEY=VALUE&...]
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/mysql_private.h"

#define PASSWORD_MAX	1024

static int
hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ?
	    (c | 0x20) - 'a' + 10 : -1;
}

/* Percent-decodes into a new text; false: bad, or out of memory. Empty gives NULL. */
static bool
decode(struct odm_span text, char **out)
{
	char *to;

	free(*out);
	*out = NULL;
	if (text.len == 0)
		return true;
	if ((to = *out = malloc(text.len + 1)) == NULL)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];

		if (c == '%') {
			int high = i + 2 < text.len ? hex(text.at[i + 1]) : -1;
			int low = i + 2 < text.len ? hex(text.at[i + 2]) : -1;

			if (high < 0 || low < 0 || (high == 0 && low == 0))
				return false;
			c = (char)(high * 16 + low);
			i += 2;
		}
		*to++ = c;
	}
	*to = '\0';
	return true;
}

static bool
read_tls(struct odm_span value, struct mysql_where *w)
{
	static const char *const words[] = { "off", "on", "verify" };

	for (size_t i = 0; i < COUNT(words); i++)
		if (odm_span_ieq(value, words[i])) {
			w->tls = (enum mysql_tls)i;
			w->tls_given = true;
			return true;
		}
	return false;
}

/* What stands behind the octet i; nothing when s ends before it. */
static struct odm_span
behind(struct odm_span s, size_t i)
{
	return odm_span_sub(s, i < s.len ? i + 1 : s.len, s.len);
}

/* One KEY=VALUE behind the question mark. */
static bool
read_key(struct odm_span pair, struct mysql_where *w, char *why, size_t why_size)
{
	const struct {
		const char	*name;
		char		**where;
	} keys[] = {
		{ "socket", &w->socket },
		{ "password-file", &w->password_file },
		{ "defaults-file", &w->defaults_file },
		{ "group", &w->group },
		{ "ca", &w->ca },
	};
	size_t len = odm_span_find(pair, '=');
	struct odm_span name = odm_span_sub(pair, 0, len);
	struct odm_span value = behind(pair, len);

	if (odm_span_eq(name, "tls") && read_tls(value, w))
		return true;
	for (size_t i = 0; i < COUNT(keys); i++)
		if (odm_span_eq(name, keys[i].name) && decode(value, keys[i].where) &&
		    *keys[i].where != NULL)
			return true;
	(void)store_no(why, why_size, "\"%.*s\" in the database URL is wrong; known are socket, "
	    "password-file, defaults-file, group, ca, and tls=off, on or verify",
	    pair.len > 100 ? 100 : (int)pair.len, pair.at);
	return false;
}

/* HOST[:PORT], the host perhaps an IPv6 address in brackets. */
static bool
read_host(struct odm_span text, struct mysql_host *h)
{
	size_t end = text.len > 0 && text.at[0] == '[' ? odm_span_find(text, ']') : 0;	/* of [] */
	size_t colon = end + odm_span_find(odm_span_sub(text, end, text.len), ':');
	struct odm_span host = odm_span_sub(text, 0, colon);
	unsigned long long port = 0;

	if (colon < text.len && !odm_span_number(behind(text, colon), 65535, &port))
		return false;
	if (end > 0)
		host = odm_span_sub(text, 1, end);
	h->port = (unsigned)port;
	return decode(host, &h->name);
}

/* Servers with commas between; one may be empty when it is the only one. */
static bool
read_hosts(struct odm_span text, struct mysql_where *w)
{
	struct odm_span rest = text, one;

	while (odm_span_next(&rest, ',', &one)) {
		if (one.len == 0 || w->nhosts == MYSQL_HOSTS_MAX ||
		    !read_host(one, &w->hosts[w->nhosts++]))
			return false;
	}
	if (w->nhosts == 0)
		w->nhosts = 1;
	return true;
}

static bool
read_url(struct odm_span url, struct mysql_where *w, char *why, size_t why_size)
{
	size_t question = odm_span_find(url, '?');
	struct odm_span path = odm_span_sub(url, 0, question), pair;
	struct odm_span keys = behind(url, question);
	size_t slash = odm_span_find(path, '/'), at, colon;
	struct odm_span place = odm_span_sub(path, 0, slash), login;

	for (at = place.len; at > 0 && place.at[at - 1] != '@'; at--)
		;
	login = odm_span_sub(place, 0, at > 0 ? at - 1 : 0);
	colon = odm_span_find(login, ':');
	if (!decode(odm_span_sub(login, 0, colon), &w->user) ||
	    !decode(behind(login, colon), &w->password) ||
	    !read_hosts(odm_span_sub(place, at, place.len), w) ||
	    !decode(behind(path, slash), &w->name) || w->name == NULL) {
		(void)store_no(why, why_size, "the database URL must look like "
		    "mysql://user@host:port/name, with not more than %d hosts and commas "
		    "between them", MYSQL_HOSTS_MAX);
		return false;
	}
	while (odm_span_next(&keys, '&', &pair))
		if (pair.len > 0 && !read_key(pair, w, why, why_size))
			return false;
	return true;
}

/* The first line of a file that only its owner and group may read. */
static bool
read_password_file(struct mysql_where *w, char *why, size_t why_size)
{
	char text[PASSWORD_MAX + 1];
	int fd = open(w->password_file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	struct stat st;
	bool open_to_all = fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 0007) != 0;

	if (got < 0)
		(void)store_no(why, why_size, "%.300s: %s", w->password_file, strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	if (got < 0)
		return false;
	if (open_to_all) {
		(void)store_no(why, why_size, "%.300s: every user may use this password; "
		    "make it chmod 640", w->password_file);
		return false;
	}
	text[got] = '\0';
	text[strcspn(text, "\r\n")] = '\0';
	free(w->password);
	w->password = strdup(text);
	explicit_bzero(text, sizeof(text));
	if (w->password == NULL)
		(void)store_no(why, why_size, "out of memory");
	return w->password != NULL;
}

bool
mysql_where_read(const char *location, const struct store_access *access,
    struct mysql_where *w, char *why, size_t why_size)
{
	*w = (struct mysql_where){ 0 };
	if (strncmp(location, "//", 2) != 0) {
		(void)store_no(why, why_size, "the database URL must look like "
		    "mysql://user@host:port/name");
		return false;
	}
	if (!read_url(odm_span_str(location + 2), w, why, why_size))
		return false;
	if (w->password_file != NULL)
		return read_password_file(w, why, why_size);
	if (w->password == NULL && access->password != NULL &&
	    (w->password = strdup(access->password)) == NULL) {
		(void)store_no(why, why_size, "out of memory");
		return false;
	}
	return true;
}

void
mysql_where_free(struct mysql_where *w)
{
	if (w->password != NULL)
		explicit_bzero(w->password, strlen(w->password));
	for (size_t i = 0; i < w->nhosts; i++)
		free(w->hosts[i].name);
	free(w->user);
	free(w->password);
	free(w->name);
	free(w->socket);
	free(w->password_file);
	free(w->defaults_file);
	free(w->group);
	free(w->ca);
	*w = (struct mysql_where){ 0 };
}
