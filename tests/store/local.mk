# local.mk - tests of the store: one suite for every backend; and of the tools on it.
check_PROGRAMS += tests/store/check_store
TESTS += tests/store/check_store
tests_store_check_store_SOURCES = tests/store/check_store.c \
	tests/store/check_store_changes.c \
	tests/store/check_store_fate.c \
	tests/store/check_store_ledger.c \
	tests/store/check_store_messages.c \
	tests/store/check_store_requests.c \
	tests/store/storebed.c tests/store/storebed.h
tests_store_check_store_CFLAGS = $(unit_cflags) $(SQLITE_CFLAGS) $(MYSQL_CFLAGS)
tests_store_check_store_LDADD = db/libstore.la $(CHECK_LIBS) $(MYSQL_LIBS)

# The same on a real server, and tables of older versions.
TESTS += tests/store/test_mysql.py
EXTRA_DIST += \
	tests/lib/mariadb.py \
	tests/lib/terminal.py \
	tests/store/dumps/1.3.2.sql \
	tests/store/dumps/1.4.2.sql \
	tests/store/dumps/1.4.2-debian.sql \
	tests/store/dumps/develop.sql \
	tests/store/test_mysql.py

# A cluster of three servers. More rounds of what meets by chance: GALERA_ROUNDS.
TESTS += tests/store/test_galera.py
EXTRA_DIST += tests/store/test_galera.py

# The command over it.
TESTS += tests/store/test_import.py
EXTRA_DIST += \
	tests/golden/opendmarc-import.help \
	tests/store/test_import.py
TESTS += tests/store/test_reports.py
EXTRA_DIST += tests/lib/aggreport.py tests/store/test_reports.py
EXTRA_DIST += tests/golden/aggregate.eml tests/golden/aggregate.xml \
	tests/golden/aggregate-rfc7489.xml
TESTS += tests/store/test_failures.py
EXTRA_DIST += tests/golden/opendmarc-failures.help tests/store/test_failures.py
TESTS += tests/store/test_importstats.py
EXTRA_DIST += \
	tests/golden/opendmarc-importstats.help \
	tests/lib/historyfile.py \
	tests/store/test_importstats.py
TESTS += tests/store/test_expire.py
EXTRA_DIST += \
	tests/golden/opendmarc-expire.help \
	tests/golden/opendmarc-params.help \
	tests/store/test_expire.py
TESTS += tests/store/test_delivery.py
EXTRA_DIST += tests/lib/tlskeys.py tests/lib/webserver.py tests/store/test_delivery.py
TESTS += tests/store/test_exact.py
EXTRA_DIST += tests/store/test_exact.py
TESTS += tests/store/test_loops.py
EXTRA_DIST += tests/store/test_loops.py
TESTS += tests/store/test_sites.py
EXTRA_DIST += tests/store/test_sites.py
TESTS += tests/store/test_suppress.py
EXTRA_DIST += tests/store/test_suppress.py
TESTS += tests/store/test_forensic.py tests/store/test_stale.py
EXTRA_DIST += tests/store/test_forensic.py tests/store/test_stale.py
TESTS += tests/store/test_random.py
EXTRA_DIST += tests/store/maildmarc.pl tests/store/test_random.py

# The same with many more reports, and other numbers each time: RANDOM_SEED repeats a run.
.PHONY: check-random
check-random: $(sbin_PROGRAMS)
	$(AM_TESTS_ENVIRONMENT) RANDOM_REPORTS=$${RANDOM_REPORTS:-10000} RANDOM_ROWS=$${RANDOM_ROWS:-300000} \
	    RANDOM_SEED=$${RANDOM_SEED:-$$(date +%s)} python3 $(srcdir)/tests/store/test_random.py

# Many more kills of imports and reports, at other instants each time: EXACT_SEED repeats a run.
.PHONY: check-exact
check-exact: $(sbin_PROGRAMS)
	$(AM_TESTS_ENVIRONMENT) EXACT_ROUNDS=$${EXACT_ROUNDS:-300} EXACT_SEED=$${EXACT_SEED:-$$(date +%s)} \
	    python3 $(srcdir)/tests/store/test_exact.py
