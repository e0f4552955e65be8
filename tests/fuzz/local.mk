# local.mk - one fuzz target for each parser. Without --enable-fuzzers every
# target is linked with replay_main.c and "make check" feeds it the files of
# NAME.in (seeds) and NAME.repro (inputs once found, where there are any); with
# it every target is a libFuzzer program, and all code is instrumented:
#   tests/fuzz/fuzz_NAME -max_total_time=120 NEW-CORPUS SRCDIR/tests/fuzz/NAME.in
# A new target is one line in fuzz_targets, three lines of its own below, and
# its NAME.in and NAME.repro folders in EXTRA_DIST.
fuzz_targets = \
	tests/fuzz/fuzz_arc \
	tests/fuzz/fuzz_authres \
	tests/fuzz/fuzz_automatic \
	tests/fuzz/fuzz_bounce \
	tests/fuzz/fuzz_dkimsig \
	tests/fuzz/fuzz_eval \
	tests/fuzz/fuzz_explain \
	tests/fuzz/fuzz_dnsmsg \
	tests/fuzz/fuzz_failure \
	tests/fuzz/fuzz_from \
	tests/fuzz/fuzz_history \
	tests/fuzz/fuzz_legacy \
	tests/fuzz/fuzz_outmail \
	tests/fuzz/fuzz_rcvdspf \
	tests/fuzz/fuzz_received \
	tests/fuzz/fuzz_record \
	tests/fuzz/fuzz_recordlint \
	tests/fuzz/fuzz_savedmsg \
	tests/fuzz/fuzz_spfrecord \
	tests/fuzz/fuzz_uri

if FUZZERS
AM_CFLAGS += -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
fuzz_driver =
fuzz_ldflags = -fsanitize=fuzzer
noinst_PROGRAMS += $(fuzz_targets)
else
fuzz_driver = tests/fuzz/replay_main.c
fuzz_ldflags =
check_PROGRAMS += $(fuzz_targets)
TESTS += $(fuzz_targets)
endif

EXTRA_DIST += \
	tests/fuzz/arc.in \
	tests/fuzz/authres.in \
	tests/fuzz/automatic.in \
	tests/fuzz/bounce.in \
	tests/fuzz/dkimsig.in \
	tests/fuzz/eval.in \
	tests/fuzz/explain.in \
	tests/fuzz/dnsmsg.in \
	tests/fuzz/failure.in \
	tests/fuzz/from.in \
	tests/fuzz/history.in \
	tests/fuzz/legacy.in \
	tests/fuzz/outmail.in \
	tests/fuzz/rcvdspf.in \
	tests/fuzz/received.in \
	tests/fuzz/record.in \
	tests/fuzz/recordlint.in \
	tests/fuzz/savedmsg.in \
	tests/fuzz/spfrecord.in \
	tests/fuzz/uri.in

tests_fuzz_fuzz_arc_SOURCES = tests/fuzz/fuzz_arc.c tests/fuzz/fuzz.h $(fuzz_driver)
tests_fuzz_fuzz_arc_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_arc_LDADD = libopendmarc/libparse.la

tests_fuzz_fuzz_authres_SOURCES = tests/fuzz/fuzz_authres.c tests/fuzz/fuzz.h $(fuzz_driver)
tests_fuzz_fuzz_authres_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_authres_LDADD = libopendmarc/libparse.la

tests_fuzz_fuzz_automatic_SOURCES = tests/fuzz/fuzz_automatic.c tests/fuzz/fuzz.h $(fuzz_driver)
tests_fuzz_fuzz_automatic_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_automatic_LDADD = opendmarc/libfilter.la

tests_fuzz_fuzz_bounce_SOURCES = tests/fuzz/fuzz_bounce.c tests/fuzz/fuzz.h $(fuzz_driver)
tests_fuzz_fuzz_bounce_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_bounce_LDADD = reports/libreport.la

tests_fuzz_fuzz_dkimsig_SOURCES = tests/fuzz/fuzz_dkimsig.c tests/fuzz/fuzz.h $(fuzz_driver)
tests_fuzz_fuzz_dkimsig_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_dkimsig_LDADD = libopendmarc/libparse.la

