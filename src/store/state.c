// SPDX-License-Identifier: Apache-2.0
// Opening, writing, pruning. The statements are made from the tables of columns in alarm/rows.c.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scoped.h"
#include "store/state_own.h"

static const char *const tails[] = { "", "-wal", "-shm" };

const char *state_error(const struct state *s)
{
	return text_str(&s->error);
}

enum st state_fail(struct state *s, const char *doing, int rc)
{
	text_clear(&s->error);
	text_printf(&s->error, "cannot %s %s: ", doing, s->path);
	sql_sentence(s->db, rc, &s->error);
	return sql_status(s->db, rc);
}

void state_columns(enum row_table t, struct text *out)
{
	const struct row_info *info = row_info(t);
	for (size_t i = 0; i < info->count; i++)
		text_printf(out, "%s\"%s\"", i ? ", " : "", info->columns[i].name);
}

static void create_table(enum row_table t, struct text *out)
{
	static const char *const types[] = { "INTEGER", "TEXT", "BLOB" };
	const struct row_info *info = row_info(t);
	bool rowid = info->keys == 1 && info->columns[0].type == ROW_INTEGER;
	text_printf(out, "CREATE TABLE \"%s\" (", info->name);
	for (size_t i = 0; i < info->count; i++)
		text_printf(out, "%s\"%s\" %s %s", i ? ", " : "", info->columns[i].name, types[info->columns[i].type],
		            i == 0 && rowid ? "PRIMARY KEY" : "NOT NULL");
	for (size_t i = 0; i < info->keys && !rowid; i++)
		text_printf(out, "%s\"%s\"", i ? ", " : ", PRIMARY KEY (", info->columns[i].name);
	text_printf(out, "%s) STRICT%s;", rowid ? "" : ")", rowid ? "" : ", WITHOUT ROWID");
}

static int create_tables(sqlite3 *db)
{
	struct text sql = { 0 };
	text_printf(&sql, "BEGIN IMMEDIATE; PRAGMA application_id = %d; PRAGMA user_version = %d;",
	            STATE_APPLICATION_ID, STATE_VERSION);
	for (enum row_table t = 0; t < ROW_TABLES; t++)
		create_table(t, &sql);
	text_printf(&sql,
	            "CREATE INDEX alarm_open ON alarm (id) WHERE state = %d;"
	            "CREATE INDEX alarm_cleared ON alarm (cleared) WHERE state = %d;"
	            "CREATE INDEX change_alarm ON change (alarm); COMMIT",
	            ALARM_OPEN, ALARM_CLEARED);
	int rc = sql.bad ? SQLITE_NOMEM : sqlite3_exec(db, text_str(&sql), NULL, NULL, NULL);
	text_done(&sql);
	return rc;
}

static enum st refuse(struct state *s, const char *doing, int rc, struct text *why)
{
	enum st st = state_fail(s, doing, rc);
	text_add(why, state_error(s));
	return st;
}

// Whose file it is, and whether this program knows it. A file without tables is one that a crash left unmade.
static enum st check(struct state *s, bool make, struct text *why)
{
	struct sql_identity id = { 0 };
	int rc = sql_identify(s->db, &id);
	if (rc != SQLITE_OK)
		return refuse(s, "open", rc, why);
	if (id.application == 0 && id.tables == 0) {
		if (!make)
			return ST_NONE;
		rc = create_tables(s->db);
		return rc == SQLITE_OK ? ST_OK : refuse(s, "make", rc, why);
	}
	if (id.application != STATE_APPLICATION_ID) {
		text_printf(why, "%s is an SQLite file, but not Trapline's state", s->path);
		return ST_NOT_OURS;
	}
	if (id.version != STATE_VERSION) {
		text_printf(why, "%s has version %lld, and this Trapline knows version %d", s->path,
		            (long long)id.version, STATE_VERSION);
		return id.version > STATE_VERSION ? ST_NEWER : ST_DAMAGED;
	}
	return ST_OK;
}

static int prepare_put(struct state *s, enum row_table t)
{
	struct text sql = { 0 };
	text_printf(&sql, "INSERT OR REPLACE INTO \"%s\" VALUES (", row_info(t)->name);
	for (size_t i = 0; i < row_info(t)->count; i++)
		text_printf(&sql, "%s?%zu", i ? ", " : "", i + 1);
	text_add(&sql, ")");
	int rc = sql.bad ? SQLITE_NOMEM : sql_prepare(s->db, text_str(&sql), &s->put[t]);
	text_done(&sql);
	return rc;
}

