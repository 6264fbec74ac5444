// SPDX-License-Identifier: Apache-2.0
// A printer's alarms as tables of what it sends and what is to be seen then.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "story.h"

enum {
	CRITICAL = 3,
	ONCE = 4,
	BINARY = 5, // severities
	OTHER = 1,
	COVER = 6,
	INPUT = 8,
	MARKER = 10,
	ALERT = 18,
	FINISHER = 30, // groups
	JAM = 8,
	REMOVED = 1801, // codes
};

static bool has_key(const struct alarm_row *a, const char *key)
{
	return span_equal(a->key, span_str(key));
}

// One story in rows: what is sent at which second, and then how many alarms are open and in all.
struct row {
	int64_t at;
	int index, severity, group, group_index, location, code;
	size_t open, all;
};

static void play(const struct row *rows, size_t n)
{
	struct story s;
	story_begin(&s);
	for (size_t i = 0; i < n; i++) {
		const struct row *r = &rows[i];
		s.now = r->at;
		alert(&s, r->index, r->severity, r->group, r->group_index, r->location, r->code);
		if (open_alarms(&s) != r->open || model_count(&s.rows, ROW_ALARM) != r->all)
			fail_msg("row %zu: %zu open of %zu, not %zu of %zu", i + 1, open_alarms(&s),
			         model_count(&s.rows, ROW_ALARM), r->open, r->all);
	}
	story_end(&s);
}
#define PLAY(...)                                                                                                      \
	play((const struct row[]){ __VA_ARGS__ }, sizeof((const struct row[]){ __VA_ARGS__ }) / sizeof(struct row))

static void key_is_stable(void **state)
{
	// The same trouble again, each time with another prtAlertIndex: one alarm. Any other part of the key: another one.
	PLAY({ 0, 1, CRITICAL, INPUT, 2, -2, JAM, 1, 1 }, { 60, 2, CRITICAL, INPUT, 2, -2, JAM, 1, 1 },
	     { 120, 0, CRITICAL, INPUT, 2, -2, JAM, 1, 1 }, { 180, 4, CRITICAL, INPUT, 3, -2, JAM, 2, 2 },
	     { 240, 5, CRITICAL, INPUT, 2, 7, JAM, 3, 3 }, { 300, 6, CRITICAL, MARKER, 2, -2, JAM, 4, 4 },
	     { 360, 7, CRITICAL, INPUT, 2, -2, 9, 5, 5 });
	struct story s;
	story_begin(&s);
	alert(&s, 5, CRITICAL, INPUT, 2, -2, JAM);
	s.now = 90;
	alert(&s, 6, CRITICAL, INPUT, 2, -2, JAM);
	const struct alarm_row *a = only_open(&s);
	assert_true(has_key(a, "printer/1/8.2/-2/8"));
	assert_int_equal(a->id, 1);
	assert_int_equal(a->count, 2);
	assert_int_equal(a->index, 6);
	assert_int_equal(a->last - a->first, INT64_C(90000000000));
	assert_int_equal(a->severity, SEVERITY_CRITICAL);
	assert_int_equal(device_row(&s, 1)->open, 1);
	story_end(&s);
}

static void removed_by_latest_index(void **state)
{
	PLAY({ 0, 5, CRITICAL, INPUT, 2, -2, JAM, 1, 1 }, { 1, 9, ONCE, ALERT, 4, -2, REMOVED, 1, 1 },
	     { 2, 10, ONCE, ALERT, 5, -2, REMOVED, 0, 1 });
	// A repeat replaces the index: the old one names another row by now.
	PLAY({ 0, 5, CRITICAL, INPUT, 2, -2, JAM, 1, 1 }, { 20, 6, CRITICAL, INPUT, 2, -2, JAM, 1, 1 },
	     { 40, 7, ONCE, ALERT, 5, -2, REMOVED, 1, 1 }, { 60, 8, ONCE, ALERT, 6, -2, REMOVED, 0, 1 });
	// Index 0 is an index (a controller that wraps to it), -1 is none.
	PLAY({ 0, 0, CRITICAL, INPUT, 2, -2, JAM, 1, 1 }, { 1, 1, ONCE, ALERT, -1, -2, REMOVED, 1, 1 },
	     { 2, 2, ONCE, ALERT, 0, -2, REMOVED, 0, 1 });
	struct story s;
	story_begin(&s);
	alert(&s, 5, CRITICAL, INPUT, 2, -2, JAM);
	alert(&s, 6, ONCE, ALERT, 5, -2, REMOVED);
	assert_int_equal(alarm_row(&s, 1)->because, BECAUSE_CLEAR_TRAP);
	assert_string_equal(alarm_because_name(BECAUSE_CLEAR_TRAP), "clear trap 1801");
	story_end(&s);
	// The same index twice: the one that was told of last has ended.
	story_begin(&s);
	alert(&s, 5, CRITICAL, INPUT, 2, -2, JAM);
	s.now = 20;
	alert(&s, 5, CRITICAL, COVER, 1, -2, 3);
	s.now = 40;
	alert(&s, 6, ONCE, ALERT, 5, -2, REMOVED);
	assert_int_equal(alarm_row(&s, 2)->because, BECAUSE_CLEAR_TRAP);
	assert_int_equal(only_open(&s)->id, 1);
	story_end(&s);
}

