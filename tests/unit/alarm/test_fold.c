// SPDX-License-Identifier: Apache-2.0
// Everything but printers: other devices, who is who, silence, people's acts, rules.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alarm/acts.h"
#include "alarm/words.h"
#include "story.h"

#define LINK_DOWN "1.3.6.1.6.3.1.1.5.3"
#define LINK_UP "1.3.6.1.6.3.1.1.5.4"
#define ACCESS "1.3.6.1.6.3.1.1.5.5"

static const struct value if_3[] = { { "1.3.6.1.2.1.2.2.1.1.3", 'i', "3" }, { 0 } };
static const struct value if_31[] = { { "1.3.6.1.2.1.2.2.1.1.31", 'i', "31" }, { 0 } };
static const struct value if_4[] = { { "1.3.6.1.2.1.31.1.1.1.1.4", 's', "Gi0/4" }, { 0 } };

static bool has_key(const struct alarm_row *a, const char *key)
{
	return span_equal(a->key, span_str(key));
}

static void links(void **state)
{
	struct story s;
	story_begin(&s);
	trap(&s, LINK_DOWN, if_3);
	trap(&s, LINK_DOWN, if_4);
	assert_true(has_key(alarm_row(&s, 1), "link/3"));
	assert_true(has_key(alarm_row(&s, 2), "link/4"));
	assert_int_equal(alarm_row(&s, 1)->severity, SEVERITY_MAJOR);
	assert_true(alarm_row(&s, 1)->pdu.n > 0);
	trap(&s, LINK_UP, if_3);
	assert_int_equal(alarm_row(&s, 1)->because, BECAUSE_OPPOSITE);
	assert_int_equal(only_open(&s)->id, 2);
	s.from = "192.0.2.8"; // another device's link of the same number
	trap(&s, LINK_UP, if_4);
	assert_int_equal(only_open(&s)->id, 2);
	story_end(&s);
}

static void upses(void **state)
{
	static const struct value battery[] = { { "1.3.6.1.2.1.33.1.2.3.0", 'i', "30" }, { 0 } };
	static const struct value empty[] = { { "1.3.6.1.2.1.33.1.2.3.0", 'i', "2" },
		                              { "1.3.6.1.2.1.33.1.9.7.0", 'i', "5" },
		                              { 0 } };
	static const struct value entry[] = { { "1.3.6.1.2.1.33.1.6.2.1.2.4", 'o', "1.3.6.1.2.1.33.1.6.3.2" }, { 0 } };
	static const struct value failed[] = { { "1.3.6.1.2.1.33.1.7.3.0", 'i', "3" }, { 0 } };
	static const struct value passed[] = { { "1.3.6.1.2.1.33.1.7.3.0", 'i', "1" }, { 0 } };
	struct story s;
	story_begin(&s);
	trap(&s, "1.3.6.1.2.1.33.2.0.1", battery); // as a v1 trap is mapped
	trap(&s, "1.3.6.1.2.1.33.2.3", entry);
	assert_int_equal(only_open(&s)->count, 2);
	trap(&s, "1.3.6.1.2.1.33.2.1", empty);
	assert_int_equal(only_open(&s)->severity, SEVERITY_CRITICAL);
	trap(&s, "1.3.6.1.2.1.33.2.4", entry);
	assert_int_equal(open_alarms(&s), 0);
	trap(&s, "1.3.6.1.2.1.33.2.2", failed);
	assert_true(has_key(only_open(&s), "ups/19"));
	trap(&s, "1.3.6.1.2.1.33.2.2", passed);
	assert_int_equal(open_alarms(&s), 0);
	trap(&s, "1.3.6.1.4.1.318.0.5", NULL);
	trap(&s, "1.3.6.1.4.1.318.0.9", NULL);
	assert_int_equal(open_alarms(&s), 0);
	story_end(&s);
}

static void sensors(void **state)
{
	static const struct value bad[] = { { "1.3.6.1.2.1.99.1.1.1.5.12", 'i', "3" }, { 0 } };
	static const struct value good[] = { { "1.3.6.1.2.1.99.1.1.1.5.12", 'i', "1" }, { 0 } };
	struct story s;
	story_begin(&s);
	trap(&s, "1.3.6.1.4.1.99999.0.1", bad);
	assert_true(has_key(only_open(&s), "sensor/12"));
	trap(&s, "1.3.6.1.4.1.99999.0.2", good);
	assert_int_equal(open_alarms(&s), 0);
	story_end(&s);
}

