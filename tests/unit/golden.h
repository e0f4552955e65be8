/*
 * golden.h - compares what a program made with a file of tests/golden.
 */
#ifndef TESTS_UNIT_GOLDEN_H
#define TESTS_UNIT_GOLDEN_H

#include <stddef.h>

/*
 * Fails the running test unless octets equal the file $top_srcdir/tests/golden/name. With
 * UPDATE_GOLDEN=1 in the environment the file is rewritten instead: look at the diff.
 */
void golden_check(const char *name, const char *octets, size_t len);

#endif
