// SPDX-License-Identifier: Apache-2.0
// Damaged, foreign and half-written files: each is refused with its status and a sentence, and none is changed. What only
// looks damaged (a transaction that a power loss tore) is opened.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/wait.h>

#include "base/hash.h"
#include "store/journal.h"
#include "scratch.h"

enum { PAGE = 8192, WAL_HEAD = 32, WAL_FRAME = PAGE + 24, EVENTS = 40, BODY = 30000 };

// Writes EVENTS blocks into DIR. `kill`: leaves as a kill would, the WAL in place.
static void fill(const char *dir, bool kill)
{
	pid_t child = fork();
	if (child == 0) {
		struct journal *j = NULL;
		struct text why = { 0 };
		uint8_t *frames = malloc(BODY + 10);
		if (journal_open(dir, &j, &why) != ST_OK)
			_exit(1);
		for (uint64_t i = 0; i < EVENTS; i++) {
			size_t n = frame_add(frames, BODY, i, EVENT_TRAP);
			if (journal_begin(j) != ST_OK || journal_put(j, span_of(frames, n), 1, 1) != ST_OK ||
			    journal_commit(j) != ST_OK)
				_exit(1);
		}
		if (!kill)
			journal_close(j);
		_exit(0);
	}
	int status = 1;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static size_t file_size(const char *path)
{
	struct stat s;
	return stat(path, &s) == 0 ? (size_t)s.st_size : 0;
}

static uint32_t file_sum(const char *path)
{
	int fd = open(path, O_RDONLY);
	size_t n = file_size(path);
	uint8_t *bytes = malloc(n + 1);
	assert_int_equal(pread(fd, bytes, n, 0), n);
	uint32_t sum = crc32c(0, span_of(bytes, n));
	free(bytes);
	close(fd);
	return sum;
}

static void overwrite(const char *path, size_t at, const void *bytes, size_t n)
{
	int fd = open(path, O_RDWR | O_CREAT, 0640);
	assert_int_equal(pwrite(fd, bytes, n, (off_t)at), n);
	close(fd);
}

static void flip(const char *path, size_t at)
{
	int fd = open(path, O_RDWR);
	uint8_t b;
	assert_int_equal(pread(fd, &b, 1, (off_t)at), 1);
	b ^= 0x40;
	assert_int_equal(pwrite(fd, &b, 1, (off_t)at), 1);
	close(fd);
}

struct place {
	char *dir, *db, *wal;
};

static struct place place_make(bool kill)
{
	struct place p = { .dir = scratch_make() };
	p.db = scratch_path(p.dir, "journal.db");
	p.wal = scratch_path(p.dir, "journal.db-wal");
	fill(p.dir, kill);
	return p;
}

static void place_done(struct place *p)
{
	scratch_remove(p->dir);
	free(p->dir);
	free(p->db);
	free(p->wal);
}

static void expect(struct place *p, enum st expected, const char *word)
{
	struct journal *j = NULL;
	struct text why = { 0 };
	uint32_t db = file_sum(p->db), wal = file_size(p->wal) ? file_sum(p->wal) : 0;
	enum st st = journal_open(p->dir, &j, &why);
	if (st != expected || (word && !strstr(text_str(&why), word)))
		fail_msg("%s instead of %s: %s", st_name(st), st_name(expected), text_str(&why));
	if (st != ST_OK) {
		assert_int_equal(file_sum(p->db), db);
		assert_int_equal(file_size(p->wal) ? file_sum(p->wal) : 0, wal);
	}
	if (st == ST_OK)
		journal_close(j);
	text_done(&why);
}

static void heads(void **unused)
{
	static const uint8_t zeros[2 * PAGE];
	static const struct {
		size_t at;
		uint8_t bytes[8];
		size_t n;
		enum st st;
		const char *word;
	} rows[] = {
		{ 0, "SQLitE", 6, ST_NOT_OURS, "not an SQLite file" },
		{ 68, { 0, 0, 0, 9 }, 4, ST_NOT_OURS, "application 0x00000009" },
		{ 60, { 0, 0, 0, 2 }, 4, ST_NEWER, "version 2" },
		{ 60, { 0, 0, 0, 0 }, 4, ST_DAMAGED, "version 0" },
		{ 16, { 0x10, 0 }, 2, ST_DAMAGED, "pages have 4096" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct place p = place_make(false);
		overwrite(p.db, rows[i].at, rows[i].bytes, rows[i].n);
		expect(&p, rows[i].st, rows[i].word);
		place_done(&p);
	}
	struct place p = place_make(false);
	overwrite(p.db, 0, zeros, PAGE);
	expect(&p, ST_DAMAGED, "begins with zeros");
	place_done(&p);
}

static void lengths(void **unused)
{
	static const struct {
		long size; // negative: pages from the end
		const char *word;
	} rows[] = { { 0, "0 bytes" }, { 50, "50 bytes" }, { 100, "belong" }, { -1, "belong" }, { -30, "belong" } };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct place p = place_make(false);
		long size = rows[i].size < 0 ? (long)file_size(p.db) + rows[i].size * PAGE : rows[i].size;
		assert_int_equal(truncate(p.db, size), 0);
		expect(&p, ST_DAMAGED, rows[i].word);
		place_done(&p);
	}
}

static void bodies(void **unused)
{
	static const uint8_t zeros[PAGE];
	struct place p = place_make(false);
	size_t size = file_size(p.db);
	flip(p.db, size - 100); // the last block's last page
	expect(&p, ST_DAMAGED, "last block");
	flip(p.db, size - 100);
	expect(&p, ST_OK, NULL);
	flip(p.db, size / 12); // an old block: not looked at when starting, found by the full check
	expect(&p, ST_OK, NULL);
	struct text findings = { 0 };
	uint64_t events = 0;
	assert_int_equal(journal_verify(p.dir, &findings, &events), ST_DAMAGED);
	assert_int_equal(events, EVENTS - 1);
	assert_non_null(strstr(text_str(&findings), "checksum"));
	text_clear(&findings);
	flip(p.db, size / 12);
	assert_int_equal(journal_verify(p.dir, &findings, &events), ST_OK);
	assert_int_equal(events, EVENTS);
	overwrite(p.db, PAGE, zeros, PAGE); // the root of the table
	expect(&p, ST_DAMAGED, "malformed");
	assert_int_equal(journal_verify(p.dir, &findings, &events), ST_DAMAGED);
	text_done(&findings);
	place_done(&p);
}

// The last block is small, so the file ends with the one before.
static void small_last_block(void **unused)
{
	struct place p = place_make(false);
	struct journal *j = NULL;
	struct text why = { 0 };
	uint8_t frame[64];
	size_t n = frame_add(frame, 20, 0, EVENT_STOPPED), size = file_size(p.db);
	assert_int_equal(journal_open(p.dir, &j, &why), ST_OK);
	assert_int_equal(journal_begin(j), ST_OK);
	assert_int_equal(journal_put(j, span_of(frame, n), 1, 1), ST_OK);
	assert_int_equal(journal_commit(j), ST_OK);
	journal_close(j);
	assert_int_equal(file_size(p.db), size);
	flip(p.db, size - 100);
	expect(&p, ST_DAMAGED, "last blocks");
	flip(p.db, size - 100);
	expect(&p, ST_OK, NULL);
	text_done(&why);
	place_done(&p);
}

static void foreign_things(void **unused)
{
	struct place p = place_make(false);
	struct journal *j = NULL;
	struct text why = { 0 };
	char *away = scratch_path(p.dir, "away");
	assert_int_equal(rename(p.db, away), 0);
	assert_int_equal(symlink(away, p.db), 0);
	assert_int_equal(journal_open(p.dir, &j, &why), ST_NOT_OURS);
	assert_int_equal(unlink(p.db), 0);
	assert_int_equal(mkdir(p.db, 0700), 0);
	assert_int_equal(journal_open(p.dir, &j, &why), ST_NOT_OURS);
	assert_int_equal(rmdir(p.db), 0);
	overwrite(p.wal, 0, "somebody's log", 14);
	text_clear(&why);
	assert_int_equal(journal_open(p.dir, &j, &why), ST_DAMAGED);
	assert_non_null(strstr(text_str(&why), "is missing"));
	text_done(&why);
	free(away);
	place_done(&p);
}

static void damaged_wal(void **unused)
{
	struct place p = place_make(true);
	size_t frames = (file_size(p.wal) - WAL_HEAD) / WAL_FRAME;
	assert_true(frames >= EVENTS * 3);
	static const size_t places[] = { 3, 11, 17, 40, 41, 42, 43, 90 };
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		size_t at = WAL_HEAD + places[i] * WAL_FRAME;
		flip(p.wal, at + 5000);
		expect(&p, ST_DAMAGED, "a frame is not what was written");
		flip(p.wal, at + 5000);
		flip(p.wal, at + 10);
		expect(&p, ST_DAMAGED, "a frame is not what was written");
		flip(p.wal, at + 10);
	}
	flip(p.wal, 20);
	expect(&p, ST_DAMAGED, "its header is not what was written");
	flip(p.wal, 20);
	expect(&p, ST_OK, NULL);
	place_done(&p);
}

