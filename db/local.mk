# local.mk - the store: one interface, a backend for each database.
noinst_LTLIBRARIES += db/libstore.la

db_libstore_la_SOURCES = \
	db/clean.c db/clean.h \
	db/idcache.c db/idcache.h \
	db/memory_expire.c \
	db/memory_ledger.c \
	db/memory_messages.c \
	db/memory_private.h \
	db/memory_requests.c \
	db/sql.c db/sql.h \
	db/sql_add.c \
	db/sql_bulk.c \
	db/sql_bulknames.c \
	db/sql_claim.c \
	db/sql_expire.c db/sql_expire.h \
	db/sql_ledger.c \
	db/sql_names.c \
	db/sql_orphans.c \
	db/sql_read.c \
	db/sql_requests.c \
	db/sql_rows.c db/sql_rows.h \
	db/sqlite_private.h \
	db/sqlite_schema.c \
	db/store.c db/store.h \
	db/store_backend.h \
	db/store_change.c db/store_change.h \
	db/store_ledger.c \
	db/store_memory.c db/store_memory.h \
	db/store_messages.c \
	db/store_requests.c \
	db/store_sqlite.c
if MYSQL
db_libstore_la_SOURCES += \
	db/mysql_access.c \
	db/mysql_connect.c \
	db/mysql_migrate.c \
	db/mysql_private.h \
	db/mysql_schema.c \
	db/store_mysql.c
endif
db_libstore_la_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS) $(MYSQL_CFLAGS)
db_libstore_la_LIBADD = common/libhistory.la $(SQLITE_LIBS) $(MYSQL_LIBS)

# For administrators who make the tables by hand.
dist_pkgdata_DATA += db/schema.mysql
