/*
 * format.c - the names of the forms.
 */
#include "libopendmarc/base/nametab.h"
#include "libopendmarc/base/span.h"
#include "reports/format.h"

static const struct odm_name names[] = {
	{ REPORT_FORMAT_RFC9990,	"rfc9990" },
	{ REPORT_FORMAT_RFC7489,	"rfc7489" },
};

const char *
report_format_name(enum report_format format)
{
	return odm_name_of(names, COUNT(names), (int)format);
}

bool
report_format_of(const char *name, enum report_format *format_r)
{
	int value;

	if (!odm_name_value(names, COUNT(names), odm_span_str(name), &value))
		return false;
	*format_r = (enum report_format)value;
	return true;
}
