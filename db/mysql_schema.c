/*
 * mysql_schema.c - the tables in MySQL and MariaDB, as steps from any older form.
 *
 * The first step makes OpenDMARC's tables of 1.3.2, 1.4 and later the same, or makes them;
 * names, columns and their order are as people's own queries know them. The second adds
 * what is ours. Never change a released step. opendmarc-schema(7) describes the result,
 * db/schema.mysql is the sum of all steps.
 */
#include "db/mysql_private.h"

#define OF(table)	" WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '" table "'"
#define IS_TABLE(table)	"SELECT 1 FROM information_schema.TABLES" OF(table)
#define IS_COLUMN(table, column, condition) \
	"SELECT 1 FROM information_schema.COLUMNS" OF(table) \
	" AND COLUMN_NAME = '" column "'" condition
#define IS_KEY(table, key) \
	"SELECT 1 FROM information_schema.STATISTICS" OF(table) " AND INDEX_NAME = '" key "'"
/* Without its table there is no key to remove. */
#define IS_NO_KEY(table, key) \
	"SELECT 1 FROM (SELECT 1) x WHERE NOT EXISTS (" IS_KEY(table, key) ")"
#define IS_INNODB(table) \
	"SELECT 1 FROM (SELECT 1) x WHERE NOT EXISTS (" IS_TABLE(table) \
	" AND ENGINE <> 'InnoDB')"

#define TABLE(name, columns) \
	{ NULL, IS_TABLE(name), "CREATE TABLE " name " (" columns ")" \
	    " ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4" }
#define INNODB(name)	{ name, IS_INNODB(name), "ENGINE=InnoDB ROW_FORMAT=DYNAMIC" }
#define COLUMN(table, column, type) \
	{ table, IS_COLUMN(table, column, ""), "ADD " column " " type }
#define KEY(table, key, unique, columns) \
	{ table, IS_KEY(table, key), "ADD " unique "KEY " key " (" columns ")" }

#define ID		"id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, "
#define FIRSTSEEN	"firstseen TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP"

