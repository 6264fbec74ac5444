// SPDX-License-Identifier: Apache-2.0
// Deadlines. A heap holds for each thing that has one a time not later than its deadline; a deadline that moved on is found
// to have when its turn comes. (A device's moves back when its site speaks while it waits for the site's; that is found when
// the site's would have been.) What happens at a deadline happens only when the journal holds the tick, and only if the
// deadline has passed by then too: so a tick that came late, twice or for nothing changes nothing.
#include <stdlib.h>

#include "alarm/fold_own.h"
#include "alarm/habit.h"
#include "event/member.h"

static const char *const names[DUE_KINDS] = {
	[DUE_DEVICE] = "device", [DUE_SITE] = "site",       [DUE_EXPIRY] = "expiry",
	[DUE_STEADY] = "steady", [DUE_SILENCE] = "silence",
};

// The deadlines themselves; 0: none.

// When a habit is broken; 0: it is none. Who could not be heard until `back` has its whole time from there on.
static int64_t until_of(const struct fold *f, const struct habit_row *h, int64_t back)
{
	int64_t until = habit_until(h), since = back > f->row.started ? back : f->row.started;
	return until && since > h->last ? since + (until - h->last) : until;
}

static int64_t of_site(const struct fold *f, const struct site *s)
{
	return s->row.silent ? 0 : until_of(f, &s->row.habit, 0);
}

static int64_t of_device(const struct fold *f, const struct device *d)
{
	// While the whole site was silent nothing could be heard of it.
	int64_t until = until_of(f, &d->row.habit, d->site ? d->site->row.back : 0), last = d->row.habit.last;
	if (until == 0 || d->row.merged || d->row.silent || (d->site && d->site->row.silent))
		return 0;
	// Where nobody at the site spoke since, the site may be missed in a moment, and its devices are not one by one then.
	int64_t site = d->site && d->site->row.habit.last < until ? of_site(f, d->site) : 0;
	return site > until && site - until <= until - last ? site : until;
}

// What comes again and again could not be heard until the collector started. What is told once waits no longer for that.
static int64_t of_expiry(const struct fold *f, const struct alarm *a)
{
	bool deaf = a->row.expires < ALARM_ONCE_NS && f->row.started > a->row.last;
	return a->row.state == ALARM_OPEN && a->row.expires ? (deaf ? f->row.started : a->row.last) + a->row.expires
	                                                    : 0;
}

static int64_t of_steady(const struct alarm *a)
{
	return a->row.state == ALARM_OPEN && a->row.flapping ? a->row.raised + ALARM_FLAP_NS : 0;
}

static int64_t of_silence(const struct silence *s)
{
	return s->row.state == SILENCE_PLANNED ? s->row.from : s->row.state == SILENCE_ACTIVE ? s->row.until : 0;
}

// Of what is due at the same moment a site comes first: its devices are not missed one by one then.
static bool before(const struct due *a, const struct due *b)
{
	return a->at < b->at || (a->at == b->at && a->kind < b->kind);
}

static void sink(struct fold *f, size_t i)
{
	struct due moving = f->heap[i];
	for (size_t child; (child = 2 * i + 1) < f->due_count; i = child) {
		if (child + 1 < f->due_count && before(&f->heap[child + 1], &f->heap[child]))
			child++;
		if (!before(&f->heap[child], &moving))
			break;
		f->heap[i] = f->heap[child];
	}
	f->heap[i] = moving;
}

static bool push(struct fold *f, struct due d)
{
	if (f->due_count == f->due_room) {
		size_t room = f->due_room ? 2 * f->due_room : 256;
		struct due *wider = reallocarray(f->heap, room, sizeof *wider);
		if (!wider) {
			f->st = ST_NO_MEMORY;
			return false;
		}
		f->heap = wider;
		f->due_room = room;
	}
	size_t i = f->due_count++;
	for (; i && before(&d, &f->heap[(i - 1) / 2]); i = (i - 1) / 2)
		f->heap[i] = f->heap[(i - 1) / 2];
	f->heap[i] = d;
	return true;
}

static void arm(struct fold *f, bool *armed, int64_t at, enum due_kind kind, int64_t id, struct site *site)
{
	if (!*armed && at)
		*armed = push(f, (struct due){ .at = at, .kind = kind, .id = (uint64_t)id, .site = site });
}

void due_arm_device(struct fold *f, struct device *d)
{
	arm(f, &d->armed, of_device(f, d), DUE_DEVICE, d->row.id, NULL);
}

void due_arm_site(struct fold *f, struct site *s)
{
	arm(f, &s->armed, of_site(f, s), DUE_SITE, 0, s);
}

void due_arm_alarm(struct fold *f, struct alarm *a)
{
	arm(f, &a->armed_expiry, of_expiry(f, a), DUE_EXPIRY, a->row.id, NULL);
	arm(f, &a->armed_steady, of_steady(a), DUE_STEADY, a->row.id, NULL);
}

void due_arm_silence(struct fold *f, struct silence *s)
{
	arm(f, &s->armed, of_silence(s), DUE_SILENCE, s->row.id, NULL);
}

