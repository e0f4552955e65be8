/*
 * version.c - what -V prints. Scripts look for the word behind "v" and for WITH_SPF.
 */
#include "config.h"

#include <libmilter/mfapi.h>
#include <stdio.h>

#include "opendmarc/version.h"

void
dmf_version_print(const char *program)
{
	unsigned major = 0, minor = 0, patch = 0;

	smfi_version(&major, &minor, &patch);
	printf("%s: OpenDMARC Filter v%s\n", program, PACKAGE_VERSION);
	printf("\tSMFI_VERSION 0x%x\n", (unsigned)SMFI_VERSION);
	printf("\tlibmilter version %u.%u.%u\n", major, minor, patch);
	printf("\tActive code options:\n");
	printf("\t\tWITH_SPF\n");
	printf("\t\tWITH_SPF2\n");
}
