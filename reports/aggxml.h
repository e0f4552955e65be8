/*
 * aggxml.h - an aggregate report as an XML document, written as a stream: the
 * document is never in memory as a whole. RFC 9990, 3.1.1 and Appendix A; in the older
 * form RFC 7489, appendix C.
 */
#ifndef REPORTS_AGGXML_H
#define REPORTS_AGGXML_H

#include "reports/aggregate.h"
#include "reports/format.h"
#include "reports/window.h"

/* Who reports about what time. Texts are taken as they are and made clean when written. */
struct report_meta {
	const char	*org_name;
	const char	*email;
	const char	*report_id;
	const char	*error;		/* NULL none */
	const char	*generator;	/* name and version of the software */
	struct report_window window;
	enum report_format format;
};

/* Takes the next octets of a stream. 0, or -1 when it cannot. */
typedef int report_sink(void *arg, const void *octets, size_t len);

/*
 * Writes the document: policy as published, one record for each row of rows (at
 * least one). What the older form has no word for is left out, or said by its nearest
 * word: what passed under an enforcing policy is "none", a policy in test mode is
 * "other" with a comment and pct=0. 0, or -1 when sink failed or memory is short.
 */
int report_xml_write(const struct report_meta *meta, const struct store_policy *policy,
    const struct report_aggregate *rows, report_sink *sink, void *sink_arg);

#endif
