// SPDX-License-Identifier: Apache-2.0
// SQLite takes a WAL up to the first frame whose checksum is wrong and drops the rest without a word: that is right for
// a transaction that a power loss tore, and it loses acknowledged events when a sector of the WAL went bad. This file
// tells the two apart before SQLite may look. The format is that of sqlite.org/fileformat2.html, section 4.
//
// Each frame's checksum continues that of the frame before it. A transaction is fsynced before the next one begins, so
// power loss can tear only the last one: behind the first bad frame there may be good frames of that same transaction, up to
// its commit mark, but no frame that continues a commit mark. Where there is one, the bad frame was durable once:
// damage. What an earlier, failed try left behind the end continues nothing, because the end was written anew.
// Damage inside the very last transaction looks like a torn one and cannot be told from it.
//
// The second look: the database must be as long as it says, but for pages that stand in the WAL.
//
// And a WAL that is found is written again, in place. After an fsync that failed, the kernel has pages of the file that are
// clean and were never written; SQLite overwrites them, because its transaction failed, but if the process was
// killed before it could, a new one finds the transaction whole in the page cache, takes it for committed, and chains
// its own to it: they would be lost with it when the power fails. Written again, the pages are dirty, and the fsync is true.
#include "store/wal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scoped.h"
#include "store/folder.h"
#include "store/journal_own.h"

enum wal_format {
	WAL_HEAD = 32,
	WAL_FRAME_HEAD = 24,
	WAL_FRAME = WAL_FRAME_HEAD + JOURNAL_PAGE,
	WAL_MAGIC = 0x377f0682, // plus one: the checksums are big endian
	WAL_SECTOR = 512,       // what a disk writes whole
};

struct sum {
	uint32_t a, b;
};

struct frame {
	uint32_t page, commit; // commit: the size of the database in pages after it, 0: not the end of a transaction
	uint64_t salt;
	struct sum sum;
};

struct wal {
	int fd;
	uint64_t frames; // whole ones in the file
	bool head_good, big;
	uint64_t salt;
	struct sum sum;
	uint8_t bytes[WAL_FRAME];
	// What the walk found.
	uint64_t good;  // frames up to the last commit mark that SQLite will take
	uint32_t pages; // size of the database after it, 0: no commit
	bool later;     // frames behind a bad one that were written after its transaction was durable
};

static struct sum sum_add(struct sum s, struct span bytes, bool big)
{
	struct rd r = rd_of(bytes);
	while (rd_left(&r) >= 8) {
		uint32_t x, y;
		struct span pair = rd_take(&r, 8);
		memcpy(&x, pair.p, 4);
		memcpy(&y, pair.p + 4, 4);
		if (big == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)) {
			x = __builtin_bswap32(x);
			y = __builtin_bswap32(y);
		}
		s.a += x + s.b;
		s.b += y + s.a;
	}
	return s;
}

static bool sum_equal(struct sum x, struct sum y)
{
	return x.a == y.a && x.b == y.b;
}

static enum st head_read(struct wal *w)
{
	uint8_t head[WAL_HEAD];
	ssize_t n = pread(w->fd, head, sizeof head, 0);
	if (n < 0)
		return folder_errno();
	struct rd r = rd_of(span_of(head, (size_t)n));
	uint32_t magic = rd_u32(&r);
	rd_skip(&r, 4);
	uint32_t page = rd_u32(&r);
	rd_skip(&r, 4);
	w->salt = rd_u64(&r);
	struct sum stored = { rd_u32(&r), 0 };
	stored.b = rd_u32(&r);
	w->big = magic & 1;
	w->sum = sum_add((struct sum){ 0 }, span_of(head, 24), w->big);
	w->head_good =
	        rd_end(&r) == ST_OK && (magic & ~1u) == WAL_MAGIC && page == JOURNAL_PAGE && sum_equal(w->sum, stored);
	if (!w->head_good)
		w->big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
	return ST_OK;
}

static uint64_t frame_offset(uint64_t i)
{
	return WAL_HEAD + i * WAL_FRAME;
}

