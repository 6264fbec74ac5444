// SPDX-License-Identifier: Apache-2.0
// Each event is folded twice and the alarms that it changed are copied, so that nothing is kept of what did not become an alarm.
#include "deliver/trial.h"

#include <stdlib.h>
#include <string.h>

#include "alarm/rules.h"
#include "alarm/words.h"
#include "base/ring.h"
#include "event/member.h"
#include "store/journal.h"

struct side {
	struct fold *fold;
	struct alarm_row *alarms; // by id, which is the order in which they were raised
	size_t count, room;
};

struct trial {
	struct side before, after;
};

static struct alarm_row *find(const struct side *s, int64_t id)
{
	size_t from = 0, to = s->count;
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (s->alarms[middle].id < id)
			from = middle + 1;
		else
			to = middle;
	}
	return from < s->count && s->alarms[from].id == id ? &s->alarms[from] : NULL;
}

static struct alarm_row *place_for(struct side *s, int64_t id)
{
	struct alarm_row *there = find(s, id);
	if (there)
		return there;
	if (s->count == s->room) {
		size_t room = s->room ? 2 * s->room : 64;
		struct alarm_row *more = reallocarray(s->alarms, room, sizeof *more);
		if (!more)
			return NULL;
		s->alarms = more;
		s->room = room;
	}
	struct alarm_row *fresh = &s->alarms[s->count++];
	*fresh = (struct alarm_row){ .id = id };
	return fresh;
}

static enum st keep_alarm(void *arg, enum row_table t, const void *row)
{
	struct side *s = arg;
	const struct alarm_row *a = row;
	if (t != ROW_ALARM)
		return ST_OK;
	struct alarm_row *kept = place_for(s, a->id);
	return kept && row_copy(ROW_ALARM, kept, a) ? ST_OK : ST_NO_MEMORY;
}

static enum st fold_one(struct side *s, const struct event *e, int64_t time)
{
	enum st st = fold_event(s->fold, e, time);
	if (st == ST_OK)
		st = fold_changed(s->fold, keep_alarm, s);
	fold_clean(s->fold);
	return st;
}

// These raise nothing, so they may share the id of the event before them.
static bool is_of_an_alarm(struct span note)
{
	struct text what = { 0 };
	bool is = member_text(note, "what", &what) &&
	          (strcmp(text_str(&what), "expiry") == 0 || strcmp(text_str(&what), "steady") == 0);
	text_done(&what);
	return is;
}

static enum st meet_deadlines(struct side *s, int64_t time)
{
	struct text note = { 0 };
	enum st st = ST_OK;
	while (st == ST_OK && fold_due(s->fold, time, &note)) {
		struct event tick = { .kind = EVENT_TICK,
			              .id = fold_next(s->fold) - 1,
			              .note = span_of(note.p, note.n) };
		fold_due_taken(s->fold);
		if (note.bad)
			st = ST_NO_MEMORY;
		else if (is_of_an_alarm(tick.note))
			st = fold_one(s, &tick, time);
		text_clear(&note);
	}
	text_done(&note);
	return st;
}

static enum st side_event(struct side *s, const struct event *e, int64_t time)
{
	enum st st = meet_deadlines(s, time);
	return st == ST_OK ? fold_one(s, e, time) : st;
}

enum st trial_event(struct trial *t, const struct event *e, int64_t time)
{
	if (e->kind == EVENT_RULES)
		return ST_OK;
	enum st st = side_event(&t->before, e, time);
	return st == ST_OK ? side_event(&t->after, e, time) : st;
}

static enum st trial_block(struct trial *t, const struct journal_block *b, uint64_t from, uint64_t *events)
{
	struct rd frames = rd_of(b->frames);
	struct span record;
	enum st st = ST_OK;
	for (uint64_t id = b->first; st == ST_OK && frame_next(&frames, &record); id++) {
		struct event e;
		if (id < from || event_decode(record, &e) != ST_OK)
			continue;
		e.id = id;
		st = trial_event(t, &e, b->time);
		++*events;
	}
	return st;
}

