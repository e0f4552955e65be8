# local.mk - black-box tests of the daemon: starting it, and the milter protocol.
milter_tests = \
	tests/milter/test_actions.py \
	tests/milter/test_check.py \
	tests/milter/test_decision.py \
	tests/milter/test_failures.py \
	tests/milter/test_history.py \
	tests/milter/test_load.py \
	tests/milter/test_override.py \
	tests/milter/test_psl.py \
	tests/milter/test_reload.py \
	tests/milter/test_report_script.py \
	tests/milter/test_robust.py \
	tests/milter/test_start.py \
	tests/milter/test_supervise.py \
	tests/milter/test_testmode.py \
	tests/milter/test_status.py \
	tests/milter/test_trust.py \
	tests/milter/test_valgrind.py \
	tests/milter/test_verdict.py
TESTS += $(milter_tests)
EXTRA_DIST += $(milter_tests) tests/milter/filter.py