// Reads frame i; `sum` is what its checksum continues. *good: it does.
static enum st frame_read(struct wal *w, uint64_t i, struct sum sum, struct frame *out, bool *good)
{
	ssize_t n = pread(w->fd, w->bytes, WAL_FRAME, (off_t)frame_offset(i));
	if (n < 0)
		return folder_errno();
	struct rd r = rd_of(span_of(w->bytes, (size_t)n));
	struct rd head = rd_sub(&r, WAL_FRAME_HEAD);
	struct span summed = span_of(head.at, 8);
	*out = (struct frame){ 0 };
	out->page = rd_u32(&head);
	out->commit = rd_u32(&head);
	out->salt = rd_u64(&head);
	out->sum.a = rd_u32(&head);
	out->sum.b = rd_u32(&head);
	struct span page = rd_rest(&r);
	*good = page.n == JOURNAL_PAGE && out->page != 0 &&
	        sum_equal(sum_add(sum_add(sum, summed, w->big), page, w->big), out->sum);
	return ST_OK;
}

// Frames as SQLite will take them. *at: the first that it will not.
static enum st walk_good(struct wal *w, uint64_t *at)
{
	uint64_t i = 0;
	for (; w->head_good && i < w->frames; i++) {
		struct frame f;
		bool good;
		enum st st = frame_read(w, i, w->sum, &f, &good);
		if (st != ST_OK)
			return st;
		if (!good || f.salt != w->salt)
			break;
		w->sum = f.sum;
		if (f.commit) {
			w->good = i + 1;
			w->pages = f.commit;
		}
	}
	*at = i;
	return ST_OK;
}

// A frame's head is as new as a whole only when it lies in one sector.
static bool head_is_whole(uint64_t i)
{
	return frame_offset(i) % WAL_SECTOR <= WAL_SECTOR - WAL_FRAME_HEAD;
}

// Behind the bad frame `i`: is there a frame that continues a commit mark?
static enum st walk_rest(struct wal *w, uint64_t i)
{
	struct frame before = { 0 }, f;
	bool good = false;
	enum st st = i < w->frames ? frame_read(w, i, w->sum, &before, &good) : ST_OK;
	bool mark = before.commit && head_is_whole(i);
	for (i++; st == ST_OK && i < w->frames && !w->later; i++) {
		st = frame_read(w, i, before.sum, &f, &good);
		bool same = f.salt == before.salt && (!w->head_good || f.salt == w->salt);
		w->later = good && same && mark;
		mark = f.commit && ((good && same) || head_is_whole(i));
		before = f;
	}
	return st;
}

// Pages behind the end of the database file must stand in the WAL.
static enum st pages_check(struct wal *w, uint64_t have, uint64_t want, bool *whole)
{
	uint64_t missing = want > have ? want - have : 0;
	*whole = missing == 0;
	if (missing == 0 || missing > w->good)
		return ST_OK;
	bool *there = calloc(missing, sizeof *there);
	if (!there)
		return ST_NO_MEMORY;
	enum st st = ST_OK;
	for (uint64_t i = 0; st == ST_OK && i < w->good; i++) {
		uint8_t page[4];
		if (pread(w->fd, page, sizeof page, (off_t)frame_offset(i)) != sizeof page)
			st = folder_errno();
		struct rd r = rd_of(span_of(page, sizeof page));
		uint64_t n = rd_u32(&r);
		if (n > have && n <= want && !there[n - have - 1]) {
			there[n - have - 1] = true;
			missing--;
		}
	}
	free(there);
	*whole = missing == 0;
	return st;
}

// The number of pages that the database's header names; 0 when the header does not vouch for it.
static enum st pages_named(int fd, uint64_t *pages)
{
	uint8_t head[100];
	if (pread(fd, head, sizeof head, 0) != sizeof head)
		return ST_IO;
	struct rd r = rd_of(span_of(head, sizeof head));
	rd_skip(&r, 24);
	uint32_t changes = rd_u32(&r), count = rd_u32(&r);
	rd_skip(&r, 92 - 32);
	*pages = rd_u32(&r) == changes ? count : 0;
	return ST_OK;
}

