# local.mk - the store: one interface, a backend for each database.
noinst_LTLIBRARIES += db/libstore.la

db_libstore_la_SOURCES = \
	db/idcache.c db/idcache.h \
	db/sqlite_add.c \
	db/sqlite_ledger.c \
	db/sqlite_private.h \
	db/sqlite_read.c \
	db/sqlite_schema.c \
	db/store.c db/store.h \
	db/store_backend.h \
	db/store_sqlite.c
db_libstore_la_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
db_libstore_la_LIBADD = common/libhistory.la $(SQLITE_LIBS)
