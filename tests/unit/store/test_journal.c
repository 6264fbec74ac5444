// SPDX-License-Identifier: Apache-2.0
// The journal against an obvious model: random puts, failed transactions, cuts and reopenings; then every way of reading.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <inttypes.h>
#include <grp.h>
#include <sqlite3.h>
#include <sys/wait.h>

#include "store/journal.h"
#include "scratch.h"

enum { MODEL_BLOCKS = 4096, FRAMES_MAX = 300000 };

struct model_block {
	uint64_t first, number;
	uint32_t count, informs;
	int64_t time;
};

struct model {
	struct model_block at[MODEL_BLOCKS];
	unsigned from, to; // those that are not cut
	uint64_t next, number;
	int64_t time;
};

struct world {
	char *dir;
	struct journal *j;
	struct model m;
	uint64_t seed;
	uint8_t *frames;
};

static struct journal *open_journal(const char *dir)
{
	struct journal *j = NULL;
	struct text why = { 0 };
	if (journal_open(dir, &j, &why) != ST_OK)
		fail_msg("%s", text_str(&why));
	text_done(&why);
	return j;
}

static struct journal_reader *open_reader(const char *dir)
{
	struct journal_reader *r = NULL;
	struct text why = { 0 };
	if (journal_reader_open(dir, &r, &why) != ST_OK)
		fail_msg("%s", text_str(&why));
	text_done(&why);
	return r;
}

// Puts a random block and, in `draft`, what it should be.
static void put_block(struct world *w, struct model *draft)
{
	struct model_block *b = &draft->at[draft->to++];
	*b = (struct model_block){ .first = draft->next,
		                   .number = draft->number,
		                   .count = 1 + (uint32_t)random_below(&w->seed, 40) };
	size_t n = 0;
	bool with_informs = random_below(&w->seed, 3) == 0;
	for (uint32_t i = 0; i < b->count; i++) {
		bool inform = with_informs && random_below(&w->seed, 2);
		b->informs += inform;
		size_t size = RECORD_MIN + random_below(&w->seed, i ? 500 : 5000);
		n += frame_add(w->frames + n, size, draft->number++, inform ? EVENT_INFORM : EVENT_TRAP);
	}
	int64_t wall = 1000000 + (int64_t)random_below(&w->seed, 1000) - 300 + (int64_t)draft->next * 10;
	draft->time = b->time = wall > draft->time ? wall : draft->time;
	draft->next += b->count;
	assert_int_equal(journal_put(w->j, span_of(w->frames, n), b->count, wall), ST_OK);
}

static void do_commit(struct world *w)
{
	static struct model draft;
	draft = w->m;
	assert_int_equal(journal_begin(w->j), ST_OK);
	unsigned n = (unsigned)random_below(&w->seed, 6);
	for (unsigned i = 0; i < n && draft.to < MODEL_BLOCKS; i++)
		put_block(w, &draft);
	assert_int_equal(journal_next_id(w->j), w->m.next);
	if (random_below(&w->seed, 6) == 0) {
		// A block whose count lies is refused, and the whole transaction with it.
		size_t size = frame_add(w->frames, 100, 1, EVENT_TRAP);
		assert_int_equal(journal_put(w->j, span_of(w->frames, size), 2, 1), ST_DAMAGED);
	} else {
		assert_int_equal(journal_commit(w->j), ST_OK);
		w->m = draft;
	}
	assert_int_equal(journal_next_id(w->j), w->m.next);
}

static void do_cut(struct world *w)
{
	if (w->m.from == w->m.to)
		return;
	unsigned keep = (unsigned)random_below(&w->seed, 2 * (w->m.to - w->m.from) + 1);
	bool all = random_below(&w->seed, 4) == 0;
	unsigned to = all || keep > w->m.to - w->m.from ? w->m.to : w->m.to - keep;
	int64_t before = to == w->m.to ? INT64_MAX : w->m.at[to].time;
	bool more = true;
	for (unsigned steps = 0; more; steps++) {
		assert_int_equal(journal_cut(w->j, before, 0, &more), ST_OK);
		assert_true(steps < MODEL_BLOCKS);
	}
	while (w->m.from < w->m.to && w->m.at[w->m.from].time < before)
		w->m.from++;
}