static const struct mysql_item tables_of_1x[] = {
	TABLE("domains", ID "name VARCHAR(255) NOT NULL, " FIRSTSEEN ", UNIQUE KEY name (name)"),
	TABLE("selectors", ID "domain INT NOT NULL, name VARCHAR(255) NOT NULL, " FIRSTSEEN
	    ", KEY name (name), UNIQUE KEY name_2 (name, domain)"),
	TABLE("arcauthresults", ID "message INT UNSIGNED NOT NULL,"
	    " instance INT UNSIGNED NOT NULL, arc_client_addr VARCHAR(64) NOT NULL DEFAULT '',"
	    " KEY message (message), UNIQUE KEY message_2 (message, instance)"),
	TABLE("arcseals", ID "message INT UNSIGNED NOT NULL, domain INT UNSIGNED NOT NULL,"
	    " selector INT UNSIGNED NOT NULL, instance INT UNSIGNED NOT NULL, " FIRSTSEEN
	    ", KEY message (message), UNIQUE KEY message_2 (message, domain, selector, instance)"),
	TABLE("requests", ID "domain INT NOT NULL, repuri MEDIUMTEXT NULL,"
	    " adkim TINYINT NOT NULL DEFAULT '0', aspf TINYINT NOT NULL DEFAULT '0',"
	    " policy TINYINT NOT NULL DEFAULT '0', spolicy TINYINT NOT NULL DEFAULT '0',"
	    " pct TINYINT NOT NULL DEFAULT '0', fo TINYINT NOT NULL DEFAULT '0',"
	    " locked TINYINT NOT NULL DEFAULT '0', " FIRSTSEEN ","
	    " lastsent TIMESTAMP NULL DEFAULT NULL, KEY lastsent (lastsent),"
	    " UNIQUE KEY domain (domain)"),
	TABLE("reporters", ID "name VARCHAR(255) NOT NULL, " FIRSTSEEN
	    ", UNIQUE KEY name (name)"),
	TABLE("ipaddr", ID "addr VARCHAR(64) NOT NULL, " FIRSTSEEN ", UNIQUE KEY addr (addr)"),
	TABLE("messages", ID "date TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,"
	    " jobid VARCHAR(128) NOT NULL, reporter INT UNSIGNED NOT NULL,"
	    " policy TINYINT UNSIGNED NOT NULL, disp TINYINT UNSIGNED NOT NULL,"
	    " ip INT UNSIGNED NOT NULL, env_domain INT UNSIGNED NOT NULL,"
	    " from_domain INT UNSIGNED NOT NULL, policy_domain INT UNSIGNED NOT NULL,"
	    " spf TINYINT NOT NULL DEFAULT '0', spf_scope TINYINT NOT NULL DEFAULT '-1',"
	    " align_dkim TINYINT UNSIGNED NOT NULL DEFAULT '5',"
	    " align_spf TINYINT UNSIGNED NOT NULL DEFAULT '5',"
	    " sigcount SMALLINT UNSIGNED NOT NULL DEFAULT '0',"
	    " arc TINYINT NOT NULL DEFAULT '0',"
	    " arc_policy TINYINT UNSIGNED NOT NULL DEFAULT '1', KEY date (date)"),
	TABLE("signatures", ID "message INT UNSIGNED NOT NULL, domain INT UNSIGNED NOT NULL,"
	    " selector INT UNSIGNED NOT NULL DEFAULT '0', pass TINYINT NOT NULL,"
	    " error TINYINT UNSIGNED NOT NULL, KEY message (message)"),
	TABLE("suppressions", ID "address VARCHAR(255) NOT NULL,"
	    " added TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, reason VARCHAR(255),"
	    " UNIQUE KEY address (address)"),

	/* Transactions, and keys that are long enough. */
	INNODB("domains"),
	INNODB("selectors"),
	INNODB("arcauthresults"),
	INNODB("arcseals"),
	INNODB("reporters"),
	INNODB("ipaddr"),
	INNODB("suppressions"),

	INNODB("requests"),
	{ "requests", IS_COLUMN("requests", "repuri", " AND COLUMN_TYPE = 'mediumtext'"),
	    "MODIFY repuri MEDIUMTEXT CHARACTER SET utf8mb4 NULL" },
	{ "requests", IS_COLUMN("requests", "adkim", " AND COLUMN_DEFAULT IS NOT NULL"),
	    "MODIFY adkim TINYINT NOT NULL DEFAULT '0', MODIFY aspf TINYINT NOT NULL DEFAULT '0',"
	    " MODIFY policy TINYINT NOT NULL DEFAULT '0', MODIFY spolicy TINYINT NOT NULL DEFAULT"
	    " '0', MODIFY pct TINYINT NOT NULL DEFAULT '0'" },
	{ "requests", IS_COLUMN("requests", "fo", ""),
	    "ADD fo TINYINT NOT NULL DEFAULT '0' AFTER pct" },
	{ "requests", IS_COLUMN("requests", "lastsent", " AND IS_NULLABLE = 'YES'"),
	    "MODIFY lastsent TIMESTAMP NULL DEFAULT NULL" },
	/* A table that is not there yet has no rows. */
	{ NULL, "SELECT 1 FROM (SELECT 1) x WHERE NOT EXISTS (" IS_TABLE("requests") ")",
	    "UPDATE requests SET lastsent = NULL WHERE lastsent < '1970-01-02 00:00:00'" },

	INNODB("messages"),
	{ "messages", IS_COLUMN("messages", "spf", " AND COLUMN_DEFAULT IS NOT NULL"
	    " AND COLUMN_TYPE NOT LIKE '%unsigned'"),
	    "MODIFY spf TINYINT NOT NULL DEFAULT '0',"
	    " MODIFY align_dkim TINYINT UNSIGNED NOT NULL DEFAULT '5',"
	    " MODIFY align_spf TINYINT UNSIGNED NOT NULL DEFAULT '5'" },
	{ "messages", IS_COLUMN("messages", "spf_scope", ""),
	    "ADD spf_scope TINYINT NOT NULL DEFAULT '-1' AFTER spf" },
	{ "messages", IS_COLUMN("messages", "sigcount", " AND COLUMN_TYPE LIKE 'smallint%'"),
	    "MODIFY sigcount SMALLINT UNSIGNED NOT NULL DEFAULT '0'" },
	COLUMN("messages", "arc", "TINYINT NOT NULL DEFAULT '0'"),
	COLUMN("messages", "arc_policy", "TINYINT UNSIGNED NOT NULL DEFAULT '1'"),
	{ "messages", IS_COLUMN("messages", "arc", " AND COLUMN_DEFAULT IS NOT NULL"
	    " AND COLUMN_TYPE NOT LIKE '%unsigned'"),
	    "MODIFY arc TINYINT NOT NULL DEFAULT '0',"
	    " MODIFY arc_policy TINYINT UNSIGNED NOT NULL DEFAULT '1'" },
	KEY("messages", "date", "", "date"),

	INNODB("signatures"),
	{ "signatures", IS_COLUMN("signatures", "message", " AND COLUMN_TYPE LIKE '%unsigned'"),
	    "MODIFY message INT UNSIGNED NOT NULL, MODIFY domain INT UNSIGNED NOT NULL,"
	    " MODIFY error TINYINT UNSIGNED NOT NULL" },
	{ "signatures", IS_COLUMN("signatures", "selector", ""),
	    "ADD selector INT UNSIGNED NOT NULL DEFAULT '0' AFTER domain" },
	{ "signatures", IS_COLUMN("signatures", "selector", " AND COLUMN_DEFAULT IS NOT NULL"),
	    "MODIFY selector INT UNSIGNED NOT NULL DEFAULT '0'" },
	{ "signatures", IS_COLUMN("signatures", "pass", " AND COLUMN_TYPE NOT LIKE '%unsigned'"),
	    "MODIFY pass TINYINT NOT NULL" },
	KEY("signatures", "message", "", "message"),
};

