// SPDX-License-Identifier: Apache-2.0
// A refusal for time in words: the clock, the values, what went wrong, and the command that helps.
#include <string.h>

#include "snmp/v3_late.h"
#include "v3_help.h"

static void sentences(void **state)
{
	enum { MAX = USM_BOOTS_MAX };
	static const struct {
		struct v3_late late;
		const char *said, *not_said;
	} rows[] = {
		{ { false, true, 1, 5000, 3, 12, { 0x80, 0, 0x1f, 0x88, 4 }, 5 },
		  "the clock of engine 80001f8804 says boots 1, time 5000 s, but was at boots 3, time 12 s: its boots "
		  "went "
		  "back. If the device was replaced or set back: trapline engine reset 80001f8804; if its clock is "
		  "always "
		  "wrong: trapline engine lenient 80001f8804",
		  "behind" },
		{ { false, true, 3, 100, 3, 900, { 1, 2, 3, 4, 5 }, 5 },
		  "it is 800 s behind, and 150 s are allowed",
		  "went back" },
		{ { false, true, MAX, 5, 3, 900, { 1, 2, 3, 4, 5 }, 5 }, "never accepted", "behind" },
		{ { false, true, 4, 5, MAX, 900, { 1, 2, 3, 4, 5 }, 5 }, "never accepted", "boots went" },
		{ { false, false, MAX, 5, 0, 0, { 1, 2, 3, 4, 5 }, 5 }, "time 5 s: boots that", "but was" },
		{ { false, false, 4, 5, 0, 0, { 1, 2, 3, 4, 5 }, 5 },
		  "says boots 4, time 5 s: that is outside the time window of 150 s. If the device",
		  "but was" },
		{ { true, true, 6, 3, 7, 10, { 1, 2, 3, 4, 5 }, 5 },
		  "it names our engine with boots 6, time 3 s, but our clock is at boots 7, time 10 s: a sender that "
		  "asks",
		  "trapline engine" },
		{ { true, true, MAX, 3, MAX, 10, { 1, 2, 3, 4, 5 }, 5 }, "our boots are used up", "asks us" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct text out = { 0 };
		v3_late_text(&rows[i].late, &out);
		if (!strstr(text_str(&out), rows[i].said) || strstr(text_str(&out), rows[i].not_said))
			fail_msg("row %zu: %s", i, text_str(&out));
		text_done(&out);
	}
}

// From real messages: a device whose boots went back, and an inform with an old clock of ours.
static void received(void **state)
{
	struct usm_user alice = test_user("alice", "sha256", "aes128", "correct horse");
	struct usm_users *users = users_of(&alice, 1, NULL);
	struct v3_state *s = state_of(users, 10);
	struct span printer = span_of(printer_engine, sizeof printer_engine);
	struct v3_received r;
	struct datagram d = trap_at(alice, printer, 3, 0, SECONDS(1000));
	assert_int_equal(receive_from(s, SECONDS(1000), "192.0.2.1", datagram_span(&d), &r), ST_OK);
	free(d.p);
	d = trap_at(alice, printer, 2, 0, SECONDS(1010));
	assert_int_equal(receive_from(s, SECONDS(1010), "192.0.2.1", datagram_span(&d), &r), ST_TIME_WINDOW);
	struct v3_late l = v3_late_of(&r);
	free(d.p);
	assert_false(l.own);
	assert_true(l.known);
	assert_true(l.boots == 2 && l.time == 1010 && l.clock_boots == 3 && l.clock_time == 1010);
	assert_true(span_equal(span_of(l.engine, l.engine_n), printer));

	struct v3_client *c = client_of(alice, 0, USM_BLUMENTHAL);
	v3_client_engine(c, span_of(our_engine, sizeof our_engine), OUR_BOOTS - 1, 0);
	d = client_message(c, SECONDS(1010), PDU_INFORM, 1, "paper jam");
	assert_int_equal(receive_from(s, SECONDS(1010), "192.0.2.1", datagram_span(&d), &r), ST_TIME_WINDOW);
	l = v3_late_of(&r);
	assert_true(l.own && l.known);
	assert_true(l.boots == OUR_BOOTS - 1 && l.clock_boots == OUR_BOOTS && l.clock_time == 1010);
	free(d.p);
	v3_client_free(c);
	v3_state_free(s);
	usm_users_free(users);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(sentences), cmocka_unit_test(received) };
	return cmocka_run_group_tests(tests, start_crypto, stop_crypto);
}
