# local.mk - scripted evaluations over the policy core; form in README.md.
check_PROGRAMS += tests/replay/replay
TESTS += tests/replay/replay
tests_replay_replay_SOURCES = tests/replay/replay.c tests/replay/replay.h \
	tests/replay/player.c tests/replay/script.c tests/replay/zone.c
tests_replay_replay_LDADD = libopendmarc/libcore.la
EXTRA_DIST += tests/replay/README.md \
	tests/replay/cases/alignment.replay \
	tests/replay/cases/authors.replay \
	tests/replay/cases/discovery.replay \
	tests/replay/cases/errors.replay \
	tests/replay/cases/psl.replay \
	tests/replay/cases/suffixes.list

# The same cases, explained and repeated from the explanation.
check_PROGRAMS += tests/replay/explained
TESTS += tests/replay/explained
tests_replay_explained_SOURCES = tests/replay/explained.c tests/replay/replay.h \
	tests/replay/player.c tests/replay/script.c tests/replay/zone.c
tests_replay_explained_LDADD = common/libexplain.la
