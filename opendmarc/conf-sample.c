/*
 * conf-sample.c - prints contrib/opendmarc.conf.sample from the table of options.
 * Not installed: "make update-sample" runs it, and a test compares.
 */
#include "common/conf.h"

int
main(void)
{
	conf_print_sample();
	return 0;
}
