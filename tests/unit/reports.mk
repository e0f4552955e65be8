# reports.mk
