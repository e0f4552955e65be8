# local.mk - what the daemon and the report tools share.
noinst_LTLIBRARIES += \
	common/libconf.la \
	common/libdns.la \
	common/libexplain.la \
	common/libfailure.la \
	common/libhistory.la \
	common/librecordlint.la \
	common/libspfrecord.la

common_libconf_la_SOURCES = \
	common/conf.c common/conf.h common/conf_private.h \
	common/confcheck.c \
	common/confnear.c \
	common/confsample.c \
	common/conftable.c \
	common/confvalue.c \
	common/domainlist.c common/domainlist.h \
	common/hostlist.c common/hostlist.h \
	common/log.c common/log.h \
	common/textfile.c common/textfile.h
common_libconf_la_LIBADD = libopendmarc/libbase.la

common_libdns_la_SOURCES = \
	common/dmarctask.c common/dmarctask.h \
	common/dnscache.c common/dnscache.h \
	common/dnsmsg.c common/dnsmsg.h \
	common/dnstask.c common/dnstask.h \
	common/dnswire.c common/dnswire.h \
	common/exchange.c common/exchange.h \
	common/resolver.c common/resolver.h common/resolver_private.h \
	common/resolver_thread.c \
	common/spf.c common/spf.h \
	common/spfguard.c common/spfguard.h common/spfguard_private.h \
	common/spfguard_names.c \
	common/testzone.c common/testzone.h
common_libdns_la_CFLAGS = $(AM_CFLAGS) $(CARES_CFLAGS)
common_libdns_la_LIBADD = libopendmarc/libcore.la common/libconf.la common/libspfrecord.la \
	$(CARES_LIBS) $(SPF2_LIBS)

common_libspfrecord_la_SOURCES = \
	common/spfmacro.c common/spfmacro.h \
	common/spfrecord.c common/spfrecord.h
common_libspfrecord_la_LIBADD = libopendmarc/libbase.la

common_libhistory_la_SOURCES = \
	common/arcjson.c common/arcjson.h \
	common/history.c common/history.h \
	common/historyread.c
common_libhistory_la_LIBADD = libopendmarc/libbase.la

common_librecordlint_la_SOURCES = \
	common/recordlint.c common/recordlint.h common/recordlint_private.h \
	common/recordlint_rules.c \
	common/recordlint_values.c
common_librecordlint_la_LIBADD = libopendmarc/libcore.la

common_libexplain_la_SOURCES = \
	common/explain.c common/explain.h common/explain_private.h \
	common/explain_read.c \
	common/explain_tree.c
common_libexplain_la_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
common_libexplain_la_LIBADD = libopendmarc/libcore.la $(JANSSON_LIBS)

common_libfailure_la_SOURCES = \
	common/failspool.c common/failspool.h \
	common/failure.c common/failure.h \
	common/ratelimit.c common/ratelimit.h
common_libfailure_la_LIBADD = common/libconf.la $(BSD_LIBS)