static void access_expires(void **state)
{
	struct story s;
	story_begin(&s);
	trap(&s, ACCESS, NULL);
	s.now = 1800;
	trap(&s, ACCESS, NULL);
	s.now = 3700;
	ticks(&s);
	assert_int_equal(only_open(&s)->count, 2);
	s.now = 5401;
	ticks(&s);
	assert_int_equal(alarm_row(&s, 1)->because, BECAUSE_EXPIRED);
	story_end(&s);
}

static void unknown_is_no_alarm(void **state)
{
	struct story s;
	story_begin(&s);
	trap(&s, "1.3.6.1.4.1.99999.0.1", NULL);
	assert_int_equal(model_count(&s.rows, ROW_ALARM), 0);
	assert_int_equal(model_count(&s.rows, ROW_DEVICE), 1);
	story_end(&s);
}

static int64_t device_of_last(struct story *s)
{
	trap(s, LINK_DOWN, if_3);
	const struct alarm_row *newest = NULL;
	for (uint64_t id = 1; id <= s->id; id++) {
		const struct alarm_row *a = model_row(&s->rows, ROW_ALARM, (int64_t)id);
		if (a && a->last_event == (int64_t)s->id)
			newest = a;
	}
	assert_non_null(newest);
	return newest->device;
}

static void who_is_who(void **state)
{
	const struct span a = span_str("\x80\x01\x01\x01\x01"), b = span_str("\x80\x02\x02\x02\x02");
	struct story s;
	story_begin(&s);
	int64_t first = device_of_last(&s); // by its address
	s.engine = a;
	assert_int_equal(device_of_last(&s), first); // the engine that speaks from there is it
	s.from = "192.0.2.9";
	assert_int_equal(device_of_last(&s), first); // it moved
	s.engine = (struct span){ 0 };
	assert_int_equal(device_of_last(&s), first); // and speaks version 2c from there too
	s.engine = b;
	int64_t second = device_of_last(&s); // a second engine at this address
	assert_true(second != first);
	s.engine = a;
	assert_int_equal(device_of_last(&s), first);
	s.engine = (struct span){ 0 };
	int64_t third = device_of_last(&s); // who has no engine is neither of them
	assert_true(third != first && third != second);
	assert_int_equal(device_of_last(&s), third);
	s.site = "rotterdam"; // the same address somewhere else
	assert_true(device_of_last(&s) != third);
	story_end(&s);
}

static void relays(void **state)
{
	static const struct value agent[] = { { "1.3.6.1.6.3.18.1.3.0", 'a', "10.0.0.5" }, { 0 } };
	struct story s;
	story_begin(&s);
	make_v2(&s.made, EVENT_TRAP, LINK_DOWN, agent);
	story_fold(&s, &s.made.event);
	s.made.event.flags = EVENT_FLAG_RELAYED;
	story_fold(&s, &s.made.event);
	assert_int_equal(model_count(&s.rows, ROW_DEVICE), 2); // believed only from a relay
	assert_int_equal(device_row(&s, 2)->ip.p[15], 5);
	story_end(&s);
}

static void identity(void **state)
{
	static const struct value says[] = { { "1.3.6.1.2.1.1.5.0", 's', "plotter\x1b[31m" },
		                             { "1.3.6.1.2.1.1.6.0", 's', "Room 4" },
		                             { "1.3.6.1.2.1.25.3.2.1.3.1", 's', "Oce ColorWave" },
		                             { "1.3.6.1.2.1.43.5.1.1.17.1", 's', "4711" },
		                             { 0 } };
	struct story s;
	story_begin(&s);
	trap(&s, "1.3.6.1.4.1.99999.0.1", says);
	const struct device_row *d = device_row(&s, 1);
	assert_true(span_equal(d->serial, span_str("4711")));
	assert_true(span_equal(d->model, span_str("Oce ColorWave")));
	assert_true(span_equal(d->location, span_str("Room 4")));
	assert_null(memchr(d->name.p, 0x1b, d->name.n));
	assert_int_equal(model_count(&s.rows, ROW_ALIAS), 2);
	story_end(&s);
}

