/*
 * confsample.c - the sample file, written from the table of options.
 */
#include "config.h"

#include <stdio.h>

#include "common/conf_private.h"

static const char *const type_names[] = {
	[CONF_STRING] = "text",
	[CONF_BOOL] = "yes or no",
	[CONF_NUMBER] = "number",
	[CONF_OCTAL] = "octal number",
	[CONF_LIST] = "list, separated by commas",
	[CONF_WORD] = "word",
};

static void
print_item(const struct conf_item *item)
{
	printf("\n## %s: %s", item->name, type_names[item->type]);
	if (item->type == CONF_NUMBER)
		printf(", %d to %d", item->min, item->max);
	if (item->fallback != NULL)
		printf(". Default: %s\n", item->fallback);
	else
		printf(". No default; an example:\n");
	printf("## %s\n", item->help);
	printf("#%s %s\n", item->name, item->fallback != NULL ? item->fallback : item->example);
}

void
conf_print_sample(void)
{
	printf("# opendmarc.conf - every option of the DMARC filter, see opendmarc.conf(5).\n"
	    "#\n"
	    "# A line holds a name and a value; \"#\" begins a comment, wherever it stands.\n"
	    "# Only Socket must be set. \"opendmarc -n\" checks the file.\n");
	for (size_t i = 0; i < COUNT(conf_items); i++)
		print_item(&conf_items[i]);
}