enum st trial_journal(struct trial *t, const char *dir, int64_t since, uint64_t *events, struct text *why)
{
	struct journal_reader *r = NULL;
	struct journal_block b;
	uint64_t from = 0;
	*events = 0;
	enum st st = journal_reader_open(dir, &r, why);
	if (st == ST_OK)
		st = journal_seek_time(r, since, &from);
	for (uint64_t at = from; st == ST_OK;) {
		st = journal_read(r, at, &b);
		if (st != ST_OK && st != ST_DAMAGED)
			break;
		st = st == ST_OK ? trial_block(t, &b, from, events) : ST_OK;
		at = b.first + b.count;
	}
	bool end = r && st == ST_NONE;
	journal_reader_close(r);
	return end ? ST_OK : st;
}

static enum st bring_rules(struct side *s, struct span list)
{
	struct rules *rules = NULL;
	struct text why = { 0 }, note = { 0 };
	enum st st = rules_compile(list, &rules, &why); // the fold passes over what cannot be compiled
	rules_free(rules);
	text_done(&why);
	text_add(&note, "{\"rules\":");
	text_bytes(&note, list);
	text_add(&note, "}");
	const struct event e = { .kind = EVENT_RULES, .note = span_of(note.p, note.n) };
	if (st == ST_OK)
		st = note.bad ? ST_NO_MEMORY : fold_one(s, &e, 0);
	text_done(&note);
	return st;
}

enum st trial_new(const struct hash_key *key, struct span before, struct span after, struct trial **out)
{
	struct trial *t = calloc(1, sizeof *t);
	if (!t)
		return ST_NO_MEMORY;
	t->before.fold = fold_new(key);
	t->after.fold = fold_new(key);
	enum st st = t->before.fold && t->after.fold ? ST_OK : ST_NO_MEMORY;
	if (st == ST_OK)
		st = bring_rules(&t->before, before);
	if (st == ST_OK)
		st = bring_rules(&t->after, after);
	if (st == ST_OK)
		*out = t;
	else
		trial_free(t);
	return st;
}

static void side_done(struct side *s)
{
	for (size_t i = 0; i < s->count; i++)
		row_done(ROW_ALARM, &s->alarms[i]);
	free(s->alarms);
	fold_free(s->fold);
}

void trial_free(struct trial *t)
{
	if (!t)
		return;
	side_done(&t->before);
	side_done(&t->after);
	free(t);
}

// The same for a person: what `alarms` shows of it.
static bool same(const struct alarm_row *a, const struct alarm_row *b)
{
	struct text one = { 0 }, other = { 0 };
	alarm_json(a, NULL, &one);
	alarm_json(b, NULL, &other);
	bool equal = span_equal(span_of(one.p, one.n), span_of(other.p, other.n));
	text_done(&one);
	text_done(&other);
	return equal;
}

size_t trial_differences(const struct trial *t, void (*fn)(void *arg, const struct trial_difference *d), void *arg)
{
	const struct side *b = &t->before, *a = &t->after;
	size_t n = 0;
	for (size_t i = 0, j = 0; i < b->count || j < a->count;) {
		bool in_old = j == a->count || (i < b->count && b->alarms[i].id <= a->alarms[j].id);
		bool in_new = i == b->count || (j < a->count && a->alarms[j].id <= b->alarms[i].id);
		const struct trial_difference d = { in_old ? &b->alarms[i++] : NULL, in_new ? &a->alarms[j++] : NULL };
		if (in_old && in_new && same(d.before, d.after))
			continue;
		fn(arg, &d);
		n++;
	}
	return n;
}

void trial_count(const struct trial *t, size_t *before, size_t *after)
{
	*before = t->before.count;
	*after = t->after.count;
}
