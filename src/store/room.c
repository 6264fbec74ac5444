// SPDX-License-Identifier: Apache-2.0
// One connection for the room's one thread, and readers. Little is written, so the writer's own connection checkpoints.
//
// A new file gets its tables in the transaction that marks it as ours: what a crash left before that is an empty
// database, which is made again.
#include "store/room.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scoped.h"
#include "store/folder.h"
#include "store/sql.h"

enum { FOLDER_SECRET = 0700, FILE_SECRET = 0600, ADDR_BYTES = 22, ASIDE_MAX = 1000 };

enum statement { BEGIN, COMMIT, ROLLBACK, PUT_ITEM, PUT_MESSAGE, DROP_ITEM, DROP_MESSAGE, PUT_META, STATEMENTS };

struct room {
	sqlite3 *db;
	sqlite3_stmt *s[STATEMENTS];
	char path[FOLDER_PATH];
	int rc; // of the open transaction: the first that failed
	struct text error;
};

const char *room_error(const struct room *r)
{
	return text_str(&r->error);
}

static enum st room_fail(struct room *r, const char *doing, int rc)
{
	text_clear(&r->error);
	text_printf(&r->error, "cannot %s %s: ", doing, r->path);
	sql_sentence(r->db, rc, &r->error);
	return sql_status(r->db, rc);
}

// The same for a caller that has no room yet to ask.
static enum st room_refuse(struct room *r, const char *doing, int rc, struct text *why)
{
	enum st st = room_fail(r, doing, rc);
	text_add(why, room_error(r));
	return st;
}

static enum st room_path(const char *dir, const char *name, char *out)
{
	char folder[FOLDER_PATH];
	enum st st = folder_path(dir, "waiting", folder);
	return st == ST_OK ? folder_path(folder, name, out) : st;
}

// The folder and an empty file with their modes, before SQLite makes them with others.
static enum st room_make(const char *dir, const char *path, struct text *why)
{
	char folder[FOLDER_PATH];
	enum st st = folder_path(dir, "waiting", folder);
	if (st != ST_OK)
		return st;
	if (mkdir(folder, FOLDER_SECRET) < 0 && errno != EEXIST) {
		st = folder_errno();
		text_printf(why, "cannot make %s: %s", folder, strerror(errno));
		return st;
	}
	int scoped(fd_close) fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, FILE_SECRET);
	struct stat s;
	if (fd < 0 || fstat(fd, &s) < 0 || fchmod(fd, FILE_SECRET) < 0 || chmod(folder, FOLDER_SECRET) < 0) {
		st = folder_errno();
		text_printf(why, "cannot open %s: %s", path, strerror(errno));
		return st;
	}
	if (!S_ISREG(s.st_mode)) {
		text_printf(why, "%s is not a regular file", path);
		return ST_NOT_OURS;
	}
	st = folder_sync(folder);
	return st == ST_OK ? folder_sync(dir) : st;
}

static int whole(sqlite3 *db)
{
	sqlite3_stmt *s = NULL;
	int rc = sql_prepare(db, "PRAGMA quick_check(1)", &s);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(s);
	if (rc == SQLITE_ROW)
		rc = strcmp((const char *)sqlite3_column_text(s, 0), "ok") == 0 ? SQLITE_OK : SQLITE_CORRUPT;
	sql_finish(&s);
	return rc;
}

static const char tables[] =
        "BEGIN IMMEDIATE; PRAGMA application_id = 1414679639; PRAGMA user_version = 1;"
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
        "CREATE TABLE item (id INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL,"
        " count INTEGER NOT NULL, peer BLOB NOT NULL, version INTEGER NOT NULL, reason TEXT NOT NULL,"
        " site BLOB NOT NULL, credential BLOB NOT NULL, engine BLOB NOT NULL) STRICT;"
        "CREATE TABLE message (id INTEGER PRIMARY KEY, item INTEGER NOT NULL, received INTEGER NOT NULL,"
        " peer BLOB NOT NULL, local BLOB NOT NULL, listener BLOB NOT NULL, transport INTEGER NOT NULL,"
        " moving INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT;"
        "COMMIT";
_Static_assert(ROOM_APPLICATION_ID == 1414679639 && ROOM_VERSION == 1, "as in the text of the tables");

