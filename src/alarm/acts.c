// SPDX-License-Identifier: Apache-2.0
// People's acts and the silences that they make. An act on something that is not there any more does nothing: whoever
// asks is told before it becomes an event.
#include "alarm/acts.h"

#include <stdlib.h>

#include "alarm/fold_own.h"
#include "alarm/habit.h"

struct silence *silence_by_id(struct fold *f, int64_t id)
{
	struct silence *s = f->silences;
	while (s && s->row.id != id)
		s = s->next;
	return s;
}

void silence_link(struct fold *f, struct silence *s)
{
	s->mark = (struct mark){ .table = ROW_SILENCE, .row = &s->row };
	struct silence **at = &f->silences;
	while (*at && (*at)->row.id < s->row.id)
		at = &(*at)->next;
	s->next = *at;
	*at = s;
	f->silence_count++;
}

// `begin` is the key, or some of its first parts: "link/1" begins "link/1/2", but not "link/12".
static bool key_begins(struct span key, struct span begin)
{
	if (begin.n == 0)
		return true;
	if (key.n < begin.n || !span_equal(span_of(key.p, begin.n), begin))
		return false;
	uint8_t last = begin.p[begin.n - 1], next = key.n > begin.n ? key.p[begin.n] : '/';
	return last == '/' || last == '.' || next == '/' || next == '.';
}

static bool matches(const struct silence *s, const struct alarm *a)
{
	const struct silence_row *w = &s->row;
	return (w->site.n == 0 || span_equal(w->site, a->row.site)) && (w->device == 0 || w->device == a->row.device) &&
	       (w->code < 0 || (a->row.kind == ALARM_PRINTER && w->code == a->row.code)) &&
	       key_begins(a->row.key, w->key);
}

// Of several the one that holds longest: until then the alarm is silenced.
int64_t silence_of(const struct fold *f, const struct alarm *a)
{
	const struct silence *longest = NULL;
	for (const struct silence *s = f->silences; s; s = s->next)
		if (s->row.state == SILENCE_ACTIVE && matches(s, a) && (!longest || s->row.until > longest->row.until))
			longest = s;
	return longest ? longest->row.id : 0;
}

void silence_again(struct fold *f, struct alarm *a)
{
	int64_t had = a->row.silenced, has = silence_of(f, a);
	if (has == had)
		return;
	a->row.silenced = has;
	fold_touch(f, &a->mark);
	if (had == 0 || has == 0)
		change_add(f, a, has ? CHANGE_SILENCED : CHANGE_UNSILENCED, (struct span){ 0 }, (struct span){ 0 });
}

static bool to_be_silenced(const struct alarm *a, const void *silence)
{
	return matches(silence, a);
}

static bool silenced_by(const struct alarm *a, const void *silence)
{
	return a->row.silenced == ((const struct silence *)silence)->row.id;
}

static void begin(struct fold *f, struct silence *s)
{
	size_t n;
	s->row.state = SILENCE_ACTIVE;
	fold_touch(f, &s->mark);
	struct alarm **list = alarms_collect(f, to_be_silenced, s, &n);
	for (size_t i = 0; i < n; i++) {
		int64_t had = list[i]->row.silenced;
		list[i]->row.silenced = silence_of(f, list[i]);
		if (list[i]->row.silenced == had)
			continue;
		if (had == 0)
			change_add(f, list[i], CHANGE_SILENCED, s->row.by, s->row.note);
		fold_touch(f, &list[i]->mark);
	}
	free(list);
}

static void end(struct fold *f, struct silence *s, struct span by, struct span note)
{
	size_t n;
	s->row.state = SILENCE_ENDED;
	fold_touch(f, &s->mark);
	struct alarm **list = alarms_collect(f, silenced_by, s, &n);
	for (size_t i = 0; i < n; i++) {
		list[i]->row.silenced = silence_of(f, list[i]);
		if (list[i]->row.silenced == 0)
			change_add(f, list[i], CHANGE_UNSILENCED, by, note);
		fold_touch(f, &list[i]->mark);
	}
	free(list);
}

void silence_due(struct fold *f, struct silence *s)
{
	if (s->row.state == SILENCE_PLANNED && s->row.until > f->now)
		begin(f, s);
	else
		end(f, s, (struct span){ 0 }, (struct span){ 0 });
}

