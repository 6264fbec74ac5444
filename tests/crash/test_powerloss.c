// SPDX-License-Identifier: Apache-2.0
// Kills a program that writes to a journal, many times and at random, and looks whether everything that it acknowledged is
// there, exactly once and under its own id: by SIGKILL, by power loss (the shim), and by power loss after an fsync that failed.
// The control runs, an fsync that does nothing and an acknowledgement before the commit, must be seen to lose.
// usage: test_powerloss STORE_LOAD LIBPOWERLOSS [NAME OF A TEST]
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../unit/store/scratch.h"
#include "load_record.h"
#include "store/engine_file.h"
#include "store/journal.h"

enum {
	FOLDERS = 17,
	ROUNDS = 3,       // crashes one after the other in each
	LOAD = 400,       // batches of a program that is not killed
	START_SYNCS = 30, // a start and the first commits have less
	START_LOAD = 5,
	SYNCS = 120,  // the power fails at one of the first so many fsyncs
	CONTROLS = 6, // folders of a control run; most of them must lose
};

struct plan {
	const char *way; // commit or early
	bool nosync;
	long at, fail_at; // fsync numbers, 0: never
	long kill_us;     // SIGKILL after so long, 0: never
	const char *kept; // killed by the failed fsync: where what is durable is kept, else NULL
	uint64_t seed;
	int load; // batches, 0: LOAD
};

// What the runs came across, so that a quiet test is not taken for a good one.
struct coverage {
	unsigned runs, acknowledged, checkpoints, cuts;
};

static const char *program, *shim;
static struct coverage seen;
static uint64_t boots; // what the last run told its peers

static void set_number(const char *name, uint64_t value)
{
	char text[32];
	snprintf(text, sizeof text, "%" PRIu64, value);
	setenv(name, text, 1);
}

static void run_child(const char *dir, const struct plan *p, int out)
{
	char count[16], seed[32], fail[32];
	snprintf(count, sizeof count, "%d", p->load ? p->load : LOAD);
	snprintf(seed, sizeof seed, "%" PRIu64, p->seed);
	snprintf(fail, sizeof fail, "%ld:%d", p->fail_at, EIO);
	if (p->at || p->fail_at) {
		setenv("LD_PRELOAD", shim, 1);
		setenv("POWERLOSS_DIR", dir, 1);
		set_number("POWERLOSS_AT", (uint64_t)p->at);
		set_number("POWERLOSS_SEED", p->seed);
	}
	if (p->fail_at)
		setenv("POWERLOSS_FAIL", fail, 1);
	if (p->kept)
		setenv("POWERLOSS_DURABLE", p->kept, 1);
	if (p->nosync)
		setenv("POWERLOSS_NOSYNC", "1", 1);
	dup2(out, STDOUT_FILENO);
	execl(program, program, dir, count, p->way, seed, NULL);
	_exit(127);
}

// Runs the program until it ends or is killed; returns the highest id it acknowledged, 0 if none.
static uint64_t run(const char *dir, const struct plan *p)
{
	int ends[2], status = 0;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		run_child(dir, p, ends[1]);
	close(ends[1]);
	if (p->kill_us) {
		nanosleep(&(struct timespec){ 0, p->kill_us * 1000 }, NULL);
		kill(child, SIGKILL);
	}
	uint64_t acknowledged = 0, one;
	boots = 0;
	while (read(ends[0], &one, sizeof one) == sizeof one)
		*(one & LOAD_BOOTS ? &boots : &acknowledged) = one & ~LOAD_BOOTS;
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	bool ended = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	// It may refuse to start when the first fsyncs fail.
	bool refused = p->fail_at && WIFEXITED(status) && WEXITSTATUS(status) == 1;
	if (!killed && !ended && !refused)
		fail_msg("seed %" PRIu64 " at %ld: the program ended with status 0x%x in %s", p->seed, p->at, status,
		         dir);
	return acknowledged;
}