static void compare_block(const struct model_block *m, const struct journal_block *b)
{
	assert_int_equal(b->first, m->first);
	assert_int_equal(b->count, m->count);
	assert_int_equal(b->informs, m->informs);
	assert_int_equal(b->time, m->time);
	struct rd frames = rd_of(b->frames);
	struct span record;
	uint64_t number, i = 0;
	for (; frame_next(&frames, &record); i++) {
		assert_true(record_good(record, &number));
		assert_int_equal(number, m->number + i);
	}
	assert_int_equal(i, m->count);
}

static void compare_all(struct world *w, struct journal_reader *r)
{
	struct journal_block b;
	uint64_t from = 0, oldest, next;
	for (unsigned i = w->m.from; i < w->m.to; i++) {
		assert_int_equal(journal_read(r, from, &b), ST_OK);
		compare_block(&w->m.at[i], &b);
		from = b.first + b.count;
	}
	assert_int_equal(journal_read(r, from, &b), ST_NONE);
	uint64_t before = w->m.next;
	for (unsigned i = w->m.to; i > w->m.from; i--) {
		assert_int_equal(journal_read_back(r, before, &b), ST_OK);
		compare_block(&w->m.at[i - 1], &b);
		before = b.first;
	}
	assert_int_equal(journal_read_back(r, before, &b), ST_NONE);
	from = 0;
	for (unsigned i = w->m.from; i < w->m.to; i++) {
		if (w->m.at[i].informs == 0)
			continue;
		assert_int_equal(journal_read_informs(r, from, &b), ST_OK);
		compare_block(&w->m.at[i], &b);
		from = b.first + b.count;
	}
	assert_int_equal(journal_read_informs(r, from, &b), ST_NONE);
	assert_int_equal(journal_bounds(r, &oldest, &next), ST_OK);
	assert_int_equal(next, w->m.next);
	assert_int_equal(oldest, w->m.from < w->m.to ? w->m.at[w->m.from].first : w->m.next);
}

static void compare_some(struct world *w, struct journal_reader *r)
{
	struct journal_block b;
	unsigned n = w->m.to - w->m.from;
	for (int i = 0; n && i < 5; i++) {
		const struct model_block *m = &w->m.at[w->m.from + random_below(&w->seed, n)];
		uint64_t inside = m->first + random_below(&w->seed, m->count), id = 0;
		assert_int_equal(journal_read(r, inside, &b), ST_OK);
		compare_block(m, &b);
		enum st st = journal_read_back(r, inside, &b);
		assert_int_equal(st, m == &w->m.at[w->m.from] ? ST_NONE : ST_OK);
		if (st == ST_OK)
			compare_block(m - 1, &b);
		int64_t time = m->time - (int64_t)random_below(&w->seed, 3);
		unsigned k = w->m.from;
		while (w->m.at[k].time < time)
			k++;
		assert_int_equal(journal_seek_time(r, time, &id), ST_OK);
		assert_int_equal(id, w->m.at[k].first);
	}
	uint64_t id = 0;
	assert_int_equal(journal_seek_time(r, w->m.time + 1, &id), ST_NONE);
	assert_int_equal(journal_read(r, UINT64_MAX, &b), ST_NONE);
}

static void random_walk(void **unused)
{
	for (uint64_t seed = 1; seed <= 4; seed++) {
		struct world w = { .dir = scratch_make(), .seed = seed * 77, .m = { .next = 1 } };
		w.frames = malloc(FRAMES_MAX);
		w.j = open_journal(w.dir);
		struct journal_reader *r = open_reader(w.dir);
		for (int i = 0; i < 150 && w.m.to < MODEL_BLOCKS; i++) {
			uint64_t what = random_below(&w.seed, 20);
			if (what == 0) {
				journal_close(w.j);
				w.j = open_journal(w.dir);
			} else if (what == 1) {
				do_cut(&w);
			} else if (what == 2) {
				journal_reader_close(r);
				r = open_reader(w.dir);
			} else {
				do_commit(&w);
			}
			if (what < 6)
				compare_some(&w, r);
			if (what == 3)
				compare_all(&w, r);
		}
		compare_all(&w, r);
		journal_close(w.j);
		compare_all(&w, r);
		journal_reader_close(r);
		struct text findings = { 0 };
		uint64_t events = 0, expected = 0;
		for (unsigned i = w.m.from; i < w.m.to; i++)
			expected += w.m.at[i].count;
		if (journal_verify(w.dir, &findings, &events) != ST_OK)
			fail_msg("%s", text_str(&findings));
		assert_int_equal(events, expected);
		text_done(&findings);
		scratch_remove(w.dir);
		free(w.dir);
		free(w.frames);
	}
}

