# local.mk - the milter daemon.
sbin_PROGRAMS += opendmarc/opendmarc

opendmarc_opendmarc_SOURCES = \
	opendmarc/arheader.c opendmarc/arheader.h \
	opendmarc/checks.c opendmarc/checks.h \
	opendmarc/conn.c opendmarc/conn.h \
	opendmarc/env.h \
	opendmarc/histwriter.c opendmarc/histwriter.h \
	opendmarc/inputs.c opendmarc/inputs.h \
	opendmarc/main.c \
	opendmarc/milter.c opendmarc/milter.h \
	opendmarc/msg.c opendmarc/msg.h \
	opendmarc/privs.c opendmarc/privs.h \
	opendmarc/process.c opendmarc/process.h \
	opendmarc/verdict.c opendmarc/verdict.h \
	opendmarc/version.c opendmarc/version.h
opendmarc_opendmarc_LDADD = \
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
