// SPDX-License-Identifier: Apache-2.0
// Readers of the journal. A reader copies up to JOURNAL_READ_PAGE blocks in one short transaction and hands them out
// one by one; blocks never change, so what was copied stays true. No transaction is open between two calls: an open
// reader would keep the WAL from starting again.
//
// A reader may belong to another user than the collector, and the collector may be stopped. SQLite wants to write
// the -shm file when it opens a WAL database: where it may not, it reads a WAL by itself (-shm not writable) but fails
// when there is no WAL at all. In that case nobody writes, and the file is opened as immutable; if a WAL is there
// after a page was read so, a collector has started: the page is thrown away and the file opened the ordinary way.
#include "store/journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "store/folder.h"
#include "store/journal_own.h"

enum read_limits {
	READ_PAGE_BYTES = 1 << 20, // a page ends when it holds this much (its last block may reach over)
	READ_CACHE_KIB = 512,
};

enum read_way { READ_ON, READ_BACK, READ_INFORMS, READ_WAYS };
enum find_what { FIND_FIRST, FIND_LAST, FIND_NEAR, FIND_NEXT, FIND_WHATS };

struct read_row {
	uint64_t first;
	int64_t time;
	size_t at, n;
	uint32_t count, informs;
	bool damaged;
};

struct journal_reader {
	sqlite3 *db;
	sqlite3_stmt *page[READ_WAYS], *find[FIND_WHATS];
	char *dir;
	bool immutable;
	struct stat file; // immutable: what the file was when it was opened
	enum read_way way;
	unsigned rows, row; // rows of the page, and the one to give next
	struct read_row row_at[JOURNAL_READ_PAGE];
	uint8_t *bytes;
	size_t used, room;
};

static const char *const page_text[READ_WAYS] = {
	[READ_ON] =
	        "SELECT first, count, informs, time, crc, body FROM block WHERE first >= ?1 ORDER BY first LIMIT ?2",
	[READ_BACK] = "SELECT first, count, informs, time, crc, body FROM block WHERE first < ?1 ORDER BY first DESC "
	              "LIMIT ?2",
	[READ_INFORMS] = "SELECT first, count, informs, time, crc, body FROM block WHERE first >= ?1 AND informs > 0"
	                 " ORDER BY first LIMIT ?2",
};

static const char *const find_text[FIND_WHATS] = {
	[FIND_FIRST] = "SELECT first, count, time FROM block ORDER BY first LIMIT 1",
	[FIND_LAST] = "SELECT first, count, time FROM block ORDER BY first DESC LIMIT 1",
	// The block that begins at or before an id.
	[FIND_NEAR] = "SELECT first, count, time FROM block WHERE first <= ?1 ORDER BY first DESC LIMIT 1",
	[FIND_NEXT] = "SELECT value, 0, 0 FROM meta WHERE name = 'next'",
};

static void reader_disconnect(struct journal_reader *r)
{
	for (int i = 0; i < READ_WAYS; i++)
		sql_finish(&r->page[i]);
	for (int i = 0; i < FIND_WHATS; i++)
		sql_finish(&r->find[i]);
	sql_close(&r->db);
}

static int reader_prepare(struct journal_reader *r)
{
	char cache[64];
	sqlite3_snprintf(sizeof cache, cache, "PRAGMA cache_size = -%d", READ_CACHE_KIB);
	int rc = sqlite3_exec(r->db, cache, NULL, NULL, NULL);
	for (int i = 0; rc == SQLITE_OK && i < READ_WAYS; i++)
		rc = sql_prepare(r->db, page_text[i], &r->page[i]);
	for (int i = 0; rc == SQLITE_OK && i < FIND_WHATS; i++)
		rc = sql_prepare(r->db, find_text[i], &r->find[i]);
	return rc;
}

static bool wal_exists(const struct journal_reader *r)
{
	char path[FOLDER_PATH];
	struct stat s;
	return folder_path(r->dir, JOURNAL_WAL, path) == ST_OK && stat(path, &s) == 0;
}

static int reader_connect(struct journal_reader *r)
{
	char path[FOLDER_PATH];
	if (folder_path(r->dir, JOURNAL_FILE, path) != ST_OK)
		return SQLITE_CANTOPEN;
	reader_disconnect(r);
	r->immutable = false;
	int rc = sql_open(path, SQLITE_OPEN_READONLY, &r->db);
	if (rc == SQLITE_OK)
		rc = reader_prepare(r);
	bool no_wal = (rc & 0xff) == SQLITE_CANTOPEN || (rc & 0xff) == SQLITE_READONLY;
	if (!no_wal || wal_exists(r))
		return rc;
	if (stat(path, &r->file) != 0)
		return rc;
	reader_disconnect(r);
	rc = sql_open_immutable(path, &r->db);
	if (rc == SQLITE_OK)
		rc = reader_prepare(r);
	r->immutable = rc == SQLITE_OK;
	return rc;
}

