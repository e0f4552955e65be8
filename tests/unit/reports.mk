# reports.mk - unit tests of what a report is made of.
report_tests = \
	tests/unit/check_aggregate \
	tests/unit/check_aggxml \
	tests/unit/check_bounce \
	tests/unit/check_caps \
	tests/unit/check_cleantext \
	tests/unit/check_dest \
	tests/unit/check_identity \
	tests/unit/check_mail \
	tests/unit/check_namelist \
	tests/unit/check_outmail \
	tests/unit/check_pack \
	tests/unit/check_program \
	tests/unit/check_queue \
	tests/unit/check_reportid \
	tests/unit/check_schema \
	tests/unit/check_verp \
	tests/unit/check_window
check_PROGRAMS += $(report_tests)
TESTS += $(report_tests)

tests_unit_check_aggregate_SOURCES = tests/unit/check_aggregate.c tests/unit/samples.h
tests_unit_check_aggregate_CFLAGS = $(unit_cflags)
tests_unit_check_aggregate_LDADD = reports/libreport.la $(CHECK_LIBS)

tests_unit_check_aggxml_SOURCES = tests/unit/check_aggxml.c \
	tests/unit/golden.c tests/unit/golden.h tests/unit/samples.h
tests_unit_check_aggxml_CFLAGS = $(unit_cflags) $(XML_CFLAGS)
tests_unit_check_aggxml_LDADD = reports/libreport.la $(CHECK_LIBS)

tests_unit_check_cleantext_SOURCES = tests/unit/check_cleantext.c
tests_unit_check_cleantext_CFLAGS = $(unit_cflags)
tests_unit_check_cleantext_LDADD = reports/libreport.la $(CHECK_LIBS)

tests_unit_check_dest_SOURCES = tests/unit/check_dest.c
tests_unit_check_dest_CFLAGS = $(unit_cflags)
tests_unit_check_dest_LDADD = reports/libreport.la $(CHECK_LIBS)

tests_unit_check_identity_SOURCES = tests/unit/check_identity.c
tests_unit_check_identity_CFLAGS = $(unit_cflags)
tests_unit_check_identity_LDADD = reports/libreport.la $(CHECK_LIBS)

tests_unit_check_mail_SOURCES = tests/unit/check_mail.c \
	tests/unit/golden.c tests/unit/golden.h
tests_unit_check_mail_CFLAGS = $(unit_cflags) $(GMIME_CFLAGS)
tests_unit_check_mail_LDADD = reports/libreport.la $(CHECK_LIBS)

tests_unit_check_namelist_SOURCES = tests/unit/check_namelist.c
tests_unit_check_namelist_CFLAGS = $(unit_cflags)
tests_unit_check_namelist_LDADD = reports/libreport.la $(CHECK_LIBS)

tests_unit_check_outmail_SOURCES = tests/unit/check_outmail.c
tests_unit_check_outmail_CFLAGS = $(unit_cflags)
tests_unit_check_outmail_LDADD = reports/libreport.la $(CHECK_LIBS)

tests_unit_check_pack_SOURCES = tests/unit/check_pack.c
tests_unit_check_pack_CFLAGS = $(unit_cflags) $(ZLIB_CFLAGS)
tests_unit_check_pack_LDADD = reports/libreport.la $(CHECK_LIBS)

tests_unit_check_program_SOURCES = tests/unit/check_program.c
tests_unit_check_program_CFLAGS = $(unit_cflags)
tests_unit_check_program_LDADD = reports/libreport.la $(CHECK_LIBS)

tests_unit_check_queue_SOURCES = tests/unit/check_queue.c reports/queue.c reports/queue.h
tests_unit_check_queue_CFLAGS = $(unit_cflags)
tests_unit_check_queue_LDADD = libopendmarc/libbase.la $(CHECK_LIBS)

tests_unit_check_reportid_SOURCES = tests/unit/check_reportid.c
tests_unit_check_reportid_CFLAGS = $(unit_cflags)
tests_unit_check_reportid_LDADD = reports/libreport.la $(CHECK_LIBS)

tests_unit_check_window_SOURCES = tests/unit/check_window.c
tests_unit_check_window_CFLAGS = $(unit_cflags)
tests_unit_check_window_LDADD = reports/libreport.la $(CHECK_LIBS)

tests_unit_check_caps_SOURCES = tests/unit/check_caps.c
tests_unit_check_caps_CFLAGS = $(unit_cflags)
tests_unit_check_caps_LDADD = reports/libreport.la $(CHECK_LIBS)

tests_unit_check_schema_SOURCES = tests/unit/check_schema.c tests/unit/samples.h
tests_unit_check_schema_CFLAGS = $(unit_cflags)
tests_unit_check_schema_LDADD = reports/libreport.la $(CHECK_LIBS)

tests_unit_check_verp_SOURCES = tests/unit/check_verp.c
tests_unit_check_verp_CFLAGS = $(unit_cflags)
tests_unit_check_verp_LDADD = reports/libreport.la $(CHECK_LIBS)

tests_unit_check_bounce_SOURCES = tests/unit/check_bounce.c
tests_unit_check_bounce_CFLAGS = $(unit_cflags)
tests_unit_check_bounce_LDADD = reports/libreport.la $(CHECK_LIBS)

# Command line and import.
check_PROGRAMS += tests/unit/check_cli tests/unit/check_import
TESTS += tests/unit/check_cli tests/unit/check_import
tests_unit_check_cli_SOURCES = tests/unit/check_cli.c
tests_unit_check_cli_CFLAGS = $(unit_cflags)
tests_unit_check_cli_LDADD = reports/libcli.la $(CHECK_LIBS)

tests_unit_check_import_SOURCES = tests/unit/check_import.c
tests_unit_check_import_CFLAGS = $(unit_cflags)
tests_unit_check_import_LDADD = reports/libimport.la reports/libcli.la $(CHECK_LIBS)

check_PROGRAMS += tests/unit/check_redact
TESTS += tests/unit/check_redact
tests_unit_check_redact_SOURCES = tests/unit/check_redact.c
tests_unit_check_redact_CFLAGS = $(unit_cflags) $(GMIME_CFLAGS)
tests_unit_check_redact_LDADD = reports/libarf.la $(CHECK_LIBS)

check_PROGRAMS += tests/unit/check_arf
TESTS += tests/unit/check_arf
tests_unit_check_arf_SOURCES = tests/unit/check_arf.c
tests_unit_check_arf_CFLAGS = $(unit_cflags) $(GMIME_CFLAGS)
tests_unit_check_arf_LDADD = reports/libarf.la $(CHECK_LIBS)
