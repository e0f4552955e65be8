/*
 * version.h - what -V prints.
 */
#ifndef OPENDMARC_VERSION_H
#define OPENDMARC_VERSION_H

/* Program, version, libraries and code options to standard output. */
void dmf_version_print(const char *program);

#endif
