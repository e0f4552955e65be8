# local.mk - checks of the sources themselves.
lint_tests = \
	tests/lint/check_layers.py \
	tests/lint/check_sources.py
TESTS += $(lint_tests)
EXTRA_DIST += $(lint_tests)
TESTS += tests/lint/check_history.py tests/lint/check_options.py
EXTRA_DIST += tests/lint/check_history.py tests/lint/check_options.py