static uint64_t next_id(struct place *p)
{
	struct journal *j = NULL;
	struct text why = { 0 };
	if (journal_open(p->dir, &j, &why) != ST_OK)
		fail_msg("%s", text_str(&why));
	uint64_t next = journal_next_id(j);
	journal_close(j);
	return next;
}

// The end of the WAL as a power loss leaves it: the last transaction is gone and nothing else.
static void torn_wal(void **unused)
{
	static const uint8_t zeros[WAL_FRAME];
	for (int how = 0; how < 4; how++) {
		struct place p = place_make(true);
		size_t size = file_size(p.wal), last = size - WAL_FRAME;
		switch (how) {
		case 0:
			assert_int_equal(truncate(p.wal, (off_t)(size - 1000)), 0);
			break;
		case 1:
			overwrite(p.wal, last, zeros, WAL_FRAME);
			break;
		case 2:
			flip(p.wal, last - WAL_FRAME + 600);
			break;
		default:
			flip(p.wal, last + 600);
		}
		assert_int_equal(next_id(&p), EVENTS);
		place_done(&p);
	}
}

// A new WAL of which nothing was durable yet: zeros, or a head cut short.
static void young_wal(void **unused)
{
	static const uint8_t zeros[3 * WAL_FRAME];
	struct place p = place_make(false);
	overwrite(p.wal, 0, zeros, sizeof zeros);
	assert_int_equal(next_id(&p), EVENTS + 1);
	overwrite(p.wal, 0, zeros, 20);
	assert_int_equal(next_id(&p), EVENTS + 1);
	place_done(&p);
}