static void merge(void **state)
{
	struct story s;
	story_begin(&s);
	trap(&s, LINK_DOWN, if_3); // 1
	s.from = "192.0.2.8";
	trap(&s, LINK_DOWN, if_3); // 2: the same alarm on the other one
	trap(&s, LINK_DOWN, if_4); // 3
	own(&s, EVENT_ACT, "{\"act\":\"merge\",\"device\":2,\"into\":1,\"by\":\"alice\"}");
	assert_int_equal(device_row(&s, 2)->merged, 1);
	assert_int_equal(alarm_row(&s, 2)->because, BECAUSE_MERGED);
	assert_int_equal(alarm_row(&s, 1)->count, 2);
	assert_int_equal(alarm_row(&s, 3)->device, 1);
	assert_int_equal(device_row(&s, 1)->open, 2);
	assert_int_equal(device_row(&s, 2)->open, 0);
	trap(&s, LINK_UP, if_4); // from the address that is the other device's now
	assert_int_equal(only_open(&s)->id, 1);
	story_end(&s);
}

static size_t shared_addresses(const struct story *s)
{
	const struct model_table *t = &s->rows.tables[ROW_ALIAS];
	size_t n = 0;
	for (size_t i = 0; i < t->slots_n; i++)
		for (const struct kept *k = t->slots[i]; k; k = k->next)
			n += ((const struct alias_row *)k->row)->shared != 0;
	return n;
}

// Engines that share an address, until all of them are found to be one device.
static void merge_of_who_share(void **state)
{
	static const char *const engines[] = { "\x80\x01\x01\x01\x01", "\x80\x02\x02\x02\x02", "\x80\x03\x03\x03\x03" };
	struct story s;
	story_begin(&s);
	for (size_t i = 0; i < sizeof engines / sizeof *engines; i++) {
		s.engine = span_str(engines[i]);
		trap(&s, LINK_DOWN, if_3);
	}
	assert_int_equal(shared_addresses(&s), 1);
	own(&s, EVENT_ACT, "{\"act\":\"merge\",\"device\":1,\"into\":2,\"by\":\"alice\"}");
	assert_int_equal(shared_addresses(&s), 1); // the third is there still
	own(&s, EVENT_ACT, "{\"act\":\"merge\",\"device\":3,\"into\":2,\"by\":\"alice\"}");
	assert_int_equal(shared_addresses(&s), 0);
	s.engine = (struct span){ 0 };
	trap(&s, LINK_UP, if_3);
	assert_int_equal(open_alarms(&s), 0);
	story_end(&s);
}

static void acknowledge(void **state)
{
	struct story s;
	story_begin(&s);
	trap(&s, LINK_DOWN, if_3);
	own(&s, EVENT_ACT, "{\"act\":\"ack\",\"alarm\":1,\"by\":\"alice\",\"note\":\"on my way\"}");
	assert_true(alarm_row(&s, 1)->acked > 0);
	assert_true(span_equal(alarm_row(&s, 1)->acked_by, span_str("alice")));
	trap(&s, LINK_DOWN, if_3); // a repeat does not ask again
	assert_true(alarm_row(&s, 1)->acked > 0);
	own(&s, EVENT_ACT, "{\"act\":\"unack\",\"alarm\":1,\"by\":\"bob\"}");
	assert_int_equal(alarm_row(&s, 1)->acked, 0);
	own(&s, EVENT_ACT, "{\"act\":\"clear\",\"alarm\":1,\"by\":\"bob\"}");
	assert_int_equal(alarm_row(&s, 1)->because, BECAUSE_HAND);
	assert_true(span_equal(alarm_row(&s, 1)->cleared_by, span_str("bob")));
	own(&s, EVENT_ACT, "{\"act\":\"ack\",\"alarm\":1,\"by\":\"bob\"}");
	assert_int_equal(alarm_row(&s, 1)->acked, 0); // too late
	story_end(&s);
}

// Seconds since 1970 of a moment of the story.
static long long moment(int64_t at)
{
	return 1795214008LL + at;
}

