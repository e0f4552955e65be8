# local.mk - the tests. Every test program speaks TAP; "make check" runs what
# needs neither root nor services, tests/all runs everything.
LOG_DRIVER = $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
AM_TESTS_ENVIRONMENT = export CC='$(CC)' CK_TAP_LOG_FILE_NAME=- CK_VERBOSITY=silent PYTHONDONTWRITEBYTECODE=1 \
	top_srcdir='$(top_srcdir)' top_builddir='$(top_builddir)' \
	OPENDMARC_SCHEMA_DIR='$(abs_top_srcdir)/reports' \
	ASAN_OPTIONS=abort_on_error=0:detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1 TSAN_OPTIONS=exitcode=66;
TEST_EXTENSIONS = .py .sh
PY_LOG_DRIVER = $(LOG_DRIVER)
PY_LOG_COMPILER = python3
SH_LOG_DRIVER = $(LOG_DRIVER)
SH_LOG_COMPILER = $(SHELL)

EXTRA_DIST += tests/all tests/coverage

EXTRA_DIST += tests/unit/suite.h

unit_cflags = $(AM_CFLAGS) $(CHECK_CFLAGS)

include tests/unit/base.mk
include tests/unit/core.mk
include tests/unit/common.mk
include tests/unit/reports.mk
include tests/fuzz/local.mk
include tests/replay/local.mk
include tests/spf/local.mk
include tests/legacy/local.mk
include tests/milter/local.mk
include tests/store/local.mk
include tests/system/local.mk
include tests/lint/local.mk
include tests/bench/local.mk

# What the tarball's own check runs in "make distcheck" of the full test run: it
# shows that nothing is missing; everything else has run from the tree.
tarball_tests = $(base_tests) tests/unit/check_eval tests/unit/check_conf \
	tests/unit/check_mail tests/replay/replay tests/store/test_import.py
