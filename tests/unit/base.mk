# base.mk - unit tests of libopendmarc/base and libopendmarc/parse.
base_tests = \
	tests/unit/check_domain \
	tests/unit/check_ipaddr \
	tests/unit/check_span
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
