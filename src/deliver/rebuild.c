// SPDX-License-Identifier: Apache-2.0
// The live state is copied first, which fixes the moment to compare at and holds its file for that long only.
#include "deliver/rebuild.h"

#include <inttypes.h>

#include "deliver/feed.h"
#include "deliver/snapshots.h"

#define LIVE "live.db"
#define AGAIN "again.db"

struct work {
	const char *dir, *folder;
	struct state *live;
	struct feed feed;
	struct rebuild *out;
	struct text *why;
};

static enum st copy_live(struct work *w)
{
	struct state *s = NULL;
	enum st st = state_open_reader(w->dir, STATE_FILE, &s, w->why);
	if (st == ST_NONE)
		text_printf(w->why, "there is no state in %s; the collector makes it", w->dir);
	if (st != ST_OK)
		return st;
	st = state_copy(s, w->folder, LIVE);
	if (st != ST_OK)
		text_printf(w->why, "%s", *state_error(s) ? state_error(s) : st_text(st));
	state_close(s);
	return st == ST_OK ? state_open(w->folder, LIVE, &w->live, w->why) : st;
}

static enum st copy_snapshot(struct work *w, uint64_t cursor)
{
	struct state *s = NULL;
	char name[64];
	snapshots_name(cursor, name);
	enum st st = state_open_reader(w->dir, name, &s, w->why);
	if (st == ST_OK)
		st = state_copy(s, w->folder, AGAIN);
	state_close(s);
	return st;
}

// What it is computed from.
static enum st find_base(struct work *w)
{
	uint64_t oldest = 1, next = 1, cursor = 1;
	enum st st = journal_reader_open(w->dir, &w->feed.journal, w->why);
	if (st == ST_OK)
		st = journal_bounds(w->feed.journal, &oldest, &next);
	if (st != ST_OK)
		return st;
	if (w->out->to > next) {
		text_printf(w->why,
		            "the state has seen event %" PRIu64 " and the journal ends before it: not the same journal",
		            w->out->to - 1);
		return ST_NONE;
	}
	w->out->from = 1;
	if (oldest <= 1)
		return ST_OK;
	st = snapshots_find(w->dir, oldest, w->out->to, &cursor);
	if (st == ST_NONE)
		text_printf(w->why,
		            "the journal begins at event %" PRIu64
		            ", and no snapshot is that new yet; try again in a moment",
		            oldest);
	w->out->from = cursor;
	return st == ST_OK ? copy_snapshot(w, cursor) : st;
}

static enum st compute(struct work *w)
{
	const struct hash_key key = { 1, 2 };
	enum st st = state_open(w->folder, AGAIN, &w->feed.state, w->why);
	if (st == ST_OK)
		st = state_load(w->feed.state, &key, &w->feed.fold);
	w->feed.at = w->out->from;
	for (bool more = true; st == ST_OK && more;)
		st = feed_batch(&w->feed, w->out->to, &more);
	if (st != ST_OK)
		return st;
	w->out->events = w->feed.events;
	fold_count(w->feed.fold, &w->out->devices, &w->out->open);
	st = state_compare(w->live, w->feed.state, &w->out->same, &w->out->difference);
	return st;
}

enum st rebuild_compare(const char *dir, const char *folder, struct rebuild *out, struct text *why)
{
	*out = (struct rebuild){ 0 };
	struct work w = { .dir = dir, .folder = folder, .out = out, .why = why };
	struct fold_row of;
	enum st st = copy_live(&w);
	if (st == ST_OK)
		st = state_fold_row(w.live, &of);
	if (st == ST_NONE && why->n == 0)
		text_printf(why, "the state in %s is empty", dir);
	if (st == ST_OK) {
		out->to = (uint64_t)of.next;
		st = find_base(&w);
	}
	if (st == ST_OK)
		st = compute(&w);
	state_close(w.live);
	feed_drop(&w.feed);
	(void)state_remove(folder, LIVE);
	(void)state_remove(folder, AGAIN);
	return st;
}

void rebuild_done(struct rebuild *r)
{
	text_done(&r->difference);
}
