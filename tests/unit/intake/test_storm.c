// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "intake/limits.h"
#include "intake/storm.h"

static const struct hash_key key = { 1, 2 };

static struct addr peer_of(unsigned i)
{
	struct addr a = { .ip = { [10] = 0xff, [11] = 0xff, [12] = 10 }, .port = 7 };
	a.ip[13] = (uint8_t)(i >> 16);
	a.ip[14] = (uint8_t)(i >> 8);
	a.ip[15] = (uint8_t)i;
	return a;
}

static struct event event_of(const struct addr *peer, const char *pdu)
{
	return (struct event){ .kind = EVENT_TRAP,
		               .received = 99,
		               .peer = *peer,
		               .site = span_str("site"),
		               .credential = span_str("ops"),
		               .pdu = span_str(pdu) };
}

static void row_keeps_first_and_last(void **state)
{
	struct storms s;
	struct addr a = peer_of(1);
	struct storm_source *source;
	assert_int_equal(storms_init(&s), ST_OK);
	for (int i = 0; i < 3; i++)
		assert_false(storms_over(&s, &key, &a, 50, 3, &source));
	static const char *const pdus[] = { "one", "two-longer", "three" };
	for (int i = 0; i < 3; i++) {
		struct event e = event_of(&a, pdus[i]);
		assert_true(storms_over(&s, &key, &a, 50, 3, &source));
		assert_int_equal(storms_add(&s, source, &e, 4), ST_OK);
	}
	struct answer_to to = { .peer = a };
	assert_true(storms_answer(&s, source->storm, &to, span_str("answer")));
	assert_null(storms_ripe(&s, 50, false));
	struct storm *row = storms_ripe(&s, 51, false);
	assert_non_null(row);
	assert_ptr_equal(row, storms_find(&s, &key, &a));
	assert_int_equal(row->event.kind, EVENT_STORM);
	assert_int_equal(row->event.count, 3);
	assert_true(span_equal(row->event.pdu, span_str("one")));
	assert_true(span_equal(row->event.pdu_last, span_str("three")));
	assert_true(span_equal(row->event.site, span_str("site")));
	assert_int_equal(row->listener, 4);
	assert_int_equal(row->answer_count, 1);
	storms_close(&s, row);
	assert_null(storms_find(&s, &key, &a));
	assert_int_equal(s.answer_bytes, 0);
	assert_false(storms_over(&s, &key, &a, 51, 3, &source));
	storms_done(&s);
}

static void sources_are_apart(void **state)
{
	struct storms s;
	struct storm_source *source;
	assert_int_equal(storms_init(&s), ST_OK);
	for (int round = 0; round < 2; round++)
		for (unsigned i = 0; i < 1000; i++) {
			struct addr a = peer_of(i);
			assert_int_equal(storms_over(&s, &key, &a, 9, 1, &source), round == 1);
		}
	storms_done(&s);
}

// Ten times as many sources as there is room for: nobody is limited who did not send twice.
static void flood_of_sources_limits_nobody(void **state)
{
	struct storms s;
	struct storm_source *source;
	assert_int_equal(storms_init(&s), ST_OK);
	for (unsigned i = 0; i < 10 * STORM_SOURCES; i++) {
		struct addr a = peer_of(i);
		assert_false(storms_over(&s, &key, &a, 9, 1, &source));
	}
	storms_done(&s);
}

// Large messages of many sources: what the open rows keep is bounded, and given back.
static void messages_are_bounded(void **state)
{
	static char large[60001];
	enum { SOURCES = 2 * STORM_BYTES / sizeof large };
	struct storms s;
	struct storm_source *source;
	unsigned full = 0;
	memset(large, 'x', sizeof large - 1);
	assert_int_equal(storms_init(&s), ST_OK);
	for (unsigned second = 1; second <= 2; second++) {
		for (unsigned i = 0; i < 2 * SOURCES; i++) {
			struct addr a = peer_of(i % SOURCES);
			struct event e = event_of(&a, large);
			assert_true(storms_over(&s, &key, &a, second, 0, &source));
			full += storms_add(&s, source, &e, 0) == ST_FULL;
			assert_true(s.bytes <= STORM_BYTES);
		}
		assert_in_range(full, second * SOURCES / 2, second * 2 * SOURCES);
		for (struct storm *row; (row = storms_ripe(&s, second + 1, false));)
			storms_close(&s, row);
		assert_int_equal(s.bytes, 0);
	}
	storms_done(&s);
}

static void answers_are_bounded(void **state)
{
	struct storms s;
	struct addr a = peer_of(1);
	struct storm_source *source;
	struct event e = event_of(&a, "x");
	struct answer_to to = { .peer = a };
	assert_int_equal(storms_init(&s), ST_OK);
	storms_over(&s, &key, &a, 1, 0, &source);
	assert_int_equal(storms_add(&s, source, &e, 0), ST_OK);
	for (int i = 0; i < STORM_ANSWERS; i++)
		assert_true(storms_answer(&s, source->storm, &to, span_str("a")));
	assert_false(storms_answer(&s, source->storm, &to, span_str("a")));
	storms_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(row_keeps_first_and_last),
		cmocka_unit_test(sources_are_apart),
		cmocka_unit_test(flood_of_sources_limits_nobody),
		cmocka_unit_test(messages_are_bounded),
		cmocka_unit_test(answers_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
