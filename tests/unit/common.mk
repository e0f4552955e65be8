# common.mk
