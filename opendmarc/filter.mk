# filter.mk - the daemon without libmilter and main(): what unit tests link.
noinst_LTLIBRARIES += opendmarc/libfilter.la

opendmarc_libfilter_la_SOURCES = \
	opendmarc/arheader.c opendmarc/arheader.h \
	opendmarc/conn.c opendmarc/conn.h \
	opendmarc/dkimbind.c opendmarc/dkimbind.h \
	opendmarc/env.h \
	opendmarc/evaluation.c opendmarc/evaluation.h \
	opendmarc/fields.c opendmarc/fields.h \
	opendmarc/histrec.c opendmarc/histrec.h \
	opendmarc/histwriter.c opendmarc/histwriter.h \
	opendmarc/inputs.c opendmarc/inputs.h \
	opendmarc/listener.c opendmarc/listener.h \
	opendmarc/msg.c opendmarc/msg.h \
	opendmarc/sender.c opendmarc/sender.h \
	opendmarc/shared.c opendmarc/shared.h \
	opendmarc/verdict.c opendmarc/verdict.h
opendmarc_libfilter_la_LIBADD = common/libdns.la common/libhistory.la
