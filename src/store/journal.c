// SPDX-License-Identifier: Apache-2.0
// The writing connection: transactions of blocks, and the cut.
//
// After a failure of begin, put or commit the transaction is rolled back and the connection stays as it is; the caller
// writes the same blocks again. That is also right after a failed fsync, when the kernel may have marked the pages of
// the WAL clean without writing them: SQLite moves its end-of-WAL mark only after the fsync, so the next try writes
// every frame of the transaction again, at the same place, and they are dirty again. Closing and opening
// the connection would be wrong: the WAL would be read back through the page cache, where the frames of the failed try
// stand complete, and later commits would be chained to frames that the disk never saw. A process that was killed after a
// failed fsync leaves the same trap to the next one; journal_open disarms it (wal.c).
#include "store/journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "store/folder.h"
#include "store/journal_own.h"
#include "store/wal.h"

uint64_t journal_next_id(const struct journal *j)
{
	return j->next;
}

const char *journal_error(const struct journal *j)
{
	return text_str(&j->error);
}

static enum st journal_fail(struct journal *j, const char *doing, int rc)
{
	int error = errno;
	enum st st = sql_status(j->db, rc);
	text_clear(&j->error);
	text_printf(&j->error, "%s %s/%s: ", doing, j->dir, JOURNAL_FILE);
	errno = error;
	sql_sentence(j->db, rc, &j->error);
	if (j->open_transaction && !sqlite3_get_autocommit(j->db))
		sql_run(j->rollback);
	j->open_transaction = false;
	return st;
}

// Frames since the WAL began, told by SQLite after each commit.
static int wal_grew(void *arg, sqlite3 *db, const char *name, int frames)
{
	struct journal *j = arg;
	j->wal_bytes = journal_wal_size((unsigned)frames);
	return SQLITE_OK;
}

static int journal_prepare(struct journal *j)
{
	const struct {
		sqlite3_stmt **s;
		const char *text;
	} all[] = {
		{ &j->begin, "BEGIN IMMEDIATE" },
		{ &j->commit, "COMMIT" },
		{ &j->rollback, "ROLLBACK" },
		{ &j->put, "INSERT INTO block VALUES (?1, ?2, ?3, ?4, ?5, ?6)" },
		{ &j->oldest, "SELECT first, count, time FROM block ORDER BY first LIMIT 1" },
		{ &j->drop, "DELETE FROM block WHERE first = ?1" },
		{ &j->meta, "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value" },
		{ &j->pages, "PRAGMA page_count" },
		{ &j->free_pages, "PRAGMA freelist_count" },
	};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		int rc = sql_prepare(j->db, all[i].text, all[i].s);
		if (rc != SQLITE_OK)
			return rc;
	}
	return SQLITE_OK;
}

