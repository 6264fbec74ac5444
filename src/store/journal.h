// SPDX-License-Identifier: Apache-2.0
// journal.db: the truth. Append only; one row is one block: the frames (base/ring.h) of consecutive events.
//
// block(first INTEGER PRIMARY KEY, count, informs, time, crc, body) and meta(name, value). Ids rise for ever: event i
// of a block has the id first + i; meta.next keeps the high-water mark over retention cuts. `time` is the journal's
// time: the wall clock at the commit, never less than the row before. `crc` is CRC-32C over the body. One
// small index names the blocks that hold informs. WAL, synchronous=FULL; the writer's connection never checkpoints.
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/span.h"
#include "base/status.h"

enum store_limits {
	JOURNAL_BLOCK_MAX = 128 << 10, // bytes of a block's body; one larger event has a block of its own
	JOURNAL_WAL_MAX = 64 << 20, // the checkpointer starts long before; at it the writer waits for the checkpointer
	JOURNAL_READ_PAGE = 64,     // blocks a reader takes in one short transaction
};

#define JOURNAL_APPLICATION_ID 0x54524c4e // "TRLN"
#define JOURNAL_VERSION 1

struct journal; // the one writing connection

// Opens or creates DIR/journal.db. Never replaces what it finds: ST_DAMAGED, ST_NOT_OURS, ST_NEWER, ST_BUSY, ST_DENIED,
// ST_DISK_FULL, ST_IO, each with a sentence in `why` that says what is wrong, where, and what to do.
enum st journal_open(const char *dir, struct journal **out, struct text *why);
void journal_close(struct journal *j);

uint64_t journal_next_id(const struct journal *j);

// One transaction: begin, any number of blocks, commit. A failure of any of them rolls back (journal_rollback is
// implied) and the caller may try the same blocks again later; ids are not lost. ST_DISK_FULL, ST_IO.
enum st journal_begin(struct journal *j);
enum st journal_put(struct journal *j, struct span frames, uint32_t count, int64_t wall);
enum st journal_commit(struct journal *j); // durable (fsynced) when it returns ST_OK

// Retention, in small steps inside a transaction of its own: drops the oldest blocks while they are older than
// `before` (journal time, 0: no limit) or the journal holds more than `bytes` (0: no limit). *more: call again.
enum st journal_cut(struct journal *j, int64_t before, uint64_t bytes, bool *more);

// Full check for `trapline verify`: SQLite's integrity check, every block's CRC, frames and ids, and
// the order of ids. Findings are written one a line. ST_OK or ST_DAMAGED.
enum st journal_verify(const char *dir, struct text *findings, uint64_t *events);

// Readers: any number, any process, read-only. Pages are short transactions.
struct journal_reader;
enum st journal_reader_open(const char *dir, struct journal_reader **out, struct text *why);
void journal_reader_close(struct journal_reader *r);
// The next block that holds or follows id `from`: a copy owned by the reader, valid until the next call. ST_NONE when
// there is none yet.
struct journal_block {
	uint64_t first;
	uint32_t count, informs;
	int64_t time;
	struct span frames;
};
enum st journal_read(struct journal_reader *r, uint64_t from, struct journal_block *out);
// The block before the one that holds `before` (for newest-first listing). ST_NONE at the begin.
enum st journal_read_back(struct journal_reader *r, uint64_t before, struct journal_block *out);
// The first id whose block's journal time is at least `time` (binary search over blocks).
enum st journal_seek_time(struct journal_reader *r, int64_t time, uint64_t *id);
// The oldest id there is and the id the next event will get.
enum st journal_bounds(struct journal_reader *r, uint64_t *oldest, uint64_t *next);
// Like journal_read, but finds the blocks with informs by their index (for rebuilding the duplicate set).
enum st journal_read_informs(struct journal_reader *r, uint64_t from, struct journal_block *out);

#endif
