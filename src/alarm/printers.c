// SPDX-License-Identifier: Apache-2.0
// What is particular about printers: one fault said twice, and an end that names a row of a table we do not have.
//
// A production controller sends a second, generic alert (other group, other code) right behind each critical one, in
// either order where the network turns them round. It is the same fault: its index is remembered as the alarm's twin,
// so that its own removal ends nothing.
//
// A print server that packs its alert does not say of which hrDeviceIndex it is: 0 here. It is the same fault as the one of
// any index; whoever says the index first names the alarm.
#include <stdlib.h>

#include "alarm/fold_own.h"

static bool is_critical(const struct alarm *a)
{
	enum { CRITICAL = 3 };
	return a->row.kind == ALARM_PRINTER && a->row.alert_severity == CRITICAL;
}

static bool is_generic(const struct alarm *a)
{
	enum { OTHER = 1, UNKNOWN = 2 };
	return is_critical(a) && a->row.group <= UNKNOWN && a->row.code <= UNKNOWN;
}

static bool same_index(int64_t a, int64_t b)
{
	return a == b || a == 0 || b == 0;
}

// As a row has it.
static int64_t number(const struct printer_alert *e, enum printer_have what, int32_t value)
{
	return e->have & what ? value : -1;
}

static bool same_unit(const struct alarm *a, const struct printer_alert *e)
{
	return a->row.kind == ALARM_PRINTER && same_index(a->row.hr_device, e->device) &&
	       a->row.group == number(e, HAVE_GROUP, e->group) &&
	       a->row.group_index == number(e, HAVE_GROUP_INDEX, e->group_index);
}

static bool fresh(const struct fold *f, int64_t since)
{
	return since + ALARM_TWIN_NS >= f->now;
}

// The newest certain fault of the device that has just been told of.
static struct alarm *first_of_two(const struct fold *f, const struct device *d, const struct printer_alert *a)
{
	struct alarm *best = NULL;
	for (struct alarm *at = d->first; at; at = at->next)
		if (is_critical(at) && !is_generic(at) && same_index(at->row.hr_device, a->device) &&
		    fresh(f, at->row.last) && (!best || at->row.last_event >= best->row.last_event))
			best = at;
	return best;
}

static struct alarm *twin_of(const struct device *d, const struct printer_alert *a)
{
	for (struct alarm *at = d->first; at && a->have & HAVE_INDEX; at = at->next)
		if (at->row.kind == ALARM_PRINTER && same_index(at->row.hr_device, a->device) &&
		    at->row.twin == a->index)
			return at;
	return NULL;
}

// The generic alarm that came before the certain fault which is told of now.
static struct alarm *generic_before(const struct fold *f, const struct device *d, const struct printer_alert *a)
{
	for (struct alarm *at = d->last; at; at = at->prev)
		if (is_generic(at) && same_index(at->row.hr_device, a->device) && at->row.count == 1 &&
		    fresh(f, at->row.raised))
			return at;
	return NULL;
}

static void raise_generic(struct fold *f, struct device *d, const struct finding *g)
{
	if (twin_of(d, &g->alert))
		return;
	struct alarm *certain = first_of_two(f, d, &g->alert);
	if (!certain) {
		alarm_raise(f, d, d->site, g);
		return;
	}
	if (g->alert.have & HAVE_INDEX)
		certain->row.twin = g->alert.index;
	fold_touch(f, &certain->mark);
}

// The generic alarm becomes the certain one: its id stays.
static void name_generic(struct fold *f, struct device *d, struct alarm *a, const struct finding *g)
{
	struct alarm *recent = alarm_by_key(f, d, d->row.site, span_of(g->key, g->key_n));
	if (recent)
		alarm_forget(f, recent);
	a->row.twin = a->row.index;
	a->row.index = -1;
	alarm_rekey(f, a, d, span_of(g->key, g->key_n));
	alarm_fill(f, a, g);
	change_add(f, a, CHANGE_NAMED, (struct span){ 0 }, (struct span){ 0 });
}

