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

check_PROGRAMS += tests/unit/check_domainlist
TESTS += tests/unit/check_domainlist
tests_unit_check_domainlist_SOURCES = tests/unit/check_domainlist.c
tests_unit_check_domainlist_CFLAGS = $(unit_cflags)
tests_unit_check_domainlist_LDADD = common/libconf.la $(CHECK_LIBS)

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

check_PROGRAMS += tests/unit/check_decisionlog
TESTS += tests/unit/check_decisionlog
tests_unit_check_decisionlog_SOURCES = tests/unit/check_decisionlog.c
tests_unit_check_decisionlog_CFLAGS = $(unit_cflags)
tests_unit_check_decisionlog_LDADD = opendmarc/libfilter.la $(CHECK_LIBS)

check_PROGRAMS += tests/unit/check_status
TESTS += tests/unit/check_status
tests_unit_check_status_SOURCES = tests/unit/check_status.c
tests_unit_check_status_CFLAGS = $(unit_cflags)
tests_unit_check_status_LDADD = opendmarc/libfilter.la $(CHECK_LIBS)

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

check_PROGRAMS += tests/unit/check_override
TESTS += tests/unit/check_override
tests_unit_check_override_SOURCES = tests/unit/check_override.c
tests_unit_check_override_CFLAGS = $(unit_cflags)
tests_unit_check_override_LDADD = opendmarc/libfilter.la $(CHECK_LIBS)

check_PROGRAMS += tests/unit/check_verdict
TESTS += tests/unit/check_verdict
tests_unit_check_verdict_SOURCES = tests/unit/check_verdict.c
tests_unit_check_verdict_CFLAGS = $(unit_cflags)
tests_unit_check_verdict_LDADD = opendmarc/libfilter.la $(CHECK_LIBS)

testdns_sources = tests/unit/testdns.c tests/unit/testdns.h

check_PROGRAMS += tests/unit/check_dnsmsg
TESTS += tests/unit/check_dnsmsg
tests_unit_check_dnsmsg_SOURCES = tests/unit/check_dnsmsg.c
tests_unit_check_dnsmsg_CFLAGS = $(unit_cflags)
tests_unit_check_dnsmsg_LDADD = common/libdns.la $(CHECK_LIBS)

check_PROGRAMS += tests/unit/check_dnscache
TESTS += tests/unit/check_dnscache
tests_unit_check_dnscache_SOURCES = tests/unit/check_dnscache.c
tests_unit_check_dnscache_CFLAGS = $(unit_cflags)
tests_unit_check_dnscache_LDADD = common/libdns.la $(CHECK_LIBS)

check_PROGRAMS += tests/unit/check_resolver
TESTS += tests/unit/check_resolver
tests_unit_check_resolver_SOURCES = tests/unit/check_resolver.c \
	tests/unit/resolver_wait.c tests/unit/resolver_wait.h $(testdns_sources)
tests_unit_check_resolver_CFLAGS = $(unit_cflags)
tests_unit_check_resolver_LDADD = common/libdns.la $(CHECK_LIBS)

check_PROGRAMS += tests/unit/check_dnstask
TESTS += tests/unit/check_dnstask
tests_unit_check_dnstask_SOURCES = tests/unit/check_dnstask.c $(testdns_sources)
tests_unit_check_dnstask_CFLAGS = $(unit_cflags)
tests_unit_check_dnstask_LDADD = common/libdns.la $(CHECK_LIBS)

check_PROGRAMS += tests/unit/check_testzone
TESTS += tests/unit/check_testzone
tests_unit_check_testzone_SOURCES = tests/unit/check_testzone.c
tests_unit_check_testzone_CFLAGS = $(unit_cflags)
tests_unit_check_testzone_LDADD = opendmarc/libfilter.la $(CHECK_LIBS)

check_PROGRAMS += tests/unit/check_spf
TESTS += tests/unit/check_spf
tests_unit_check_spf_SOURCES = tests/unit/check_spf.c $(testdns_sources)
tests_unit_check_spf_CFLAGS = $(unit_cflags)
tests_unit_check_spf_LDADD = common/libdns.la $(CHECK_LIBS)

check_PROGRAMS += tests/unit/check_spfrecord
TESTS += tests/unit/check_spfrecord
tests_unit_check_spfrecord_SOURCES = tests/unit/check_spfrecord.c tests/unit/exact.h
tests_unit_check_spfrecord_CFLAGS = $(unit_cflags)
tests_unit_check_spfrecord_LDADD = common/libspfrecord.la $(CHECK_LIBS)

