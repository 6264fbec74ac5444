// SPDX-License-Identifier: Apache-2.0
// One alarm: raised, counted, cleared, raised again.
//
// There is at most one live alarm of a key. A cleared one stays live for ALARM_FLAP_NS: when it begins again within that
// time it is the same trouble, and its successor remembers how often. From ALARM_FLAPS on there are no more successors: the
// alarm itself opens again and is marked as flapping, until it was left alone for that time.
#include <stdlib.h>

#include "alarm/fold_own.h"

static uint64_t number_hash(const struct fold *f, int64_t id)
{
	struct hash h = hash_begin(&f->key);
	hash_add(&h, span_of(&id, sizeof id));
	return hash_end(&h);
}

static uint64_t key_hash(const struct fold *f, const struct device *d, struct span site, struct span key)
{
	struct hash h = hash_begin(&f->key);
	int64_t id = d ? d->row.id : 0;
	hash_add(&h, span_of(&id, sizeof id));
	if (!d)
		hash_add_field(&h, site);
	hash_add(&h, key);
	return hash_end(&h);
}

struct alarm *alarm_by_id(struct fold *f, int64_t id)
{
	for (struct node *n = table_first(&f->alarms, number_hash(f, id)); n; n = table_next(n))
		if (HOLDER(n, struct alarm, by_id)->row.id == id)
			return HOLDER(n, struct alarm, by_id);
	return NULL;
}

struct alarm *alarm_by_key(struct fold *f, const struct device *d, struct span site, struct span key)
{
	uint64_t hash = key_hash(f, d, site, key);
	for (struct node *n = table_first(&f->keys, hash); n; n = table_next(n)) {
		struct alarm *a = HOLDER(n, struct alarm, by_key);
		if (a->device == d && (d || span_equal(a->row.site, site)) && span_equal(a->row.key, key))
			return a;
	}
	return NULL;
}

void change_add(struct fold *f, const struct alarm *a, enum change_what what, struct span by, struct span note)
{
	if (f->change_count == f->change_room) {
		size_t room = f->change_room ? 2 * f->change_room : 64;
		struct change_row *wider = reallocarray(f->changes, room, sizeof *wider);
		if (!wider) {
			f->st = ST_NO_MEMORY;
			return;
		}
		f->changes = wider;
		f->change_room = room;
	}
	struct change_row *c = &f->changes[f->change_count++];
	*c = (struct change_row){ .seq = ++f->row.changes,
		                  .event = (int64_t)f->event,
		                  .time = f->now,
		                  .alarm = a->row.id,
		                  .what = what,
		                  .severity = a->row.severity,
		                  .because = what == CHANGE_CLEARED ? a->row.because : BECAUSE_NOT };
	fold_keep_text(f, &c->by, by);
	fold_keep_text(f, &c->note, note);
}

// Into its device's list of open ones, which rises by id; most are the newest.
static void link_open(struct fold *f, struct alarm *a)
{
	f->open_count++;
	struct device *d = a->device;
	if (!d)
		return;
	struct alarm *before = d->last;
	while (before && before->row.id > a->row.id)
		before = before->prev;
	a->prev = before;
	a->next = before ? before->next : d->first;
	*(a->next ? &a->next->prev : &d->last) = a;
	*(before ? &before->next : &d->first) = a;
}

static void unlink_open(struct fold *f, struct alarm *a)
{
	f->open_count--;
	struct device *d = a->device;
	if (!d)
		return;
	*(a->prev ? &a->prev->next : &d->first) = a->next;
	*(a->next ? &a->next->prev : &d->last) = a->prev;
	a->prev = a->next = NULL;
}

static void link_recent(struct fold *f, struct alarm *a)
{
	a->prev = f->recent_last;
	a->next = NULL;
	*(f->recent_last ? &f->recent_last->next : &f->recent_first) = a;
	f->recent_last = a;
	f->recent_count++;
}

static void unlink_recent(struct fold *f, struct alarm *a)
{
	*(a->prev ? &a->prev->next : &f->recent_first) = a->next;
	*(a->next ? &a->next->prev : &f->recent_last) = a->prev;
	a->prev = a->next = NULL;
	f->recent_count--;
}

void alarm_link(struct fold *f, struct alarm *a)
{
	a->mark = (struct mark){ .table = ROW_ALARM, .row = &a->row };
	a->by_id.hash = number_hash(f, a->row.id);
	a->by_key.hash = key_hash(f, a->device, a->row.site, a->row.key);
	if (!table_put(&f->alarms, &a->by_id) || !table_put(&f->keys, &a->by_key))
		f->st = ST_NO_MEMORY;
	if (a->row.state == ALARM_OPEN)
		link_open(f, a);
	else
		link_recent(f, a);
}

static void unlink_live(struct fold *f, struct alarm *a)
{
	unlink_recent(f, a);
	table_remove(&f->alarms, &a->by_id);
	table_remove(&f->keys, &a->by_key);
}