static struct span spoken(const struct text *t)
{
	return span_of(t->p, t->n);
}

static void act_silence(struct fold *f, const struct act *act)
{
	if (act->until <= f->now || f->silence_count >= FOLD_SILENCES_MAX)
		return;
	struct silence *s = calloc(1, sizeof *s);
	if (!s) {
		f->st = ST_NO_MEMORY;
		return;
	}
	s->row = (struct silence_row){ .id = (int64_t)f->event,
		                       .device = act->device,
		                       .code = act->code,
		                       .from = act->from ? act->from : f->now,
		                       .until = act->until,
		                       .state = SILENCE_PLANNED };
	fold_keep(f, &s->row.site, spoken(&act->site));
	fold_keep(f, &s->row.key, spoken(&act->key));
	fold_keep_text(f, &s->row.by, spoken(&act->by));
	fold_keep_text(f, &s->row.note, spoken(&act->note));
	silence_link(f, s);
	fold_touch(f, &s->mark);
	if (s->row.from <= f->now)
		begin(f, s);
	due_arm_silence(f, s);
}

static void act_ack(struct fold *f, const struct act *act, struct alarm *a)
{
	a->row.acked = f->now;
	fold_keep_text(f, &a->row.acked_by, spoken(&act->by));
	fold_keep_text(f, &a->row.acked_note, spoken(&act->note));
	change_add(f, a, CHANGE_ACKED, a->row.acked_by, a->row.acked_note);
	fold_touch(f, &a->mark);
}

static void act_unack(struct fold *f, const struct act *act, struct alarm *a)
{
	if (a->row.acked == 0)
		return;
	a->row.acked = 0;
	fold_keep(f, &a->row.acked_by, (struct span){ 0 });
	fold_keep(f, &a->row.acked_note, (struct span){ 0 });
	change_add(f, a, CHANGE_UNACKED, spoken(&act->by), spoken(&act->note));
	fold_touch(f, &a->mark);
}

static void forget_habit(struct fold *f, struct device *d)
{
	habit_forget(&d->row.habit);
	fold_touch(f, &d->mark);
}

// Who is missed no more because somebody says so was taken away, or speaks otherwise from now on: the habit is over, with a
// site those of its devices.
static void act_clear(struct fold *f, const struct act *act, struct alarm *a)
{
	bool site = a->row.kind == ALARM_SITE_SILENT && a->site;
	if (a->row.kind == ALARM_SILENT && a->device)
		forget_habit(f, a->device);
	if (site)
		habit_forget(&a->site->row.habit);
	for (struct node *n = site ? table_walk(&f->devices, NULL) : NULL; n; n = table_walk(&f->devices, n))
		if (HOLDER(n, struct device, by_id)->site == a->site)
			forget_habit(f, HOLDER(n, struct device, by_id));
	alarm_clear(f, a, BECAUSE_HAND, spoken(&act->by), spoken(&act->note));
}

static void act_on_alarm(struct fold *f, const struct act *act)
{
	struct alarm *a = alarm_by_id(f, act->alarm);
	if (!a || a->row.state != ALARM_OPEN)
		return;
	if (act->kind == ACT_ACK)
		act_ack(f, act, a);
	else if (act->kind == ACT_UNACK)
		act_unack(f, act, a);
	else
		act_clear(f, act, a);
}

static void act_merge(struct fold *f, const struct act *act)
{
	struct device *from = device_by_id(f, act->device), *into = device_by_id(f, act->into);
	if (from && into && from != into)
		device_merge(f, from, into);
}

static void act_on(struct fold *f, const struct act *act)
{
	struct silence *s;
	switch (act->kind) {
	case ACT_SILENCE:
		act_silence(f, act);
		break;
	case ACT_UNSILENCE:
		s = silence_by_id(f, act->silence);
		if (s && s->row.state != SILENCE_ENDED)
			end(f, s, spoken(&act->by), spoken(&act->note));
		break;
	case ACT_MERGE:
		act_merge(f, act);
		break;
	default:
		act_on_alarm(f, act);
		break;
	}
}

void fold_act(struct fold *f, struct span note)
{
	struct act act;
	struct text why = { 0 };
	if (act_read(note, &act, &why) == ST_OK)
		act_on(f, &act);
	act_done(&act);
	text_done(&why);
}