static void put_one(struct journal *j, uint8_t *frames, size_t size, uint64_t number, int64_t wall)
{
	size_t n = frame_add(frames, size, number, EVENT_TRAP);
	assert_int_equal(journal_begin(j), ST_OK);
	assert_int_equal(journal_put(j, span_of(frames, n), 1, wall), ST_OK);
	assert_int_equal(journal_commit(j), ST_OK);
}

static void ids_rise_after_everything_was_cut(void **unused)
{
	char *dir = scratch_make();
	uint8_t frames[256];
	struct journal *j = open_journal(dir);
	put_one(j, frames, 100, 1, 5000);
	put_one(j, frames, 100, 2, 4000); // the clock went back: the journal's time does not
	bool more;
	assert_int_equal(journal_cut(j, 5000, 0, &more), ST_OK);
	struct journal_reader *r = open_reader(dir);
	struct journal_block b;
	assert_int_equal(journal_read(r, 0, &b), ST_OK);
	assert_int_equal(b.first, 1);
	assert_int_equal(journal_cut(j, 5001, 0, &more), ST_OK);
	assert_int_equal(journal_read(r, 0, &b), ST_NONE);
	journal_close(j);
	j = open_journal(dir);
	assert_int_equal(journal_next_id(j), 3);
	put_one(j, frames, 100, 3, 100);
	assert_int_equal(journal_read(r, 0, &b), ST_OK);
	assert_int_equal(b.first, 3);
	assert_int_equal(b.time, 5000);
	journal_reader_close(r);
	journal_close(j);
	scratch_remove(dir);
	free(dir);
}

static void cut_by_size(void **unused)
{
	char *dir = scratch_make();
	enum { EACH = 100000, LIMIT = 2000000 };
	uint8_t *frames = malloc(EACH + 100);
	struct journal *j = open_journal(dir);
	struct stat s;
	char *path = scratch_path(dir, "journal.db");
	for (uint64_t i = 0; i < 200; i++) {
		put_one(j, frames, EACH, i, 1);
		bool more = true;
		while (more)
			assert_int_equal(journal_cut(j, 0, LIMIT, &more), ST_OK);
	}
	struct journal_reader *r = open_reader(dir);
	uint64_t oldest, next;
	assert_int_equal(journal_bounds(r, &oldest, &next), ST_OK);
	assert_int_equal(next, 201);
	assert_in_range(next - oldest, LIMIT / EACH - 4, LIMIT / EACH);
	journal_reader_close(r);
	journal_close(j);
	assert_int_equal(stat(path, &s), 0);
	assert_in_range(s.st_size, LIMIT / 2, LIMIT + 4 * EACH); // freed pages are used again
	free(path);
	free(frames);
	scratch_remove(dir);
	free(dir);
}

static void one_large_event(void **unused)
{
	char *dir = scratch_make();
	enum { LARGE = 3 * JOURNAL_BLOCK_MAX };
	uint8_t *frames = malloc(LARGE + 100);
	struct journal *j = open_journal(dir);
	put_one(j, frames, LARGE, 9, 1);
	struct journal_reader *r = open_reader(dir);
	struct journal_block b;
	assert_int_equal(journal_read(r, 1, &b), ST_OK);
	assert_int_equal(b.frames.n, LARGE + RING_FRAME_HEAD);
	journal_reader_close(r);
	journal_close(j);
	free(frames);
	scratch_remove(dir);
	free(dir);
}

static void only_one_writer(void **unused)
{
	char *dir = scratch_make();
	struct journal *j = open_journal(dir), *other = NULL;
	struct text why = { 0 };
	char pid[32];
	snprintf(pid, sizeof pid, "process %ld", (long)getpid());
	assert_int_equal(journal_open(dir, &other, &why), ST_BUSY);
	assert_non_null(strstr(text_str(&why), pid));
	journal_close(j);
	text_clear(&why);
	assert_int_equal(journal_open(dir, &other, &why), ST_OK);
	journal_close(other);
	text_done(&why);
	scratch_remove(dir);
	free(dir);
}

