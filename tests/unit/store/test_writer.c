// SPDX-License-Identifier: Apache-2.0
// The writer's threads against real files: everything that was freed can be read back, once and in order.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "store/writer.h"
#include "scratch.h"

enum { RING_BYTES = 1 << 20, PRODUCERS = 3 };

struct producer {
	struct ring ring;
	struct writer *writer;
	pthread_t thread;
	uint64_t seed, first, count; // numbers first..first + count - 1
	bool urgent;
	_Atomic unsigned freed;
};

static void producer_freed(void *arg)
{
	struct producer *p = arg;
	atomic_fetch_add(&p->freed, 1);
}

static void pause_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
	nanosleep(&t, NULL);
}

static void *producer_run(void *arg)
{
	struct producer *p = arg;
	for (uint64_t i = 0; i < p->count; i++) {
		size_t n = RECORD_MIN + random_below(&p->seed, 600);
		uint8_t *at;
		while (!(at = ring_reserve(&p->ring, n))) {
			writer_wake(p->writer, true);
			pause_ms(1);
		}
		record_fill(at, n, p->first + i, random_below(&p->seed, 10) ? EVENT_TRAP : EVENT_INFORM);
		ring_publish(&p->ring, n);
		if (random_below(&p->seed, 20) == 0)
			writer_wake(p->writer, p->urgent);
	}
	writer_wake(p->writer, p->urgent);
	return NULL;
}

static struct writer *start(const char *dir, struct producer *p, unsigned n)
{
	struct text why = { 0 };
	struct journal *j = NULL;
	struct writer_source sources[PRODUCERS];
	if (journal_open(dir, &j, &why) != ST_OK)
		fail_msg("%s", text_str(&why));
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(ring_init(&p[i].ring, RING_BYTES), ST_OK);
		sources[i] = (struct writer_source){ &p[i].ring, producer_freed, &p[i] };
	}
	struct writer *w = NULL;
	assert_int_equal(writer_start(j, &(struct writer_options){ .dir = dir }, sources, n, &w), ST_OK);
	for (unsigned i = 0; i < n; i++)
		p[i].writer = w;
	return w;
}

// Reads everything; every producer's numbers must stand in order and without a gap.
static void check_all(const char *dir, const struct producer *p, unsigned n)
{
	struct text why = { 0 };
	struct journal_reader *r = NULL;
	if (journal_reader_open(dir, &r, &why) != ST_OK)
		fail_msg("%s", text_str(&why));
	uint64_t seen[PRODUCERS] = { 0 }, from = 1;
	struct journal_block b;
	enum st st;
	while ((st = journal_read(r, from, &b)) == ST_OK) {
		assert_int_equal(b.first, from);
		struct rd frames = rd_of(b.frames);
		struct span record;
		while (frame_next(&frames, &record)) {
			uint64_t number = 0;
			assert_true(record_good(record, &number));
			unsigned i = 0;
			while (i + 1 < n && number >= p[i + 1].first)
				i++;
			assert_int_equal(number, p[i].first + seen[i]);
			seen[i]++;
		}
		from += b.count;
	}
	assert_int_equal(st, ST_NONE);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(seen[i], p[i].count);
	journal_reader_close(r);
	text_done(&why);
}

static void everything_is_there(void **unused)
{
	char *dir = scratch_make();
	struct producer p[PRODUCERS] = { 0 };
	struct writer *w = start(dir, p, PRODUCERS);
	for (unsigned i = 0; i < PRODUCERS; i++) {
		p[i].first = i * UINT64_C(1000000);
		p[i].count = 30000;
		p[i].seed = 7 + i;
		p[i].urgent = i == 1;
		assert_int_equal(pthread_create(&p[i].thread, NULL, producer_run, &p[i]), 0);
	}
	for (unsigned i = 0; i < PRODUCERS; i++)
		pthread_join(p[i].thread, NULL);
	writer_stop(w);
	for (unsigned i = 0; i < PRODUCERS; i++) {
		assert_int_equal(ring_freed(&p[i].ring), atomic_load(&p[i].ring.head));
		assert_true(p[i].freed > 0);
		ring_done(&p[i].ring);
	}
	check_all(dir, p, PRODUCERS);
	scratch_remove(dir);
	free(dir);
}

static void put(struct producer *p, size_t n)
{
	uint8_t *at = ring_reserve(&p->ring, n);
	assert_non_null(at);
	record_fill(at, n, p->first + p->count++, EVENT_INFORM);
	ring_publish(&p->ring, n);
	writer_wake(p->writer, true);
}

// Waits until the writer says `st` and, for ST_OK, has freed everything.
static void wait_for(struct producer *p, enum st st)
{
	for (int i = 0; i < 5000; i++) {
		struct writer_state now = writer_state(p->writer);
		if (now.st == st && (st != ST_OK || ring_freed(&p->ring) == atomic_load(&p->ring.head)))
			return;
		pause_ms(1);
	}
	struct writer_state end = writer_state(p->writer);
	fail_msg("the writer is %s (%s) and not %s", st_name(end.st), end.why, st_name(st));
}

static void wait_for_commits(struct producer *p)
{
	for (int i = 0; i < 5000 && ring_freed(&p->ring) != atomic_load(&p->ring.head); i++)
		pause_ms(1);
	wait_for(p, ST_OK);
}

