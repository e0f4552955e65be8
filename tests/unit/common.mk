# common.mk

check_PROGRAMS += tests/unit/check_history
TESTS += tests/unit/check_history
tests_unit_check_history_SOURCES = tests/unit/check_history.c
tests_unit_check_history_CFLAGS = $(unit_cflags)
tests_unit_check_history_LDADD = common/libhistory.la $(CHECK_LIBS)
EXTRA_DIST += \
	tests/golden/history/1.3.dat \
	tests/golden/history/1.4.dat \
	tests/golden/history/develop.dat \
	tests/golden/history/exim.dat \
	tests/golden/history/full.dat
