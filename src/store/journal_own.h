// SPDX-License-Identifier: Apache-2.0
// What the files of the journal share with each other and with nobody else.
#ifndef STORE_JOURNAL_OWN_H
#define STORE_JOURNAL_OWN_H

#include "store/journal.h"
#include "store/sql.h"

enum journal_own_limits {
	JOURNAL_PAGE = 8192,           // bytes; measured best for both single events and full blocks
	JOURNAL_CACHE_KIB = 8192,      // the dirty pages of the largest transaction, so that none is written twice
	JOURNAL_CUT_NS = 3000000,      // one step of a cut begins no further block after this long
	JOURNAL_START_CHECK = 1 << 20, // bytes of the newest blocks whose checksum is looked at when it is opened
};

#define JOURNAL_FILE "journal.db"
#define JOURNAL_FRESH "journal.db.new" // a journal being made; it gets its name when it is whole and durable
#define JOURNAL_WAL "journal.db-wal"

struct journal {
	sqlite3 *db;
	// Begun and ended by hand: the statements are prepared once.
	sqlite3_stmt *begin, *commit, *rollback, *put, *oldest, *drop, *meta, *pages, *free_pages;
	char *dir;
	int folder, lock;
	bool open_transaction;
	uint64_t next, put_next; // the next id: committed, and with what this transaction put
	int64_t time, put_time;  // the journal's time likewise
	uint64_t cut_events, bytes;
	uint64_t wal_bytes;
	struct text error; // the sentence of the last failure
};

// Finds the blocks with informs, for the duplicate set at a start: a scan of ten million traps takes most of a second. Blocks
// without informs have no entry, so a storm of traps pays nothing for it.
#define JOURNAL_INFORM_INDEX "CREATE INDEX IF NOT EXISTS inform ON block(first) WHERE informs > 0;"

// CRC, frame count and informs of a block's body. ST_DAMAGED when the frames do not fill it exactly.
enum st block_check(struct span frames, uint32_t *count, uint32_t *informs);

// journal_file.c: looks at the files before SQLite may touch them. ST_NONE: there is no journal yet.
enum st journal_file_check(const char *dir, struct text *why);
// What to do about a file that was refused, added to the sentence that says why.
void journal_remedy(enum st st, struct text *why);
// Makes DIR/journal.db under another name, durable, then renames it.
enum st journal_file_make(const char *dir, struct text *why);

// Bytes of a WAL of so many frames (sqlite.org/fileformat2.html, 4.1).
static inline uint64_t journal_wal_size(unsigned frames)
{
	enum { FRAME_HEAD = 24, WAL_HEAD = 32 };
	return WAL_HEAD + (uint64_t)frames * (JOURNAL_PAGE + FRAME_HEAD);
}

// What journal_commit or the others said last, for people.
const char *journal_error(const struct journal *j);

#endif
