// SPDX-License-Identifier: Apache-2.0
// Clocks and replays of whole messages: captures sent again, clocks that lie, clones, lenience, reset, and what a
// restart of the collector remembers.
#include <stdio.h>
#include <stdlib.h>

#include "v3_help.h"

static struct usm_users *users;
static struct usm_user alice;
static struct span printer;

static int setup(void **state)
{
	if (start_crypto(state))
		return 1;
	alice = test_user("alice", "sha256", "aes128", "correct horse");
	users = users_of(&alice, 1, NULL);
	printer = span_of(printer_engine, sizeof printer_engine);
	return 0;
}

static int teardown(void **state)
{
	usm_users_free(users);
	return stop_crypto(state);
}

static enum st hear(struct v3_state *s, int64_t at, const char *ip, const struct datagram *d, struct v3_received *r)
{
	return receive_from(s, SECONDS(at), ip, datagram_span(d), r);
}

// A trap of the printer whose clock was 0 at `started`, sent at `sent` (seconds); heard at `at`.
static enum st trap(struct v3_state *s, uint32_t boots, int64_t started, int64_t sent, int64_t at, const char *ip,
                    struct v3_received *r)
{
	struct datagram d = trap_at(alice, printer, boots, SECONDS(started), SECONDS(sent));
	enum st st = hear(s, at, ip, &d, r);
	free(d.p);
	return st;
}

static void captures(void **state)
{
	struct v3_state *s = state_of(users, 10);
	struct v3_received r;
	struct datagram d = trap_at(alice, printer, 3, 0, SECONDS(1000));
	assert_int_equal(hear(s, 1000, "192.0.2.1", &d, &r), ST_OK);
	assert_int_equal(hear(s, 1000, "192.0.2.1", &d, &r), ST_REPLAY);
	assert_int_equal(hear(s, 1149, "192.0.2.1", &d, &r), ST_REPLAY);
	assert_int_equal(hear(s, 1151, "192.0.2.1", &d, &r), ST_TIME_WINDOW);
	assert_true(r.clock.known && r.clock.boots == 3 && r.clock.time == 1000 && r.clock_time == 1151);
	// From other addresses there is no clock, but the digest is known, for long; and no engine is learned.
	for (int i = 2; i < 50; i++) {
		char ip[16];
		snprintf(ip, sizeof ip, "192.0.2.%d", i);
		assert_int_equal(hear(s, 1000 + 100 * i, ip, &d, &r), ST_REPLAY);
	}
	assert_int_equal(engines_count(s->engines), 1);
	assert_int_equal(s->by[ST_REPLAY], 50);
	free(d.p);
	v3_state_free(s);
}

static void boots_going_back(void **state)
{
	struct v3_state *s = state_of(users, 10);
	struct v3_received r;
	assert_int_equal(trap(s, 3, 0, 1000, 1000, "192.0.2.1", &r), ST_OK);
	assert_int_equal(trap(s, 2, 0, 1001, 1001, "192.0.2.1", &r), ST_TIME_WINDOW);
	assert_int_equal(r.message.usm.boots, 2);
	assert_int_equal(r.message.usm.time, 1001);
	assert_int_equal(r.clock.boots, 3);
	assert_true(r.verified);
	// Lenient: accepted and flagged; the clock stays where it was.
	assert_int_equal(v3_engine_lenient(s, span_str("site"), printer, NULL, true), 1);
	assert_int_equal(v3_engine_lenient(s, span_str("elsewhere"), printer, NULL, true), 0);
	assert_int_equal(trap(s, 2, 0, 1002, 1002, "192.0.2.1", &r), ST_OK);
	assert_true(r.lenient);
	assert_int_equal(trap(s, 3, 0, 1003, 1003, "192.0.2.1", &r), ST_OK);
	assert_false(r.lenient);
	assert_int_equal(v3_engine_lenient(s, span_str("site"), printer, NULL, false), 1);
	assert_int_equal(trap(s, 2, 0, 1004, 1004, "192.0.2.1", &r), ST_TIME_WINDOW);
	// Reset: a new board may begin again.
	assert_int_equal(v3_engine_reset(s, span_str("site"), printer, NULL), 1);
	assert_int_equal(trap(s, 2, 0, 1005, 1005, "192.0.2.1", &r), ST_OK);
	assert_int_equal(trap(s, 1, 0, 1006, 1006, "192.0.2.1", &r), ST_TIME_WINDOW);
	v3_state_free(s);
}