static bool is_recent(const struct fold *f, const struct alarm *a)
{
	return a->row.cleared + ALARM_FLAP_NS >= f->now;
}

// A cleared alarm is live no more. Its row may still have to be stored. One whose time is over was no more than forgotten
// late, which may not show in its row.
void alarm_forget(struct fold *f, struct alarm *a)
{
	if (is_recent(f, a)) {
		a->row.recent = 0;
		fold_touch(f, &a->mark);
	}
	unlink_live(f, a);
	a->next = f->gone;
	f->gone = a;
}

// When no row has to be stored.
void alarm_forget_old(struct fold *f)
{
	while (f->recent_first && !is_recent(f, f->recent_first)) {
		struct alarm *a = f->recent_first;
		unlink_live(f, a);
		row_done(ROW_ALARM, &a->row);
		free(a);
	}
}

void alarm_rekey(struct fold *f, struct alarm *a, struct device *d, struct span key)
{
	table_remove(&f->keys, &a->by_key);
	if (a->device != d) {
		unlink_open(f, a);
		a->device->row.open--;
		a->device = d;
		d->row.open++;
		a->row.device = d->row.id;
		a->site = d->site;
		fold_keep(f, &a->row.site, d->row.site);
		link_open(f, a);
	}
	if (!span_equal(a->row.key, key))
		fold_keep(f, &a->row.key, key);
	a->by_key.hash = key_hash(f, d, a->row.site, a->row.key);
	if (!table_put(&f->keys, &a->by_key))
		f->st = ST_NO_MEMORY;
	fold_touch(f, &a->mark);
}

static int64_t have(const struct printer_alert *a, enum printer_have what, int32_t value)
{
	return a->have & what ? value : -1;
}

static void fill_alert(struct fold *f, struct alarm_row *row, const struct printer_alert *a)
{
	row->hr_device = a->device;
	row->group = have(a, HAVE_GROUP, a->group);
	row->group_index = have(a, HAVE_GROUP_INDEX, a->group_index);
	row->location = have(a, HAVE_LOCATION, a->location);
	row->code = have(a, HAVE_CODE, a->code);
	row->alert_severity = have(a, HAVE_SEVERITY, a->severity);
	if (a->have & HAVE_INDEX)
		row->index = a->index;
	if (a->have & HAVE_TRAINING)
		row->training = a->training;
	if (a->have & HAVE_DESCRIPTION)
		fold_keep_text(f, &row->description, a->description);
}

static void fill_rule(struct fold *f, struct alarm_row *row, const struct rule *rule)
{
	text_clear(&f->scratch);
	struct snmp_pdu pdu;
	struct snmp_notification n;
	if (snmp_parse_pdu(f->pdu, &pdu) == ST_OK && snmp_normalise(&pdu, &n) == ST_OK)
		rule_fill(&rule->words, &n, &f->scratch);
	fold_keep_text(f, &row->words, span_of(f->scratch.p, f->scratch.n));
	fold_keep_text(f, &row->who, span_of(rule->who.p, rule->who.n));
}

void alarm_fill(struct fold *f, struct alarm *a, const struct finding *g)
{
	struct alarm_row *row = &a->row;
	row->severity = g->severity;
	row->expires = g->expires;
	row->last = f->now;
	row->last_event = (int64_t)f->event;
	if (g->has_alert)
		fill_alert(f, row, &g->alert);
	else if (g->rule)
		fill_rule(f, row, g->rule);
	bool trap_says = !g->has_alert && (!g->rule || row->words.n == 0);
	if (trap_says && f->pdu.n && f->pdu.n <= ALARM_PDU_MAX)
		fold_keep(f, &row->pdu, f->pdu);
	fold_touch(f, &a->mark);
	due_arm_alarm(f, a);
}

static void repeat(struct fold *f, struct alarm *a, const struct finding *g)
{
	int64_t severity = a->row.severity;
	a->row.count++;
	alarm_fill(f, a, g);
	if (severity != a->row.severity)
		change_add(f, a, CHANGE_SEVERITY, (struct span){ 0 }, (struct span){ 0 });
}

static void count_open(struct fold *f, const struct alarm *a, int64_t by)
{
	if (!a->device)
		return;
	a->device->row.open += by;
	fold_touch(f, &a->device->mark);
}

static void silence_new(struct fold *f, struct alarm *a)
{
	a->row.silenced = silence_of(f, a);
	if (a->row.silenced)
		change_add(f, a, CHANGE_SILENCED, (struct span){ 0 }, (struct span){ 0 });
}