static void opposite_codes(void **state)
{
	static const struct {
		int begins, ends;
	} pairs[] = { { 3, 4 },     { 5, 6 },     { 18, 19 },       { 21, 20 },       { 26, 25 },
		      { 501, 502 }, { 504, 503 }, { 30203, 30204 }, { 31818, 31819 }, { 30326, 30325 } };
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		struct story s;
		story_begin(&s);
		alert(&s, 1, CRITICAL, COVER, 1, -2, pairs[i].begins);
		alert(&s, 2, CRITICAL, COVER, 2, -2, pairs[i].begins);
		alert(&s, 3, ONCE, COVER, 1, 9, pairs[i].ends); // another location of the same unit is the same unit
		assert_int_equal(alarm_row(&s, 1)->because, BECAUSE_OPPOSITE);
		assert_int_equal(only_open(&s)->id, 2);
		story_end(&s);
	}
	// An end without a begin is no alarm, and what is no pair ends nothing.
	PLAY({ 0, 1, CRITICAL, COVER, 1, -2, 4, 0, 0 }, { 1, 2, CRITICAL, COVER, 1, -2, 3, 1, 1 },
	     { 2, 3, CRITICAL, COVER, 1, -2, 6, 1, 1 }, { 3, 4, CRITICAL, FINISHER, 1, -2, 30204, 1, 1 });
}

static void double_alert(void **state)
{
	// The generic one behind the certain one, and its own removal ends nothing.
	PLAY({ 0, 5, CRITICAL, INPUT, 2, -2, JAM, 1, 1 }, { 1, 6, CRITICAL, OTHER, 1, -2, 1, 1, 1 },
	     { 60, 7, ONCE, ALERT, 6, -2, REMOVED, 1, 1 }, { 61, 8, ONCE, ALERT, 5, -2, REMOVED, 0, 1 });
	// Turned round by the network.
	PLAY({ 0, 6, CRITICAL, OTHER, 1, -2, 1, 1, 1 }, { 1, 5, CRITICAL, INPUT, 2, -2, JAM, 1, 1 },
	     { 60, 7, ONCE, ALERT, 6, -2, REMOVED, 1, 1 }, { 61, 8, ONCE, ALERT, 5, -2, REMOVED, 0, 1 });
	// Two faults, two doubles.
	PLAY({ 0, 5, CRITICAL, INPUT, 2, -2, JAM, 1, 1 }, { 1, 6, CRITICAL, OTHER, 1, -2, 1, 1, 1 },
	     { 30, 7, CRITICAL, COVER, 1, -2, 3, 2, 2 }, { 31, 8, CRITICAL, OTHER, 1, -2, 1, 2, 2 });
	// Long after, it is something of its own.
	PLAY({ 0, 5, CRITICAL, INPUT, 2, -2, JAM, 1, 1 }, { 300, 6, CRITICAL, OTHER, 1, -2, 1, 2, 2 });
	// A warning has no double.
	PLAY({ 0, 5, BINARY, INPUT, 2, -2, 12, 1, 1 }, { 1, 6, CRITICAL, OTHER, 1, -2, 1, 2, 2 });
	struct story s;
	story_begin(&s);
	alert(&s, 6, CRITICAL, OTHER, 1, -2, 1);
	alert(&s, 5, CRITICAL, INPUT, 2, -2, JAM);
	const struct alarm_row *a = only_open(&s);
	assert_int_equal(a->id, 1);
	assert_true(has_key(a, "printer/1/8.2/-2/8"));
	assert_int_equal(a->index, 5);
	assert_int_equal(a->twin, 6);
	story_end(&s);
}

static void restart(void **state)
{
	static const char *const starts[] = { "1.3.6.1.6.3.1.1.5.1", "1.3.6.1.6.3.1.1.5.2" };
	for (size_t i = 0; i < 2; i++) {
		struct story s;
		story_begin(&s);
		alert(&s, 5, CRITICAL, INPUT, 2, -2, JAM);
		trap(&s, "1.3.6.1.6.3.1.1.5.5", NULL);
		trap(&s, starts[i], NULL);
		assert_int_equal(alarm_row(&s, 1)->because, BECAUSE_RESTART);
		assert_int_equal(only_open(&s)->kind, ALARM_ACCESS); // what others did to it does not end so
		assert_int_equal(device_row(&s, 1)->restarts, 1);
		story_end(&s);
	}
}

