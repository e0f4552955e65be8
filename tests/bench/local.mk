# local.mk - measuring. "make bench" is no part of "make check": numbers decide no test.
EXTRA_PROGRAMS = tests/bench/bench_library
CLEANFILES += tests/bench/bench_library
EXTRA_DIST += tests/bench/library.sh
tests_bench_bench_library_SOURCES = tests/bench/bench_library.c
tests_bench_bench_library_LDADD = libopendmarc/libcore.la
tests_bench_bench_library_LDFLAGS = -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=realloc

bench: tests/bench/bench_library$(EXEEXT)
	$(SHELL) '$(srcdir)/tests/bench/library.sh' tests/bench/bench_library$(EXEEXT)
.PHONY: bench