static void silences(void **state)
{
	char note[200];
	struct story s;
	story_begin(&s);
	s.site = "oslo";
	trap(&s, LINK_DOWN, if_3);
	snprintf(note, sizeof note, "{\"act\":\"silence\",\"site\":\"oslo\",\"until\":%lld,\"by\":\"alice\"}",
	         moment(600));
	own(&s, EVENT_ACT, note); // 2
	assert_int_equal(alarm_row(&s, 1)->silenced, 2);
	trap(&s, LINK_DOWN, if_4); // 3
	assert_int_equal(alarm_row(&s, 3)->silenced, 2);
	snprintf(note, sizeof note, "{\"act\":\"silence\",\"key\":\"link/4\",\"until\":%lld}", moment(6000));
	own(&s, EVENT_ACT, note); // 4
	assert_int_equal(alarm_row(&s, 1)->silenced, 2);
	assert_int_equal(alarm_row(&s, 3)->silenced, 4); // of two the one that holds longer
	s.now = 601;
	ticks(&s);
	assert_int_equal(alarm_row(&s, 1)->silenced, 0);
	assert_int_equal(alarm_row(&s, 3)->silenced, 4); // another one still holds
	own(&s, EVENT_ACT, "{\"act\":\"unsilence\",\"silence\":4}");
	assert_int_equal(alarm_row(&s, 3)->silenced, 0);
	snprintf(note, sizeof note, "{\"act\":\"silence\",\"device\":1,\"from\":%lld,\"until\":%lld}", moment(1000),
	         moment(2000));
	own(&s, EVENT_ACT, note);
	uint64_t window = s.id;
	assert_int_equal(alarm_row(&s, 1)->silenced, 0); // a maintenance window that has not begun
	s.now = 1001;
	ticks(&s);
	assert_int_equal(alarm_row(&s, 1)->silenced, window);
	s.now = 2001;
	ticks(&s);
	assert_int_equal(alarm_row(&s, 1)->silenced, 0);
	story_end(&s);
}

static void a_silence_ends_where_a_part_of_the_key_does(void **state)
{
	static const struct {
		const char *key;
		bool three, thirty_one;
	} rows[] = { { "link", true, true },      { "link/3", true, false }, { "link/31", false, true },
		     { "lin", false, false },     { "link/", true, true },   { "link/3/", false, false },
		     { "link/311", false, false } };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char note[200];
		struct story s;
		story_begin(&s);
		trap(&s, LINK_DOWN, if_3);
		trap(&s, LINK_DOWN, if_31);
		snprintf(note, sizeof note, "{\"act\":\"silence\",\"key\":\"%s\",\"until\":%lld}", rows[i].key,
		         moment(600));
		own(&s, EVENT_ACT, note);
		if ((alarm_row(&s, 1)->silenced != 0) != rows[i].three ||
		    (alarm_row(&s, 2)->silenced != 0) != rows[i].thirty_one)
			fail_msg("%s", rows[i].key);
		story_end(&s);
	}
}

static const struct reading_row *reading(struct story *s, int64_t what)
{
	const struct model_table *t = &s->rows.tables[ROW_READING];
	for (size_t i = 0; i < t->slots_n; i++)
		for (const struct kept *k = t->slots[i]; k; k = k->next)
			if (((const struct reading_row *)k->row)->what == what)
				return k->row;
	return NULL;
}

static void readings(void **state)
{
	struct story s;
	story_begin(&s);
	trap(&s, LINK_DOWN, if_3);
	own(&s, EVENT_POLL, "{\"device\":1,\"asked\":\"ok\",\"status\":\"idle\",\"supplies\":[{\"percent\":7}]}");
	own(&s, EVENT_POLL, "{\"device\":1,\"asked\":\"ok\",\"status\":\"printing\"}");
	own(&s, EVENT_POLL, "{\"device\":1,\"asked\":\"no answer\"}");
	own(&s, EVENT_POLL, "{\"device\":4711,\"status\":\"idle\"}");
	own(&s, EVENT_POLL, "{\"device\":1,\"supplies\":[{]}");
	assert_int_equal(model_count(&s.rows, ROW_READING), 2);
	assert_true(span_equal(reading(&s, READING_STATUS)->value, span_str("\"printing\"")));
	assert_int_equal(reading(&s, READING_STATUS)->event, 3);
	assert_true(span_equal(reading(&s, READING_SUPPLIES)->value, span_str("[{\"percent\":7}]")));
	story_end(&s);
}