// The flapping alarm opens again: the same id, the same acknowledgement.
static void reopen(struct fold *f, struct alarm *a, const struct finding *g)
{
	bool before = a->row.flapping;
	unlink_recent(f, a);
	a->row.state = ALARM_OPEN;
	a->row.cleared = a->row.because = a->row.ended = a->row.recent = 0;
	fold_keep(f, &a->row.cleared_by, (struct span){ 0 });
	a->row.raised = f->now;
	a->row.count++;
	a->row.flaps++;
	a->row.flapping = 1;
	link_open(f, a);
	count_open(f, a, 1);
	alarm_fill(f, a, g);
	change_add(f, a, CHANGE_RAISED_AGAIN, (struct span){ 0 }, (struct span){ 0 });
	if (!before)
		change_add(f, a, CHANGE_FLAPPING, (struct span){ 0 }, (struct span){ 0 });
	silence_new(f, a);
}

static struct alarm *create(struct fold *f, struct device *d, struct site *s, const struct finding *g, int64_t flaps)
{
	struct alarm *a = calloc(1, sizeof *a);
	if (!a) {
		f->st = ST_NO_MEMORY;
		return NULL;
	}
	a->device = d;
	a->site = s;
	a->row = (struct alarm_row){ .id = (int64_t)f->event,
		                     .state = ALARM_OPEN,
		                     .device = d ? d->row.id : 0,
		                     .kind = g->kind,
		                     .count = 1,
		                     .first = f->now,
		                     .raised = f->now,
		                     .flaps = flaps,
		                     .training = -1,
		                     .index = -1,
		                     .twin = -1 };
	if (s)
		fold_keep(f, &a->row.site, s->row.name);
	fold_keep(f, &a->row.key, span_of(g->key, g->key_n));
	alarm_link(f, a);
	count_open(f, a, 1);
	alarm_fill(f, a, g);
	change_add(f, a, CHANGE_RAISED, (struct span){ 0 }, (struct span){ 0 });
	silence_new(f, a);
	f->raised = true;
	return a;
}

// Instead of one more alarm on a device that has too many.
static struct alarm *raise_crowded(struct fold *f, struct device *d)
{
	static const struct finding crowded = { .verb = FINDING_RAISE,
		                                .kind = ALARM_CROWDED,
		                                .severity = SEVERITY_MAJOR,
		                                .expires = ALARM_CROWDED_NS,
		                                .key = "crowded",
		                                .key_n = sizeof "crowded" - 1 };
	return alarm_raise(f, d, d->site, &crowded);
}

struct alarm *alarm_raise(struct fold *f, struct device *d, struct site *s, const struct finding *g)
{
	struct span key = span_of(g->key, g->key_n), site = s ? s->row.name : (struct span){ 0 };
	struct alarm *a = alarm_by_key(f, d, site, key);
	if (a && a->row.state == ALARM_OPEN) {
		repeat(f, a, g);
		return a;
	}
	int64_t flaps = a && is_recent(f, a) ? a->row.flaps + 1 : 0;
	if (d && d->row.open >= ALARM_DEVICE_OPEN && g->kind <= ALARM_RULE)
		return raise_crowded(f, d);
	if (flaps >= ALARM_FLAPS) {
		reopen(f, a, g);
		return a;
	}
	if (f->raised)
		return NULL;
	if (a)
		alarm_forget(f, a);
	return create(f, d, s, g, flaps);
}

void alarm_clear(struct fold *f, struct alarm *a, enum alarm_because because, struct span by, struct span note)
{
	unlink_open(f, a);
	count_open(f, a, -1);
	a->row.state = ALARM_CLEARED;
	a->row.cleared = f->now;
	a->row.because = because;
	a->row.silenced = 0;
	a->row.recent = 1;
	fold_keep_text(f, &a->row.cleared_by, by);
	change_add(f, a, CHANGE_CLEARED, by, note);
	a->row.ended = f->row.changes;
	if (a->row.kind == ALARM_SILENT && a->device)
		a->device->row.silent = 0;
	if (a->row.kind == ALARM_SITE_SILENT && a->site) {
		a->site->row.silent = 0;
		fold_touch(f, &a->site->mark);
	}
	fold_touch(f, &a->mark);
	link_recent(f, a);
	if (f->recent_count > FOLD_RECENT_MAX)
		alarm_forget(f, f->recent_first);
}

static int by_number(const void *a, const void *b)
{
	const struct alarm *const *x = a, *const *y = b;
	return (*x)->row.id < (*y)->row.id ? -1 : (*x)->row.id > (*y)->row.id;
}

struct alarm **alarms_collect(struct fold *f, alarm_wanted_fn *wanted, const void *arg, size_t *n)
{
	*n = 0;
	struct alarm **list = calloc(f->open_count ? f->open_count : 1, sizeof(struct alarm *));
	if (!list) {
		f->st = ST_NO_MEMORY;
		return NULL;
	}
	for (struct node *at = table_walk(&f->alarms, NULL); at; at = table_walk(&f->alarms, at)) {
		struct alarm *a = HOLDER(at, struct alarm, by_id);
		if (a->row.state == ALARM_OPEN && wanted(a, arg))
			list[(*n)++] = a;
	}
	qsort(list, *n, sizeof *list, by_number);
	return list;
}
