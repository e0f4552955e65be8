# local.mk - the milter daemon.

# The daemon without libmilter and main(): what unit tests link.
noinst_LTLIBRARIES += opendmarc/libfilter.la

opendmarc_libfilter_la_SOURCES = \
	opendmarc/arcbind.c opendmarc/arcbind.h \
	opendmarc/arcsets.c opendmarc/arcsets.h \
	opendmarc/arheader.c opendmarc/arheader.h \
	opendmarc/automatic.c opendmarc/automatic.h \
	opendmarc/checks.c opendmarc/checks.h \
	opendmarc/conn.c opendmarc/conn.h \
	opendmarc/decisionlog.c opendmarc/decisionlog.h \
	opendmarc/dkimbind.c opendmarc/dkimbind.h \
	opendmarc/env.h \
	opendmarc/evaluation.c opendmarc/evaluation.h \
	opendmarc/exceptions.c opendmarc/exceptions.h \
	opendmarc/failreport.c opendmarc/failreport.h \
	opendmarc/failrule.c opendmarc/failrule.h \
	opendmarc/fields.c opendmarc/fields.h \
	opendmarc/headform.c opendmarc/headform.h \
	opendmarc/histrec.c opendmarc/histrec.h \
	opendmarc/histwriter.c opendmarc/histwriter.h \
	opendmarc/ignore.c opendmarc/ignore.h \
	opendmarc/inputs.c opendmarc/inputs.h opendmarc/inputs_private.h \
	opendmarc/inputs_result.c \
	opendmarc/listener.c opendmarc/listener.h \
	opendmarc/metrics.c opendmarc/metrics.h \
	opendmarc/msg.c opendmarc/msg.h opendmarc/msg_private.h \
	opendmarc/msgend.c opendmarc/msgorders.c opendmarc/msgrecord.c \
	opendmarc/notify.c opendmarc/notify.h \
	opendmarc/ours.c opendmarc/ours.h \
	opendmarc/override.c opendmarc/override.h \
	opendmarc/places.c opendmarc/places.h \
	opendmarc/privs.c opendmarc/privs.h \
	opendmarc/process.c opendmarc/process.h \
	opendmarc/savedmsg.c opendmarc/savedmsg.h \
	opendmarc/sender.c opendmarc/sender.h \
	opendmarc/session.c opendmarc/session.h \
	opendmarc/setup.c opendmarc/setup.h \
	opendmarc/shared.c opendmarc/shared.h \
	opendmarc/status.c opendmarc/status.h \
	opendmarc/supervise.c opendmarc/supervise.h \
	opendmarc/testmode.c opendmarc/testmode.h \
	opendmarc/verdict.c opendmarc/verdict.h \
	opendmarc/work.c opendmarc/work.h
opendmarc_libfilter_la_LIBADD = common/libdns.la common/libfailure.la common/libhistory.la
include opendmarc/check.mk

sbin_PROGRAMS += opendmarc/opendmarc

opendmarc_opendmarc_SOURCES = \
	opendmarc/command.c opendmarc/command.h \
	opendmarc/main.c \
	opendmarc/milter.c opendmarc/milter.h \
	opendmarc/reload.c opendmarc/reload.h \
	opendmarc/signals.c opendmarc/signals.h \
	opendmarc/version.c opendmarc/version.h
opendmarc_opendmarc_LDADD = \
	opendmarc/libfilter.la \
	common/libdns.la common/libhistory.la common/libconf.la \
	libopendmarc/libcore.la \
	$(MILTER_LIBS) $(BSD_LIBS)

# Writes the sample of the configuration; "make update-sample" keeps it.
check_PROGRAMS += opendmarc/conf-sample
opendmarc_conf_sample_SOURCES = opendmarc/conf-sample.c
opendmarc_conf_sample_LDADD = common/libconf.la

update-sample: opendmarc/conf-sample$(EXEEXT)
	opendmarc/conf-sample$(EXEEXT) > $(srcdir)/contrib/opendmarc.conf.sample
.PHONY: update-sample
