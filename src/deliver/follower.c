// SPDX-License-Identifier: Apache-2.0
// The thread's turn: fold what there is; when it has caught up, see what is due; then sleep a little. Anything that fails
// drops fold and state together, and both are loaded again from what was stored.
#include "deliver/follower.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "alarm/limits.h"
#include "deliver/feed.h"
#include "deliver/limits.h"
#include "deliver/snapshots.h"

#define MS INT64_C(1000000)

struct follower {
	struct follower_options o;
	pthread_t thread;
	pthread_mutex_t mutex; // of what follows
	pthread_cond_t wake, moved;
	bool stopping;
	struct follower_state state;
	struct text rules_hash, rules_note;
	bool rules_wanted; // rules_note is to be compared with the state's
	// The thread's own.
	struct feed feed;
	int64_t prune_due;
	uint64_t snapshot_at; // the cursor at the last look for snapshots
	uint64_t oldest;
};

static int64_t clock_ns(clockid_t which)
{
	struct timespec t;
	clock_gettime(which, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void say(struct follower *f, enum st st, const char *why)
{
	pthread_mutex_lock(&f->mutex);
	f->state.st = st;
	snprintf(f->state.why, sizeof f->state.why, "%s", st == ST_OK ? "" : why && *why ? why : st_text(st));
	pthread_mutex_unlock(&f->mutex);
}

static void publish(struct follower *f)
{
	pthread_mutex_lock(&f->mutex);
	f->state.st = ST_OK;
	f->state.why[0] = 0;
	f->state.next = f->feed.at;
	f->state.events = f->feed.events;
	f->state.damaged = f->feed.damaged;
	fold_count(f->feed.fold, &f->state.devices, &f->state.open);
	pthread_cond_broadcast(&f->moved);
	pthread_mutex_unlock(&f->mutex);
}

static void count(struct follower *f, uint64_t *counter)
{
	pthread_mutex_lock(&f->mutex);
	++*counter;
	pthread_mutex_unlock(&f->mutex);
}

// It can be computed again. `reason`: why, in a sentence; `why` gets why it could not be put aside.
static enum st set_aside(struct follower *f, const char *reason, struct text *why)
{
	struct text said = { 0 };
	text_add(&said, reason); // it may be what `why` holds
	text_clear(why);
	enum st st = state_set_aside(f->o.dir, STATE_FILE, why);
	if (st == ST_OK && f->o.set_aside)
		f->o.set_aside(f->o.arg, text_str(&said));
	text_done(&said);
	return st;
}

// What is no state of ours, or damaged, is put aside.
static enum st open_state(struct follower *f, struct text *why)
{
	enum st st = state_open(f->o.dir, STATE_FILE, &f->feed.state, why);
	if (st != ST_DAMAGED && st != ST_NOT_OURS)
		return st;
	st = set_aside(f, text_str(why), why);
	return st == ST_OK ? state_open(f->o.dir, STATE_FILE, &f->feed.state, why) : st;
}

// The oldest one that can be read. What is damaged, or an older Trapline's, would be in the way of the others.
static enum st find_snapshot(struct follower *f, uint64_t oldest, uint64_t next, struct state **out, uint64_t *cursor,
                             struct text *why)
{
	char name[64];
	enum st st;
	while ((st = snapshots_find(f->o.dir, oldest, next, cursor)) == ST_OK) {
		snapshots_name(*cursor, name);
		text_clear(why);
		st = state_open_reader(f->o.dir, name, out, why);
		if (st != ST_DAMAGED && st != ST_NOT_OURS)
			return st;
		st = state_remove(f->o.dir, name);
		if (st != ST_OK)
			return st;
	}
	text_clear(why);
	return st;
}

// A state that is lost begins again at a snapshot, where the journal does not reach back to its first event any more.
static enum st from_snapshot(struct follower *f, uint64_t oldest, uint64_t next, struct text *why)
{
	struct fold_row of;
	struct state *snapshot = NULL;
	enum st st = state_fold_row(f->feed.state, &of);
	if (st != ST_NONE || oldest <= 1)
		return st == ST_NONE ? ST_OK : st;
	uint64_t cursor;
	st = find_snapshot(f, oldest, next, &snapshot, &cursor, why);
	if (st == ST_NONE)
		return ST_OK;
	if (st != ST_OK)
		return st;
	state_close(f->feed.state);
	f->feed.state = NULL;
	st = state_remove(f->o.dir, STATE_FILE);
	if (st == ST_OK)
		st = state_copy(snapshot, f->o.dir, STATE_FILE);
	state_close(snapshot);
	if (st == ST_DAMAGED) { // further in than opening looks: it is in the way of the others
		char name[64];
		snapshots_name(cursor, name);
		(void)state_remove(f->o.dir, name);
	}
	return st == ST_OK ? state_open(f->o.dir, STATE_FILE, &f->feed.state, why) : st;
}

static enum st note_gap(struct follower *f, uint64_t from, uint64_t to)
{
	struct text note = { 0 };
	struct json j = json_of(&note);
	json_open(&j, '{');
	json_key_str(&j, "follower", "alarms");
	json_key_uint(&j, "from", from);
	json_key_uint(&j, "to", to);
	json_close(&j, '}');
	bool written = !note.bad && f->o.note(f->o.arg, EVENT_GAP, span_of(note.p, note.n));
	text_done(&note);
	if (written)
		count(f, &f->state.gaps);
	return written ? ST_OK : ST_FULL;
}

// The fold's place in the journal. A cursor that the journal never reached belongs to another journal.
static enum st find_place(struct follower *f, uint64_t oldest, uint64_t next, struct text *why)
{
	f->feed.at = fold_next(f->feed.fold);
	if (f->feed.at > next) {
		feed_drop(&f->feed);
		enum st st = set_aside(f, "it has seen events that this journal never had", why);
		return st == ST_OK ? ST_BUSY : st; // again, from the begin
	}
	if (f->feed.at >= oldest)
		return ST_OK;
	enum st st = note_gap(f, f->feed.at, oldest - 1);
	if (st == ST_OK)
		f->feed.at = oldest;
	return st;
}

// Another version of the fold made the state: what it made stays, but from its snapshots we would make something else.
static enum st check_version(struct follower *f)
{
	struct fold_row of;
	enum st st = state_fold_row(f->feed.state, &of);
	if (st == ST_OK && of.version != FOLD_VERSION)
		st = snapshots_drop(f->o.dir);
	return st == ST_NONE ? ST_OK : st;
}

static enum st load(struct follower *f, struct text *why)
{
	uint64_t oldest = 1, next = 1;
	enum st st = journal_reader_open(f->o.dir, &f->feed.journal, why);
	if (st == ST_OK)
		st = journal_bounds(f->feed.journal, &oldest, &next);
	if (st == ST_OK)
		st = open_state(f, why);
	if (st == ST_OK)
		st = from_snapshot(f, oldest, next, why);
	if (st == ST_OK)
		st = check_version(f);
	if (st == ST_OK)
		st = state_load(f->feed.state, &f->o.key, &f->feed.fold);
	if (st == ST_DAMAGED && f->feed.state) { // not the journal
		feed_drop(&f->feed);
		st = set_aside(f, why->n ? text_str(why) : "it does not hold together", why);
		return st == ST_OK ? ST_DAMAGED : st;
	}
	return st == ST_OK ? find_place(f, oldest, next, why) : st;
}

static void write_ticks(struct follower *f)
{
	struct text note = { 0 };
	int64_t now = clock_ns(CLOCK_REALTIME);
	for (int i = 0; i < FOLLOW_TICKS && fold_due(f->feed.fold, now, &note); i++) {
		if (note.bad || !f->o.note(f->o.arg, EVENT_TICK, span_of(note.p, note.n)))
			break;
		fold_due_taken(f->feed.fold);
		count(f, &f->state.ticks);
		text_clear(&note);
	}
	text_done(&note);
}

static void write_rules(struct follower *f)
{
	struct text hash = { 0 }, note = { 0 };
	pthread_mutex_lock(&f->mutex);
	bool wanted = f->rules_wanted;
	if (wanted) {
		text_bytes(&hash, span_of(f->rules_hash.p, f->rules_hash.n));
		text_bytes(&note, span_of(f->rules_note.p, f->rules_note.n));
	}
	pthread_mutex_unlock(&f->mutex);
	bool same = wanted && span_equal(fold_rules(f->feed.fold)->hash, span_of(hash.p, hash.n));
	if (wanted && !hash.bad && !note.bad && (same || f->o.note(f->o.arg, EVENT_RULES, span_of(note.p, note.n)))) {
		pthread_mutex_lock(&f->mutex);
		f->rules_wanted = !span_equal(span_of(f->rules_hash.p, f->rules_hash.n), span_of(hash.p, hash.n));
		pthread_mutex_unlock(&f->mutex);
	}
	text_done(&hash);
	text_done(&note);
}

static enum st keep_house(struct follower *f, uint64_t oldest, uint64_t next)
{
	bool more = false, taken = false;
	enum st st = ST_OK;
	int64_t now = clock_ns(CLOCK_MONOTONIC);
	bool look = oldest != f->oldest || f->feed.at - f->snapshot_at >= SNAPSHOT_EVENTS;
	if (look && fold_next(f->feed.fold) >= oldest) {
		f->oldest = oldest;
		f->snapshot_at = f->feed.at;
		st = snapshots_keep(f->feed.state, f->o.dir, oldest, next, &taken);
		if (taken)
			count(f, &f->state.snapshots);
	}
	if (st == ST_OK && now >= f->prune_due) {
		st = state_prune(f->feed.state, fold_time(f->feed.fold), &more);
		f->prune_due = more ? now : now + FOLLOW_PRUNE_MS * MS;
	}
	return st;
}

// One turn; *more: the journal has more for it.
static enum st turn(struct follower *f, bool *more, struct text *why)
{
	uint64_t oldest = 1, next = 1;
	*more = false;
	enum st st = f->feed.fold ? ST_OK : load(f, why);
	if (st == ST_OK)
		st = feed_batch(&f->feed, 0, more);
	if (st == ST_OK)
		st = journal_bounds(f->feed.journal, &oldest, &next);
	if (st == ST_OK && f->feed.at < oldest) {
		st = note_gap(f, f->feed.at, oldest - 1);
		f->feed.at = st == ST_OK ? oldest : f->feed.at;
	}
	if (st == ST_OK)
		st = keep_house(f, oldest, next);
	if (st != ST_OK) {
		if (why->n == 0 && f->feed.state)
			text_add(why, state_error(f->feed.state));
		return st;
	}
	publish(f);
	if (f->o.heard)
		feed_heard(&f->feed, f->o.heard, f->o.arg);
	if (!*more && f->feed.at > f->o.first) {
		write_rules(f);
		write_ticks(f);
	}
	return ST_OK;
}

static bool pause_for(struct follower *f, int64_t ms)
{
	struct timespec until;
	int64_t at = clock_ns(CLOCK_MONOTONIC) + ms * MS;
	until.tv_sec = at / (1000 * MS);
	until.tv_nsec = at % (1000 * MS);
	pthread_mutex_lock(&f->mutex);
	while (!f->stopping && ms && pthread_cond_timedwait(&f->wake, &f->mutex, &until) == 0)
		;
	bool stop = f->stopping;
	pthread_mutex_unlock(&f->mutex);
	return stop;
}

static void *run(void *arg)
{
	struct follower *f = arg;
	int64_t last = 0;
	bool more = false;
	pthread_setname_np(pthread_self(), "alarms");
	setpriority(PRIO_PROCESS, 0, FOLLOW_NICE); // of this thread; where that is forbidden it runs as the others do
	for (;;) {
		struct text why = { 0 };
		enum st st = turn(f, &more, &why);
		if (st != ST_OK) {
			say(f, st, text_str(&why));
			feed_drop(&f->feed);
		}
		text_done(&why);
		bool stop = pause_for(f, st != ST_OK ? FOLLOW_RETRY_MS : more ? 0 : FOLLOW_LOOK_MS);
		bool first = stop && last == 0; // what came since the last look is still to be folded
		if (first)
			last = clock_ns(CLOCK_MONOTONIC) + FOLLOW_STOP_MS * MS;
		if (stop && !first && (!more || st != ST_OK || clock_ns(CLOCK_MONOTONIC) >= last))
			return NULL;
	}
}

static void free_follower(struct follower *f)
{
	pthread_mutex_destroy(&f->mutex);
	pthread_cond_destroy(&f->wake);
	pthread_cond_destroy(&f->moved);
	text_done(&f->rules_hash);
	text_done(&f->rules_note);
	free(f);
}

enum st follower_start(const struct follower_options *o, struct follower **out)
{
	struct follower *f = calloc(1, sizeof *f);
	if (!f)
		return ST_NO_MEMORY;
	f->o = *o;
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&f->mutex, NULL);
	pthread_cond_init(&f->wake, &monotonic);
	pthread_cond_init(&f->moved, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (pthread_create(&f->thread, NULL, run, f) != 0) {
		free_follower(f);
		return ST_SYSTEM;
	}
	*out = f;
	return ST_OK;
}

void follower_stop(struct follower *f)
{
	if (!f)
		return;
	pthread_mutex_lock(&f->mutex);
	f->stopping = true;
	pthread_cond_signal(&f->wake);
	pthread_mutex_unlock(&f->mutex);
	pthread_join(f->thread, NULL);
	feed_drop(&f->feed);
	free_follower(f);
}

enum st follower_rules(struct follower *f, struct span hash, struct span note)
{
	pthread_mutex_lock(&f->mutex);
	text_clear(&f->rules_hash);
	text_clear(&f->rules_note);
	text_bytes(&f->rules_hash, hash);
	text_bytes(&f->rules_note, note);
	f->rules_wanted = true;
	enum st st = f->rules_hash.bad || f->rules_note.bad ? ST_NO_MEMORY : ST_OK;
	pthread_mutex_unlock(&f->mutex);
	return st;
}

bool follower_wait(struct follower *f, uint64_t id, int64_t ms)
{
	struct timespec until;
	int64_t at = clock_ns(CLOCK_MONOTONIC) + ms * MS;
	until.tv_sec = at / (1000 * MS);
	until.tv_nsec = at % (1000 * MS);
	pthread_mutex_lock(&f->mutex);
	while (f->state.next <= id && pthread_cond_timedwait(&f->moved, &f->mutex, &until) == 0)
		;
	bool there = f->state.next > id;
	pthread_mutex_unlock(&f->mutex);
	return there;
}

struct follower_state follower_state(struct follower *f)
{
	pthread_mutex_lock(&f->mutex);
	struct follower_state s = f->state;
	pthread_mutex_unlock(&f->mutex);
	return s;
}