check_PROGRAMS += tests/unit/check_spfmacro
TESTS += tests/unit/check_spfmacro
tests_unit_check_spfmacro_SOURCES = tests/unit/check_spfmacro.c tests/unit/exact.h
tests_unit_check_spfmacro_CFLAGS = $(unit_cflags)
tests_unit_check_spfmacro_LDADD = common/libspfrecord.la $(CHECK_LIBS)

check_PROGRAMS += tests/unit/check_work
TESTS += tests/unit/check_work
tests_unit_check_work_SOURCES = tests/unit/check_work.c
tests_unit_check_work_CFLAGS = $(unit_cflags)
tests_unit_check_work_LDADD = opendmarc/libfilter.la $(CHECK_LIBS)

check_PROGRAMS += tests/unit/check_fields
TESTS += tests/unit/check_fields
tests_unit_check_fields_SOURCES = tests/unit/check_fields.c tests/unit/exact.h
tests_unit_check_fields_CFLAGS = $(unit_cflags)
tests_unit_check_fields_LDADD = opendmarc/libfilter.la $(CHECK_LIBS)

check_PROGRAMS += tests/unit/check_sender
TESTS += tests/unit/check_sender
tests_unit_check_sender_SOURCES = tests/unit/check_sender.c
tests_unit_check_sender_CFLAGS = $(unit_cflags)
tests_unit_check_sender_LDADD = opendmarc/libfilter.la $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_recordlint
TESTS += tests/unit/check_recordlint
tests_unit_check_recordlint_SOURCES = tests/unit/check_recordlint.c tests/unit/exact.h
tests_unit_check_recordlint_CFLAGS = $(unit_cflags)
tests_unit_check_recordlint_LDADD = common/librecordlint.la $(CHECK_LIBS)

check_PROGRAMS += tests/unit/check_explain
TESTS += tests/unit/check_explain
tests_unit_check_explain_SOURCES = tests/unit/check_explain.c tests/unit/exact.h \
	tests/unit/golden.c tests/unit/golden.h
tests_unit_check_explain_CFLAGS = $(unit_cflags)
tests_unit_check_explain_LDADD = common/libexplain.la $(CHECK_LIBS)
EXTRA_DIST += tests/golden/explain.json

check_PROGRAMS += tests/unit/check_savedmsg
TESTS += tests/unit/check_savedmsg
tests_unit_check_savedmsg_SOURCES = tests/unit/check_savedmsg.c
tests_unit_check_savedmsg_CFLAGS = $(unit_cflags)
tests_unit_check_savedmsg_LDADD = opendmarc/libcheck.la $(CHECK_LIBS)

check_PROGRAMS += tests/unit/check_failspool
TESTS += tests/unit/check_failspool
tests_unit_check_failspool_SOURCES = tests/unit/check_failspool.c
tests_unit_check_failspool_CFLAGS = $(unit_cflags)
tests_unit_check_failspool_LDADD = common/libfailure.la $(CHECK_LIBS)

check_PROGRAMS += tests/unit/check_ratelimit
TESTS += tests/unit/check_ratelimit
tests_unit_check_ratelimit_SOURCES = tests/unit/check_ratelimit.c
tests_unit_check_ratelimit_CFLAGS = $(unit_cflags)
tests_unit_check_ratelimit_LDADD = common/libfailure.la $(CHECK_LIBS)

check_PROGRAMS += tests/unit/check_automatic
TESTS += tests/unit/check_automatic
tests_unit_check_automatic_SOURCES = tests/unit/check_automatic.c tests/unit/exact.h
tests_unit_check_automatic_CFLAGS = $(unit_cflags)
tests_unit_check_automatic_LDADD = opendmarc/libfilter.la $(CHECK_LIBS)

check_PROGRAMS += tests/unit/check_failrule
TESTS += tests/unit/check_failrule
tests_unit_check_failrule_SOURCES = tests/unit/check_failrule.c
tests_unit_check_failrule_CFLAGS = $(unit_cflags)
tests_unit_check_failrule_LDADD = opendmarc/libfilter.la $(CHECK_LIBS)

check_PROGRAMS += tests/unit/check_failreport
TESTS += tests/unit/check_failreport
tests_unit_check_failreport_SOURCES = tests/unit/check_failreport.c
tests_unit_check_failreport_CFLAGS = $(unit_cflags)
tests_unit_check_failreport_LDADD = opendmarc/libfilter.la $(CHECK_LIBS)

check_PROGRAMS += tests/unit/check_supervise
TESTS += tests/unit/check_supervise
tests_unit_check_supervise_SOURCES = tests/unit/check_supervise.c
tests_unit_check_supervise_CFLAGS = $(unit_cflags)
tests_unit_check_supervise_LDADD = opendmarc/libfilter.la $(CHECK_LIBS)
