# local.mk - SPF checks against scripted zones; form and sources in README.md.
check_PROGRAMS += tests/spf/spfcases
TESTS += tests/spf/spfcases
tests_spf_spfcases_SOURCES = tests/spf/spfcases.c $(testdns_sources)
tests_spf_spfcases_LDADD = common/libdns.la
EXTRA_DIST += tests/spf/README.md tests/spf/LICENSE.rfc7208 \
	tests/spf/cases/own.cases \
	tests/spf/cases/rfc7208.cases