// Whose file it is, whether this program knows it, and whether it is whole.
static enum st room_check(struct room *r, bool make, struct text *why)
{
	struct sql_identity id = { 0 };
	int rc = sql_identify(r->db, &id);
	if (rc == SQLITE_OK && id.application == 0 && id.tables == 0) {
		if (!make)
			return ST_NONE;
		rc = sqlite3_exec(r->db, tables, NULL, NULL, NULL);
	} else if (rc == SQLITE_OK && id.application != ROOM_APPLICATION_ID) {
		text_printf(why, "%s is an SQLite file, but not Trapline's waiting room", r->path);
		return ST_NOT_OURS;
	} else if (rc == SQLITE_OK && id.version > ROOM_VERSION) {
		text_printf(why,
		            "%s has version %lld, and this Trapline knows version %d; run the Trapline that wrote it",
		            r->path, (long long)id.version, ROOM_VERSION);
		return ST_NEWER;
	}
	if (rc == SQLITE_OK)
		rc = whole(r->db);
	return rc == SQLITE_OK ? ST_OK : room_refuse(r, "use", rc, why);
}

static int room_prepare(struct room *r)
{
	static const char *const text[STATEMENTS] = {
		[BEGIN] = "BEGIN IMMEDIATE",
		[COMMIT] = "COMMIT",
		[ROLLBACK] = "ROLLBACK",
		[PUT_ITEM] = "INSERT OR REPLACE INTO item VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
		[PUT_MESSAGE] = "INSERT OR REPLACE INTO message VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
		[DROP_ITEM] = "DELETE FROM item WHERE id = ?1",
		[DROP_MESSAGE] = "DELETE FROM message WHERE id = ?1",
		[PUT_META] = "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value",
	};
	for (int i = 0; i < STATEMENTS; i++) {
		int rc = sql_prepare(r->db, text[i], &r->s[i]);
		if (rc != SQLITE_OK)
			return rc;
	}
	return SQLITE_OK;
}

