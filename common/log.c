/*
 * log.c - where the words of a running program go: syslog, standard error, or both.
 * The state below is the one exception to "no writable globals": a log that had
 * to be handed to every function would be an argument of every function.
 */
#include "config.h"

#include <assert.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "common/log.h"
#include "libopendmarc/base/nametab.h"

/* A line that syslog and terminals still show whole. */
#define LOG_LINE_MAX	2000

static struct {
	_Atomic(const char *) ident;
	atomic_bool	 to_syslog, to_stderr, erase;
	atomic_int	 level;
} sink = { NULL, false, true, false, LOG_LEVEL_INFO };

static const struct odm_name facilities[] = {
	{ LOG_AUTH,	"auth" },
	{ LOG_CRON,	"cron" },
	{ LOG_DAEMON,	"daemon" },
	{ LOG_KERN,	"kern" },
	{ LOG_LPR,	"lpr" },
	{ LOG_MAIL,	"mail" },
	{ LOG_NEWS,	"news" },
	{ LOG_AUTH,	"security" },
	{ LOG_SYSLOG,	"syslog" },
	{ LOG_USER,	"user" },
	{ LOG_UUCP,	"uucp" },
	{ LOG_LOCAL0,	"local0" },
	{ LOG_LOCAL1,	"local1" },
	{ LOG_LOCAL2,	"local2" },
	{ LOG_LOCAL3,	"local3" },
	{ LOG_LOCAL4,	"local4" },
	{ LOG_LOCAL5,	"local5" },
	{ LOG_LOCAL6,	"local6" },
	{ LOG_LOCAL7,	"local7" },
};

bool
log_facility_known(const char *facility)
{
	int number;

	return odm_name_value(facilities, COUNT(facilities), odm_span_str(facility), &number);
}

void
log_open(const char *ident, bool to_syslog, const char *facility, bool to_stderr)
{
	int number;

	assert(ident != NULL);

	if (!odm_name_value(facilities, COUNT(facilities), odm_span_str(facility), &number))
		number = LOG_MAIL;
	/* An open connection is kept: in a changed root directory there may be no second one. */
	if (sink.to_syslog && !to_syslog)
		closelog();
	if (to_syslog)
		openlog(ident, LOG_PID | LOG_NDELAY, number);
	sink.ident = ident;
	sink.to_syslog = to_syslog;
	sink.to_stderr = to_stderr;
}

void
log_set_level(enum log_level level)
{
	atomic_store(&sink.level, (int)level);
}

/* One visible octet, or \xNN for what could disturb a terminal or forge a line. */
static size_t
show(unsigned char c, char out[5])
{
	static const char hex[] = "0123456789abcdef";

	if (c >= 0x20 && c < 0x7f) {
		out[0] = (char)c;
		return 1;
	}
	out[0] = '\\';
	out[1] = 'x';
	out[2] = hex[c >> 4];
	out[3] = hex[c & 0x0f];
	return 4;
}

/* Copies text visibly into line, cut before an octet that would not fit whole. */
static size_t
show_line(const char *text, char line[LOG_LINE_MAX + 1])
{
	char shown[5];
	size_t len = 0, n;

	for (; *text != '\0'; text++) {
		n = show((unsigned char)*text, shown);
		if (len + n > LOG_LINE_MAX)
			break;
		memcpy(line + len, shown, n);
		len += n;
	}
	line[len] = '\0';
	return len;
}

void
log_erase_line(void)
{
	atomic_store(&sink.erase, true);
}

/* One write for the whole line, so that lines of threads do not mix. */
static void
write_stderr(const char *line)
{
	char text[LOG_LINE_MAX + 300];
	const char *ident = sink.ident == NULL ? "" : sink.ident;
	int len;

	len = snprintf(text, sizeof(text), "%s%.256s%s%s\n",
	    atomic_exchange(&sink.erase, false) ? "\r\033[K" : "", ident,
	    ident[0] == '\0' ? "" : ": ", line);
	if (len > 0 && (size_t)len < sizeof(text) && write(STDERR_FILENO, text, (size_t)len) < 0)
		return;		/* there is no further place to complain to */
}

void
log_write(enum log_level level, const char *format, ...)
{
	char text[LOG_LINE_MAX + 1], line[LOG_LINE_MAX + 1];
	va_list args;
	int len;

	if ((int)level > atomic_load(&sink.level) || (!sink.to_syslog && !sink.to_stderr))
		return;
	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (len < 0)
		return;
	show_line(text, line);
	if (sink.to_syslog)
		syslog((int)level, "%s", line);
	if (sink.to_stderr)
		write_stderr(line);
}