static void no_silence_without_end(void **state)
{
	static const struct {
		const char *note;
		bool good;
	} rows[] = {
		{ "{\"act\":\"silence\",\"site\":\"oslo\"}", false },
		{ "{\"act\":\"silence\",\"until\":1795215000}", false },
		{ "{\"act\":\"silence\",\"code\":8,\"until\":1795215000}", true },
		{ "{\"act\":\"ack\"}", false },
		{ "{\"act\":\"merge\",\"device\":1,\"into\":1}", false },
		{ "{\"act\":\"dance\"}", false },
		{ "", false },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct text why = { 0 }, again = { 0 };
		struct act act, back;
		assert_int_equal(act_read(span_str(rows[i].note), &act, &why), rows[i].good ? ST_OK : ST_SYNTAX);
		assert_int_equal(why.n > 0, !rows[i].good);
		if (rows[i].good) {
			act_write(&act, &again);
			assert_string_equal(text_str(&again), rows[i].note);
			assert_int_equal(act_read(span_of(again.p, again.n), &back, &why), ST_OK);
			act_done(&back);
		}
		act_done(&act);
		text_done(&why);
		text_done(&again);
	}
}

// A beat of a minute is missed after three; who speaks again ends it.
static void a_beat_is_missed(void **state)
{
	struct story s;
	story_begin(&s);
	for (int i = 0; i < 20; i++) {
		s.now += 60;
		trap(&s, "1.3.6.1.4.1.8072.2.3.0.1", NULL);
	}
	s.now += 170;
	ticks(&s);
	assert_int_equal(open_alarms(&s), 0);
	s.now += 20;
	ticks(&s);
	assert_true(has_key(only_open(&s), "silent"));
	uint64_t id = s.id;
	assert_int_equal(only_open(&s)->id, id);
	s.now += 100000;
	ticks(&s);
	assert_int_equal(only_open(&s)->count, 1);
	trap(&s, "1.3.6.1.4.1.8072.2.3.0.1", NULL);
	assert_int_equal(alarm_row(&s, id)->because, BECAUSE_HEARD);
	s.now += 190; // the long gap is no habit
	ticks(&s);
	assert_int_equal(open_alarms(&s), 1);
	story_end(&s);
}

// It has another address since a while: merged it is not silent, and asked where it speaks from now.
static void who_moved_is_not_silent(void **state)
{
	struct story s;
	story_begin(&s);
	for (int i = 0; i < 20; i++) {
		s.now += 60;
		trap(&s, "1.3.6.1.4.1.8072.2.3.0.1", NULL);
	}
	s.now += 600;
	ticks(&s);
	assert_true(has_key(only_open(&s), "silent"));
	s.from = "192.0.2.8";
	trap(&s, "1.3.6.1.4.1.8072.2.3.0.1", NULL);
	uint64_t moved = s.id;
	int64_t heard = device_row(&s, moved)->habit.last;
	own(&s, EVENT_ACT, "{\"act\":\"merge\",\"device\":22,\"into\":1,\"by\":\"alice\"}");
	assert_int_equal(device_row(&s, moved)->merged, 1);
	assert_int_equal(open_alarms(&s), 0);
	assert_int_equal(device_row(&s, 1)->habit.last, heard);
	assert_int_equal(device_row(&s, 1)->ip.p[15], 8);
	ticks(&s);
	assert_int_equal(open_alarms(&s), 0);
	s.now += 200; // and it is missed there too
	ticks(&s);
	assert_true(has_key(only_open(&s), "silent"));
	story_end(&s);
}

// Ten traps within an hour of trouble are no beat.
static void trouble_is_no_beat(void **state)
{
	static const int gaps[] = { 10, 300, 5, 40, 900, 3, 60, 2, 600, 20, 30, 7, 1200 };
	struct story s;
	story_begin(&s);
	for (size_t i = 0; i < sizeof gaps / sizeof *gaps; i++) {
		s.now += gaps[i];
		trap(&s, "1.3.6.1.4.1.8072.2.3.0.1", NULL);
	}
	s.now += 30 * 86400;
	ticks(&s);
	assert_int_equal(open_alarms(&s), 0);
	story_end(&s);
}

// A site that is silent is one alarm, not one for each of its devices.
static void a_site_is_missed(void **state)
{
	static const char *const devices[] = { "192.0.2.1", "192.0.2.2", "192.0.2.3" };
	struct story s;
	story_begin(&s);
	s.site = "oslo";
	for (int i = 0; i < 60; i++) {
		s.now += 20;
		s.from = devices[i % 3];
		trap(&s, "1.3.6.1.4.1.8072.2.3.0.1", NULL);
	}
	s.now += 61;
	ticks(&s);
	assert_true(has_key(only_open(&s), "site-silent"));
	assert_int_equal(only_open(&s)->device, 0);
	s.now += 3600;
	ticks(&s);
	assert_int_equal(open_alarms(&s), 1);
	trap(&s, "1.3.6.1.4.1.8072.2.3.0.1", NULL); // one is back: the others get their time
	ticks(&s);
	assert_int_equal(open_alarms(&s), 0);
	s.now += 59;
	trap(&s, "1.3.6.1.4.1.8072.2.3.0.1", NULL);
	s.now += 150;
	ticks(&s);
	assert_true(open_alarms(&s) >= 2);
	story_end(&s);
}

