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

check_PROGRAMS += tests/unit/check_conf
TESTS += tests/unit/check_conf
tests_unit_check_conf_SOURCES = tests/unit/check_conf.c
tests_unit_check_conf_CFLAGS = $(unit_cflags)
tests_unit_check_conf_LDADD = common/libconf.la $(CHECK_LIBS)

check_PROGRAMS += tests/unit/check_hostlist
TESTS += tests/unit/check_hostlist
tests_unit_check_hostlist_SOURCES = tests/unit/check_hostlist.c
tests_unit_check_hostlist_CFLAGS = $(unit_cflags)
tests_unit_check_hostlist_LDADD = common/libconf.la $(CHECK_LIBS)

check_PROGRAMS += tests/unit/check_log
TESTS += tests/unit/check_log
tests_unit_check_log_SOURCES = tests/unit/check_log.c
tests_unit_check_log_CFLAGS = $(unit_cflags)
tests_unit_check_log_LDADD = common/libconf.la $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_arheader
TESTS += tests/unit/check_arheader
tests_unit_check_arheader_SOURCES = tests/unit/check_arheader.c
tests_unit_check_arheader_CFLAGS = $(unit_cflags)
tests_unit_check_arheader_LDADD = opendmarc/libfilter.la $(CHECK_LIBS)

check_PROGRAMS += tests/unit/check_histwriter
TESTS += tests/unit/check_histwriter
tests_unit_check_histwriter_SOURCES = tests/unit/check_histwriter.c
tests_unit_check_histwriter_CFLAGS = $(unit_cflags)
tests_unit_check_histwriter_LDADD = opendmarc/libfilter.la $(CHECK_LIBS)

check_PROGRAMS += tests/unit/check_inputs
TESTS += tests/unit/check_inputs
tests_unit_check_inputs_SOURCES = tests/unit/check_inputs.c
tests_unit_check_inputs_CFLAGS = $(unit_cflags)
tests_unit_check_inputs_LDADD = opendmarc/libfilter.la $(CHECK_LIBS)

check_PROGRAMS += tests/unit/check_msg
TESTS += tests/unit/check_msg
tests_unit_check_msg_SOURCES = tests/unit/check_msg.c
tests_unit_check_msg_CFLAGS = $(unit_cflags)
tests_unit_check_msg_LDADD = opendmarc/libfilter.la $(CHECK_LIBS)

check_PROGRAMS += tests/unit/check_verdict
TESTS += tests/unit/check_verdict
tests_unit_check_verdict_SOURCES = tests/unit/check_verdict.c
tests_unit_check_verdict_CFLAGS = $(unit_cflags)
tests_unit_check_verdict_LDADD = opendmarc/libfilter.la $(CHECK_LIBS)
