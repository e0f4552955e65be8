# local.mk - scripted evaluations over the policy core; form in README.md.
check_PROGRAMS += tests/replay/replay
TESTS += tests/replay/replay
tests_replay_replay_SOURCES = tests/replay/replay.c tests/replay/replay.h \
	tests/replay/script.c tests/replay/zone.c
tests_replay_replay_LDADD = libopendmarc/libcore.la
EXTRA_DIST += tests/replay/README.md \
	tests/replay/cases/alignment.replay \
	tests/replay/cases/authors.replay \
	tests/replay/cases/discovery.replay \
	tests/replay/cases/errors.replay \
	tests/replay/cases/psl.replay \
	tests/replay/cases/suffixes.list
