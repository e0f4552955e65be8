# local.mk - measuring. "make bench" and "make soak" are no part of "make check": numbers
# decide no test. What they measure with is compiled and tried there.
#
#   make bench			the library, then the daemon against others
#   make bench-chain MESSAGES=N	import, reports and expiry against others, a day of N (1000000)
#   make soak MESSAGES=N	memory of the daemon over N messages (1000000)
EXTRA_PROGRAMS = tests/bench/bench_library
CLEANFILES += tests/bench/bench_library
EXTRA_DIST += tests/bench/library.sh
tests_bench_bench_library_SOURCES = tests/bench/bench_library.c
tests_bench_bench_library_LDADD = libopendmarc/libcore.la
tests_bench_bench_library_LDFLAGS = -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=realloc

load_programs = tests/bench/milterload tests/bench/nullmilter tests/bench/slowdns
check_PROGRAMS += $(load_programs)
tests_bench_milterload_SOURCES = \
	tests/bench/histogram.c tests/bench/histogram.h \
	tests/bench/loadmsg.c tests/bench/loadmsg.h \
	tests/bench/loadmta.c tests/bench/loadmta.h \
	tests/bench/milterload.c
tests_bench_milterload_LDADD = common/libconf.la libopendmarc/libbase.la
tests_bench_nullmilter_SOURCES = tests/bench/nullmilter.c
tests_bench_nullmilter_LDADD = $(MILTER_LIBS)
tests_bench_slowdns_SOURCES = tests/bench/slowdns.c
tests_bench_slowdns_LDADD = common/libconf.la libopendmarc/libbase.la

bench_modules = tests/bench/chainhistory.py tests/bench/chaintools.py tests/bench/measure.py tests/bench/programs.py tests/bench/messages
TESTS += tests/bench/test_load.py
EXTRA_DIST += tests/bench/chain.py tests/bench/test_load.py tests/bench/daemon.py tests/bench/soak.py $(bench_modules)
CLEANFILES += tests/bench/debs/*.deb

bench_environment = PYTHONDONTWRITEBYTECODE=1 top_srcdir='$(top_srcdir)' \
	top_builddir='$(top_builddir)'
MESSAGES = 1000000

bench: all $(load_programs:=$(EXEEXT)) tests/bench/bench_library$(EXEEXT)
	$(SHELL) '$(srcdir)/tests/bench/library.sh' tests/bench/bench_library$(EXEEXT)
	$(bench_environment) python3 '$(srcdir)/tests/bench/daemon.py'

soak: all $(load_programs:=$(EXEEXT))
	$(bench_environment) python3 '$(srcdir)/tests/bench/soak.py' $(MESSAGES)

bench-chain: all
	$(bench_environment) python3 '$(srcdir)/tests/bench/chain.py' $(MESSAGES)
.PHONY: bench bench-chain soak