// While nothing can be written nothing is freed, and the state says why; then it goes on by itself.
static void full_and_back(struct producer *p, void (*fill)(void *), void (*clear)(void *), void *arg)
{
	for (int i = 0; i < 20; i++)
		put(p, 2000);
	wait_for_commits(p);
	uint64_t durable = ring_freed(&p->ring), next = writer_state(p->writer).next_id;
	assert_int_equal(next, 21);
	fill(arg);
	for (int i = 0; i < 20; i++)
		put(p, 30000);
	wait_for(p, ST_DISK_FULL);
	struct writer_state state = writer_state(p->writer);
	assert_non_null(strstr(state.why, "journal.db"));
	assert_true(state.since > 0);
	pause_ms(WRITER_RETRY_MS + 200);
	assert_int_equal(writer_state(p->writer).st, ST_DISK_FULL);
	assert_true(ring_freed(&p->ring) - durable < 20 * 30000);
	clear(arg);
	wait_for(p, ST_OK);
	assert_int_equal(writer_state(p->writer).next_id, 41);
	assert_int_equal(writer_state(p->writer).why[0], 0);
}

static void limit_files(void *arg)
{
	const char *dir = arg;
	char *path = scratch_path(dir, "journal.db-wal");
	struct stat s;
	assert_int_equal(stat(path, &s), 0);
	free(path);
	struct rlimit limit = { (rlim_t)s.st_size + 100000, RLIM_INFINITY };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void unlimit_files(void *arg)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void file_limit(void **unused)
{
	char *dir = scratch_make();
	struct producer p = { 0 };
	start(dir, &p, 1);
	signal(SIGXFSZ, SIG_IGN);
	full_and_back(&p, limit_files, unlimit_files, dir);
	writer_stop(p.writer);
	check_all(dir, &p, 1);
	ring_done(&p.ring);
	scratch_remove(dir);
	free(dir);
}

static void fill_disk(void *arg)
{
	char *path = scratch_path(arg, "filler"), bytes[4096] = { 0 };
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	setvbuf(f, NULL, _IONBF, 0);
	while (fwrite(bytes, sizeof bytes, 1, f) == 1)
		;
	fclose(f);
	free(path);
}

static void clear_disk(void *arg)
{
	char *path = scratch_path(arg, "filler");
	assert_int_equal(unlink(path), 0);
	free(path);
}

static int on_small_disk(const char *dir)
{
	struct producer p = { 0 };
	char *data = scratch_path(dir, "data");
	start(data, &p, 1);
	full_and_back(&p, fill_disk, clear_disk, (void *)(uintptr_t)dir);
	writer_stop(p.writer);
	check_all(data, &p, 1);
	ring_done(&p.ring);
	free(data);
	return 0;
}

// A real small disk, in a mount namespace of a child's own.
static void disk_full(void **unused)
{
	char *dir = scratch_make();
	pid_t child = fork();
	if (child == 0) {
		if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
		    mount("none", dir, "tmpfs", 0, "size=3m") != 0)
			_exit(77);
		_exit(on_small_disk(dir));
	}
	int status = 1;
	assert_int_equal(waitpid(child, &status, 0), child);
	scratch_remove(dir);
	free(dir);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		print_message("skipped: mounting is not allowed here\n");
		skip();
	}
	assert_int_equal(status, 0);
}

// A stranger keeps a transaction open: the WAL grows, the writer does not wait; when it ends the WAL starts again.
static void pinned_by_a_reader(void **unused)
{
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 0);
	char *dir = scratch_make(), *path = scratch_path(dir, "journal.db");
	struct producer p = { 0 };
	start(dir, &p, 1);
	put(&p, 2000);
	wait_for_commits(&p);
	sqlite3 *db = NULL;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN; SELECT count(*) FROM block", NULL, NULL, NULL), SQLITE_OK);
	while (writer_state(p.writer).wal_bytes < JOURNAL_WAL_MAX + JOURNAL_WAL_MAX / 4) {
		for (int i = 0; i < 8; i++)
			put(&p, 60000);
		wait_for_commits(&p);
	}
	assert_int_equal(writer_state(p.writer).checkpoint_st, ST_BUSY);
	assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	for (int i = 0; i < 200 && writer_state(p.writer).checkpoints == 0; i++)
		pause_ms(10);
	put(&p, 2000);
	wait_for_commits(&p);
	assert_true(writer_state(p.writer).wal_bytes < 1 << 20);
	assert_int_equal(writer_state(p.writer).checkpoint_st, ST_OK);
	struct stat s;
	free(path);
	path = scratch_path(dir, "journal.db-wal");
	assert_int_equal(stat(path, &s), 0);
	assert_true(s.st_size <= JOURNAL_WAL_MAX);
	writer_stop(p.writer);
	check_all(dir, &p, 1);
	ring_done(&p.ring);
	scratch_remove(dir);
	free(path);
	free(dir);
}

static void retention_changed(void **unused)
{
	char *dir = scratch_make();
	struct producer p = { 0 };
	start(dir, &p, 1);
	for (int i = 0; i < 30; i++) {
		put(&p, 2000);
		wait_for_commits(&p);
	}
	writer_retain(p.writer, 1, 0);
	for (int i = 0; i < 300 && writer_state(p.writer).cut_events < 30; i++)
		pause_ms(10);
	struct writer_state state = writer_state(p.writer);
	assert_int_equal(state.cut_events, 30);
	assert_int_equal(state.cut_st, ST_OK);
	writer_retain(p.writer, 0, 0);
	put(&p, 2000);
	wait_for_commits(&p);
	assert_int_equal(writer_state(p.writer).next_id, 32);
	writer_stop(p.writer);
	ring_done(&p.ring);
	scratch_remove(dir);
	free(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_there), cmocka_unit_test(file_limit),
		cmocka_unit_test(disk_full),           cmocka_unit_test(retention_changed),
		cmocka_unit_test(pinned_by_a_reader),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
