// SPDX-License-Identifier: Apache-2.0
// Rows in and out.
#include <stdlib.h>

#include "alarm/fold_own.h"
#include "mib/mib.h"

void fold_touch(struct fold *f, struct mark *m)
{
	if (m->on)
		return;
	m->on = true;
	m->next = f->marks;
	f->marks = m;
}

void fold_keep(struct fold *f, struct span *field, struct span value)
{
	if (!row_keep(field, value))
		f->st = ST_NO_MEMORY;
}

bool fold_keep_text(struct fold *f, struct span *field, struct span raw)
{
	if (span_equal(*field, raw))
		return false;
	text_clear(&f->words);
	mib_text_cut(raw, ALARM_TEXT_MAX, &f->words);
	struct span clean = span_of(f->words.p, f->words.n);
	if (f->words.bad)
		f->st = ST_NO_MEMORY;
	if (span_equal(*field, clean))
		return false;
	fold_keep(f, field, clean);
	return true;
}

static void *make(struct fold *f, size_t size)
{
	void *p = calloc(1, size);
	if (!p)
		f->st = ST_NO_MEMORY;
	return p;
}

static void copy(struct fold *f, enum row_table t, void *to, const void *row)
{
	if (!row_copy(t, to, row))
		f->st = ST_NO_MEMORY;
}

static void load_rules(struct fold *f, const struct rules_row *row)
{
	struct text why = { 0 };
	copy(f, ROW_RULES, &f->rules_row, row);
	rules_free(f->rules);
	f->rules = NULL;
	if (rules_compile(row->compiled, &f->rules, &why) == ST_NO_MEMORY)
		f->st = ST_NO_MEMORY;
	text_done(&why);
}

static void load_site(struct fold *f, const struct site_row *row)
{
	struct site *s = make(f, sizeof *s);
	if (!s)
		return;
	copy(f, ROW_SITE, &s->row, row);
	site_link(f, s);
}

static void load_device(struct fold *f, const struct device_row *row)
{
	struct device *d = device_add(f);
	if (!d)
		return;
	copy(f, ROW_DEVICE, &d->row, row);
	d->site = site_of(f, row->site);
	device_link(f, d);
}

static void load_alias(struct fold *f, const struct alias_row *row)
{
	struct alias *a = make(f, sizeof *a);
	if (!a)
		return;
	copy(f, ROW_ALIAS, &a->row, row);
	a->device = device_by_id(f, row->device);
	alias_link(f, a);
}

static void load_alarm(struct fold *f, const struct alarm_row *row)
{
	struct alarm *a = make(f, sizeof *a);
	if (!a)
		return;
	copy(f, ROW_ALARM, &a->row, row);
	a->device = row->device ? device_by_id(f, row->device) : NULL;
	a->site = site_of(f, row->site);
	alarm_link(f, a);
}

static void load_silence(struct fold *f, const struct silence_row *row)
{
	struct silence *s = make(f, sizeof *s);
	if (!s)
		return;
	copy(f, ROW_SILENCE, &s->row, row);
	silence_link(f, s);
}

bool fold_wants(const struct fold_row *of, enum row_table t, const void *row)
{
	const struct alarm_row *a = row;
	const struct silence_row *s = row;
	switch (t) {
	case ROW_ALARM:
		return a->state == ALARM_OPEN || (a->recent && a->cleared + ALARM_FLAP_NS >= of->time);
	case ROW_SILENCE:
		return s->state != SILENCE_ENDED;
	case ROW_CHANGE:
	case ROW_READING:
		return false;
	default:
		return true;
	}
}

enum st fold_load(struct fold *f, enum row_table t, const void *row)
{
	switch (t) {
	case ROW_FOLD:
		f->row = *(const struct fold_row *)row;
		f->row.version = FOLD_VERSION;
		f->now = f->row.time;
		break;
	case ROW_RULES:
		load_rules(f, row);
		break;
	case ROW_SITE:
		load_site(f, row);
		break;
	case ROW_DEVICE:
		load_device(f, row);
		break;
	case ROW_ALIAS:
		load_alias(f, row);
		break;
	case ROW_ALARM:
		if (fold_wants(&f->row, t, row))
			load_alarm(f, row);
		break;
	case ROW_SILENCE:
		if (fold_wants(&f->row, t, row))
			load_silence(f, row);
		break;
	default:
		break;
	}
	return f->st;
}

static int by_end(const void *a, const void *b)
{
	const struct alarm *const *x = a, *const *y = b;
	return (*x)->row.ended < (*y)->row.ended ? -1 : (*x)->row.ended > (*y)->row.ended;
}

// The recent ones were loaded by id; they are forgotten in the order in which they ended.
static void order_recent(struct fold *f)
{
	size_t n = 0;
	struct alarm **list = calloc(f->recent_count ? f->recent_count : 1, sizeof(struct alarm *));
	if (!list) {
		f->st = ST_NO_MEMORY;
		return;
	}
	for (struct alarm *a = f->recent_first; a; a = a->next)
		list[n++] = a;
	qsort(list, n, sizeof *list, by_end);
	f->recent_first = f->recent_last = NULL;
	for (size_t i = 0; i < n; i++) {
		list[i]->prev = f->recent_last;
		list[i]->next = NULL;
		if (f->recent_last)
			f->recent_last->next = list[i];
		else
			f->recent_first = list[i];
		f->recent_last = list[i];
	}
	free(list);
}