static int prepare(struct state *s)
{
	int rc = sql_prepare(s->db, "BEGIN IMMEDIATE", &s->begin);
	if (rc == SQLITE_OK)
		rc = sql_prepare(s->db, "COMMIT", &s->commit);
	if (rc == SQLITE_OK)
		rc = sql_prepare(s->db, "ROLLBACK", &s->rollback);
	for (enum row_table t = 0; rc == SQLITE_OK && t < ROW_TABLES; t++)
		rc = prepare_put(s, t);
	return rc;
}

static int set_up(struct state *s)
{
	char text[256];
	sqlite3_snprintf(sizeof text, text,
	                 "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;"
	                 "PRAGMA cell_size_check = ON; PRAGMA journal_size_limit = %d; PRAGMA cache_size = -%d;"
	                 "PRAGMA wal_autocheckpoint = %d",
	                 STATE_WAL_MAX, STATE_CACHE_KIB, STATE_WAL_PAGES);
	return sqlite3_exec(s->db, text, NULL, NULL, NULL);
}

static enum st make(const char *dir, const char *name, struct state **out)
{
	struct state *s = calloc(1, sizeof *s);
	if (!s)
		return ST_NO_MEMORY;
	enum st st = folder_path(dir, name, s->path);
	if (st == ST_OK)
		*out = s;
	else
		free(s);
	return st;
}

// Opened only to be made: a process that closes a file of its own loses its locks on it (POSIX), and with them those of the
// connections that it has.
static enum st make_file(const char *path, struct text *why)
{
	int scoped(fd_close) fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FOLDER_FILE_MODE);
	struct stat s;
	if (fd >= 0 || (errno == EEXIST && lstat(path, &s) == 0 && S_ISREG(s.st_mode)))
		return ST_OK;
	enum st refused = folder_errno();
	text_printf(why, "cannot open %s: %s", path, errno == EEXIST ? "it is not a regular file" : strerror(errno));
	return refused;
}

static enum st start(struct state *s, struct text *why)
{
	enum st made = make_file(s->path, why);
	if (made != ST_OK)
		return made;
	int rc = sql_open(s->path, SQLITE_OPEN_READWRITE, &s->db);
	if (rc == SQLITE_OK)
		rc = set_up(s);
	if (rc != SQLITE_OK)
		return refuse(s, "open", rc, why);
	enum st st = check(s, true, why);
	if (st != ST_OK)
		return st;
	rc = prepare(s);
	return rc == SQLITE_OK ? ST_OK : refuse(s, "use", rc, why);
}

enum st state_open(const char *dir, const char *name, struct state **out, struct text *why)
{
	struct state *s = NULL;
	enum st st = make(dir, name, &s);
	if (st == ST_OK)
		st = start(s, why);
	if (st == ST_OK)
		*out = s;
	else
		state_close(s);
	return st;
}

static enum st start_reader(struct state *s, struct text *why)
{
	char wal[FOLDER_PATH + 8];
	snprintf(wal, sizeof wal, "%s-wal", s->path);
	if (access(s->path, F_OK) < 0 && errno == ENOENT)
		return ST_NONE;
	int rc = sql_open(s->path, SQLITE_OPEN_READONLY, &s->db);
	int64_t any;
	if (rc == SQLITE_OK)
		rc = sql_number(s->db, "SELECT count(*) FROM sqlite_master", &any);
	bool no_wal = (rc & 0xff) == SQLITE_CANTOPEN || (rc & 0xff) == SQLITE_READONLY;
	if (no_wal && access(wal, F_OK) < 0) { // journal_read.c says why
		sql_close(&s->db);
		rc = sql_open_immutable(s->path, &s->db);
	}
	return rc == SQLITE_OK ? check(s, false, why) : refuse(s, "open", rc, why);
}

enum st state_open_reader(const char *dir, const char *name, struct state **out, struct text *why)
{
	struct state *s = NULL;
	enum st st = make(dir, name, &s);
	if (st == ST_OK)
		st = start_reader(s, why);
	if (st == ST_OK)
		*out = s;
	else
		state_close(s);
	return st;
}

void state_close(struct state *s)
{
	if (!s)
		return;
	sql_finish(&s->begin);
	sql_finish(&s->commit);
	sql_finish(&s->rollback);
	sql_finish(&s->alias);
	for (enum row_table t = 0; t < ROW_TABLES; t++)
		sql_finish(&s->put[t]);
	sql_close(&s->db);
	text_done(&s->error);
	free(s);
}

