# local.mk - the milter daemon.
include opendmarc/filter.mk

sbin_PROGRAMS += opendmarc/opendmarc

opendmarc_opendmarc_SOURCES = \
	opendmarc/checks.c opendmarc/checks.h \
	opendmarc/main.c \
	opendmarc/milter.c opendmarc/milter.h \
	opendmarc/privs.c opendmarc/privs.h \
	opendmarc/process.c opendmarc/process.h \
	opendmarc/signals.c opendmarc/signals.h \
	opendmarc/version.c opendmarc/version.h \
	opendmarc/work.c opendmarc/work.h
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