enum st fold_loaded(struct fold *f)
{
	order_recent(f);
	for (struct node *n = table_walk(&f->sites, NULL); n; n = table_walk(&f->sites, n))
		due_arm_site(f, HOLDER(n, struct site, by_name));
	for (struct node *n = table_walk(&f->devices, NULL); n; n = table_walk(&f->devices, n))
		due_arm_device(f, HOLDER(n, struct device, by_id));
	for (struct node *n = table_walk(&f->alarms, NULL); n; n = table_walk(&f->alarms, n))
		due_arm_alarm(f, HOLDER(n, struct alarm, by_id));
	for (struct silence *s = f->silences; s; s = s->next)
		due_arm_silence(f, s);
	fold_clean(f);
	return f->st;
}

enum st fold_changed(const struct fold *f, fold_visit_fn *visit, void *arg)
{
	enum st st = ST_OK;
	for (const struct mark *m = f->marks; m && st == ST_OK; m = m->next)
		st = visit(arg, m->table, m->row);
	for (size_t i = 0; i < f->change_count && st == ST_OK; i++)
		st = visit(arg, ROW_CHANGE, &f->changes[i]);
	for (size_t i = 0; i < f->reading_count && st == ST_OK; i++)
		st = visit(arg, ROW_READING, &f->readings[i]);
	return st;
}

static void free_alarm(struct alarm *a)
{
	row_done(ROW_ALARM, &a->row);
	free(a);
}

static void drop_ended_silences(struct fold *f)
{
	for (struct silence **at = &f->silences; *at;) {
		struct silence *s = *at;
		if (s->row.state != SILENCE_ENDED) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		f->silence_count--;
		row_done(ROW_SILENCE, &s->row);
		free(s);
	}
}

static void drop_written(struct fold *f)
{
	for (size_t i = 0; i < f->change_count; i++)
		row_done(ROW_CHANGE, &f->changes[i]);
	for (size_t i = 0; i < f->reading_count; i++)
		row_done(ROW_READING, &f->readings[i]);
	f->change_count = f->reading_count = 0;
}

void fold_clean(struct fold *f)
{
	for (struct mark *m = f->marks; m; m = m->next)
		m->on = false;
	f->marks = NULL;
	drop_written(f);
	while (f->gone) {
		struct alarm *a = f->gone;
		f->gone = a->next;
		free_alarm(a);
	}
	drop_ended_silences(f);
	alarm_forget_old(f);
}

struct fold *fold_new(const struct hash_key *key)
{
	struct fold *f = calloc(1, sizeof *f);
	if (!f)
		return NULL;
	f->key = *key;
	f->row = (struct fold_row){ .id = 1, .version = FOLD_VERSION, .next = 1 };
	f->mark = (struct mark){ .table = ROW_FOLD, .row = &f->row };
	f->rules_mark = (struct mark){ .table = ROW_RULES, .row = &f->rules_row };
	return f;
}

static void free_alarms(struct fold *f)
{
	for (struct node *n = table_walk(&f->alarms, NULL), *next; n; n = next) {
		next = table_walk(&f->alarms, n);
		free_alarm(HOLDER(n, struct alarm, by_id));
	}
}

static void free_aliases(struct fold *f)
{
	for (struct node *n = table_walk(&f->aliases, NULL), *next; n; n = next) {
		struct alias *a = HOLDER(n, struct alias, node);
		next = table_walk(&f->aliases, n);
		row_done(ROW_ALIAS, &a->row);
		free(a);
	}
}

static void free_devices(struct fold *f)
{
	for (struct node *n = table_walk(&f->devices, NULL), *next; n; n = next) {
		struct device *d = HOLDER(n, struct device, by_id);
		next = table_walk(&f->devices, n);
		row_done(ROW_DEVICE, &d->row);
		free(d);
	}
}

static void free_sites(struct fold *f)
{
	for (struct node *n = table_walk(&f->sites, NULL), *next; n; n = next) {
		struct site *s = HOLDER(n, struct site, by_name);
		next = table_walk(&f->sites, n);
		row_done(ROW_SITE, &s->row);
		free(s);
	}
}

static void free_silences(struct fold *f)
{
	while (f->silences) {
		struct silence *s = f->silences;
		f->silences = s->next;
		row_done(ROW_SILENCE, &s->row);
		free(s);
	}
}

void fold_free(struct fold *f)
{
	if (!f)
		return;
	while (f->gone) {
		struct alarm *a = f->gone;
		f->gone = a->next;
		free_alarm(a);
	}
	drop_written(f);
	free_alarms(f);
	free_aliases(f);
	free_devices(f);
	free_sites(f);
	free_silences(f);
	table_done(&f->sites);
	table_done(&f->devices);
	table_done(&f->aliases);
	table_done(&f->alarms);
	table_done(&f->keys);
	row_done(ROW_RULES, &f->rules_row);
	rules_free(f->rules);
	text_done(&f->scratch);
	text_done(&f->words);
	free(f->changes);
	free(f->readings);
	free(f->heap);
	free(f);
}