static int room_set(struct room *r)
{
	char text[256];
	sqlite3_snprintf(sizeof text, text,
	                 "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cell_size_check = ON;"
	                 "PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = %d",
	                 ROOM_WAL_MAX);
	int rc = sqlite3_exec(r->db, text, NULL, NULL, NULL);
	// A WAL that was found goes into the database first; journal.c says why.
	if (rc == SQLITE_OK)
		rc = sqlite3_wal_checkpoint_v2(r->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	return (rc & 0xff) == SQLITE_BUSY ? SQLITE_OK : rc;
}

static enum st room_start(struct room *r, const char *dir, bool reader, struct text *why)
{
	enum st st = room_path(dir, "room.db", r->path);
	if (st == ST_OK && !reader)
		st = room_make(dir, r->path, why);
	if (st == ST_OK && reader && access(r->path, F_OK) < 0 && errno == ENOENT)
		st = ST_NONE;
	if (st != ST_OK)
		return st;
	int rc = sql_open(r->path, reader ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE, &r->db);
	if (rc != SQLITE_OK)
		return room_refuse(r, "open", rc, why);
	st = room_check(r, !reader, why);
	if (st != ST_OK || reader)
		return st;
	rc = room_set(r);
	if (rc == SQLITE_OK)
		rc = room_prepare(r);
	return rc == SQLITE_OK ? ST_OK : room_refuse(r, "use", rc, why);
}

static enum st room_new(const char *dir, bool reader, struct room **out, struct text *why)
{
	struct room *r = calloc(1, sizeof *r);
	if (!r)
		return ST_NO_MEMORY;
	enum st st = room_start(r, dir, reader, why);
	if (st == ST_OK)
		*out = r;
	else
		room_close(r);
	return st;
}

enum st room_open(const char *dir, struct room **out, struct text *why)
{
	return room_new(dir, false, out, why);
}

enum st room_open_reader(const char *dir, struct room **out, struct text *why)
{
	return room_new(dir, true, out, why);
}

void room_close(struct room *r)
{
	if (!r)
		return;
	for (int i = 0; i < STATEMENTS; i++)
		sql_finish(&r->s[i]);
	sql_close(&r->db);
	text_done(&r->error);
	free(r);
}

enum st room_set_aside(const char *dir, struct text *why)
{
	static const char *const tails[] = { "", "-wal", "-shm" };
	char from[FOLDER_PATH], to[FOLDER_PATH], name[64];
	enum st st = ST_FULL;
	int n = 0;
	do
		snprintf(name, sizeof name, "room.db.damaged-%d", ++n);
	while ((st = room_path(dir, name, to)) == ST_OK && access(to, F_OK) == 0 && n < ASIDE_MAX);
	for (size_t i = 0; st == ST_OK && i < sizeof tails / sizeof *tails; i++) {
		char old[64];
		snprintf(old, sizeof old, "room.db%s", tails[i]);
		snprintf(name, sizeof name, "room.db.damaged-%d%s", n, tails[i]);
		st = room_path(dir, old, from);
		if (st == ST_OK)
			st = room_path(dir, name, to);
		if (st == ST_OK && rename(from, to) < 0 && errno != ENOENT) {
			st = folder_errno();
			text_printf(why, "cannot rename %s: %s", from, strerror(errno));
		}
	}
	if (st == ST_OK)
		text_printf(why, "it was renamed to room.db.damaged-%d, and the waiting room is empty", n);
	return st;
}

static struct span addr_put(const struct addr *a, uint8_t out[static ADDR_BYTES])
{
	struct wr w = wr_of(out, ADDR_BYTES);
	wr_be(&w, a->port, 2);
	wr_be(&w, a->scope, 4);
	wr_bytes(&w, span_of(a->ip, sizeof a->ip));
	return wr_span(&w);
}

static bool addr_get(struct span s, struct addr *out)
{
	struct rd r = rd_of(s);
	struct addr a = { 0 };
	struct span ip = rd_take(&r, sizeof a.ip);
	if (ip.n)
		memcpy(a.ip, ip.p, ip.n);
	a.scope = rd_u32(&r);
	a.port = rd_u16(&r);
	if (rd_end(&r) != ST_OK)
		return false;
	*out = a;
	return true;
}

static struct span column(sqlite3_stmt *s, int i)
{
	const void *p = sqlite3_column_blob(s, i); // before its length is asked for
	return span_of(p, (size_t)sqlite3_column_bytes(s, i));
}

static enum st reason_get(const char *name)
{
	for (int i = 0; i < ST_COUNT; i++)
		if (name && strcmp(st_name((enum st)i), name) == 0)
			return (enum st)i;
	return ST_NONE; // of a newer Trapline
}

static bool row_get(sqlite3_stmt *s, struct room_item *i, struct room_message *m)
{
	*i = (struct room_item){
		.id = (uint64_t)sqlite3_column_int64(s, 0),
		.first = sqlite3_column_int64(s, 1),
		.last = sqlite3_column_int64(s, 2),
		.count = (uint64_t)sqlite3_column_int64(s, 3),
		.version = (uint8_t)sqlite3_column_int(s, 5),
		.reason = reason_get((const char *)sqlite3_column_text(s, 6)),
		.site = column(s, 7),
		.credential = column(s, 8),
		.engine = column(s, 9),
	};
	*m = (struct room_message){
		.id = (uint64_t)sqlite3_column_int64(s, 10),
		.item = i->id,
		.received = sqlite3_column_int64(s, 11),
		.transport = (uint8_t)sqlite3_column_int(s, 15),
		.moving = (uint64_t)sqlite3_column_int64(s, 16),
		.bytes = column(s, 17),
	};
	return addr_get(column(s, 4), &i->peer) && addr_get(column(s, 12), &m->peer) &&
	       addr_get(column(s, 13), &m->local) && addr_get(column(s, 14), &m->listener);
}

enum st room_read(struct room *r, room_visit_fn *visit, void *arg)
{
	static const char text[] = "SELECT i.id, i.first, i.last, i.count, i.peer, i.version, i.reason, i.site, "
	                           "i.credential, i.engine,"
	                           " m.id, m.received, m.peer, m.local, m.listener, m.transport, m.moving, m.bytes"
	                           " FROM message m JOIN item i ON i.id = m.item ORDER BY m.item, m.id";
	sqlite3_stmt *s = NULL;
	int rc = sql_prepare(r->db, text, &s);
	bool on = rc == SQLITE_OK;
	while (on && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		struct room_item i;
		struct room_message m;
		if (!row_get(s, &i, &m)) {
			rc = SQLITE_CORRUPT;
			break;
		}
		on = visit(arg, &i, &m);
	}
	sql_finish(&s);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? ST_OK : room_fail(r, "read", rc);
}

static int next_of(struct room *r, const char *text, uint64_t *out)
{
	int64_t v = 0;
	int rc = sql_number(r->db, text, &v);
	*out = (uint64_t)v;
	return rc;
}

enum st room_next(struct room *r, uint64_t *item, uint64_t *message)
{
	uint64_t i, m;
	int rc = next_of(r, "SELECT coalesce(max(value), 1) FROM meta WHERE name = 'item'", &i);
	if (rc == SQLITE_OK)
		rc = next_of(r, "SELECT coalesce(max(value), 1) FROM meta WHERE name = 'message'", &m);
	if (rc != SQLITE_OK)
		return room_fail(r, "read", rc);
	*item = i;
	*message = m;
	return ST_OK;
}

static void run(struct room *r, enum statement which)
{
	int rc = sql_run(r->s[which]);
	sqlite3_clear_bindings(r->s[which]);
	if (r->rc == SQLITE_OK)
		r->rc = rc;
}

static void bind_bytes(sqlite3_stmt *s, int at, struct span bytes)
{
	sqlite3_bind_blob64(s, at, bytes.n ? (const void *)bytes.p : "", bytes.n, SQLITE_STATIC);
}

void room_begin(struct room *r)
{
	r->rc = SQLITE_OK;
	run(r, BEGIN);
}

void room_put_item(struct room *r, const struct room_item *i)
{
	uint8_t peer[ADDR_BYTES];
	if (r->rc != SQLITE_OK)
		return;
	sqlite3_stmt *s = r->s[PUT_ITEM];
	sqlite3_bind_int64(s, 1, (int64_t)i->id);
	sqlite3_bind_int64(s, 2, i->first);
	sqlite3_bind_int64(s, 3, i->last);
	sqlite3_bind_int64(s, 4, (int64_t)i->count);
	bind_bytes(s, 5, addr_put(&i->peer, peer));
	sqlite3_bind_int(s, 6, i->version);
	sqlite3_bind_text(s, 7, st_name(i->reason), -1, SQLITE_STATIC);
	bind_bytes(s, 8, i->site);
	bind_bytes(s, 9, i->credential);
	bind_bytes(s, 10, i->engine);
	run(r, PUT_ITEM);
}

void room_put_message(struct room *r, const struct room_message *m)
{
	uint8_t peer[ADDR_BYTES], local[ADDR_BYTES], listener[ADDR_BYTES];
	if (r->rc != SQLITE_OK)
		return;
	sqlite3_stmt *s = r->s[PUT_MESSAGE];
	sqlite3_bind_int64(s, 1, (int64_t)m->id);
	sqlite3_bind_int64(s, 2, (int64_t)m->item);
	sqlite3_bind_int64(s, 3, m->received);
	bind_bytes(s, 4, addr_put(&m->peer, peer));
	bind_bytes(s, 5, addr_put(&m->local, local));
	bind_bytes(s, 6, addr_put(&m->listener, listener));
	sqlite3_bind_int(s, 7, m->transport);
	sqlite3_bind_int64(s, 8, (int64_t)m->moving);
	bind_bytes(s, 9, m->bytes);
	run(r, PUT_MESSAGE);
}

static void drop(struct room *r, enum statement which, uint64_t id)
{
	if (r->rc != SQLITE_OK)
		return;
	sqlite3_bind_int64(r->s[which], 1, (int64_t)id);
	run(r, which);
}

void room_drop_item(struct room *r, uint64_t id)
{
	drop(r, DROP_ITEM, id);
}

void room_drop_message(struct room *r, uint64_t id)
{
	drop(r, DROP_MESSAGE, id);
}

static void keep(struct room *r, const char *name, uint64_t value)
{
	if (r->rc != SQLITE_OK)
		return;
	sqlite3_bind_text(r->s[PUT_META], 1, name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(r->s[PUT_META], 2, (int64_t)value);
	run(r, PUT_META);
}

void room_keep_next(struct room *r, uint64_t item, uint64_t message)
{
	keep(r, "item", item);
	keep(r, "message", message);
}

enum st room_commit(struct room *r)
{
	if (r->rc == SQLITE_OK)
		run(r, COMMIT);
	if (r->rc == SQLITE_OK)
		return ST_OK;
	enum st st = room_fail(r, "write", r->rc);
	if (!sqlite3_get_autocommit(r->db))
		sql_run(r->s[ROLLBACK]);
	return st;
}
