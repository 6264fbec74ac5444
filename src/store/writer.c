// SPDX-License-Identifier: Apache-2.0
// The writer's thread.
//
// One turn: sleep until somebody rings, linger for company unless somebody waits for an answer, take what the rings
// hold (each in turn, a block at a time), write it in one transaction, and only when the commit returned free the rings and
// tell the producers. Nothing is copied on the way: a block's body is the ring's own memory until the commit.
//
// When a transaction fails the positions of the rings stay where they were, so the same events are tried again; what
// the ring holds is not freed, so nobody is answered.
#include "store/writer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "store/bell.h"
#include "store/checkpoint.h"
#include "store/journal_own.h"

enum bell_reasons { BELL_WORK = 1 << 0, BELL_URGENT = 1 << 1, BELL_STOP = 1 << 2, BELL_RETAIN = 1 << 3 };

enum writer_own_limits {
	WRITER_RUNS = WRITER_COMMIT_MAX / JOURNAL_BLOCK_MAX + 2 * WRITER_SOURCES, // runs of one transaction
	WRITER_LINGER_STEP_MS = 1, // how often a lingering writer looks whether a ring fills up
	WRITER_CUT_MS = 1000,      // between looks whether there is something to cut
};

#define MS INT64_C(1000000)

struct run {
	struct span frames;
	uint32_t count;
};

struct writer {
	struct journal *journal;
	struct checkpoint *checkpoint;
	pthread_t thread;
	struct bell bell;
	_Atomic int64_t keep_ns;
	_Atomic uint64_t keep_bytes;
	// The writer's thread only.
	struct writer_source sources[WRITER_SOURCES];
	uint64_t at[WRITER_SOURCES]; // how far each ring is committed
	unsigned count, turn;
	int64_t cut_due;
	struct run runs[WRITER_RUNS];
	pthread_mutex_t mutex; // of state
	struct writer_state state;
};

static int64_t wall_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

// A group: the runs of one transaction and how far they reach in each ring.
struct group {
	uint64_t to[WRITER_SOURCES];
	unsigned runs;
	size_t bytes;
	uint64_t events;
};

// Takes one block from each ring in turn until all are empty or the transaction is large enough.
static void gather(struct writer *w, struct group *g)
{
	g->runs = 0;
	g->bytes = 0;
	g->events = 0;
	for (unsigned i = 0; i < w->count; i++)
		g->to[i] = w->at[i];
	unsigned empty = 0;
	for (unsigned i = w->turn; empty < w->count && g->runs < WRITER_RUNS && g->bytes < WRITER_COMMIT_MAX; i++) {
		unsigned s = i % w->count;
		struct run *run = &w->runs[g->runs];
		run->frames = ring_run(w->sources[s].ring, &g->to[s], JOURNAL_BLOCK_MAX, &run->count);
		if (run->count == 0) {
			empty++;
			continue;
		}
		empty = 0;
		g->to[s] += run->frames.n;
		g->bytes += run->frames.n;
		g->events += run->count;
		g->runs++;
		w->turn = s + 1;
	}
}

static enum st write_group(struct writer *w, const struct group *g)
{
	enum st st = journal_begin(w->journal);
	int64_t wall = wall_now();
	for (unsigned i = 0; st == ST_OK && i < g->runs; i++)
		st = journal_put(w->journal, w->runs[i].frames, w->runs[i].count, wall);
	return st == ST_OK ? journal_commit(w->journal) : st;
}

static void free_group(struct writer *w, const struct group *g)
{
	for (unsigned i = 0; i < w->count; i++) {
		if (g->to[i] == w->at[i])
			continue;
		w->at[i] = g->to[i];
		ring_free_to(w->sources[i].ring, g->to[i]);
		if (w->sources[i].freed)
			w->sources[i].freed(w->sources[i].arg);
	}
}

static void tell_sizes(struct writer *w)
{
	w->state.next_id = journal_next_id(w->journal);
	w->state.wal_bytes = w->journal->wal_bytes;
	w->state.journal_bytes = w->journal->bytes;
	w->state.cut_events = w->journal->cut_events;
}

static void tell_state(struct writer *w, enum st st)
{
	if (st != w->state.st)
		w->state.since = wall_now();
	w->state.st = st;
	snprintf(w->state.why, sizeof w->state.why, "%s", st == ST_OK ? "" : journal_error(w->journal));
}

static void tell_commit(struct writer *w, enum st st, const struct group *g, int64_t took)
{
	pthread_mutex_lock(&w->mutex);
	if (st == ST_OK) {
		w->state.commits++;
		w->state.events += g->events;
		w->state.commit_ns_last = took;
		if (took > w->state.commit_ns_max)
			w->state.commit_ns_max = took;
	}
	tell_sizes(w);
	tell_state(w, st);
	pthread_mutex_unlock(&w->mutex);
}

// Writes one transaction if there is anything. *more: it had no room for all that the rings held; what came since has rung.
static enum st commit_group(struct writer *w, bool *more)
{
	struct group g;
	gather(w, &g);
	*more = g.runs == WRITER_RUNS || g.bytes >= WRITER_COMMIT_MAX;
	if (g.runs == 0) {
		free_group(w, &g); // the skipped end of a ring
		return ST_OK;
	}
	int64_t start = bell_now();
	w->journal->wal_bytes = checkpoint_enter(w->checkpoint);
	enum st st = write_group(w, &g);
	checkpoint_leave(w->checkpoint, w->journal->wal_bytes);
	int64_t took = bell_now() - start;
	if (st == ST_OK)
		free_group(w, &g);
	tell_commit(w, st, &g, took);
	return st;
}