static void modes(void **unused)
{
	char *top = scratch_make(), *dir = scratch_path(top, "data");
	mode_t mask = umask(0);
	struct journal *j = open_journal(dir);
	umask(mask);
	static const char *const names[] = { "journal.db", "journal.db-wal", "journal.db-shm", "lock" };
	uint8_t frames[256];
	put_one(j, frames, 100, 1, 1);
	struct stat s;
	assert_int_equal(stat(dir, &s), 0);
	assert_int_equal(s.st_mode & 07777, 0750);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char *path = scratch_path(dir, names[i]);
		assert_int_equal(stat(path, &s), 0);
		assert_int_equal(s.st_mode & 07777, 0640);
		free(path);
	}
	journal_close(j);
	scratch_remove(top);
	free(dir);
	free(top);
}

// Runs fn in a child as nobody; its value is the exit status.
static int as_nobody(int (*fn)(const char *dir), const char *dir)
{
	pid_t child = fork();
	if (child == 0) {
		if (setgid(0) != 0 || setgroups(0, NULL) != 0 || setuid(65534) != 0)
			_exit(99);
		_exit(fn(dir));
	}
	int status = 0;
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

static int read_blocks(const char *dir)
{
	struct journal_reader *r = NULL;
	struct text why = { 0 };
	struct journal_block b;
	if (journal_reader_open(dir, &r, &why) != ST_OK) {
		fprintf(stderr, "%s\n", text_str(&why));
		return 97;
	}
	int n = 0;
	for (uint64_t from = 0; journal_read(r, from, &b) == ST_OK; from = b.first + b.count)
		n++;
	journal_reader_close(r);
	text_done(&why);
	return n;
}

// A member of the file's group may read but write nothing: the running collector, after kill -9, after a clean stop,
// and across a start in between.
static void readers_without_rights(void **unused)
{
	if (geteuid() != 0) {
		print_message("skipped: only root can become another user\n");
		skip();
	}
	char *dir = scratch_make();
	assert_int_equal(chmod(dir, 0750), 0);
	uint8_t frames[256];
	pid_t child = fork();
	if (child == 0) {
		struct journal *j = open_journal(dir);
		put_one(j, frames, 100, 1, 1);
		put_one(j, frames, 100, 2, 1);
		_exit(as_nobody(read_blocks, dir) == 2 ? 0 : 1); // like a kill: nothing is closed
	}
	int status = 1;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(as_nobody(read_blocks, dir), 2);
	struct journal *j = open_journal(dir);
	put_one(j, frames, 100, 3, 1);
	journal_close(j);
	char *wal = scratch_path(dir, "journal.db-wal"), *shm = scratch_path(dir, "journal.db-shm");
	unlink(wal);
	unlink(shm);
	assert_int_equal(as_nobody(read_blocks, dir), 3);
	assert_int_not_equal(access(wal, F_OK), 0);
	free(wal);
	free(shm);
	scratch_remove(dir);
	free(dir);
}

static int index_count(const char *dir, const char *before)
{
	char *path = scratch_path(dir, "journal.db");
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL;
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, before, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(
	        sqlite3_prepare_v2(db, "SELECT count(*) FROM sqlite_master WHERE type = 'index' AND name = 'inform'",
	                           -1, &s, NULL),
	        SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	int n = sqlite3_column_int(s, 0);
	sqlite3_finalize(s);
	sqlite3_close(db);
	free(path);
	return n;
}

// One that was made before there was an index gets it, and its informs are found.
static void old_journal_gets_the_index(void **unused)
{
	char *dir = scratch_make();
	uint8_t frames[256];
	struct journal *j = open_journal(dir);
	put_one(j, frames, 100, 1, 1);
	put_one(j, frames, 100, 2, 2);
	journal_close(j);
	assert_int_equal(index_count(dir, "DROP INDEX inform"), 0);
	journal_close(open_journal(dir));
	assert_int_equal(index_count(dir, ""), 1);
	assert_int_equal(read_blocks(dir), 2);
	scratch_remove(dir);
	free(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_walk),
		cmocka_unit_test(ids_rise_after_everything_was_cut),
		cmocka_unit_test(cut_by_size),
		cmocka_unit_test(one_large_event),
		cmocka_unit_test(only_one_writer),
		cmocka_unit_test(modes),
		cmocka_unit_test(readers_without_rights),
		cmocka_unit_test(old_journal_gets_the_index),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