// A sender without a clock says 0/0 for ever, and after its start the very same octets: lenient takes them after the
// window, and never within it.
static void no_clock_at_all(void **state)
{
	struct v3_state *s = state_of(users, 10);
	struct v3_received r;
	struct datagram d = trap_at(alice, printer, 0, SECONDS(5000), SECONDS(1000)); // time 0
	assert_int_equal(hear(s, 1000, "192.0.2.1", &d, &r), ST_OK);
	assert_int_equal(hear(s, 1100, "192.0.2.1", &d, &r), ST_REPLAY);
	assert_int_equal(hear(s, 1400, "192.0.2.1", &d, &r), ST_TIME_WINDOW);
	v3_engine_lenient(s, span_str("site"), printer, NULL, true);
	assert_int_equal(hear(s, 1100, "192.0.2.1", &d, &r), ST_REPLAY);
	assert_int_equal(hear(s, 1400, "192.0.2.1", &d, &r), ST_OK);
	assert_true(r.lenient);
	assert_int_equal(hear(s, 1401, "192.0.2.1", &d, &r), ST_REPLAY);
	free(d.p);
	v3_state_free(s);
}

// Two devices with one engine ID: both are heard, each by its own clock, and each message says that there are two.
static void clones(void **state)
{
	struct v3_state *s = state_of(users, 10);
	struct v3_received r;
	for (int64_t t = 1000; t < 3000; t += 200) {
		assert_int_equal(trap(s, 9, 0, t, t, "192.0.2.1", &r), ST_OK);
		assert_int_equal(r.shared, t > 1000);
		assert_int_equal(trap(s, 2, 900, t, t, "192.0.2.2", &r), ST_OK);
		assert_true(r.shared);
	}
	assert_int_equal(engines_count(s->engines), 2);
	assert_int_equal(v3_engine_reset(s, span_str("site"), printer, NULL), 2);
	struct addr one;
	assert_int_equal(addr_parse("192.0.2.2:9", &one), ST_OK);
	assert_int_equal(v3_engine_reset(s, span_str("site"), printer, &one), 1);
	// A device that moved long ago is not two devices.
	assert_int_equal(trap(s, 9, 0, 200000, 200000, "192.0.2.1", &r), ST_OK);
	assert_false(r.shared);
	v3_state_free(s);
}

static bool only_first(void *arg, const struct addr *peer)
{
	return peer->ip[15] == 1;
}

// Over a restart in which the machine's own clock began again: clocks, lenience and digests are still there.
static void restart(void **state)
{
	const int64_t wall = SECONDS(1800000000), down = 60; // seconds from export to import
	struct v3_state *s = state_of(users, 10), *t;
	struct v3_received r;
	struct text file = { 0 };
	struct datagram captured = trap_at(alice, printer, 3, 0, SECONDS(1000));
	assert_int_equal(hear(s, 1000, "192.0.2.1", &captured, &r), ST_OK);
	assert_int_equal(trap(s, 3, 0, 1000, 1000, "192.0.2.2", &r), ST_OK);
	v3_export(s, SECONDS(1010), wall, &file);
	v3_state_free(s);

	struct span bytes = span_of(file.p, file.n);
	t = state_of(users, 10);
	assert_int_equal(v3_import(t, SECONDS(5), wall + SECONDS(down), bytes, NULL, NULL), ST_OK);
	assert_int_equal(engines_count(t->engines), 2);
	assert_int_equal(hear(t, 5, "192.0.2.1", &captured, &r), ST_REPLAY); // 70 seconds old
	assert_int_equal(hear(t, 50, "192.0.2.9", &captured, &r), ST_REPLAY);
	assert_int_equal(hear(t, 86, "192.0.2.1", &captured, &r), ST_TIME_WINDOW); // 151 seconds old
	assert_int_equal(r.clock_time, 1151);
	assert_int_equal(trap(t, 3, 0, 1152, 87, "192.0.2.1", &r), ST_OK);
	v3_state_free(t);

	t = state_of(users, 10);
	assert_int_equal(v3_import(t, SECONDS(5), wall - SECONDS(9999), bytes, only_first, NULL), ST_OK);
	assert_int_equal(engines_count(t->engines), 1); // and a wall clock that was set back does no harm
	assert_int_equal(trap(t, 3, 0, 849, 5, "192.0.2.1", &r), ST_TIME_WINDOW);
	assert_int_equal(trap(t, 3, 0, 1001, 5, "192.0.2.1", &r), ST_OK);
	v3_state_free(t);
	free(captured.p);
	text_done(&file);
}

