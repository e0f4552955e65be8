# core.mk