// Whether every event that the journal keeps is what was written under its id; the next id in *next.
static bool whole(const char *dir, uint64_t *next, struct text *why)
{
	struct journal *j = NULL;
	struct journal_reader *r = NULL;
	struct journal_block b;
	uint64_t oldest = 0, events = 0;
	struct engine_file engine = { 0 };
	enum st st = engine_file_read(dir, &engine, why);
	if ((st != ST_OK && (st != ST_NONE || boots)) || engine.boots < boots) {
		text_printf(why, "the engine file has boots %u, and %" PRIu64 " was told", engine.boots, boots);
		return false;
	}
	text_clear(why);
	if (journal_open(dir, &j, why) != ST_OK)
		return false;
	journal_close(j);
	bool good = journal_verify(dir, why, &events) == ST_OK && journal_reader_open(dir, &r, why) == ST_OK &&
	            journal_bounds(r, &oldest, next) == ST_OK;
	seen.cuts += oldest > 1;
	for (uint64_t from = oldest; good && from < *next;) {
		good = journal_read(r, from, &b) == ST_OK && b.first == from;
		struct rd frames = rd_of(good ? b.frames : (struct span){ 0 });
		struct span record;
		while (good && frame_next(&frames, &record)) {
			good = load_is(record, from++);
			if (!good)
				text_printf(why, "event %" PRIu64 " is another one", from - 1);
		}
	}
	journal_reader_close(r);
	return good;
}

// Only a checkpoint lets a fresh database grow.
static bool was_checkpointed(const char *dir)
{
	char *path = scratch_path(dir, "journal.db");
	struct stat s;
	bool grown = stat(path, &s) == 0 && s.st_size > 1 << 20;
	free(path);
	return grown;
}

// One folder, several crashes. True when nothing that was acknowledged is lost.
static bool survives(struct plan p, struct text *why)
{
	char *dir = scratch_make();
	bool good = true;
	uint64_t seed = p.seed * 0x9e3779b97f4a7c15u + 99;
	for (int i = 0; good && i < ROUNDS; i++) {
		struct plan now = p;
		uint64_t next = 0;
		now.seed = load_random(&seed);
		if (p.at)
			now.at = 1 +
			         (long)(load_random(&seed) % (uint64_t)(load_random(&seed) % 4 ? p.at : START_SYNCS));
		if (p.fail_at)
			now.fail_at = 1 + (long)(load_random(&seed) % (uint64_t)now.at);
		if (p.kill_us)
			now.kill_us = 1 + (long)(load_random(&seed) % (uint64_t)p.kill_us);
		uint64_t acknowledged = run(dir, &now);
		seen.runs++;
		seen.acknowledged += acknowledged != 0;
		seen.checkpoints += i == 0 && was_checkpointed(dir);
		good = whole(dir, &next, why) && acknowledged < next;
		if (!good)
			text_printf(why,
			            " (seed %" PRIu64 ", round %d, fsync %ld, failed %ld: acknowledged %" PRIu64
			            ", next %" PRIu64 ")",
			            p.seed, i, now.at, now.fail_at, acknowledged, next);
	}
	scratch_remove(dir);
	free(dir);
	return good;
}

static void all_survive(struct plan p, unsigned folders)
{
	seen = (struct coverage){ 0 };
	for (p.seed = 1; p.seed <= folders; p.seed++) {
		struct text why = { 0 };
		if (!survives(p, &why))
			fail_msg("%s", text_str(&why));
		text_done(&why);
	}
	print_message("# %u runs: %u acknowledged something, %u checkpointed, %u cut\n", seen.runs, seen.acknowledged,
	              seen.checkpoints, seen.cuts);
	assert_true(seen.acknowledged > seen.runs / 2);
	assert_true(seen.checkpoints && seen.cuts);
}

static void killed(void **unused)
{
	all_survive((struct plan){ .way = "commit", .kill_us = 300000 }, FOLDERS);
}

static void power_lost(void **unused)
{
	all_survive((struct plan){ .way = "commit", .at = SYNCS }, FOLDERS);
}