// A site of one device, of three that speak in the same moment, of two of which one goes and the other was about to speak.
static void a_site_is_missed_before_its_devices(void **state)
{
	static const char *const devices[] = { "192.0.2.1", "192.0.2.2", "192.0.2.3" };
	static const struct {
		int count, apart;
	} rows[] = { { 1, 0 }, { 3, 0 }, { 2, 58 } };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct story s;
		story_begin(&s);
		s.site = "oslo";
		for (int round = 1; round <= 20; round++) {
			s.now = 60 * round;
			for (int d = 0; d < rows[i].count; d++) {
				s.now += d * rows[i].apart;
				s.from = devices[d];
				trap(&s, "1.3.6.1.4.1.8072.2.3.0.1", NULL);
			}
		}
		s.now += 600;
		ticks(&s);
		assert_true(has_key(only_open(&s), "site-silent"));
		story_end(&s);
	}
}

// While no collector ran nobody could be heard: it is missed so long after the start, and the gap is no habit.
static void nobody_is_missed_for_our_own_absence(void **state)
{
	static const char *const sites[] = { "", "oslo" };
	for (int i = 0; i < 2; i++) {
		struct story s;
		story_begin(&s);
		s.site = sites[i];
		for (int beat = 0; beat < 20; beat++) {
			s.now += 60;
			trap(&s, "1.3.6.1.4.1.8072.2.3.0.1", NULL);
		}
		s.now += 7200;
		own(&s, EVENT_STARTED, "{}");
		ticks(&s);
		assert_int_equal(open_alarms(&s), 0);
		s.now += 170;
		ticks(&s);
		assert_int_equal(open_alarms(&s), 0);
		trap(&s, "1.3.6.1.4.1.8072.2.3.0.1", NULL);
		s.now += 190;
		ticks(&s);
		assert_true(has_key(only_open(&s), i ? "site-silent" : "silent"));
		own(&s, EVENT_STARTED, "{}"); // who was missed before stays so
		s.now += 3600;
		ticks(&s);
		assert_int_equal(open_alarms(&s), 1);
		trap(&s, "1.3.6.1.4.1.8072.2.3.0.1", NULL);
		assert_int_equal(open_alarms(&s), 0);
		own(&s, EVENT_STARTED, "{}"); // and who is not heard after a start is missed
		s.now += 190;
		ticks(&s);
		assert_int_equal(open_alarms(&s), 1);
		story_end(&s);
	}
}

// Somebody took it away and says so: it is not missed any more, also after a restart, until it has a habit again.
static void who_was_let_go_is_not_missed(void **state)
{
	static const struct hash_key key = { 5, 6 };
	for (int i = 0; i < 2; i++) {
		struct story s;
		story_begin(&s);
		s.site = i ? "oslo" : "";
		for (int again = 0; again < 2; again++) {
			for (int beat = 0; beat < 20; beat++) {
				s.now += 60;
				trap(&s, "1.3.6.1.4.1.8072.2.3.0.1", NULL);
			}
			s.now += 600;
			ticks(&s);
			char note[80];
			snprintf(note, sizeof note, "{\"act\":\"clear\",\"alarm\":%lld}", (long long)only_open(&s)->id);
			own(&s, EVENT_ACT, note);
			fold_free(s.fold);
			s.fold = model_load(&s.rows, &key);
			s.now += 30 * 86400;
			ticks(&s);
			assert_int_equal(open_alarms(&s), 0);
		}
		story_end(&s);
	}
}

static void a_rule_without_words_says_the_trap(void **state)
{
	struct story s;
	struct text said = { 0 };
	story_begin(&s);
	own(&s, EVENT_RULES,
	    "{\"hash\":\"aa\",\"rules\":[{\"trap\":\"1.3.6.1.6.3.1.1.5.3\",\"do\":\"raise\",\"key\":\"if\"}]}");
	trap(&s, LINK_DOWN, if_3);
	alarm_sentence(only_open(&s), &said);
	assert_string_equal(text_str(&said), "Interface 3 is down");
	text_done(&said);
	story_end(&s);
}