enum st journal_reader_open(const char *dir, struct journal_reader **out, struct text *why)
{
	enum st st = journal_file_check(dir, why);
	if (st != ST_OK) {
		if (st == ST_NONE)
			text_printf(why, "there is no journal in %s", dir);
		journal_remedy(st, why);
		return st;
	}
	struct journal_reader *r = calloc(1, sizeof *r);
	if (!r)
		return ST_NO_MEMORY;
	r->dir = strdup(dir);
	int rc = r->dir ? reader_connect(r) : SQLITE_NOMEM;
	if (rc != SQLITE_OK) {
		st = sql_status(r->db, rc);
		text_printf(why, "cannot read %s/%s: ", dir, JOURNAL_FILE);
		sql_sentence(r->db, rc, why);
		journal_reader_close(r);
		return st;
	}
	*out = r;
	return ST_OK;
}

void journal_reader_close(struct journal_reader *r)
{
	if (!r)
		return;
	reader_disconnect(r);
	free(r->bytes);
	free(r->dir);
	free(r);
}

static bool page_room(struct journal_reader *r, size_t n)
{
	if (r->used + n <= r->room)
		return true;
	size_t room = r->room ? r->room : JOURNAL_BLOCK_MAX;
	while (room < r->used + n)
		room *= 2;
	uint8_t *p = realloc(r->bytes, room);
	if (!p)
		return false;
	r->bytes = p;
	r->room = room;
	return true;
}

static int page_add(struct journal_reader *r, sqlite3_stmt *s)
{
	struct read_row *row = &r->row_at[r->rows];
	struct span body = span_of(sqlite3_column_blob(s, 5), (size_t)sqlite3_column_bytes(s, 5));
	if (!page_room(r, body.n))
		return SQLITE_NOMEM;
	*row = (struct read_row){ .first = (uint64_t)sqlite3_column_int64(s, 0),
		                  .count = (uint32_t)sqlite3_column_int64(s, 1),
		                  .informs = (uint32_t)sqlite3_column_int64(s, 2),
		                  .time = sqlite3_column_int64(s, 3),
		                  .at = r->used,
		                  .n = body.n };
	uint32_t count = 0, informs = 0;
	row->damaged = crc32c(0, body) != (uint64_t)sqlite3_column_int64(s, 4) ||
	               block_check(body, &count, &informs) != ST_OK || count != row->count;
	if (body.n)
		memcpy(r->bytes + r->used, body.p, body.n);
	r->used += body.n;
	r->rows++;
	return SQLITE_OK;
}

static int page_fill_once(struct journal_reader *r, enum read_way way, uint64_t key)
{
	sqlite3_stmt *s = r->page[way];
	r->way = way;
	r->rows = r->row = 0;
	r->used = 0;
	sqlite3_bind_int64(s, 1, (int64_t)key);
	sqlite3_bind_int64(s, 2, JOURNAL_READ_PAGE);
	int rc = SQLITE_ROW;
	while (r->rows < JOURNAL_READ_PAGE && r->used < READ_PAGE_BYTES && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		rc = page_add(r, s);
		if (rc != SQLITE_OK)
			break;
	}
	int reset = sqlite3_reset(s);
	return reset != SQLITE_OK ? reset : rc == SQLITE_NOMEM ? rc : SQLITE_OK;
}

// Connects again when somebody may have written since the file was opened as immutable.
static int reader_renew(struct journal_reader *r, bool *again)
{
	char path[FOLDER_PATH];
	struct stat now = { 0 };
	*again = false;
	if (!r->immutable || folder_path(r->dir, JOURNAL_FILE, path) != ST_OK)
		return SQLITE_OK;
	*again = wal_exists(r) || stat(path, &now) != 0 || now.st_ino != r->file.st_ino ||
	         now.st_size != r->file.st_size || now.st_mtim.tv_sec != r->file.st_mtim.tv_sec ||
	         now.st_mtim.tv_nsec != r->file.st_mtim.tv_nsec;
	return *again ? reader_connect(r) : SQLITE_OK;
}

static enum st page_fill(struct journal_reader *r, enum read_way way, uint64_t key)
{
	bool again = false;
	int rc = page_fill_once(r, way, key);
	int renewed = reader_renew(r, &again);
	if (again)
		rc = renewed == SQLITE_OK ? page_fill_once(r, way, key) : renewed;
	if (rc != SQLITE_OK && r->rows == 0)
		return sql_status(r->db, rc);
	return r->rows ? ST_OK : ST_NONE;
}

static enum st row_give(struct journal_reader *r, struct journal_block *out)
{
	const struct read_row *row = &r->row_at[r->row++];
	*out = (struct journal_block){ .first = row->first,
		                       .count = row->count,
		                       .informs = row->informs,
		                       .time = row->time,
		                       .frames = span_of(r->bytes + row->at, row->n) };
	return row->damaged ? ST_DAMAGED : ST_OK;
}

