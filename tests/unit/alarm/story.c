// SPDX-License-Identifier: Apache-2.0
#include "story.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BEGIN INT64_C(1795214008000000000)
#define SECOND INT64_C(1000000000)

static const struct hash_key key = { 3, 4 };

void story_begin(struct story *s)
{
	*s = (struct story){ .fold = fold_new(&key), .from = "192.0.2.7", .site = "" };
	assert_non_null(s->fold);
}

void story_end(struct story *s)
{
	fold_free(s->fold);
	model_done(&s->rows);
}

void story_fold(struct story *s, const struct event *e)
{
	struct event with_id = *e;
	with_id.id = ++s->id;
	assert_int_equal(fold_event(s->fold, &with_id, BEGIN + s->now * SECOND), ST_OK);
	model_store(&s->rows, s->fold);
}

static void from_sender(struct story *s)
{
	struct event *e = &s->made.event;
	char peer[ADDR_TEXT];
	snprintf(peer, sizeof peer, "%s:1024", s->from);
	assert_int_equal(addr_parse(peer, &e->peer), ST_OK);
	e->site = span_str(s->site);
	if (s->engine.n) {
		e->version = SNMP_V3;
		e->engine = s->engine;
	}
	story_fold(s, e);
}

void alert(struct story *s, int index, int severity, int group, int group_index, int location, int code)
{
	static const int columns[] = { 1, 2, 4, 5, 6, 7 };
	const int numbers[] = { index, severity, group, group_index, location, code };
	char oid[6][48], text[6][16];
	struct value rows[7] = { 0 };
	for (int i = 0; i < 6; i++) {
		snprintf(oid[i], sizeof oid[i], "1.3.6.1.2.1.43.18.1.1.%d.1.%d", columns[i], index);
		snprintf(text[i], sizeof text[i], "%d", numbers[i]);
		rows[i] = (struct value){ oid[i], 'i', text[i] };
	}
	trap(s, "1.3.6.1.2.1.43.18.2.0.1", rows);
}

void trap(struct story *s, const char *oid, const struct value *values)
{
	make_v2(&s->made, EVENT_TRAP, oid, values);
	if (s->uptime) { // sysUpTime.0 is the first varbind; its two octets follow the OID
		struct span pdu = s->made.event.pdu;
		uint8_t *at = memmem((uint8_t *)(uintptr_t)pdu.p, pdu.n, "\x43\x02", 2);
		assert_non_null(at);
		at[2] = (uint8_t)(s->uptime >> 8);
		at[3] = (uint8_t)s->uptime;
	}
	from_sender(s);
}

void own(struct story *s, uint8_t kind, const char *note)
{
	const struct event e = { .kind = kind, .note = span_str(note) };
	story_fold(s, &e);
}

void ticks(struct story *s)
{
	struct text note = { 0 };
	while (fold_due(s->fold, BEGIN + s->now * SECOND, &note)) {
		fold_due_taken(s->fold);
		own(s, EVENT_TICK, text_str(&note));
		text_clear(&note);
	}
	text_done(&note);
}

const struct alarm_row *alarm_row(struct story *s, uint64_t id)
{
	const struct alarm_row *a = model_row(&s->rows, ROW_ALARM, (int64_t)id);
	assert_non_null(a);
	return a;
}

const struct device_row *device_row(struct story *s, uint64_t id)
{
	const struct device_row *d = model_row(&s->rows, ROW_DEVICE, (int64_t)id);
	assert_non_null(d);
	return d;
}

size_t open_alarms(struct story *s)
{
	size_t n = 0;
	for (uint64_t id = 1; id <= s->id; id++) {
		const struct alarm_row *a = model_row(&s->rows, ROW_ALARM, (int64_t)id);
		n += a && a->state == ALARM_OPEN;
	}
	return n;
}

const struct alarm_row *only_open(struct story *s)
{
	const struct alarm_row *found = NULL;
	assert_int_equal(open_alarms(s), 1);
	for (uint64_t id = 1; id <= s->id && !found; id++) {
		const struct alarm_row *a = model_row(&s->rows, ROW_ALARM, (int64_t)id);
		if (a && a->state == ALARM_OPEN)
			found = a;
	}
	return found;
}
