// SPDX-License-Identifier: Apache-2.0
// One event after the other.
#include "alarm/fold_own.h"
#include "alarm/habit.h"
#include "event/member.h"

// Whether it may have spoken while no collector ran: that it was not heard says nothing.
static bool was_deaf(const struct fold *f, const struct habit_row *h)
{
	return f->row.started > h->last;
}

static void site_spoke(struct fold *f, struct site *s, bool calm)
{
	bool missed = s->row.silent != 0;
	struct alarm *a = missed ? alarm_by_id(f, s->row.silent) : NULL;
	if (a && a->row.state == ALARM_OPEN)
		alarm_over(f, a, BECAUSE_HEARD);
	if (missed) {
		s->row.silent = 0;
		s->row.back = f->now;
		for (struct node *n = table_walk(&f->devices, NULL); n; n = table_walk(&f->devices, n))
			if (HOLDER(n, struct device, by_id)->site == s)
				due_arm_device(f, HOLDER(n, struct device, by_id));
	}
	habit_speak(&s->row.habit, f->now, calm, missed || was_deaf(f, &s->row.habit));
	fold_touch(f, &s->mark);
	due_arm_site(f, s);
}

static void device_spoke(struct fold *f, struct device *d, bool calm)
{
	bool site_was = d->site && d->site->row.back > d->row.habit.last;
	bool missed = d->row.silent != 0 || site_was || was_deaf(f, &d->row.habit);
	struct alarm *a = d->row.silent ? alarm_by_id(f, d->row.silent) : NULL;
	if (a && a->row.state == ALARM_OPEN)
		alarm_over(f, a, BECAUSE_HEARD);
	d->row.silent = 0;
	habit_speak(&d->row.habit, f->now, calm, missed);
	fold_touch(f, &d->mark);
	due_arm_device(f, d);
}

// Conditions end with the start; that somebody was silent or tried a wrong password does not.
static void restart(struct fold *f, struct device *d)
{
	d->row.restarts++;
	d->row.index = -1;
	fold_touch(f, &d->mark);
	for (struct alarm *a = d->first, *next; a; a = next) {
		next = a->next;
		if (a->row.kind != ALARM_SILENT && a->row.kind != ALARM_ACCESS)
			alarm_over(f, a, BECAUSE_RESTART);
	}
}

static void clear_key(struct fold *f, struct device *d, const struct finding *g)
{
	struct alarm *a = alarm_by_key(f, d, d->row.site, span_of(g->key, g->key_n));
	if (a && a->row.state == ALARM_OPEN)
		alarm_over(f, a, g->because);
}

static void find(struct fold *f, struct device *d, struct finding *g)
{
	switch (g->verb) {
	case FINDING_RAISE:
		if (g->kind == ALARM_PRINTER)
			printer_raise(f, d, g);
		else
			alarm_raise(f, d, d->site, g);
		break;
	case FINDING_CLEAR:
		clear_key(f, d, g);
		break;
	case FINDING_REMOVED:
		printer_removed(f, d, g);
		break;
	case FINDING_OPPOSITE:
		printer_opposite(f, d, g);
		break;
	case FINDING_RESTART:
		restart(f, d);
		break;
	default:
		break;
	}
}

static void message(struct fold *f, const struct event *e, struct span bytes)
{
	struct snmp_pdu pdu;
	struct snmp_notification n;
	if (snmp_parse_pdu(bytes, &pdu) != ST_OK || snmp_normalise(&pdu, &n) != ST_OK)
		return;
	struct device *d = device_of(f, e, &n);
	if (!d)
		return;
	struct finding *g = &f->finding;
	f->pdu = bytes;
	meaning_of(&n, f->rules, &f->scratch, g);
	bool calm = g->verb == FINDING_NONE;
	if (d->site)
		site_spoke(f, d->site, calm);
	device_spoke(f, d, calm);
	device_identify(f, d, &n);
	if (printer_restarted(d, &n, g))
		restart(f, d);
	find(f, d, g);
	if (g->has_alert)
		f->printer = d->row.id;
	if (g->has_alert && g->alert.have & HAVE_INDEX && g->alert.index > d->row.index)
		d->row.index = g->alert.index;
	if (n.has_uptime)
		d->row.uptime = n.uptime;
	f->pdu = (struct span){ 0 };
}

// Rules that cannot be compiled are those of a newer Trapline: the old ones go on.
static void take_rules(struct fold *f, struct span note)
{
	struct span list;
	struct rules *fresh = NULL;
	struct text t = { 0 };
	if (member_find(note, "rules", &list) && rules_compile(list, &fresh, &t) == ST_OK) {
		rules_free(f->rules);
		f->rules = fresh;
		f->rules_row.id = 1;
		f->rules_row.event = (int64_t)f->event;
		fold_keep(f, &f->rules_row.compiled, list);
		text_clear(&t);
		(void)member_text(note, "hash", &t);
		fold_keep(f, &f->rules_row.hash, span_of(t.p, t.n));
		text_clear(&t);
		(void)member_text(note, "file", &t);
		fold_keep_text(f, &f->rules_row.file, span_of(t.p, t.n));
		fold_touch(f, &f->rules_mark);
	}
	text_done(&t);
}

enum st fold_event(struct fold *f, const struct event *e, int64_t time)
{
	if (time > f->row.time)
		f->row.time = time;
	f->now = f->row.time;
	f->event = e->id;
	f->raised = false;
	f->printer = 0;
	f->row.next = (int64_t)e->id + 1;
	fold_touch(f, &f->mark);
	switch (e->kind) {
	case EVENT_TRAP:
	case EVENT_INFORM:
		message(f, e, e->pdu);
		break;
	case EVENT_STORM:
		message(f, e, e->pdu);
		if (e->pdu_last.n)
			message(f, e, e->pdu_last);
		break;
	case EVENT_STARTED:
		f->row.started = f->now;
		break;
	case EVENT_GAP:
		f->row.gaps++;
		break;
	case EVENT_TICK:
		fold_tick(f, e->note);
		break;
	case EVENT_ACT:
		fold_act(f, e->note);
		break;
	case EVENT_POLL:
		fold_poll(f, e->note);
		break;
	case EVENT_RULES:
		take_rules(f, e->note);
		break;
	default:
		break;
	}
	return f->st;
}

int64_t fold_printer(const struct fold *f)
{
	return f->printer;
}

uint64_t fold_next(const struct fold *f)
{
	return (uint64_t)f->row.next;
}

int64_t fold_time(const struct fold *f)
{
	return f->row.time;
}

const struct rules_row *fold_rules(const struct fold *f)
{
	return &f->rules_row;
}

void fold_count(const struct fold *f, uint64_t *devices, uint64_t *open)
{
	*devices = f->devices.n;
	*open = f->open_count;
}
