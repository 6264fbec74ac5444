// SPDX-License-Identifier: Apache-2.0
// `trapline verify`: every block read through the b-tree and checked, and SQLite's own check of the whole file. The
// latter is one long transaction, which would keep a running collector's WAL from starting again, so it is left out
// while a collector holds DIR/lock.
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/scoped.h"
#include "store/folder.h"
#include "store/journal_own.h"

enum { VERIFY_FINDINGS = 1000 }; // lines; a file damaged all over need not fill the memory

static bool collector_runs(const char *dir)
{
	char path[FOLDER_PATH];
	if (folder_path(dir, "lock", path) != ST_OK)
		return false;
	int scoped(fd_close) fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

static enum st integrity(const char *dir, struct text *findings)
{
	char path[FOLDER_PATH];
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL;
	enum st st = folder_path(dir, JOURNAL_FILE, path);
	if (st != ST_OK)
		return st;
	int rc = sql_open(path, SQLITE_OPEN_READONLY, &db);
	if (rc == SQLITE_OK)
		rc = sql_prepare(db, "PRAGMA integrity_check", &s);
	while (rc == SQLITE_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		struct span line = span_str((const char *)sqlite3_column_text(s, 0));
		if (!span_equal(line, span_str("ok"))) {
			text_bytes(findings, line);
			text_add(findings, "\n");
			st = ST_DAMAGED;
		}
		rc = SQLITE_OK;
	}
	// Not allowed to write the -shm file, the check cannot be run; the blocks are still read.
	if (rc != SQLITE_DONE && (rc & 0xff) != SQLITE_CANTOPEN && (rc & 0xff) != SQLITE_READONLY) {
		text_add(findings, "SQLite's check stopped: ");
		sql_sentence(db, rc, findings);
		text_add(findings, "\n");
		st = ST_DAMAGED;
	}
	sql_finish(&s);
	sql_close(&db);
	return st;
}

struct verify {
	struct text *findings;
	unsigned lines;
	uint64_t next, events;
	int64_t time;
	bool any;
};

static void check_block(struct verify *v, const struct journal_block *b, enum st st)
{
	uint32_t count = 0, informs = 0;
	bool gap = v->any && b->first != v->next, back = v->any && b->time < v->time;
	bool lies = st == ST_OK && block_check(b->frames, &count, &informs) == ST_OK && informs != b->informs;
	v->any = true;
	v->next = b->first + b->count;
	v->time = b->time;
	v->events += st == ST_OK ? b->count : 0;
	if (st == ST_OK && !gap && !back && !lies)
		return;
	if (v->lines++ >= VERIFY_FINDINGS)
		return;
	text_printf(v->findings, "block %" PRIu64 ":", b->first);
	if (st != ST_OK)
		text_printf(v->findings, " its %u events do not have the checksum they were written with;", b->count);
	if (gap)
		text_add(v->findings, " it does not follow the block before it;");
	if (back)
		text_add(v->findings, " its time is before that of the block before it;");
	if (lies)
		text_printf(v->findings, " it says %u informs and holds %u;", b->informs, informs);
	v->findings->p[v->findings->n - 1] = '\n';
}

static enum st check_blocks(struct journal_reader *r, struct verify *v)
{
	struct journal_block b = { 0 };
	uint64_t from = 0;
	for (;;) {
		b.count = 0;
		enum st st = journal_read(r, from, &b);
		if (st == ST_NONE)
			return ST_OK;
		if (st != ST_OK && (st != ST_DAMAGED || b.count == 0)) {
			text_printf(v->findings, "after event %" PRIu64 ": %s\n", v->next ? v->next - 1 : 0,
			            st_text(st));
			return st;
		}
		check_block(v, &b, st);
		from = b.first + b.count;
	}
}

enum st journal_verify(const char *dir, struct text *findings, uint64_t *events)
{
	struct journal_reader *r = NULL;
	enum st st = journal_reader_open(dir, &r, findings);
	if (st != ST_OK) {
		text_add(findings, "\n");
		return st;
	}
	struct verify v = { .findings = findings };
	st = check_blocks(r, &v);
	uint64_t oldest = 0, next = 0;
	if (st == ST_OK && journal_bounds(r, &oldest, &next) == ST_OK && v.any && v.next > next) {
		text_add(findings, "the next id is not behind the last block\n");
		v.lines++;
	}
	journal_reader_close(r);
	enum st whole = collector_runs(dir) ? ST_OK : integrity(dir, findings);
	*events = v.events;
	if (st != ST_OK && st != ST_DAMAGED)
		return st;
	return st == ST_OK && whole == ST_OK && v.lines == 0 ? ST_OK : ST_DAMAGED;
}