static const struct mysql_item tables_of_ours[] = {
	/* One row for each distinct policy that a policy domain published; digest is of all
	 * of it, as an index over a rua would be too long. */
	TABLE("policies", ID "domain INT UNSIGNED NOT NULL, adkim CHAR(1) NOT NULL,"
	    " aspf CHAR(1) NOT NULL, p CHAR(1) NOT NULL, sp CHAR(1) NOT NULL,"
	    " np CHAR(1) NOT NULL, pct TINYINT NOT NULL, fo TINYINT NOT NULL,"
	    " psd CHAR(1) NOT NULL, testing TINYINT NOT NULL, discovery VARCHAR(255) NOT NULL,"
	    " rua MEDIUMTEXT NOT NULL, digest CHAR(64) CHARACTER SET ascii NOT NULL, " FIRSTSEEN
	    ", UNIQUE KEY domain (domain, digest)"),
	TABLE("overrides", ID "message INT UNSIGNED NOT NULL, type VARCHAR(32) NOT NULL,"
	    " comment TEXT NULL, KEY message (message)"),
	/* part counts the reports of one window; state: 0 being made, 1 made, 2 withheld. */
	TABLE("reports", ID "policy_domain INT UNSIGNED NOT NULL,"
	    " window_begin BIGINT NOT NULL, window_end BIGINT NOT NULL, part INT NOT NULL,"
	    " report_id VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,"
	    " messages BIGINT NOT NULL, created TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,"
	    " state TINYINT NOT NULL, reason VARCHAR(255) NULL,"
	    " claimed_by VARCHAR(96) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',"
	    " claimed_until BIGINT NOT NULL DEFAULT '0', UNIQUE KEY report_id (report_id),"
	    " UNIQUE KEY policy_domain (policy_domain, window_begin, window_end, part)"),
	/* state: 0 new, 1 sent, 2 failed, 3 dead. */
	TABLE("deliveries", ID "report INT UNSIGNED NOT NULL,"
	    " destination VARCHAR(512) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,"
	    " state TINYINT NOT NULL, tries INT NOT NULL DEFAULT '0',"
	    " first_try BIGINT NOT NULL DEFAULT '0', next_try BIGINT NOT NULL DEFAULT '0',"
	    " reason TEXT NULL, mail LONGBLOB NULL,"
	    " claimed_by VARCHAR(96) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',"
	    " claimed_until BIGINT NOT NULL DEFAULT '0',"
	    " UNIQUE KEY report (report, destination), KEY due (state, next_try)"),
	/* How often an expiry has removed names; ids learnt before may be wrong. */
	TABLE("names_removed", "id TINYINT NOT NULL PRIMARY KEY, times BIGINT NOT NULL"),
	{ NULL, "SELECT 1 FROM names_removed WHERE id = 1",
	    "INSERT INTO names_removed (id, times) VALUES (1, 0)" },

	/* received is the time in seconds since 1970; 0: a 1.x program has added the row. */
	COLUMN("messages", "received", "BIGINT NOT NULL DEFAULT '0'"),
	COLUMN("messages", "identity", "VARBINARY(128) NOT NULL DEFAULT ''"),
	COLUMN("messages", "published", "INT UNSIGNED NULL"),
	COLUMN("messages", "spf_domain", "INT UNSIGNED NULL"),
	COLUMN("messages", "effective", "CHAR(1) NOT NULL DEFAULT ''"),
	COLUMN("messages", "reasons", "TINYINT UNSIGNED NOT NULL DEFAULT '0'"),
	COLUMN("messages", "report", "INT UNSIGNED NULL"),
	/* Jobs without an id may meet in one second. For rows of 1.x programs the longer key
	 * does what the old one did. */
	KEY("messages", "identity", "UNIQUE ", "received, identity, reporter, jobid, date"),
	{ "messages", IS_NO_KEY("messages", "reporter"), "DROP KEY reporter" },
	KEY("messages", "policy_domain", "", "policy_domain, received"),

	COLUMN("requests", "policy_domain", "INT UNSIGNED NOT NULL DEFAULT '0'"),
	COLUMN("requests", "seen", "BIGINT NOT NULL DEFAULT '0'"),
	KEY("requests", "policy_domain", "", "policy_domain"),

	COLUMN("suppressions", "expires", "BIGINT NULL"),
};

/* 0 no, 1 a report, 2 a bounce: enum history_automatic. */
static const struct mysql_item automatic_mail[] = {
	COLUMN("messages", "automatic", "TINYINT NOT NULL DEFAULT '0'"),
};

const struct mysql_step mysql_steps[] = {
	{ "the tables of OpenDMARC", tables_of_1x, COUNT(tables_of_1x), true },
	{ "policies, overrides, the ledger", tables_of_ours, COUNT(tables_of_ours), false },
	{ "automatic mail", automatic_mail, COUNT(automatic_mail), false },
};

const size_t mysql_nsteps = COUNT(mysql_steps);
