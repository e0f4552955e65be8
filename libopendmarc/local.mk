# local.mk - the policy library, one convenience library for each layer.
# A layer knows only the layers named before it.
noinst_LTLIBRARIES += \
	libopendmarc/libbase.la \
	libopendmarc/libparse.la \
	libopendmarc/libcore.la

libopendmarc_libbase_la_SOURCES = \
	libopendmarc/base/domain.c libopendmarc/base/domain.h \
	libopendmarc/base/ipaddr.c libopendmarc/base/ipaddr.h \
	libopendmarc/base/limits.h \
	libopendmarc/base/nametab.c libopendmarc/base/nametab.h \
	libopendmarc/base/psl.c libopendmarc/base/psl.h \
	libopendmarc/base/result.c libopendmarc/base/result.h \
	libopendmarc/base/span.c libopendmarc/base/span.h \
	libopendmarc/base/strbuf.c libopendmarc/base/strbuf.h
libopendmarc_libbase_la_CFLAGS = $(AM_CFLAGS) $(IDN2_CFLAGS) $(PSL_CFLAGS)
libopendmarc_libbase_la_LIBADD = $(IDN2_LIBS) $(PSL_LIBS) $(BSD_LIBS)

libopendmarc_libparse_la_SOURCES = \
	libopendmarc/parse/arc.c libopendmarc/parse/arc.h \
	libopendmarc/parse/authres.c libopendmarc/parse/authres.h \
	libopendmarc/parse/authwrite.c libopendmarc/parse/authwrite.h \
	libopendmarc/parse/cfws.c libopendmarc/parse/cfws.h \
	libopendmarc/parse/dkimsig.c libopendmarc/parse/dkimsig.h \
	libopendmarc/parse/from.c libopendmarc/parse/from.h \
	libopendmarc/parse/rcvdspf.c libopendmarc/parse/rcvdspf.h \
	libopendmarc/parse/received.c libopendmarc/parse/received.h \
	libopendmarc/parse/record.c libopendmarc/parse/record.h \
	libopendmarc/parse/taglist.c libopendmarc/parse/taglist.h \
	libopendmarc/parse/uri.c libopendmarc/parse/uri.h
libopendmarc_libparse_la_LIBADD = libopendmarc/libbase.la

libopendmarc_libcore_la_SOURCES = \
	libopendmarc/core/align.c \
	libopendmarc/core/discover.c \
	libopendmarc/core/eval.c libopendmarc/core/eval.h libopendmarc/core/eval_private.h \
	libopendmarc/core/extdest.c libopendmarc/core/extdest.h \
	libopendmarc/core/policy.c libopendmarc/core/policy.h \
	libopendmarc/core/questions.c libopendmarc/core/questions.h \
	libopendmarc/core/walk.c libopendmarc/core/walk.h
libopendmarc_libcore_la_LIBADD = libopendmarc/libparse.la

# The public state machine (odm.h), and the 1.x API (dmarc.h). What the shared library
# exports says the map; to it everything here must be visible. Neither library holds
# the core, which is in the shared library once.
noinst_LTLIBRARIES += libopendmarc/libapi.la libopendmarc/liblegacy.la
libopendmarc_libapi_la_SOURCES = \
	libopendmarc/api/api.h \
	libopendmarc/api/message.c \
	libopendmarc/api/record.c libopendmarc/api/suffixlist.c \
	libopendmarc/api/verdict.c
libopendmarc_libapi_la_CFLAGS = $(AM_CFLAGS) -fvisibility=default

libopendmarc_liblegacy_la_SOURCES = \
	libopendmarc/legacy/context.c \
	libopendmarc/legacy/dns.c \
	libopendmarc/legacy/dump.c \
	libopendmarc/legacy/fetch.c \
	libopendmarc/legacy/legacy.h \
	libopendmarc/legacy/library.c \
	libopendmarc/legacy/packet.c \
	libopendmarc/legacy/policy.c \
	libopendmarc/legacy/query.c \
	libopendmarc/legacy/record.c \
	libopendmarc/legacy/spf.c \
	libopendmarc/legacy/store.c \
	libopendmarc/legacy/xml.c
libopendmarc_liblegacy_la_CFLAGS = $(AM_CFLAGS) -fvisibility=default $(XML_CFLAGS)
libopendmarc_liblegacy_la_LIBADD = $(SPF2_LIBS) $(XML_LIBS) $(RESOLV_LIBS)

# The shared library: the core, the 1.x API over it (dmarc.h) and the public state
# machine (odm.h). Interfaces were added since 1.4 (2:3:0) and none was changed.
lib_LTLIBRARIES += libopendmarc/libopendmarc.la
opendmarcincludedir = $(includedir)/opendmarc
opendmarcinclude_HEADERS = libopendmarc/dmarc.h libopendmarc/odm.h
pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = libopendmarc/opendmarc.pc

libopendmarc_libopendmarc_la_SOURCES =
libopendmarc_libopendmarc_la_LIBADD = \
	libopendmarc/libapi.la libopendmarc/liblegacy.la libopendmarc/libcore.la
libopendmarc_libopendmarc_la_LDFLAGS = $(AM_LDFLAGS) -version-info 3:0:1 -no-undefined
if VERSION_SCRIPT
libopendmarc_libopendmarc_la_LDFLAGS += \
	-Wl,--version-script=$(srcdir)/libopendmarc/libopendmarc.map
endif
EXTRA_libopendmarc_libopendmarc_la_DEPENDENCIES = libopendmarc/libopendmarc.map
EXTRA_DIST += libopendmarc/libopendmarc.map
