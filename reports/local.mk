# local.mk - the report tools.

# What all of them share.
noinst_LTLIBRARIES += reports/libcli.la
reports_libcli_la_SOURCES = \
	reports/cli.c reports/cli.h \
	reports/clidb.c \
	reports/progress.c reports/progress.h
reports_libcli_la_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
reports_libcli_la_LIBADD = common/libconf.la db/libstore.la

# opendmarc-import
sbin_PROGRAMS += reports/opendmarc-import
noinst_LTLIBRARIES += reports/libimport.la
reports_libimport_la_SOURCES = \
	reports/histfile.c reports/histfile.h \
	reports/import.c reports/import.h \
	reports/importrun.c reports/importrun.h \
	reports/rotate.c reports/rotate.h
reports_libimport_la_CFLAGS = $(AM_CFLAGS) $(GMIME_CFLAGS)
reports_libimport_la_LIBADD = db/libstore.la $(GMIME_LIBS)
reports_opendmarc_import_SOURCES = reports/import_main.c
reports_opendmarc_import_LDADD = reports/libimport.la reports/libcli.la

# What a report is made of; knows neither DNS nor database.
noinst_LTLIBRARIES += reports/libreport.la
reports_libreport_la_SOURCES = \
	reports/aggregate.c reports/aggregate.h \
	reports/aggxml.c reports/aggxml.h \
	reports/bounce.c reports/bounce.h \
	reports/caps.c reports/caps.h \
	reports/cleantext.c reports/cleantext.h \
	reports/command.c reports/command.h \
	reports/deliver.c reports/deliver.h \
	reports/deliver_dir.c reports/deliver_dir.h \
	reports/deliver_https.c reports/deliver_https.h \
	reports/deliver_program.c reports/deliver_program.h \
	reports/deliver_smtp.c reports/deliver_smtp.h \
	reports/dest.c reports/dest.h \
	reports/document.c reports/document.h \
	reports/format.c reports/format.h \
	reports/identity.c reports/identity.h \
	reports/mail.c reports/mail.h reports/mail_private.h \
	reports/namelist.c reports/namelist.h \
	reports/outmail.c reports/outmail.h \
	reports/pack.c reports/pack.h \
	reports/reportid.c reports/reportid.h \
	reports/rowkey.c reports/rowkey.h \
	reports/schema.c reports/schema.h \
	reports/stale.c reports/stale.h \
	reports/transport.c reports/transport.h \
	reports/verp.c reports/verp.h \
	reports/web.c reports/web.h \
	reports/window.c reports/window.h
reports_libreport_la_CFLAGS = $(AM_CFLAGS) \
	$(XML_CFLAGS) $(GMIME_CFLAGS) $(CURL_CFLAGS) $(ZLIB_CFLAGS)
reports_libreport_la_LIBADD = libopendmarc/libcore.la common/libhistory.la common/libconf.la \
	$(XML_LIBS) $(GMIME_LIBS) $(CURL_LIBS) $(ZLIB_LIBS)

# What a failure report is made of; knows neither DNS nor database.
noinst_LTLIBRARIES += reports/libarf.la
reports_libarf_la_SOURCES = \
	reports/arf.c reports/arf.h \
	reports/arffields.c reports/arffields.h \
	reports/redact.c reports/redact.h
reports_libarf_la_CFLAGS = $(AM_CFLAGS) $(GMIME_CFLAGS)
reports_libarf_la_LIBADD = reports/libreport.la common/libfailure.la

# opendmarc-reports(8).
sbin_PROGRAMS += reports/opendmarc-reports
reports_opendmarc_reports_SOURCES = \
	reports/audit.c reports/audit.h \
	reports/checkid.c reports/checkid.h \
	reports/destcheck.c reports/destcheck.h \
	reports/forensic.c reports/forensic.h \
	reports/handover.c \
	reports/queue.c reports/queue.h \
	reports/reports_main.c reports/reports_private.h \
	reports/reports_prepare.c \
	reports/reports_send.c \
	reports/run.c reports/run.h reports/run_private.h \
	reports/selftest.c reports/selftest.h \
	reports/settings.c reports/settings.h reports/settings_server.c \
	reports/suppress.c reports/suppress.h
reports_opendmarc_reports_LDADD = reports/libreport.la reports/libcli.la common/libdns.la

# opendmarc-failures(8).
sbin_PROGRAMS += reports/opendmarc-failures
reports_opendmarc_failures_SOURCES = \
	reports/destcheck.c reports/destcheck.h \
	reports/failmake.c \
	reports/failqueue.c reports/failqueue.h \
	reports/failures.c reports/failures.h reports/failures_private.h \
	reports/failures_main.c \
	reports/queue.c reports/queue.h
reports_opendmarc_failures_CFLAGS = $(AM_CFLAGS) $(GMIME_CFLAGS)
reports_opendmarc_failures_LDADD = reports/libarf.la reports/libreport.la reports/libcli.la \
	common/libfailure.la common/libdns.la

# opendmarc-importstats(8).
sbin_PROGRAMS += reports/opendmarc-importstats
reports_opendmarc_importstats_SOURCES = reports/importstats_main.c
reports_opendmarc_importstats_LDADD = reports/libimport.la reports/libcli.la

# opendmarc-expire(8), opendmarc-params(8).
sbin_PROGRAMS += reports/opendmarc-expire reports/opendmarc-params
reports_opendmarc_expire_SOURCES = reports/expire_main.c
reports_opendmarc_expire_LDADD = reports/libcli.la
reports_opendmarc_params_SOURCES = reports/params_main.c
reports_opendmarc_params_LDADD = reports/libcli.la libopendmarc/libcore.la
# What reports are held against before they are sent.
dist_pkgdata_DATA += reports/rfc7489.xsd reports/rfc9990.xsd