// An index that went back is a restart only together with an uptime that did.
static void index_went_back(void **state)
{
	static const struct {
		int first, then;
		uint32_t uptime_first, uptime_then;
		bool restarted;
	} rows[] = {
		{ 9, 1, 30000, 500, true },   { 9, 1, 30000, 31000, false },
		{ 9, 10, 30000, 500, false }, { 9, 8, 30000, 29990, false }, // overtaken by its successor
		{ 9, 9, 30000, 500, false },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct story s;
		story_begin(&s);
		s.uptime = rows[i].uptime_first;
		trap(&s, "1.3.6.1.6.3.1.1.5.3", NULL); // for two octets of uptime
		alert(&s, rows[i].first, CRITICAL, INPUT, 2, -2, JAM);
		s.uptime = rows[i].uptime_then;
		s.now = 600;
		alert(&s, rows[i].then, CRITICAL, COVER, 1, -2, 3);
		assert_int_equal(alarm_row(&s, 2)->because, rows[i].restarted ? BECAUSE_RESTART : BECAUSE_NOT);
		story_end(&s);
	}
}

static void flapping(void **state)
{
	struct story s;
	story_begin(&s);
	for (int i = 0; i < 6; i++) {
		s.now += 30;
		alert(&s, 2 * i + 1, CRITICAL, COVER, 1, -2, 3);
		s.now += 30;
		alert(&s, 2 * i + 2, ONCE, COVER, 1, -2, 4);
	}
	// Three alarms, then the last one again and again.
	assert_int_equal(model_count(&s.rows, ROW_ALARM), 3);
	const struct alarm_row *a = alarm_row(&s, 5);
	assert_int_equal(a->flapping, 1);
	assert_int_equal(a->state, ALARM_CLEARED);
	assert_int_equal(a->count, 4);
	s.now += 30;
	alert(&s, 20, CRITICAL, COVER, 1, -2, 3);
	assert_int_equal(only_open(&s)->id, 5);
	s.now += 601;
	ticks(&s);
	assert_int_equal(only_open(&s)->flapping, 0); // it stayed
	alert(&s, 21, ONCE, COVER, 1, -2, 4);
	s.now += 601;
	alert(&s, 22, CRITICAL, COVER, 1, -2, 3);
	assert_int_equal(only_open(&s)->id, s.id); // after a rest it is a new one
	assert_int_equal(only_open(&s)->flaps, 0);
	story_end(&s);
}

static void once_expires(void **state)
{
	struct story s;
	story_begin(&s);
	alert(&s, 1, ONCE, MARKER, 1, -2, 1104);
	alert(&s, 2, BINARY, MARKER, 2, -2, 1104);
	s.now = 86399;
	ticks(&s);
	assert_int_equal(open_alarms(&s), 2);
	alert(&s, 3, ONCE, MARKER, 1, -2, 1104); // again: another day
	s.now = 86401;
	ticks(&s);
	assert_int_equal(open_alarms(&s), 2);
	s.now = 2 * 86400;
	ticks(&s);
	assert_int_equal(alarm_row(&s, 1)->because, BECAUSE_EXPIRED);
	assert_int_equal(only_open(&s)->id, 2);
	story_end(&s);
}

static void severity_follows(void **state)
{
	struct story s;
	story_begin(&s);
	alert(&s, 1, BINARY, INPUT, 1, -2, 808);
	assert_int_equal(only_open(&s)->severity, SEVERITY_WARNING);
	alert(&s, 2, CRITICAL, INPUT, 1, -2, 808);
	assert_int_equal(only_open(&s)->severity, SEVERITY_CRITICAL);
	assert_int_equal(model_count(&s.rows, ROW_CHANGE), 2);
	story_end(&s);
}

static void packed_values(void **state)
{
	static const struct value packed[] = { { "1.3.6.1.4.1.11.2.3.9.4.2.1.6.2.0", 'x',
		                                 "00000005 00000003 00000008 00000002 fffffffe 00000008" },
		                               { 0 } };
	struct story s;
	story_begin(&s);
	trap(&s, "1.3.6.1.4.1.11.2.3.9.4.2.0.1", packed);
	assert_true(has_key(only_open(&s), "printer/0/8.2/-2/8"));
	alert(&s, 6, ONCE, ALERT, 5, -2, REMOVED);
	story_end(&s);
}