// Every fsync of a first start, and of a second one after it.
static void power_lost_while_starting(void **unused)
{
	for (uint64_t seed = 1; seed <= 4 * START_SYNCS; seed++) {
		char *dir = scratch_make();
		struct text why = { 0 };
		uint64_t next = 0;
		struct plan p = {
			.way = "commit", .load = START_LOAD, .at = 1 + (long)(seed % START_SYNCS), .seed = seed
		};
		for (int i = 0; i < 2; i++) {
			uint64_t acknowledged = run(dir, &p);
			if (!whole(dir, &next, &why) || acknowledged >= next)
				fail_msg("%s (seed %" PRIu64 ", fsync %ld, start %d: acknowledged %" PRIu64
				         ", next %" PRIu64 ")",
				         text_str(&why), seed, p.at, i, acknowledged, next);
		}
		text_done(&why);
		scratch_remove(dir);
		free(dir);
	}
}

static void power_lost_after_failed_fsync(void **unused)
{
	all_survive((struct plan){ .way = "commit", .at = SYNCS, .fail_at = SYNCS }, FOLDERS);
}

// A process is killed right after an fsync that failed: the next one finds its transaction whole in the page cache, and
// the power fails when it has added to it.
static void power_lost_after_kill_at_failed_fsync(void **unused)
{
	unsigned acknowledged = 0;
	for (uint64_t seed = 1; seed <= 2 * FOLDERS; seed++) {
		char *dir = scratch_make(), *kept = scratch_make();
		struct text why = { 0 };
		uint64_t random = seed * 0x9e3779b97f4a7c15u, next = 0;
		struct plan first = { .way = "commit", .kept = kept, .seed = seed };
		first.fail_at = 8 + (long)(load_random(&random) % SYNCS);
		struct plan second = { .way = "commit", .kept = kept, .seed = seed + 1000 };
		second.at = 4 + (long)(load_random(&random) % 40);
		uint64_t a = run(dir, &first);
		if (rmdir(kept) == 0)
			second.kept = NULL; // it ended before that fsync
		uint64_t b = run(dir, &second);
		acknowledged += b > a && second.kept;
		if (!whole(dir, &next, &why) || a >= next || b >= next)
			fail_msg("%s (seed %" PRIu64 ", failed %ld, fsync %ld: acknowledged %" PRIu64 " and %" PRIu64
			         ", next %" PRIu64 ")",
			         text_str(&why), seed, first.fail_at, second.at, a, b, next);
		text_done(&why);
		scratch_remove(dir);
		scratch_remove(kept);
		free(dir);
		free(kept);
	}
	assert_true(acknowledged > FOLDERS / 2);
}

// How many of the control runs are seen to lose.
static unsigned losses(struct plan p)
{
	unsigned lost = 0;
	for (p.seed = 1; p.seed <= CONTROLS; p.seed++) {
		struct text why = { 0 };
		lost += !survives(p, &why);
		text_done(&why);
	}
	return lost;
}

static void control_without_fsync_loses(void **unused)
{
	assert_in_range(losses((struct plan){ .way = "commit", .at = SYNCS, .nosync = true }), CONTROLS / 2, CONTROLS);
}

static void control_early_acknowledgement_loses(void **unused)
{
	assert_in_range(losses((struct plan){ .way = "early", .at = SYNCS }), CONTROLS / 2, CONTROLS);
	assert_in_range(losses((struct plan){ .way = "early", .kill_us = 60000 }), 1, CONTROLS);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	// Neither a kill nor the shim needs a real disk.
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 0);
	program = argv[1];
	shim = argv[2];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed),
		cmocka_unit_test(power_lost),
		cmocka_unit_test(power_lost_while_starting),
		cmocka_unit_test(power_lost_after_failed_fsync),
		cmocka_unit_test(power_lost_after_kill_at_failed_fsync),
		cmocka_unit_test(control_without_fsync_loses),
		cmocka_unit_test(control_early_acknowledgement_loses),
	};
	cmocka_set_test_filter(argc > 3 ? argv[3] : NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