static void damaged_files(void **state)
{
	struct v3_state *s = state_of(users, 10), *t = state_of(users, 10);
	struct v3_received r;
	struct text file = { 0 };
	assert_int_equal(trap(s, 3, 0, 1000, 1000, "192.0.2.1", &r), ST_OK);
	v3_export(s, SECONDS(1000), SECONDS(1800000000), &file);
	for (size_t n = 0; n < file.n; n++) {
		uint8_t *cut = malloc(n + 1);
		memcpy(cut, file.p, n);
		assert_int_equal(v3_import(t, 0, 0, span_of(cut, n), NULL, NULL), ST_DAMAGED);
		free(cut);
		file.p[n] ^= 0x10;
		assert_int_equal(v3_import(t, 0, 0, span_of(file.p, file.n), NULL, NULL), ST_DAMAGED);
		file.p[n] ^= 0x10;
	}
	// A later version, with its checksum made right.
	uint8_t later[12] = { 'T', 'L', 'v', '3', 0, 0, 0, 9 };
	uint32_t crc = crc32c(0, span_of(later, 8));
	for (int i = 0; i < 4; i++)
		later[8 + i] = (uint8_t)(crc >> 8 * (3 - i));
	assert_int_equal(v3_import(t, 0, 0, span_of(later, sizeof later), NULL, NULL), ST_NEWER);
	assert_int_equal(engines_count(t->engines), 0);
	assert_int_equal(v3_import(t, 0, 0, span_of(file.p, file.n), NULL, NULL), ST_OK);
	assert_int_equal(engines_count(t->engines), 1);
	v3_state_free(s);
	v3_state_free(t);
	text_done(&file);
}

// A flood of what is not believed leaves no trace.
static void floods_leave_nothing(void **state)
{
	struct v3_state *s = state_of(users, 10);
	struct v3_received r;
	struct usm_user wrong = test_user("alice", "sha256", "aes128", "wrong horse");
	for (uint8_t i = 0; i < 100; i++) {
		uint8_t id[9] = { 0x80, 0, 0, 1, i };
		struct datagram d = trap_at(wrong, span_of(id, sizeof id), 1, 0, SECONDS(5));
		assert_int_equal(hear(s, 5, "192.0.2.1", &d, &r), ST_DIGEST);
		free(d.p);
	}
	assert_int_equal(engines_count(s->engines), 0);
	for (uint8_t i = 0; i < 100; i++) { // and what is believed is bounded
		uint8_t id[9] = { 0x80, 0, 0, 1, i };
		struct datagram d = trap_at(alice, span_of(id, sizeof id), 1, 0, SECONDS(5 + i));
		assert_int_equal(hear(s, 5 + i, "192.0.2.1", &d, &r), ST_OK);
		free(d.p);
	}
	assert_int_equal(engines_count(s->engines), 10);
	assert_int_equal(engines_evicted(s->engines), 90);
	v3_state_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(captures),
		cmocka_unit_test(boots_going_back),
		cmocka_unit_test(no_clock_at_all),
		cmocka_unit_test(clones),
		cmocka_unit_test(restart),
		cmocka_unit_test(damaged_files),
		cmocka_unit_test(floods_leave_nothing),
	};
	return cmocka_run_group_tests_name("snmp: v3 time", tests, setup, teardown);
}
