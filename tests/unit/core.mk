# core.mk - unit tests of libopendmarc/core.
core_tests = \
	tests/unit/check_eval \
	tests/unit/check_extdest \
	tests/unit/check_policy \
	tests/unit/check_questions \
	tests/unit/check_walk
check_PROGRAMS += $(core_tests)
TESTS += $(core_tests)

tests_unit_check_eval_SOURCES = tests/unit/check_eval.c tests/unit/dnsrows.h
tests_unit_check_eval_CFLAGS = $(unit_cflags)
tests_unit_check_eval_LDFLAGS = -Wl,--wrap=malloc
tests_unit_check_eval_LDADD = libopendmarc/libcore.la $(CHECK_LIBS)

tests_unit_check_extdest_SOURCES = tests/unit/check_extdest.c tests/unit/dnsrows.h
tests_unit_check_extdest_CFLAGS = $(unit_cflags)
tests_unit_check_extdest_LDADD = libopendmarc/libcore.la $(CHECK_LIBS)

tests_unit_check_policy_SOURCES = tests/unit/check_policy.c
tests_unit_check_policy_CFLAGS = $(unit_cflags)
tests_unit_check_policy_LDADD = libopendmarc/libcore.la $(CHECK_LIBS)

tests_unit_check_questions_SOURCES = tests/unit/check_questions.c tests/unit/dnsrows.h
tests_unit_check_questions_CFLAGS = $(unit_cflags)
tests_unit_check_questions_LDADD = libopendmarc/libcore.la $(CHECK_LIBS)

tests_unit_check_walk_SOURCES = tests/unit/check_walk.c tests/unit/dnsrows.h
tests_unit_check_walk_CFLAGS = $(unit_cflags)
tests_unit_check_walk_LDADD = libopendmarc/libcore.la $(CHECK_LIBS)