static void rules(void **state)
{
	static const struct value error[] = { { "1.3.6.1.4.1.10642.1.1.0", 's', "ERROR: head open" }, { 0 } };
	static const struct value over[] = { { "1.3.6.1.4.1.10642.1.1.0", 's', "CLEARED: head open" }, { 0 } };
	struct story s;
	story_begin(&s);
	trap(&s, "1.3.6.1.4.1.10642.2.0.1", error);
	assert_int_equal(open_alarms(&s), 0);
	own(&s, EVENT_RULES,
	    "{\"hash\":\"aa\",\"rules\":[{\"trap\":\"1.3.6.1.4.1.10642\",\"text\":\"CLEARED\",\"do\":\"clear\",\"key\":"
	    "\"label\"},"
	    "{\"trap\":\"1.3.6.1.4.1.10642\",\"text\":\"ERROR\",\"do\":\"raise\",\"key\":\"label\",\"severity\":"
	    "\"critical\","
	    "\"words\":\"The label printer says: {text}\",\"who\":\"anyone\",\"expires\":60},"
	    "{\"trap\":\"1.3.6.1.6.3.1.1.5.3\",\"do\":\"ignore\"}]}");
	trap(&s, "1.3.6.1.4.1.10642.2.0.1", error);
	const struct alarm_row *a = only_open(&s);
	assert_true(has_key(a, "rule/label"));
	assert_int_equal(a->severity, SEVERITY_CRITICAL);
	assert_true(span_equal(a->words, span_str("The label printer says: ERROR: head open")));
	assert_true(span_equal(a->who, span_str("anyone")));
	trap(&s, LINK_DOWN, if_3);
	assert_int_equal(open_alarms(&s), 1);
	trap(&s, "1.3.6.1.4.1.10642.2.0.1", over);
	assert_int_equal(alarm_row(&s, 3)->because, BECAUSE_RULE);
	trap(&s, "1.3.6.1.4.1.10642.2.0.1", error);
	s.now += 3600;
	own(&s, EVENT_STARTED, "{}"); // nobody could be heard meanwhile
	ticks(&s);
	assert_int_equal(open_alarms(&s), 1);
	s.now += 61;
	ticks(&s);
	assert_int_equal(open_alarms(&s), 0);
	// Rules that cannot be compiled change nothing.
	own(&s, EVENT_RULES, "{\"hash\":\"bb\",\"rules\":[{\"do\":\"explode\"}]}");
	trap(&s, "1.3.6.1.4.1.10642.2.0.1", error);
	assert_int_equal(open_alarms(&s), 1);
	story_end(&s);
}

// The time of the fold is the journal's and never goes back.
static void time_stands(void **state)
{
	struct story s;
	story_begin(&s);
	s.now = 1000;
	trap(&s, LINK_DOWN, if_3);
	s.now = 0;
	trap(&s, LINK_DOWN, if_3);
	assert_int_equal(only_open(&s)->first, only_open(&s)->last);
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links),
		cmocka_unit_test(upses),
		cmocka_unit_test(sensors),
		cmocka_unit_test(access_expires),
		cmocka_unit_test(unknown_is_no_alarm),
		cmocka_unit_test(who_is_who),
		cmocka_unit_test(relays),
		cmocka_unit_test(identity),
		cmocka_unit_test(merge),
		cmocka_unit_test(merge_of_who_share),
		cmocka_unit_test(acknowledge),
		cmocka_unit_test(silences),
		cmocka_unit_test(a_silence_ends_where_a_part_of_the_key_does),
		cmocka_unit_test(readings),
		cmocka_unit_test(no_silence_without_end),
		cmocka_unit_test(a_beat_is_missed),
		cmocka_unit_test(who_moved_is_not_silent),
		cmocka_unit_test(trouble_is_no_beat),
		cmocka_unit_test(a_site_is_missed),
		cmocka_unit_test(a_site_is_missed_before_its_devices),
		cmocka_unit_test(nobody_is_missed_for_our_own_absence),
		cmocka_unit_test(who_was_let_go_is_not_missed),
		cmocka_unit_test(rules),
		cmocka_unit_test(a_rule_without_words_says_the_trap),
		cmocka_unit_test(time_stands),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