#define PACKED_TRAP "1.3.6.1.4.1.11.2.3.9.1.0.1"
#define PACKED_OID "1.3.6.1.4.1.11.2.3.9.4.2.1.6.2.0"

// Packed values do not say of which hrDeviceIndex they are: it is the same cover as the one in the printer's table.
static void packed_and_asked(void **state)
{
	static const struct value opened[] = { { PACKED_OID, 'x',
		                                 "000000030000000300000006"
		                                 "00000001fffffffe00000003" },
		                               { 0 } };
	static const struct value closed[] = { { PACKED_OID, 'x',
		                                 "000000040000000400000006"
		                                 "00000001fffffffe00000004" },
		                               { 0 } };
	for (int asked = 0; asked < 3; asked++) {
		struct story s;
		story_begin(&s);
		if (asked == 2)
			alert(&s, 3, CRITICAL, COVER, 1, -2, 3); // it says both itself
		else
			trap(&s, PACKED_TRAP, opened);
		if (asked == 1)
			own(&s, EVENT_POLL,
			    "{\"device\":1,\"alert\":{\"device\":1,\"index\":3,\"severity\":3,\"training\":3,\"group\":"
			    "6,"
			    "\"group_index\":1,\"location\":-2,\"code\":3,\"description\":\"Cover A\"}}");
		trap(&s, PACKED_TRAP, opened);
		const struct alarm_row *a = only_open(&s);
		assert_int_equal(a->id, 1);
		assert_int_equal(a->count, 2);
		assert_true(has_key(a, asked ? "printer/1/6.1/-2/3" : "printer/0/6.1/-2/3"));
		trap(&s, PACKED_TRAP, closed);
		assert_int_equal(open_alarms(&s), 0);
		assert_int_equal(model_count(&s.rows, ROW_ALARM), 1);
		story_end(&s);
	}
}

static void polled(void **state)
{
	struct story s;
	story_begin(&s);
	alert(&s, 5, CRITICAL, INPUT, 2, -2, JAM);
	own(&s, EVENT_POLL,
	    "{\"device\":1,\"asked\":\"ok\",\"model\":\"VarioPrint\",\"serial\":\"77\",\"alert\":{\"device\":1,"
	    "\"index\":9,"
	    "\"severity\":3,\"training\":5,\"group\":8,\"group_index\":2,\"location\":-2,\"code\":8,"
	    "\"description\":\"Papierstau\"}}");
	const struct alarm_row *a = only_open(&s);
	assert_int_equal(a->training, 5);
	assert_int_equal(a->count, 1);
	assert_int_equal(a->index, 9);
	assert_true(span_equal(a->description, span_str("Papierstau")));
	assert_true(span_equal(device_row(&s, 1)->model, span_str("VarioPrint")));
	// An answer that a trap overtook ends nothing.
	own(&s, EVENT_POLL, "{\"device\":1,\"gone\":1,\"seen\":0}");
	assert_int_equal(only_open(&s)->id, 1);
	// A warning that no trap told of, and the end of the jam.
	own(&s, EVENT_POLL,
	    "{\"device\":1,\"gone\":1,\"seen\":1,\"alert\":{\"device\":1,\"index\":10,\"severity\":4,\"group\":10,"
	    "\"group_index\":"
	    "1,"
	    "\"location\":-2,\"code\":1104}}");
	assert_int_equal(alarm_row(&s, 1)->because, BECAUSE_POLL);
	assert_int_equal(only_open(&s)->id, 4);
	own(&s, EVENT_POLL, "{\"device\":1,\"asked\":\"no answer\"}");
	assert_true(span_equal(device_row(&s, 1)->asked_why, span_str("no answer")));
	story_end(&s);
}

static void crowded(void **state)
{
	struct story s;
	story_begin(&s);
	for (int i = 0; i < 300; i++)
		alert(&s, i + 1, CRITICAL, INPUT, i + 1, -2, JAM);
	assert_int_equal(open_alarms(&s), 257);
	assert_int_equal(alarm_row(&s, 257)->kind, ALARM_CROWDED);
	assert_int_equal(alarm_row(&s, 257)->count, 44);
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_is_stable),    cmocka_unit_test(removed_by_latest_index),
		cmocka_unit_test(opposite_codes),   cmocka_unit_test(double_alert),
		cmocka_unit_test(restart),          cmocka_unit_test(index_went_back),
		cmocka_unit_test(flapping),         cmocka_unit_test(once_expires),
		cmocka_unit_test(severity_follows), cmocka_unit_test(packed_values),
		cmocka_unit_test(packed_and_asked), cmocka_unit_test(polled),
		cmocka_unit_test(crowded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