static int read_meta(struct journal *j, const char *name, int64_t *value)
{
	sqlite3_stmt *s = NULL;
	int rc = sql_prepare(j->db, "SELECT value FROM meta WHERE name = ?1", &s);
	if (rc == SQLITE_OK) {
		sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
		rc = sql_int(s, value);
	}
	sql_finish(&s);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

// The last block tells the next id. The newest blocks show whether the end of the file is what was written: more than one
// of them, because a small block lies in a page of its own table and the file's last page may be of the one before.
static int read_newest(struct journal *j, int64_t *next, int64_t *time, bool *damaged)
{
	sqlite3_stmt *s = NULL;
	int rc = sql_prepare(j->db, "SELECT first, count, time, crc, body FROM block ORDER BY first DESC", &s);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(s);
	for (size_t looked_at = 0; rc == SQLITE_ROW && looked_at < JOURNAL_START_CHECK; rc = sqlite3_step(s)) {
		int64_t first = sqlite3_column_int64(s, 0), count = sqlite3_column_int64(s, 1);
		struct span body = span_of(sqlite3_column_blob(s, 4), (size_t)sqlite3_column_bytes(s, 4));
		uint32_t n = 0, informs = 0;
		if (first < 1 || crc32c(0, body) != (uint64_t)sqlite3_column_int64(s, 3) ||
		    block_check(body, &n, &informs) != ST_OK || n != count)
			*damaged = true;
		*next = first + count > *next ? first + count : *next;
		*time = sqlite3_column_int64(s, 2) > *time ? sqlite3_column_int64(s, 2) : *time;
		looked_at += body.n;
	}
	sql_finish(&s);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static uint64_t used_bytes(struct journal *j)
{
	int64_t pages = 0, unused = 0;
	sql_int(j->pages, &pages);
	sql_int(j->free_pages, &unused);
	return (uint64_t)(pages - unused) * JOURNAL_PAGE;
}

static const char settings[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;"
                               "PRAGMA secure_delete = OFF; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;";

static int journal_connect(struct journal *j, const char *path)
{
	int rc = sql_open(path, SQLITE_OPEN_READWRITE, &j->db);
	// What turns out to be damaged is left as it is: no checkpoint when this connection is closed, until all is well.
	sqlite3_db_config(j->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(j->db, settings, NULL, NULL, NULL);
	if (rc == SQLITE_OK) {
		char sizes[128];
		sqlite3_snprintf(sizeof sizes, sizes, "PRAGMA cache_size = -%d; PRAGMA journal_size_limit = %d",
		                 JOURNAL_CACHE_KIB, JOURNAL_WAL_MAX);
		rc = sqlite3_exec(j->db, sizes, NULL, NULL, NULL);
	}
	if (rc == SQLITE_OK)
		rc = journal_prepare(j);
	return rc;
}

static enum st journal_start(struct journal *j, struct text *why)
{
	char path[FOLDER_PATH];
	enum st st = folder_path(j->dir, JOURNAL_FILE, path);
	if (st != ST_OK)
		return st;
	int64_t next = 1, time = 0;
	bool damaged = false;
	errno = 0;
	int rc = journal_connect(j, path);
	if (rc == SQLITE_OK)
		rc = read_meta(j, "next", &next);
	if (rc == SQLITE_OK)
		rc = read_meta(j, "time", &time);
	if (rc == SQLITE_OK)
		rc = read_newest(j, &next, &time, &damaged);
	st = sql_status(j->db, rc);
	if (st == ST_NOT_OURS)
		st = ST_DAMAGED; // the header was looked at before: it was ours
	if (st != ST_OK) {
		text_printf(why, "cannot open %s: ", path);
		sql_sentence(j->db, rc, why);
	} else if (damaged) {
		st = ST_DAMAGED;
		text_printf(why, "%s is damaged: one of its last blocks does not have the checksum it was written with",
		            path);
	}
	j->next = j->put_next = (uint64_t)next;
	j->time = j->put_time = time;
	if (st == ST_OK) {
		j->bytes = used_bytes(j);
		// A journal made before there was this index gets it now; without room for it, finding takes longer.
		sqlite3_exec(j->db, JOURNAL_INFORM_INDEX, NULL, NULL, NULL);
		sqlite3_wal_hook(j->db, wal_grew, j);
		sqlite3_db_config(j->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	}
	return st;
}

// Makes sure of the files before SQLite may look at them.
static enum st journal_files(const char *dir, struct text *why)
{
	uint64_t wal = 0;
	enum st st = journal_file_check(dir, why);
	if (st == ST_NONE)
		return journal_file_make(dir, why);
	if (st == ST_OK)
		st = wal_check(dir, &wal, why);
	return st == ST_OK ? wal_renew(dir, wal, why) : st;
}

enum st journal_open(const char *dir, struct journal **out, struct text *why)
{
	struct journal *j = calloc(1, sizeof *j);
	if (!j)
		return ST_NO_MEMORY;
	j->folder = j->lock = -1;
	j->dir = strdup(dir);
	enum st st = j->dir ? folder_take(dir, &j->folder, &j->lock, why) : ST_NO_MEMORY;
	if (st == ST_OK)
		st = journal_files(dir, why);
	if (st == ST_OK)
		st = journal_start(j, why);
	if (st == ST_OK)
		*out = j;
	else
		journal_close(j);
	journal_remedy(st, why);
	return st;
}

// SQLite brings the WAL into the database only when the last connection goes; readers of this process may stay longer, and
// what is stopped should stand in one file.
static void journal_settle(struct journal *j)
{
	int left_alone = 1;
	if (!j->db)
		return;
	sqlite3_db_config(j->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, -1, &left_alone);
	if (!left_alone)
		sqlite3_wal_checkpoint_v2(j->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}

void journal_close(struct journal *j)
{
	if (!j)
		return;
	sqlite3_stmt **all[] = { &j->begin, &j->commit, &j->rollback, &j->put,       &j->oldest,
		                 &j->drop,  &j->meta,   &j->pages,    &j->free_pages };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		sql_finish(all[i]);
	journal_settle(j);
	sql_close(&j->db);
	if (j->lock >= 0)
		close(j->lock);
	if (j->folder >= 0)
		close(j->folder);
	text_done(&j->error);
	free(j->dir);
	free(j);
}

enum st journal_begin(struct journal *j)
{
	int rc = sql_run(j->begin);
	j->put_next = j->next;
	j->put_time = j->time;
	j->open_transaction = rc == SQLITE_OK;
	return rc == SQLITE_OK ? ST_OK : journal_fail(j, "cannot begin to write", rc);
}

enum st journal_put(struct journal *j, struct span frames, uint32_t count, int64_t wall)
{
	uint32_t n = 0, informs = 0;
	enum st st = block_check(frames, &n, &informs);
	if (st != ST_OK || n != count)
		return journal_fail(j, "refused a block for", SQLITE_CORRUPT);
	int64_t time = wall > j->put_time ? wall : j->put_time;
	sqlite3_bind_int64(j->put, 1, (int64_t)j->put_next);
	sqlite3_bind_int64(j->put, 2, count);
	sqlite3_bind_int64(j->put, 3, informs);
	sqlite3_bind_int64(j->put, 4, time);
	sqlite3_bind_int64(j->put, 5, crc32c(0, frames));
	sqlite3_bind_blob64(j->put, 6, frames.p, frames.n, SQLITE_STATIC);
	int rc = sql_run(j->put);
	sqlite3_clear_bindings(j->put);
	if (rc != SQLITE_OK)
		return journal_fail(j, "cannot write", rc);
	j->put_next += count;
	j->put_time = time;
	return ST_OK;
}

enum st journal_commit(struct journal *j)
{
	int rc = sql_run(j->commit);
	if (rc != SQLITE_OK)
		return journal_fail(j, "cannot commit to", rc);
	j->open_transaction = false;
	j->next = j->put_next;
	j->time = j->put_time;
	return ST_OK;
}

static int write_meta(struct journal *j, const char *name, int64_t value)
{
	sqlite3_bind_text(j->meta, 1, name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(j->meta, 2, value);
	return sql_run(j->meta);
}

struct oldest {
	int64_t first, count, time;
};

static int read_oldest(struct journal *j, struct oldest *out)
{
	int rc = sqlite3_step(j->oldest);
	if (rc == SQLITE_ROW)
		*out = (struct oldest){ sqlite3_column_int64(j->oldest, 0), sqlite3_column_int64(j->oldest, 1),
			                sqlite3_column_int64(j->oldest, 2) };
	sqlite3_reset(j->oldest);
	return rc;
}

static int64_t monotonic(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

// Drops blocks inside the open transaction; SQLITE_ROW: there is more to drop, SQLITE_DONE: there is not.
static int drop_oldest(struct journal *j, int64_t before, uint64_t bytes, uint64_t *events)
{
	int64_t start = monotonic();
	for (;;) {
		struct oldest o;
		int rc = read_oldest(j, &o);
		if (rc != SQLITE_ROW)
			return rc;
		bool old = before && o.time < before, large = bytes && used_bytes(j) > bytes;
		if (!old && !large)
			return SQLITE_DONE;
		if (monotonic() - start > JOURNAL_CUT_NS)
			return SQLITE_ROW;
		sqlite3_bind_int64(j->drop, 1, o.first);
		rc = sql_run(j->drop);
		if (rc != SQLITE_OK)
			return rc;
		*events += (uint64_t)o.count;
	}
}

enum st journal_cut(struct journal *j, int64_t before, uint64_t bytes, bool *more)
{
	struct oldest o;
	*more = false;
	j->bytes = used_bytes(j);
	int rc = read_oldest(j, &o);
	if (rc == SQLITE_DONE || (rc == SQLITE_ROW && !(before && o.time < before) && !(bytes && j->bytes > bytes)))
		return ST_OK;
	if (rc != SQLITE_ROW)
		return journal_fail(j, "cannot read", rc);
	enum st st = journal_begin(j);
	if (st != ST_OK)
		return st;
	uint64_t events = 0;
	rc = drop_oldest(j, before, bytes, &events);
	bool rest = rc == SQLITE_ROW;
	if (rest || rc == SQLITE_DONE)
		rc = write_meta(j, "next", (int64_t)j->next);
	if (rc == SQLITE_OK)
		rc = write_meta(j, "time", j->time);
	if (rc != SQLITE_OK)
		return journal_fail(j, "cannot cut", rc);
	st = journal_commit(j);
	if (st != ST_OK)
		return st;
	*more = rest;
	j->cut_events += events;
	j->bytes = used_bytes(j);
	return ST_OK;
}