struct found {
	uint64_t first, count;
	int64_t time;
};

static int find_once(struct journal_reader *r, enum find_what what, uint64_t id, struct found *out)
{
	sqlite3_stmt *s = r->find[what];
	if (what == FIND_NEAR)
		sqlite3_bind_int64(s, 1, id > INT64_MAX ? INT64_MAX : (int64_t)id);
	int rc = sqlite3_step(s);
	if (rc == SQLITE_ROW)
		*out = (struct found){ (uint64_t)sqlite3_column_int64(s, 0), (uint64_t)sqlite3_column_int64(s, 1),
			               sqlite3_column_int64(s, 2) };
	int reset = sqlite3_reset(s);
	return reset != SQLITE_OK ? reset : rc;
}

static enum st find(struct journal_reader *r, enum find_what what, uint64_t id, struct found *out)
{
	bool again = false;
	int rc = find_once(r, what, id, out);
	int renewed = reader_renew(r, &again);
	if (again)
		rc = renewed == SQLITE_OK ? find_once(r, what, id, out) : renewed;
	if (rc == SQLITE_ROW)
		return ST_OK;
	return rc == SQLITE_DONE ? ST_NONE : sql_status(r->db, rc);
}

// Takes the row that is next in the page if it is the one wanted: what follows without a gap is what a caller who
// reads on asks for.
static bool page_has_on(struct journal_reader *r, enum read_way way, uint64_t from)
{
	if (r->way != way || r->row == 0 || r->row >= r->rows)
		return false;
	const struct read_row *before = &r->row_at[r->row - 1];
	return from >= before->first + before->count && from < r->row_at[r->row].first + r->row_at[r->row].count;
}

static enum st read_on(struct journal_reader *r, enum read_way way, uint64_t from, struct journal_block *out)
{
	if (page_has_on(r, way, from))
		return row_give(r, out);
	if (from > INT64_MAX)
		return ST_NONE;
	struct found near = { 0 };
	enum st st = find(r, FIND_NEAR, from, &near);
	if (st != ST_OK && st != ST_NONE)
		return st;
	if (st == ST_OK && from < near.first + near.count)
		from = near.first;
	st = page_fill(r, way, from);
	return st == ST_OK ? row_give(r, out) : st;
}

enum st journal_read(struct journal_reader *r, uint64_t from, struct journal_block *out)
{
	return read_on(r, READ_ON, from, out);
}

enum st journal_read_informs(struct journal_reader *r, uint64_t from, struct journal_block *out)
{
	return read_on(r, READ_INFORMS, from, out);
}

enum st journal_read_back(struct journal_reader *r, uint64_t before, struct journal_block *out)
{
	bool next = r->way == READ_BACK && r->row > 0 && r->row < r->rows && before == r->row_at[r->row - 1].first;
	if (next)
		return row_give(r, out);
	struct found near = { 0 };
	enum st st = find(r, FIND_NEAR, before, &near);
	if (st != ST_OK)
		return st;
	bool inside = before < near.first + near.count;
	st = page_fill(r, READ_BACK, inside ? near.first : near.first + 1);
	return st == ST_OK ? row_give(r, out) : st;
}

enum st journal_bounds(struct journal_reader *r, uint64_t *oldest, uint64_t *next)
{
	struct found first = { 0 }, last = { 0 }, kept = { .first = 1 };
	enum st st = find(r, FIND_NEXT, 0, &kept);
	if (st == ST_OK || st == ST_NONE)
		st = find(r, FIND_LAST, 0, &last);
	if (st == ST_OK)
		st = find(r, FIND_FIRST, 0, &first);
	if (st != ST_OK && st != ST_NONE)
		return st;
	uint64_t end = last.first + last.count;
	*next = end > kept.first ? end : kept.first;
	*oldest = first.first ? first.first : *next;
	return ST_OK;
}

enum st journal_seek_time(struct journal_reader *r, int64_t time, uint64_t *id)
{
	struct found first = { 0 }, last = { 0 };
	enum st st = find(r, FIND_FIRST, 0, &first);
	if (st == ST_OK)
		st = find(r, FIND_LAST, 0, &last);
	if (st != ST_OK)
		return st;
	if (last.time < time)
		return ST_NONE;
	// A block whose time is before `time` begins at or before `low`; the block at `high` is late enough.
	uint64_t low = first.first, high = last.first;
	if (first.time >= time)
		high = low;
	while (low < high) {
		struct found middle = { 0 };
		st = find(r, FIND_NEAR, low + (high - low) / 2, &middle);
		if (st != ST_OK)
			return st;
		if (middle.time >= time)
			high = middle.first;
		else
			low = middle.first + middle.count;
	}
	*id = high;
	return ST_OK;
}
