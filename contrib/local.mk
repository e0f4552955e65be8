# local.mk - what a packager or an administrator copies.
contrib_subst = sed \
	-e 's|@sbindir[@]|$(sbindir)|g' \
	-e 's|@sysconfdir[@]|$(sysconfdir)|g' \
	-e 's|@STATEDIR[@]|$(STATEDIR)|g' \
	-e 's|@pkglibexecdir[@]|$(pkglibexecdir)|g'

contrib_made = \
	contrib/cron/opendmarc \
	contrib/report-script \
	contrib/systemd/opendmarc.service \
	contrib/systemd/opendmarc-failures.service \
	contrib/systemd/opendmarc-reports.service
CLEANFILES += $(contrib_made)

contrib/cron/opendmarc: contrib/cron/opendmarc.in Makefile
contrib/report-script: contrib/report-script.in Makefile
contrib/systemd/opendmarc.service: contrib/systemd/opendmarc.service.in Makefile
contrib/systemd/opendmarc-failures.service: contrib/systemd/opendmarc-failures.service.in Makefile
contrib/systemd/opendmarc-reports.service: contrib/systemd/opendmarc-reports.service.in Makefile
$(contrib_made):
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
	$(contrib_subst) '$(srcdir)/$@.in' >$@.new && mv -f $@.new $@

pkglibexec_SCRIPTS = contrib/report-script
dist_doc_DATA += contrib/opendmarc.conf.sample
examplesdir = $(docdir)/examples
nodist_examples_DATA = contrib/cron/opendmarc
dist_examples_DATA = \
	contrib/examples/evaluate.c \
	contrib/examples/evaluate.py \
	contrib/postfix/main.cf \
	contrib/prometheus/opendmarc-alerts.yml \
	contrib/sendmail/opendmarc.mc
fail2bandir = $(examplesdir)/fail2ban/filter.d
dist_fail2ban_DATA = contrib/fail2ban/filter.d/opendmarc.conf
if SYSTEMD
nodist_systemdsystemunit_DATA = contrib/systemd/opendmarc.service \
	contrib/systemd/opendmarc-failures.service \
	contrib/systemd/opendmarc-reports.service
dist_systemdsystemunit_DATA = contrib/systemd/opendmarc-failures.timer \
	contrib/systemd/opendmarc-reports.timer
tmpfilesdir = $(prefix)/lib/tmpfiles.d
dist_tmpfiles_DATA = contrib/tmpfiles.d/opendmarc.conf
sysusersdir = $(prefix)/lib/sysusers.d
dist_sysusers_DATA = contrib/sysusers.d/opendmarc.conf
endif

EXTRA_DIST += \
	contrib/cron/opendmarc.in \
	contrib/install-packages \
	contrib/quickstart \
	contrib/quickstart.d/1-spf-pass.eml \
	contrib/quickstart.d/2-dkim-pass.eml \
	contrib/quickstart.d/3-spoofed-reject.eml \
	contrib/quickstart.d/4-fail-none.eml \
	contrib/quickstart.d/5-no-policy.eml \
	contrib/quickstart.d/zone \
	contrib/prometheus/README \
	contrib/report-script.in \
	contrib/systemd/opendmarc.service.in \
	contrib/systemd/opendmarc-failures.service.in \
	contrib/systemd/opendmarc-failures.timer \
	contrib/systemd/opendmarc-reports.service.in \
	contrib/systemd/opendmarc-reports.timer \
	contrib/sysusers.d/opendmarc.conf \
	contrib/tmpfiles.d/opendmarc.conf
