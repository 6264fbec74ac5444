// SPDX-License-Identifier: Apache-2.0
// What asking a device found different from what is known here, as the note of an event; every member but the device
// may be left out:
//
//	{ "device": 7, "asked": "ok",                         or why it could not be asked
//	  "serial": "...", "model": "...", "name": "...", "location": "...",
//	  "alert": { "device": 1, "index": 5, "severity": 3, "training": 4, "group": 8, "group_index": 2, "location": -2,
//	             "code": 8, "description": "..." },        a row of prtAlertTable
//	  "status": "idle", "errors": [...], "supplies": [...],  kept as they are, for people
//	  "gone": 17, "seen": 40 }                             an alarm that is not in the table any more; it counts only if
//	                                                       no event after this one told of it: a trap may overtake an answer
//
// At most one alert an event: an alarm has the id of the event that raised it.
#include "alarm/fold_own.h"
#include "event/member.h"
#include "event/note.h"

#include <stdlib.h>

static void take_identity(struct fold *f, struct device *d, struct span note)
{
	static const struct {
		const char *member;
		size_t field;
	} members[] = { { "model", offsetof(struct device_row, model) },
		        { "name", offsetof(struct device_row, name) },
		        { "location", offsetof(struct device_row, location) } };
	struct text t = { 0 };
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		struct span *field = (struct span *)(void *)((char *)&d->row + members[i].field);
		text_clear(&t);
		if (member_text(note, members[i].member, &t) && fold_keep_text(f, field, span_of(t.p, t.n)))
			fold_touch(f, &d->mark);
	}
	text_clear(&t);
	if (member_text(note, "serial", &t))
		device_serial(f, d, span_of(t.p, t.n));
	text_clear(&t);
	if (member_text(note, "asked", &t)) {
		d->row.asked = f->now;
		fold_keep_text(f, &d->row.asked_why, span_of(t.p, t.n));
		fold_touch(f, &d->mark);
	}
	text_done(&t);
}

static void add_reading(struct fold *f, const struct device *d, enum reading_what what, struct span value)
{
	if (f->reading_count == f->reading_room) {
		size_t room = f->reading_room ? 2 * f->reading_room : 16;
		struct reading_row *wider = reallocarray(f->readings, room, sizeof *wider);
		if (!wider) {
			f->st = ST_NO_MEMORY;
			return;
		}
		f->readings = wider;
		f->reading_room = room;
	}
	struct reading_row *r = &f->readings[f->reading_count++];
	*r = (struct reading_row){ .device = d->row.id, .what = what, .event = (int64_t)f->event, .time = f->now };
	fold_keep(f, &r->value, value);
}

static void take_readings(struct fold *f, const struct device *d, struct span note)
{
	static const char *const members[] = {
		[READING_STATUS] = "status", [READING_ERRORS] = "errors", [READING_SUPPLIES] = "supplies"
	};
	struct span value;
	for (enum reading_what what = READING_STATUS; what <= READING_SUPPLIES; what++)
		if (member_find(note, members[what], &value) && note_is_json(value))
			add_reading(f, d, what, value);
}

static void take_number(struct span row, const char *member, enum printer_have have, int32_t *field,
                        struct printer_alert *a)
{
	int64_t n;
	if (!member_int(row, member, &n) || n < INT32_MIN || n > INT32_MAX)
		return;
	*field = (int32_t)n;
	a->have |= (uint16_t)have;
}

static bool read_alert(struct span row, struct text *description, struct printer_alert *a)
{
	int64_t device = 0;
	*a = (struct printer_alert){ 0 };
	take_number(row, "index", HAVE_INDEX, &a->index, a);
	take_number(row, "severity", HAVE_SEVERITY, &a->severity, a);
	take_number(row, "training", HAVE_TRAINING, &a->training, a);
	take_number(row, "group", HAVE_GROUP, &a->group, a);
	take_number(row, "group_index", HAVE_GROUP_INDEX, &a->group_index, a);
	take_number(row, "location", HAVE_LOCATION, &a->location, a);
	take_number(row, "code", HAVE_CODE, &a->code, a);
	if (member_int(row, "device", &device) && device > 0 && device <= INT32_MAX)
		a->device = (int32_t)device;
	if (member_text(row, "description", description)) {
		a->description = span_of(description->p, description->n);
		a->have |= HAVE_DESCRIPTION;
	}
	return a->have & (HAVE_CODE | HAVE_GROUP);
}

// A row that the table still has, with what the trap did not say: no occurrence of its own.
static void fill_known(struct fold *f, struct alarm *a, const struct printer_alert *alert)
{
	if (alert->have & HAVE_TRAINING)
		a->row.training = alert->training;
	if (alert->have & HAVE_DESCRIPTION)
		fold_keep_text(f, &a->row.description, alert->description);
	if (alert->have & HAVE_INDEX)
		a->row.index = alert->index;
	fold_touch(f, &a->mark);
}

static void take_alert(struct fold *f, struct device *d, struct span note)
{
	struct span row;
	struct text description = { 0 };
	struct printer_alert alert;
	struct finding *g = &f->finding;
	*g = (struct finding){ 0 };
	if (member_find(note, "alert", &row) && read_alert(row, &description, &alert)) {
		meaning_of_alert(&alert, g);
		printer_settle(f, d, g);
		struct alarm *known = alarm_by_key(f, d, d->row.site, span_of(g->key, g->key_n));
		if (g->verb == FINDING_RAISE && known && known->row.state == ALARM_OPEN)
			fill_known(f, known, &alert);
		else if (g->verb == FINDING_RAISE)
			printer_raise(f, d, g);
	}
	text_done(&description);
}

void fold_poll(struct fold *f, struct span note)
{
	int64_t id = 0, gone = 0, seen = INT64_MAX;
	struct device *d = member_int(note, "device", &id) ? device_by_id(f, id) : NULL;
	if (!d)
		return;
	take_identity(f, d, note);
	take_readings(f, d, note);
	take_alert(f, d, note);
	(void)member_int(note, "seen", &seen);
	struct alarm *a = member_int(note, "gone", &gone) ? alarm_by_id(f, gone) : NULL;
	if (a && a->device == d && a->row.state == ALARM_OPEN && a->row.last_event <= seen)
		alarm_over(f, a, BECAUSE_POLL);
}
