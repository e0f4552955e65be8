# local.mk - the manual pages.
dist_man_MANS += \
	man/libopendmarc.3 \
	man/opendmarc.8 \
	man/opendmarc-check.8 \
	man/opendmarc-expire.8 \
	man/opendmarc-failures.8 \
	man/opendmarc-history.5 \
	man/opendmarc-import.8 \
	man/opendmarc-importstats.8 \
	man/opendmarc-params.8 \
	man/opendmarc-reports.8 \
	man/opendmarc-schema.7 \
	man/opendmarc.conf.5
