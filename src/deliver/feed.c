// SPDX-License-Identifier: Apache-2.0
#include "deliver/feed.h"

#include <time.h>

#include "base/ring.h"
#include "deliver/limits.h"

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

static void hear(struct feed *f, int64_t device)
{
	if (device == 0)
		return;
	f->heard[(uint64_t)device % FEED_HEARD] = device;
	f->any_heard = true;
}

// A record that cannot be read is passed over, by every fold alike.
static enum st fold_block(struct feed *f, const struct journal_block *b, uint64_t end)
{
	struct rd frames = rd_of(b->frames);
	struct span record;
	enum st st = ST_OK;
	for (uint64_t id = b->first; st == ST_OK && frame_next(&frames, &record); id++) {
		struct event e;
		if (id < f->at)
			continue;
		if (end && id >= end)
			return ST_OK;
		f->at = id + 1;
		if (event_decode(record, &e) != ST_OK) {
			f->damaged++;
			continue;
		}
		e.id = id;
		st = fold_event(f->fold, &e, b->time);
		hear(f, fold_printer(f->fold));
		f->events++;
	}
	return st;
}

static enum st store(struct feed *f)
{
	enum st st = state_begin(f->state);
	if (st == ST_OK)
		st = fold_changed(f->fold, state_put, f->state);
	if (st == ST_OK)
		st = state_commit(f->state);
	else
		state_rollback(f->state);
	if (st == ST_OK)
		fold_clean(f->fold);
	return st;
}

enum st feed_batch(struct feed *f, uint64_t end, bool *more)
{
	uint64_t from = f->events;
	int64_t until = now_ms() + FOLLOW_BATCH_MS;
	enum st st = ST_OK;
	*more = true;
	while (st == ST_OK && *more && f->events - from < FOLLOW_BATCH_EVENTS) {
		struct journal_block b;
		if (end && f->at >= end) {
			*more = false;
			break;
		}
		st = journal_read(f->journal, f->at, &b);
		if (st == ST_OK) {
			st = fold_block(f, &b, end);
		} else if (st == ST_DAMAGED && b.first + b.count > f->at) {
			f->damaged++;
			f->at = b.first + b.count;
			st = ST_OK;
		}
		*more = st == ST_OK;
		if (now_ms() >= until)
			break;
	}
	if (st == ST_NONE)
		st = ST_OK;
	return st == ST_OK && f->events > from ? store(f) : st;
}

void feed_heard(struct feed *f, void (*heard)(void *arg, int64_t device), void *arg)
{
	for (size_t i = 0; f->any_heard && i < FEED_HEARD; i++) {
		if (f->heard[i])
			heard(arg, f->heard[i]);
		f->heard[i] = 0;
	}
	f->any_heard = false;
}

void feed_drop(struct feed *f)
{
	fold_free(f->fold);
	state_close(f->state);
	journal_reader_close(f->journal);
	f->fold = NULL;
	f->state = NULL;
	f->journal = NULL;
}
