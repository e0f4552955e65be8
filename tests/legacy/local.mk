# local.mk - the shared library as other programs see it: dmarc.h and odm.h.
legacy_tests = \
	tests/legacy/check_legacy \
	tests/legacy/check_message \
	tests/legacy/threads
legacy_programs = \
	tests/legacy/exim \
	tests/legacy/query \
	tests/legacy/tour
legacy_scripts = \
	tests/legacy/test_abi.py \
	tests/legacy/test_examples.py \
	tests/legacy/test_query.py
check_PROGRAMS += $(legacy_tests) $(legacy_programs)
TESTS += $(legacy_tests) $(legacy_scripts)
EXTRA_DIST += $(legacy_scripts) \
	tests/golden/legacy-exim \
	tests/golden/legacy-tour \
	tests/golden/libopendmarc.symbols \
	tests/legacy/report.xml \
	tests/legacy/suffixes.dat
CLEANFILES += tests/legacy/debs/*.deb

tests_legacy_check_legacy_SOURCES = tests/legacy/check_legacy.c
tests_legacy_check_legacy_CFLAGS = $(unit_cflags)
tests_legacy_check_legacy_LDADD = libopendmarc/libopendmarc.la $(CHECK_LIBS)

tests_legacy_check_message_SOURCES = tests/legacy/check_message.c
tests_legacy_check_message_CFLAGS = $(unit_cflags)
tests_legacy_check_message_LDADD = libopendmarc/libopendmarc.la $(CHECK_LIBS)

tests_legacy_threads_SOURCES = tests/legacy/threads.c
tests_legacy_threads_LDADD = libopendmarc/libopendmarc.la

# These include <opendmarc/dmarc.h>, as programs elsewhere do.
legacy_cppflags = -I$(top_builddir)/tests/legacy/include $(AM_CPPFLAGS)
tests_legacy_exim_SOURCES = tests/legacy/exim.c
tests_legacy_exim_CPPFLAGS = $(legacy_cppflags)
tests_legacy_exim_LDADD = libopendmarc/libopendmarc.la

tests_legacy_tour_SOURCES = tests/legacy/tour.c
tests_legacy_tour_CPPFLAGS = $(legacy_cppflags)
tests_legacy_tour_LDADD = libopendmarc/libopendmarc.la

tests_legacy_query_SOURCES = tests/legacy/query.c
tests_legacy_query_LDADD = libopendmarc/libopendmarc.la

# The example is built here as its user would build it, but for the warnings.
check_PROGRAMS += contrib/examples/evaluate
contrib_examples_evaluate_SOURCES = contrib/examples/evaluate.c
contrib_examples_evaluate_CPPFLAGS = $(legacy_cppflags)
contrib_examples_evaluate_LDADD = libopendmarc/libopendmarc.la $(RESOLV_LIBS)

# The installed headers under the name that programs use.
legacy_headers = tests/legacy/include/opendmarc/dmarc.h tests/legacy/include/opendmarc/odm.h
BUILT_SOURCES += $(legacy_headers)
CLEANFILES += $(legacy_headers)
tests/legacy/include/opendmarc/dmarc.h: $(srcdir)/libopendmarc/dmarc.h
	$(AM_V_GEN)$(MKDIR_P) $(@D) && cp $(srcdir)/libopendmarc/dmarc.h $@
tests/legacy/include/opendmarc/odm.h: $(srcdir)/libopendmarc/odm.h
	$(AM_V_GEN)$(MKDIR_P) $(@D) && cp $(srcdir)/libopendmarc/odm.h $@