void printer_settle(struct fold *f, struct device *d, struct finding *g)
{
	struct alarm *known = alarm_by_key(f, d, d->row.site, span_of(g->key, g->key_n)), *at = d->first;
	if (g->verb != FINDING_RAISE || (known && known->row.state == ALARM_OPEN))
		return;
	while (at &&
	       !(same_unit(at, &g->alert) && at->row.location == number(&g->alert, HAVE_LOCATION, g->alert.location) &&
	         at->row.code == number(&g->alert, HAVE_CODE, g->alert.code)))
		at = at->next;
	if (at && g->alert.device == 0) {
		struct printer_alert alert = g->alert;
		alert.device = (int32_t)at->row.hr_device;
		meaning_of_alert(&alert, g);
	} else if (at) {
		if (known)
			alarm_forget(f, known);
		at->row.hr_device = g->alert.device;
		alarm_rekey(f, at, d, span_of(g->key, g->key_n));
	}
}

void printer_raise(struct fold *f, struct device *d, struct finding *g)
{
	enum { CRITICAL = 3 };
	printer_settle(f, d, g);
	if (meaning_is_generic(&g->alert)) {
		raise_generic(f, d, g);
		return;
	}
	struct alarm *known = alarm_by_key(f, d, d->row.site, span_of(g->key, g->key_n));
	bool open = known && known->row.state == ALARM_OPEN;
	bool critical = g->alert.have & HAVE_SEVERITY && g->alert.severity == CRITICAL;
	struct alarm *generic = !open && critical ? generic_before(f, d, &g->alert) : NULL;
	if (generic)
		name_generic(f, d, generic, g);
	else
		alarm_raise(f, d, d->site, g);
}

// The alarm that this prtAlertIndex was last told of, or its generic twin was: that of the very device before one of a device
// that was not told.
static struct alarm *told_by(const struct device *d, const struct finding *g, bool twin)
{
	struct alarm *best = NULL;
	bool best_exact = false;
	for (struct alarm *a = d->first; a; a = a->next) {
		bool exact = a->row.hr_device == g->alert.device;
		if (a->row.kind != ALARM_PRINTER || !same_index(a->row.hr_device, g->alert.device) ||
		    (twin ? a->row.twin : a->row.index) != g->index)
			continue;
		if (best && (exact < best_exact || (exact == best_exact && a->row.last_event < best->row.last_event)))
			continue;
		best = a;
		best_exact = exact;
	}
	return best;
}

// 1801 names the prtAlertIndex of the row that ended: the latest one of an alarm.
void printer_removed(struct fold *f, struct device *d, const struct finding *g)
{
	if (g->index < 0) // which stands for one that was never told
		return;
	struct alarm *ended = told_by(d, g, false), *twin = ended ? NULL : told_by(d, g, true);
	if (ended)
		alarm_over(f, ended, g->because);
	if (!twin)
		return;
	twin->row.twin = -1;
	fold_touch(f, &twin->mark);
}

void printer_opposite(struct fold *f, struct device *d, const struct finding *g)
{
	const struct printer_alert *e = &g->alert;
	for (struct alarm *a = d->first, *next; a; a = next) {
		next = a->next;
		if (same_unit(a, e) && a->row.code == g->code)
			alarm_over(f, a, g->because);
	}
}

// prtAlertIndex begins again at 1 when the printer starts, but also when it wraps, and a datagram may be overtaken: only
// together with an uptime that went back by more than a resend could take (RFC 3414's 150 seconds) it is a start.
bool printer_restarted(const struct device *d, const struct snmp_notification *n, const struct finding *g)
{
	enum { RESEND_TICKS = 15000 };
	return g->has_alert && g->alert.have & HAVE_INDEX && g->alert.index < d->row.index && n->has_uptime &&
	       (int64_t)n->uptime + RESEND_TICKS < d->row.uptime;
}
