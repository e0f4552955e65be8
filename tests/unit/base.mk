# base.mk - unit tests of libopendmarc/base and libopendmarc/parse.
base_tests = \
	tests/unit/check_cfws \
	tests/unit/check_domain \
	tests/unit/check_ipaddr \
	tests/unit/check_result \
	tests/unit/check_span \
	tests/unit/check_strbuf
check_PROGRAMS += $(base_tests)
TESTS += $(base_tests)

tests_unit_check_domain_SOURCES = tests/unit/check_domain.c
tests_unit_check_domain_CFLAGS = $(unit_cflags)
tests_unit_check_domain_LDADD = libopendmarc/libbase.la $(CHECK_LIBS)

tests_unit_check_ipaddr_SOURCES = tests/unit/check_ipaddr.c
tests_unit_check_ipaddr_CFLAGS = $(unit_cflags)
tests_unit_check_ipaddr_LDADD = libopendmarc/libbase.la $(CHECK_LIBS)

tests_unit_check_span_SOURCES = tests/unit/check_span.c
tests_unit_check_span_CFLAGS = $(unit_cflags)
tests_unit_check_span_LDADD = libopendmarc/libbase.la $(CHECK_LIBS)

parse_tests = \
	tests/unit/check_arc \
	tests/unit/check_authres \
	tests/unit/check_authwrite \
	tests/unit/check_dkimsig \
	tests/unit/check_from \
	tests/unit/check_rcvdspf \
	tests/unit/check_received \
	tests/unit/check_record \
	tests/unit/check_uri
check_PROGRAMS += $(parse_tests)
TESTS += $(parse_tests)

tests_unit_check_authres_SOURCES = tests/unit/check_authres.c tests/unit/exact.h
tests_unit_check_authres_CFLAGS = $(unit_cflags)
tests_unit_check_authres_LDADD = libopendmarc/libparse.la $(CHECK_LIBS)

tests_unit_check_authwrite_SOURCES = tests/unit/check_authwrite.c tests/unit/exact.h
tests_unit_check_authwrite_CFLAGS = $(unit_cflags)
tests_unit_check_authwrite_LDADD = libopendmarc/libparse.la $(CHECK_LIBS)

tests_unit_check_arc_SOURCES = tests/unit/check_arc.c tests/unit/exact.h
tests_unit_check_arc_CFLAGS = $(unit_cflags)
tests_unit_check_arc_LDADD = libopendmarc/libparse.la $(CHECK_LIBS)

tests_unit_check_dkimsig_SOURCES = tests/unit/check_dkimsig.c tests/unit/exact.h
tests_unit_check_dkimsig_CFLAGS = $(unit_cflags)
tests_unit_check_dkimsig_LDADD = libopendmarc/libparse.la $(CHECK_LIBS)

tests_unit_check_from_SOURCES = tests/unit/check_from.c tests/unit/exact.h
tests_unit_check_from_CFLAGS = $(unit_cflags)
tests_unit_check_from_LDADD = libopendmarc/libparse.la $(CHECK_LIBS)

tests_unit_check_rcvdspf_SOURCES = tests/unit/check_rcvdspf.c tests/unit/exact.h
tests_unit_check_rcvdspf_CFLAGS = $(unit_cflags)
tests_unit_check_rcvdspf_LDADD = libopendmarc/libparse.la $(CHECK_LIBS)

tests_unit_check_received_SOURCES = tests/unit/check_received.c tests/unit/exact.h
tests_unit_check_received_CFLAGS = $(unit_cflags)
tests_unit_check_received_LDADD = libopendmarc/libparse.la $(CHECK_LIBS)

tests_unit_check_record_SOURCES = tests/unit/check_record.c tests/unit/exact.h
tests_unit_check_record_CFLAGS = $(unit_cflags)
tests_unit_check_record_LDADD = libopendmarc/libparse.la $(CHECK_LIBS)

tests_unit_check_uri_SOURCES = tests/unit/check_uri.c tests/unit/exact.h
tests_unit_check_uri_CFLAGS = $(unit_cflags)
tests_unit_check_uri_LDADD = libopendmarc/libparse.la $(CHECK_LIBS)

tests_unit_check_cfws_SOURCES = tests/unit/check_cfws.c tests/unit/exact.h
tests_unit_check_cfws_CFLAGS = $(unit_cflags)
tests_unit_check_cfws_LDADD = libopendmarc/libparse.la $(CHECK_LIBS)

tests_unit_check_result_SOURCES = tests/unit/check_result.c
tests_unit_check_result_CFLAGS = $(unit_cflags)
tests_unit_check_result_LDADD = libopendmarc/libbase.la $(CHECK_LIBS)

tests_unit_check_strbuf_SOURCES = tests/unit/check_strbuf.c
tests_unit_check_strbuf_CFLAGS = $(unit_cflags)
tests_unit_check_strbuf_LDADD = libopendmarc/libbase.la $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_psl
TESTS += tests/unit/check_psl
tests_unit_check_psl_SOURCES = tests/unit/check_psl.c
tests_unit_check_psl_CFLAGS = $(unit_cflags)
tests_unit_check_psl_LDADD = libopendmarc/libbase.la $(CHECK_LIBS)
