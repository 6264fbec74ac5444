// SPDX-License-Identifier: Apache-2.0
// The follower beside a journal that is written, cut and damaged; after each story the state is computed again and compared.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "deliver/follower.h"
#include "deliver/rebuild.h"
#include "deliver/snapshots.h"
#include "pool.h"
#include "scratch.h"
#include "store/folder.h"
#include "store/journal.h"
#include "store/state.h"

enum { FRAMES = 1 << 20, WAIT_MS = 20000, NOTES = 64 };
static const char damage[] = "nothing that SQLite knows, and long enough to be looked at: "
                             "0123456789012345678901234567890123456789012345";
#define BEGIN_TIME INT64_C(1795214008000000000)

struct world {
	char *dir;
	struct journal *journal;
	struct random random;
	struct pool *pool;
	struct follower *follower;
	uint64_t first; // of this run
	unsigned aside;
	uint8_t *frames;
	int64_t now;
	pthread_mutex_t mutex;
	struct {
		uint8_t kind;
		char text[2048];
	} notes[NOTES];
	size_t notes_n;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	struct text why = { 0 };
	w->dir = scratch_make();
	w->random.state = 11;
	w->pool = pool_new(&w->random);
	w->frames = malloc(FRAMES);
	w->now = BEGIN_TIME;
	pthread_mutex_init(&w->mutex, NULL);
	if (journal_open(w->dir, &w->journal, &why) != ST_OK)
		return 1;
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	follower_stop(w->follower);
	journal_close(w->journal);
	pool_free(w->pool);
	free(w->frames);
	scratch_remove(w->dir);
	free(w->dir);
	free(w);
	return 0;
}

static bool take_note(void *arg, uint8_t kind, struct span note)
{
	struct world *w = arg;
	bool room = false;
	pthread_mutex_lock(&w->mutex);
	if (w->notes_n < NOTES && note.n < sizeof w->notes[0].text) {
		w->notes[w->notes_n].kind = kind;
		memcpy(w->notes[w->notes_n].text, note.p, note.n);
		w->notes[w->notes_n++].text[note.n] = 0;
		room = true;
	}
	pthread_mutex_unlock(&w->mutex);
	return room;
}

static void count_aside(void *arg, const char *reason)
{
	struct world *w = arg;
	w->aside++;
	assert_true(*reason != 0);
}

static size_t add_frame(struct world *w, size_t at, const struct event *e)
{
	size_t n = event_encode(e, w->frames + at + RING_FRAME_HEAD, FRAMES - at - RING_FRAME_HEAD);
	assert_true(n > 0);
	uint32_t length = (uint32_t)n;
	memcpy(w->frames + at, &length, sizeof length);
	return at + RING_FRAME_HEAD + n;
}

static void commit(struct world *w, size_t n, uint32_t count)
{
	assert_int_equal(journal_begin(w->journal), ST_OK);
	assert_int_equal(journal_put(w->journal, span_of(w->frames, n), count, w->now), ST_OK);
	assert_int_equal(journal_commit(w->journal), ST_OK);
}

// So many random events in blocks, and what the follower wanted written.
static void write_events(struct world *w, unsigned blocks)
{
	for (unsigned i = 0; i < blocks; i++) {
		size_t n = 0;
		uint32_t count = 1 + (uint32_t)draw_below(&w->random, 60);
		w->now += (int64_t)draw_below(&w->random, 40) * 1000000000;
		for (uint32_t k = 0; k < count; k++) {
			struct event e;
			pool_draw(w->pool, &w->random, journal_next_id(w->journal), w->now, &e);
			n = add_frame(w, n, &e);
		}
		pthread_mutex_lock(&w->mutex);
		for (size_t k = 0; k < w->notes_n; k++, count++) {
			struct event e = { .kind = w->notes[k].kind,
				           .received = w->now,
				           .note = span_str(w->notes[k].text) };
			n = add_frame(w, n, &e);
		}
		w->notes_n = 0;
		pthread_mutex_unlock(&w->mutex);
		commit(w, n, count);
	}
}

static void start(struct world *w)
{
	const struct follower_options o = {
		.dir = w->dir, .key = { 1, 2 }, .first = w->first, .note = take_note, .set_aside = count_aside, .arg = w
	};
	assert_int_equal(follower_start(&o, &w->follower), ST_OK);
}

static void stop(struct world *w)
{
	follower_stop(w->follower);
	w->follower = NULL;
}

static void caught_up(struct world *w)
{
	if (!follower_wait(w->follower, journal_next_id(w->journal) - 1, WAIT_MS))
		fail_msg("it stands at %llu: %s", (unsigned long long)follower_state(w->follower).next,
		         follower_state(w->follower).why);
}

// Computes the state again; returns where it began.
static uint64_t same_again(struct world *w)
{
	struct rebuild r;
	struct text why = { 0 };
	if (rebuild_compare(w->dir, w->dir, &r, &why) != ST_OK)
		fail_msg("%s", text_str(&why));
	if (!r.same)
		fail_msg("%s", text_str(&r.difference));
	uint64_t from = r.from;
	rebuild_done(&r);
	text_done(&why);
	return from;
}