static enum st tail_path(const char *dir, const char *name, const char *more, const char *tail, char *out)
{
	char whole[FOLDER_PATH];
	int n = snprintf(whole, sizeof whole, "%s%s%s", name, more, tail);
	return n > 0 && (size_t)n < sizeof whole ? folder_path(dir, whole, out) : ST_FULL;
}

enum st state_set_aside(const char *dir, const char *name, struct text *why)
{
	for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
		char from[FOLDER_PATH], to[FOLDER_PATH];
		enum st st = tail_path(dir, name, "", tails[i], from);
		if (st == ST_OK)
			st = tail_path(dir, name, ".damaged", tails[i], to);
		if (st != ST_OK)
			return st;
		if (rename(from, to) < 0 && errno != ENOENT) {
			st = folder_errno();
			text_printf(why, "cannot rename %s: %s", from, strerror(errno));
			return st;
		}
	}
	return ST_OK;
}

enum st state_remove(const char *dir, const char *name)
{
	for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
		char path[FOLDER_PATH];
		enum st st = tail_path(dir, name, "", tails[i], path);
		if (st == ST_OK && unlink(path) < 0 && errno != ENOENT)
			st = folder_errno();
		if (st != ST_OK)
			return st;
	}
	return ST_OK;
}

enum st state_begin(struct state *s)
{
	int rc = sql_run(s->begin);
	return rc == SQLITE_OK ? ST_OK : state_fail(s, "write", rc);
}

void state_rollback(struct state *s)
{
	if (!sqlite3_get_autocommit(s->db))
		(void)sql_run(s->rollback);
}

enum st state_commit(struct state *s)
{
	int rc = sql_run(s->commit);
	enum st st = rc == SQLITE_OK ? ST_OK : state_fail(s, "write", rc);
	if (st != ST_OK)
		state_rollback(s);
	return st;
}

static int bind_column(sqlite3_stmt *s, int at, const void *row, const struct row_column *c)
{
	const void *field = (const char *)row + c->offset;
	const struct span *span = field;
	const char *bytes = c->type == ROW_INTEGER ? NULL : span->n ? (const char *)span->p : "";
	switch (c->type) {
	case ROW_INTEGER:
		return sqlite3_bind_int64(s, at, *(const int64_t *)field);
	case ROW_STRING:
		return sqlite3_bind_text64(s, at, bytes, span->n, SQLITE_STATIC, SQLITE_UTF8);
	default:
		return sqlite3_bind_blob64(s, at, bytes, span->n, SQLITE_STATIC);
	}
}

enum st state_put(void *arg, enum row_table t, const void *row)
{
	struct state *s = arg;
	int rc = SQLITE_OK;
	for (size_t i = 0; i < row_info(t)->count && rc == SQLITE_OK; i++)
		rc = bind_column(s->put[t], (int)i + 1, row, &row_info(t)->columns[i]);
	if (rc == SQLITE_OK)
		rc = sql_run(s->put[t]);
	if (rc == SQLITE_OK)
		return ST_OK;
	enum st st = state_fail(s, "write", rc);
	state_rollback(s);
	return st;
}

static int prune_with(struct state *s, const char *sql, int64_t before, bool *more)
{
	sqlite3_stmt *statement = NULL;
	int rc = sql_prepare(s->db, sql, &statement);
	if (rc == SQLITE_OK) {
		sqlite3_bind_int64(statement, 1, before);
		sqlite3_bind_int64(statement, 2, STATE_PRUNE_ROWS);
		rc = sql_run(statement);
	}
	*more = *more || sqlite3_changes(s->db) == STATE_PRUNE_ROWS;
	sql_finish(&statement);
	return rc;
}

enum st state_prune(struct state *s, int64_t now, bool *more)
{
	static const char *const texts[] = {
		"DELETE FROM alarm WHERE id IN (SELECT id FROM alarm WHERE state = 2 AND cleared < ?1 LIMIT ?2)",
		"DELETE FROM change WHERE seq IN (SELECT seq FROM change WHERE time < ?1 ORDER BY seq LIMIT ?2)",
		"DELETE FROM silence WHERE id IN (SELECT id FROM silence WHERE state = 3 AND \"until\" < ?1 LIMIT ?2)",
	};
	*more = false;
	int rc = SQLITE_OK;
	for (size_t i = 0; i < sizeof texts / sizeof *texts && rc == SQLITE_OK; i++)
		rc = prune_with(s, texts[i], now - STATE_HISTORY_NS, more);
	return rc == SQLITE_OK ? ST_OK : state_fail(s, "prune", rc);
}

_Static_assert(ALARM_CLEARED == 2 && SILENCE_ENDED == 3, "as in the texts of state_prune");
