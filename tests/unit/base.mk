# base.mk