static void follows(void **state)
{
	struct world *w = *state;
	write_events(w, 40);
	start(w);
	caught_up(w);
	assert_int_equal(same_again(w), 1);
	for (int i = 0; i < 5; i++) {
		write_events(w, 10);
		caught_up(w);
	}
	assert_int_equal(same_again(w), 1);
	struct follower_state s = follower_state(w->follower);
	assert_int_equal(s.st, ST_OK);
	assert_int_equal(s.next, journal_next_id(w->journal));
	assert_true(s.devices > 5 && s.open > 0);
	stop(w);
	write_events(w, 10);
	start(w);
	caught_up(w);
	assert_int_equal(same_again(w), 1);
}

// What is still in the journal is folded when it is stopped.
static void stop_folds_the_rest(void **state)
{
	struct world *w = *state;
	struct state *s;
	struct fold_row of;
	struct text why = { 0 };
	start(w);
	write_events(w, 60);
	stop(w);
	assert_int_equal(state_open_reader(w->dir, STATE_FILE, &s, &why), ST_OK);
	assert_int_equal(state_fold_row(s, &of), ST_OK);
	assert_int_equal(of.next, journal_next_id(w->journal));
	state_close(s);
}

static void killed(void **state)
{
	struct world *w = *state;
	write_events(w, 600);
	for (int i = 0; i < 12; i++) {
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			start(w);
			pause();
			_exit(0);
		}
		usleep((useconds_t)(1000 + draw_below(&w->random, 60000)));
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		write_events(w, 5);
	}
	start(w);
	caught_up(w);
	assert_int_equal(same_again(w), 1);
}

static void cut_to(struct world *w, uint64_t bytes)
{
	bool more = true;
	while (more)
		assert_int_equal(journal_cut(w->journal, 0, bytes, &more), ST_OK);
}

// Retention takes what was folded: the state is computed again from a snapshot.
static void after_a_cut(void **state)
{
	struct world *w = *state;
	start(w);
	write_events(w, 200);
	caught_up(w);
	cut_to(w, 200000);
	write_events(w, 1);
	caught_up(w);
	for (int i = 0; i < 200 && follower_state(w->follower).snapshots == 0; i++)
		usleep(20000);
	assert_int_equal(follower_state(w->follower).snapshots, 1);
	assert_int_equal(follower_state(w->follower).gaps, 0);
	write_events(w, 60);
	caught_up(w);
	assert_true(same_again(w) > 1);
	// A state that is lost begins at the snapshot too.
	stop(w);
	assert_int_equal(state_remove(w->dir, STATE_FILE), ST_OK);
	start(w);
	caught_up(w);
	assert_int_equal(follower_state(w->follower).gaps, 0);
	assert_true(same_again(w) > 1);
}

// A state and a snapshot that are both lost: what the journal still holds, and that something is missing.
static void damaged_snapshot(void **state)
{
	struct world *w = *state;
	char name[64];
	uint64_t cursor;
	start(w);
	write_events(w, 200);
	caught_up(w);
	cut_to(w, 200000);
	write_events(w, 1);
	caught_up(w);
	for (int i = 0; i < 200 && follower_state(w->follower).snapshots == 0; i++)
		usleep(20000);
	stop(w);
	assert_int_equal(snapshots_find(w->dir, 1, UINT64_MAX, &cursor), ST_OK);
	snapshots_name(cursor, name);
	assert_int_equal(folder_replace(w->dir, name, span_str(damage)), ST_OK);
	w->notes_n = 0; // room for the gap
	assert_int_equal(state_remove(w->dir, STATE_FILE), ST_OK);
	start(w);
	caught_up(w);
	assert_int_equal(follower_state(w->follower).gaps, 1);
}

static bool journal_has(struct world *w, uint8_t kind)
{
	struct journal_reader *r;
	struct text why = { 0 };
	struct journal_block b;
	uint64_t oldest, next;
	bool found = false;
	assert_int_equal(journal_reader_open(w->dir, &r, &why), ST_OK);
	assert_int_equal(journal_bounds(r, &oldest, &next), ST_OK);
	while (journal_read(r, oldest, &b) == ST_OK) {
		struct rd frames = rd_of(b.frames);
		struct span record;
		while (frame_next(&frames, &record))
			found = found || event_kind_of(record) == kind;
		oldest = b.first + b.count;
	}
	journal_reader_close(r);
	return found;
}

// Retention takes what was not: a gap, and it goes on.
static void overtaken(void **state)
{
	struct world *w = *state;
	start(w);
	write_events(w, 20);
	caught_up(w);
	stop(w);
	write_events(w, 300);
	cut_to(w, 150000);
	start(w);
	caught_up(w);
	assert_int_equal(follower_state(w->follower).gaps, 1);
	write_events(w, 2);
	caught_up(w);
	assert_true(journal_has(w, EVENT_GAP));
	for (int i = 0; i < 200 && follower_state(w->follower).snapshots == 0; i++)
		usleep(20000);
	write_events(w, 2);
	caught_up(w);
	assert_true(same_again(w) > 1);
}

