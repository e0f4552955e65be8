# local.mk

TESTS += tests/milter/test_start.py
EXTRA_DIST += tests/milter/test_start.py
