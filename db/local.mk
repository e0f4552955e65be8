# local.mk - what this folder builds.