// A checkpoint that power loss cut short: the database is shorter than it says, and the WAL has what is missing.
static void short_database_whole_wal(void **unused)
{
	struct place p = place_make(true);
	size_t n = file_size(p.wal);
	uint8_t *wal = malloc(n);
	int fd = open(p.wal, O_RDONLY);
	assert_int_equal(pread(fd, wal, n, 0), n);
	close(fd);
	assert_int_equal(next_id(&p), EVENTS + 1);
	assert_true(file_size(p.db) > EVENTS * BODY);
	assert_int_equal(truncate(p.db, 10 * PAGE), 0);
	overwrite(p.wal, 0, wal, n);
	free(wal);
	assert_int_equal(next_id(&p), EVENTS + 1);
	struct text findings = { 0 };
	uint64_t events = 0;
	assert_int_equal(journal_verify(p.dir, &findings, &events), ST_OK);
	assert_int_equal(events, EVENTS);
	text_done(&findings);
	place_done(&p);
}

static void not_allowed(void **unused)
{
	if (geteuid() != 0) {
		print_message("skipped: only root can become another user\n");
		skip();
	}
	struct place p = place_make(false);
	pid_t child = fork();
	if (child == 0) {
		struct journal *j = NULL;
		struct text why = { 0 };
		if (setuid(65534) != 0)
			_exit(9);
		_exit(journal_open(p.dir, &j, &why) == ST_DENIED && strstr(text_str(&why), "cannot open") ? 0 : 1);
	}
	int status = 1;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	place_done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heads),
		cmocka_unit_test(lengths),
		cmocka_unit_test(bodies),
		cmocka_unit_test(small_last_block),
		cmocka_unit_test(foreign_things),
		cmocka_unit_test(damaged_wal),
		cmocka_unit_test(torn_wal),
		cmocka_unit_test(young_wal),
		cmocka_unit_test(short_database_whole_wal),
		cmocka_unit_test(not_allowed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