static void damaged_state(void **state)
{
	struct world *w = *state;
	start(w);
	write_events(w, 50);
	caught_up(w);
	stop(w);
	assert_int_equal(state_remove(w->dir, STATE_FILE), ST_OK);
	assert_int_equal(folder_replace(w->dir, STATE_FILE, span_str(damage)), ST_OK);
	start(w);
	caught_up(w);
	assert_int_equal(same_again(w), 1);
	assert_int_equal(w->aside, 1);
}

static void another_journal(void **state)
{
	struct world *w = *state;
	start(w);
	write_events(w, 100);
	caught_up(w);
	stop(w);
	journal_close(w->journal);
	for (const char *const *name = (const char *const[]){ "journal.db", "journal.db-wal", "journal.db-shm", NULL };
	     *name; name++) {
		char *path = scratch_path(w->dir, *name);
		remove(path);
		free(path);
	}
	struct text why = { 0 };
	assert_int_equal(journal_open(w->dir, &w->journal, &why), ST_OK);
	write_events(w, 5);
	start(w);
	caught_up(w);
	assert_int_equal(same_again(w), 1);
	assert_int_equal(w->aside, 1);
}

static size_t notes_taken(struct world *w)
{
	pthread_mutex_lock(&w->mutex);
	size_t n = (size_t)w->notes_n;
	pthread_mutex_unlock(&w->mutex);
	return n;
}

static void rules_are_written_once(void **state)
{
	struct world *w = *state;
	const struct span hash = span_str("h1"), note = span_str("{\"hash\":\"h1\",\"rules\":[]}");
	start(w);
	assert_int_equal(follower_rules(w->follower, hash, note), ST_OK);
	write_events(w, 1);
	caught_up(w);
	for (int i = 0; i < 100 && notes_taken(w) == 0; i++)
		usleep(20000);
	write_events(w, 1);
	caught_up(w);
	assert_true(journal_has(w, EVENT_RULES));
	stop(w);
	w->notes_n = 0;
	start(w);
	assert_int_equal(follower_rules(w->follower, hash, note), ST_OK);
	caught_up(w);
	usleep(200000);
	stop(w);
	for (size_t i = 0; i < w->notes_n; i++)
		assert_true(w->notes[i].kind != EVENT_RULES);
}

// Before the event with which the run began is in the state the follower knows neither the rules nor whether it was deaf.
static void nothing_before_the_beginning(void **state)
{
	struct world *w = *state;
	write_events(w, 1);
	w->first = journal_next_id(w->journal);
	start(w);
	assert_int_equal(follower_rules(w->follower, span_str("h1"), span_str("{\"hash\":\"h1\",\"rules\":[]}")),
	                 ST_OK);
	caught_up(w);
	usleep(200000);
	assert_int_equal(notes_taken(w), 0);
	write_events(w, 1);
	caught_up(w);
	for (int i = 0; i < 100 && notes_taken(w) == 0; i++)
		usleep(20000);
	assert_true(notes_taken(w) > 0);
}

// A field changed by hand is found, and the live state is what it was.
static void a_difference_is_found(void **state)
{
	struct world *w = *state;
	struct rebuild r;
	struct text why = { 0 };
	struct state *s;
	struct fold_row of;
	start(w);
	write_events(w, 30);
	caught_up(w);
	stop(w);
	assert_int_equal(state_open(w->dir, STATE_FILE, &s, &why), ST_OK);
	assert_int_equal(state_fold_row(s, &of), ST_OK);
	of.gaps += 7;
	assert_int_equal(state_begin(s), ST_OK);
	assert_int_equal(state_put(s, ROW_FOLD, &of), ST_OK);
	assert_int_equal(state_commit(s), ST_OK);
	state_close(s);
	assert_int_equal(rebuild_compare(w->dir, w->dir, &r, &why), ST_OK);
	assert_false(r.same);
	assert_non_null(strstr(text_str(&r.difference), "gaps=7"));
	rebuild_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(follows, setup, teardown),
		cmocka_unit_test_setup_teardown(stop_folds_the_rest, setup, teardown),
		cmocka_unit_test_setup_teardown(killed, setup, teardown),
		cmocka_unit_test_setup_teardown(after_a_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(damaged_snapshot, setup, teardown),
		cmocka_unit_test_setup_teardown(overtaken, setup, teardown),
		cmocka_unit_test_setup_teardown(damaged_state, setup, teardown),
		cmocka_unit_test_setup_teardown(another_journal, setup, teardown),
		cmocka_unit_test_setup_teardown(rules_are_written_once, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_before_the_beginning, setup, teardown),
		cmocka_unit_test_setup_teardown(a_difference_is_found, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