// One step of retention when it is time for it. That it fails keeps nobody from writing, so it has a state of its own.
static void cut_step(struct writer *w)
{
	int64_t keep = atomic_load(&w->keep_ns), now = bell_now();
	uint64_t bytes = atomic_load(&w->keep_bytes);
	if ((keep == 0 && bytes == 0) || now < w->cut_due)
		return;
	bool more = false;
	w->journal->wal_bytes = checkpoint_enter(w->checkpoint);
	enum st st = journal_cut(w->journal, keep ? wall_now() - keep : 0, bytes, &more);
	checkpoint_leave(w->checkpoint, w->journal->wal_bytes);
	w->cut_due = st == ST_OK && more ? now : now + WRITER_CUT_MS * MS;
	pthread_mutex_lock(&w->mutex);
	w->state.cut_st = st;
	tell_sizes(w);
	pthread_mutex_unlock(&w->mutex);
}

static bool ring_fills(struct writer *w)
{
	for (unsigned i = 0; i < w->count; i++) {
		struct ring *r = w->sources[i].ring;
		if (atomic_load_explicit(&r->head, memory_order_relaxed) - w->at[i] > r->size / 2)
			return true;
	}
	return false;
}

// Sleeps until there is something to do, then lets more come unless somebody waits or a ring fills up.
static void wait_for_work(struct writer *w)
{
	bool cuts = atomic_load(&w->keep_ns) || atomic_load(&w->keep_bytes);
	uint32_t any = BELL_WORK | BELL_URGENT | BELL_STOP | BELL_RETAIN;
	uint32_t bits = bell_wait(&w->bell, any, cuts ? w->cut_due : 0);
	int64_t now = bell_now(), end = now + WRITER_LINGER_MS * MS;
	while ((bits & any) == BELL_WORK && now < end && !ring_fills(w)) {
		bits = bell_wait(&w->bell, any & ~(uint32_t)BELL_WORK, now + WRITER_LINGER_STEP_MS * MS);
		now = bell_now();
	}
}

static void *writer_run(void *arg)
{
	struct writer *w = arg;
	// Each thread names itself: the name of another one is a file, which the sandbox refuses.
	pthread_setname_np(pthread_self(), "journal");
	for (;;) {
		wait_for_work(w);
		uint32_t bits = bell_take(&w->bell);
		bool more = true;
		enum st st = ST_OK;
		while (st == ST_OK && more) {
			st = commit_group(w, &more);
			cut_step(w);
		}
		if (bits & BELL_STOP)
			return NULL;
		if (st != ST_OK) {
			bell_wait(&w->bell, BELL_STOP, bell_now() + WRITER_RETRY_MS * MS);
			bell_ring(&w->bell, BELL_URGENT); // the rings still hold what could not be written
		}
	}
}

enum st writer_start(struct journal *j, const struct writer_options *o, const struct writer_source *sources, unsigned n,
                     struct writer **out)
{
	if (n == 0 || n > WRITER_SOURCES)
		return ST_FULL;
	struct writer *w = calloc(1, sizeof *w);
	if (!w)
		return ST_NO_MEMORY;
	w->journal = j;
	w->count = n;
	for (unsigned i = 0; i < n; i++) {
		w->sources[i] = sources[i];
		w->at[i] = ring_freed(sources[i].ring);
	}
	atomic_init(&w->keep_ns, o->keep_ns);
	atomic_init(&w->keep_bytes, o->keep_bytes);
	w->state.since = wall_now();
	tell_sizes(w);
	pthread_mutex_init(&w->mutex, NULL);
	enum st st = checkpoint_start(o->dir, &w->checkpoint);
	if (st == ST_OK && pthread_create(&w->thread, NULL, writer_run, w) != 0)
		st = ST_SYSTEM;
	if (st != ST_OK) {
		checkpoint_stop(w->checkpoint);
		pthread_mutex_destroy(&w->mutex);
		free(w);
		return st;
	}
	*out = w;
	return ST_OK;
}

void writer_wake(struct writer *w, bool urgent)
{
	bell_ring(&w->bell, urgent ? BELL_WORK | BELL_URGENT : BELL_WORK);
}

void writer_retain(struct writer *w, int64_t keep_ns, uint64_t keep_bytes)
{
	atomic_store(&w->keep_ns, keep_ns);
	atomic_store(&w->keep_bytes, keep_bytes);
	bell_ring(&w->bell, BELL_RETAIN);
}

struct writer_state writer_state(struct writer *w)
{
	pthread_mutex_lock(&w->mutex);
	struct writer_state state = w->state;
	pthread_mutex_unlock(&w->mutex);
	struct checkpoint_state c = checkpoint_state(w->checkpoint);
	state.checkpoint_st = c.st;
	state.checkpoint_hold_ns_max = c.hold_ns_max;
	state.checkpoints = c.rounds;
	return state;
}

void writer_stop(struct writer *w)
{
	if (!w)
		return;
	bell_ring(&w->bell, BELL_STOP);
	pthread_join(w->thread, NULL);
	checkpoint_stop(w->checkpoint);
	journal_close(w->journal);
	pthread_mutex_destroy(&w->mutex);
	free(w);
}
