# local.mk - helpers of the Python tests, and the tests with a real MTA and its
# neighbours.
EXTRA_DIST += \
	tests/lib/dnsserver.py \
	tests/lib/milterclient.py \
	tests/lib/procs.py \
	tests/lib/smtpsink.py \
	tests/lib/tap.py
