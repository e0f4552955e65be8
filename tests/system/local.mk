# local.mk - helpers of the Python tests, and the tests with a real MTA and its
# neighbours. They need root for a network of their own and some Debian packages;
# without them they are skipped and say why.
EXTRA_DIST += \
	tests/lib/dnsserver.py \
	tests/lib/milterclient.py \
	tests/lib/openmetrics.py \
	tests/lib/procs.py \
	tests/lib/smtpsink.py \
	tests/lib/tap.py \
	tests/system/attacks.py \
	tests/system/bed.py \
	tests/system/chain.py \
	tests/system/host.py \
	tests/system/namespace.py \
	tests/system/postfix.py \
	tests/system/rcvdspf_milter.py \
	tests/system/sendmail.py \
	tests/system/stages.py

system_tests = \
	tests/lib/test_lib.py \
	tests/system/test_postfix.py \
	tests/system/test_postfix_load.py \
	tests/system/test_reports.py \
	tests/system/test_sendmail.py \
	tests/system/test_setup_chroot.py \
	tests/system/test_setup_selfspf.py \
	tests/system/test_setup_tcp.py \
	tests/system/test_stages.py
TESTS += $(system_tests)
EXTRA_DIST += $(system_tests)
CLEANFILES += tests/system/debs/*.deb
