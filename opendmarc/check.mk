# check.mk - opendmarc-check(8): policies and saved messages explained.
sbin_PROGRAMS += opendmarc/opendmarc-check
noinst_LTLIBRARIES += opendmarc/libcheck.la

opendmarc_libcheck_la_SOURCES = \
	opendmarc/check_domain.c opendmarc/check_domain.h \
	opendmarc/check_domain_json.c \
	opendmarc/check_lookup.c opendmarc/check_lookup.h \
	opendmarc/check_message.c opendmarc/check_message.h \
	opendmarc/check_verdict.c opendmarc/check_verdict.h \
	opendmarc/paint.c opendmarc/paint.h
opendmarc_libcheck_la_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
opendmarc_libcheck_la_LIBADD = opendmarc/libfilter.la common/libexplain.la \
	common/librecordlint.la common/libdns.la

opendmarc_opendmarc_check_SOURCES = \
	opendmarc/check_command.c opendmarc/check_command.h \
	opendmarc/check_main.c
opendmarc_opendmarc_check_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
opendmarc_opendmarc_check_LDADD = opendmarc/libcheck.la common/libconf.la $(JANSSON_LIBS) $(BSD_LIBS)