// The deadline that an entry stands for now, and the mark that says it is in the heap; 0, NULL: its thing is gone.
static int64_t deadline(struct fold *f, const struct due *e, bool **armed)
{
	struct device *d;
	struct alarm *a;
	struct silence *s;
	*armed = NULL;
	switch (e->kind) {
	case DUE_DEVICE:
		d = device_by_id(f, (int64_t)e->id);
		if (!d || d->row.id != (int64_t)e->id)
			return 0;
		*armed = &d->armed;
		return of_device(f, d);
	case DUE_SITE:
		*armed = &e->site->armed;
		return of_site(f, e->site);
	case DUE_EXPIRY:
	case DUE_STEADY:
		a = alarm_by_id(f, (int64_t)e->id);
		if (!a)
			return 0;
		*armed = e->kind == DUE_EXPIRY ? &a->armed_expiry : &a->armed_steady;
		return e->kind == DUE_EXPIRY ? of_expiry(f, a) : of_steady(a);
	case DUE_SILENCE:
		s = silence_by_id(f, (int64_t)e->id);
		if (!s)
			return 0;
		*armed = &s->armed;
		return of_silence(s);
	default:
		return 0;
	}
}

static void pop(struct fold *f)
{
	f->heap[0] = f->heap[--f->due_count];
	if (f->due_count)
		sink(f, 0);
}

void fold_due_taken(struct fold *f)
{
	bool *armed;
	(void)deadline(f, &f->heap[0], &armed);
	if (armed)
		*armed = false;
	pop(f);
}

static void write_note(const struct due *d, struct text *note)
{
	struct json j = json_of(note);
	json_open(&j, '{');
	json_key_str(&j, "what", names[d->kind]);
	if (d->kind == DUE_SITE) {
		json_key(&j, "site");
		json_text(&j, d->site->row.name);
	} else {
		json_key_uint(&j, "id", d->id);
	}
	json_close(&j, '}');
}

bool fold_due(struct fold *f, int64_t now, struct text *note)
{
	while (f->due_count && f->heap[0].at <= now) {
		bool *armed;
		int64_t at = deadline(f, &f->heap[0], &armed);
		if (at == 0) {
			fold_due_taken(f);
		} else if (at != f->heap[0].at) { // it moved on; who comes first is said by the deadlines themselves
			f->heap[0].at = at;
			sink(f, 0);
		} else {
			write_note(&f->heap[0], note);
			return true;
		}
	}
	return false;
}

static struct finding silent(enum alarm_kind kind, const char *key)
{
	struct finding g = { .verb = FINDING_RAISE, .kind = kind, .severity = SEVERITY_MAJOR, .key_n = strlen(key) };
	memcpy(g.key, key, g.key_n);
	return g;
}

static void device_silent(struct fold *f, struct device *d)
{
	struct finding g = silent(ALARM_SILENT, "silent");
	struct alarm *a = alarm_raise(f, d, d->site, &g);
	d->row.silent = a ? a->row.id : 0;
	fold_touch(f, &d->mark);
}

static void site_silent(struct fold *f, struct site *s)
{
	struct finding g = silent(ALARM_SITE_SILENT, "site-silent");
	struct alarm *a = alarm_raise(f, NULL, s, &g);
	s->row.silent = a ? a->row.id : 0;
	fold_touch(f, &s->mark);
}

static void tick_device(struct fold *f, int64_t id)
{
	struct device *d = device_by_id(f, id);
	if (!d)
		return;
	int64_t at = of_device(f, d);
	if (at && at <= f->now)
		device_silent(f, d);
	due_arm_device(f, d);
}

static void tick_site(struct fold *f, struct span note)
{
	struct text name = { 0 };
	(void)member_text(note, "site", &name);
	struct site *s = name.n ? site_of(f, span_of(name.p, name.n)) : NULL;
	int64_t at = s ? of_site(f, s) : 0;
	if (at && at <= f->now)
		site_silent(f, s);
	if (s)
		due_arm_site(f, s);
	text_done(&name);
}

static void tick_alarm(struct fold *f, int64_t id, bool steady)
{
	struct alarm *a = alarm_by_id(f, id);
	int64_t at = !a ? 0 : steady ? of_steady(a) : of_expiry(f, a);
	if (at && at <= f->now && steady) {
		a->row.flapping = a->row.flaps = 0;
		change_add(f, a, CHANGE_STEADY, (struct span){ 0 }, (struct span){ 0 });
		fold_touch(f, &a->mark);
	} else if (at && at <= f->now) {
		alarm_over(f, a, BECAUSE_EXPIRED);
	}
	if (a)
		due_arm_alarm(f, a);
}

static void tick_silence(struct fold *f, int64_t id)
{
	struct silence *s = silence_by_id(f, id);
	int64_t at = s ? of_silence(s) : 0;
	if (at && at <= f->now)
		silence_due(f, s);
	if (s)
		due_arm_silence(f, s);
}

void fold_tick(struct fold *f, struct span note)
{
	struct text what = { 0 };
	int64_t id = 0;
	(void)member_text(note, "what", &what);
	(void)member_int(note, "id", &id);
	enum due_kind kind = 0;
	while (kind < DUE_KINDS && strcmp(names[kind], text_str(&what)) != 0)
		kind++;
	text_done(&what);
	switch (kind) {
	case DUE_DEVICE:
		tick_device(f, id);
		break;
	case DUE_SITE:
		tick_site(f, note);
		break;
	case DUE_EXPIRY:
	case DUE_STEADY:
		tick_alarm(f, id, kind == DUE_STEADY);
		break;
	case DUE_SILENCE:
		tick_silence(f, id);
		break;
	default:
		break;
	}
}