tests_fuzz_fuzz_eval_SOURCES = tests/fuzz/fuzz_eval.c tests/fuzz/fuzz.h $(fuzz_driver)
tests_fuzz_fuzz_eval_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_eval_LDADD = libopendmarc/libcore.la

tests_fuzz_fuzz_explain_SOURCES = tests/fuzz/fuzz_explain.c tests/fuzz/fuzz.h $(fuzz_driver)
tests_fuzz_fuzz_explain_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_explain_LDADD = common/libexplain.la

tests_fuzz_fuzz_dnsmsg_SOURCES = tests/fuzz/fuzz_dnsmsg.c tests/fuzz/fuzz.h $(fuzz_driver)
tests_fuzz_fuzz_dnsmsg_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_dnsmsg_LDADD = common/libdns.la

tests_fuzz_fuzz_from_SOURCES = tests/fuzz/fuzz_from.c tests/fuzz/fuzz.h $(fuzz_driver)
tests_fuzz_fuzz_from_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_from_LDADD = libopendmarc/libparse.la

tests_fuzz_fuzz_history_SOURCES = tests/fuzz/fuzz_history.c tests/fuzz/fuzz.h $(fuzz_driver)
tests_fuzz_fuzz_history_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_history_LDADD = common/libhistory.la

tests_fuzz_fuzz_rcvdspf_SOURCES = tests/fuzz/fuzz_rcvdspf.c tests/fuzz/fuzz.h $(fuzz_driver)
tests_fuzz_fuzz_rcvdspf_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_rcvdspf_LDADD = libopendmarc/libparse.la

tests_fuzz_fuzz_received_SOURCES = tests/fuzz/fuzz_received.c tests/fuzz/fuzz.h $(fuzz_driver)
tests_fuzz_fuzz_received_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_received_LDADD = libopendmarc/libparse.la

tests_fuzz_fuzz_record_SOURCES = tests/fuzz/fuzz_record.c tests/fuzz/fuzz.h $(fuzz_driver)
tests_fuzz_fuzz_record_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_record_LDADD = libopendmarc/libparse.la

tests_fuzz_fuzz_recordlint_SOURCES = tests/fuzz/fuzz_recordlint.c tests/fuzz/fuzz.h $(fuzz_driver)
tests_fuzz_fuzz_recordlint_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_recordlint_LDADD = common/librecordlint.la

tests_fuzz_fuzz_spfrecord_SOURCES = tests/fuzz/fuzz_spfrecord.c tests/fuzz/fuzz.h $(fuzz_driver)
tests_fuzz_fuzz_spfrecord_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_spfrecord_LDADD = common/libspfrecord.la

tests_fuzz_fuzz_uri_SOURCES = tests/fuzz/fuzz_uri.c tests/fuzz/fuzz.h $(fuzz_driver)
tests_fuzz_fuzz_uri_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_uri_LDADD = libopendmarc/libparse.la

tests_fuzz_fuzz_legacy_SOURCES = tests/fuzz/fuzz_legacy.c tests/fuzz/fuzz.h $(fuzz_driver)
tests_fuzz_fuzz_legacy_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_legacy_LDADD = libopendmarc/liblegacy.la libopendmarc/libcore.la

tests_fuzz_fuzz_outmail_SOURCES = tests/fuzz/fuzz_outmail.c tests/fuzz/fuzz.h $(fuzz_driver)
tests_fuzz_fuzz_outmail_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_outmail_LDADD = reports/libreport.la

tests_fuzz_fuzz_savedmsg_SOURCES = tests/fuzz/fuzz_savedmsg.c tests/fuzz/fuzz.h $(fuzz_driver)
tests_fuzz_fuzz_savedmsg_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_savedmsg_LDADD = opendmarc/libcheck.la

tests_fuzz_fuzz_failure_SOURCES = tests/fuzz/fuzz_failure.c tests/fuzz/fuzz.h $(fuzz_driver)
tests_fuzz_fuzz_failure_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_failure_LDADD = reports/libarf.la