static enum st check_open(struct wal *w, int db, struct text *why, const char *path)
{
	struct stat s, d;
	uint64_t bad = 0, want = 0;
	if (fstat(db, &d) != 0 || (w->fd >= 0 && fstat(w->fd, &s) != 0))
		return folder_errno();
	enum st st = pages_named(db, &want);
	if (st == ST_OK && w->fd >= 0 && s.st_size > WAL_HEAD) {
		w->frames = (uint64_t)(s.st_size - WAL_HEAD) / WAL_FRAME;
		st = head_read(w);
		if (st == ST_OK)
			st = walk_good(w, &bad);
		if (st == ST_OK)
			st = walk_rest(w, bad);
	}
	if (st != ST_OK)
		return st;
	if (w->later) {
		text_printf(why, "%s-wal is damaged: %s is not what was written, and durable events follow it", path,
		            w->head_good ? "a frame" : "its header");
		return ST_DAMAGED;
	}
	bool whole = true;
	want = w->pages ? w->pages : want;
	st = pages_check(w, (uint64_t)d.st_size / JOURNAL_PAGE, want, &whole);
	if (st == ST_OK && !whole) {
		text_printf(why, "%s is damaged: it has %jd bytes where %" PRIu64 " belong", path, (intmax_t)d.st_size,
		            want * JOURNAL_PAGE);
		return ST_DAMAGED;
	}
	return st;
}

enum st wal_check(const char *dir, uint64_t *bytes, struct text *why)
{
	char path[FOLDER_PATH], wal[FOLDER_PATH];
	enum st st = folder_path(dir, JOURNAL_FILE, path);
	if (st == ST_OK)
		st = folder_path(dir, JOURNAL_WAL, wal);
	if (st != ST_OK)
		return st;
	int scoped(fd_close) db = open(path, O_RDONLY | O_CLOEXEC);
	int scoped(fd_close) fd = open(wal, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (db < 0 || (fd < 0 && errno != ENOENT)) {
		st = folder_errno();
		text_printf(why, "cannot open %s: %s", db < 0 ? path : wal, strerror(errno));
		return st;
	}
	struct wal *w = calloc(1, sizeof *w);
	if (!w)
		return ST_NO_MEMORY;
	w->fd = fd;
	st = check_open(w, db, why, path);
	if (st == ST_OK)
		*bytes = w->good ? frame_offset(w->good) : 0;
	else if (st != ST_DAMAGED)
		text_printf(why, "cannot read %s: %s", wal, strerror(errno));
	free(w);
	return st;
}

static enum st write_again(int fd, uint64_t bytes)
{
	enum { CHUNK = 256 << 10 };
	uint8_t *chunk = malloc(CHUNK);
	enum st st = chunk ? ST_OK : ST_NO_MEMORY;
	for (uint64_t at = 0; st == ST_OK && at < bytes;) {
		ssize_t n = pread(fd, chunk, bytes - at < CHUNK ? bytes - at : CHUNK, (off_t)at);
		if (n <= 0 || pwrite(fd, chunk, (size_t)n, (off_t)at) != n)
			st = folder_errno();
		at += (uint64_t)n;
	}
	free(chunk);
	return st == ST_OK && fsync(fd) != 0 ? folder_errno() : st;
}

enum st wal_renew(const char *dir, uint64_t bytes, struct text *why)
{
	char wal[FOLDER_PATH];
	enum st st = folder_path(dir, JOURNAL_WAL, wal);
	int scoped(fd_close) fd = st == ST_OK && bytes ? open(wal, O_RDWR | O_CLOEXEC | O_NOFOLLOW) : -1;
	if (st == ST_OK && bytes)
		st = fd >= 0 ? write_again(fd, bytes) : folder_errno();
	if (st == ST_OK)
		st = folder_sync(dir); // the names as well, for the same reason
	if (st != ST_OK)
		text_printf(why, "cannot write %s again: %s", wal, strerror(errno));
	return st;
}
