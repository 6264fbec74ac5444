// SPDX-License-Identifier: Apache-2.0
// The cursors: once bad always bad, nested lengths stay inside, the writer fills downwards and stays full.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/span.h"

static const uint8_t ten[] = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xfe, 0xdc };

static void reads_are_big_endian(void **state)
{
	struct rd r = rd_of(span_of(ten, sizeof ten));
	assert_int_equal(rd_u8(&r), 0x01);
	assert_int_equal(rd_u16(&r), 0x2345);
	assert_int_equal(rd_u32(&r), 0x6789abcd);
	assert_int_equal(rd_left(&r), 3);
	assert_int_equal(rd_be(&r, 3), 0xeffedc);
	assert_int_equal(rd_end(&r), ST_OK);
	r = rd_of(span_of(ten, sizeof ten));
	assert_true(rd_u64(&r) == 0x0123456789abcdef);
	assert_int_equal(rd_end(&r), ST_TRAILING);
}

static void once_bad_always_bad(void **state)
{
	struct rd r = rd_of(span_of(ten, 3));
	rd_skip(&r, 2);
	assert_int_equal(rd_u16(&r), 0);
	assert_true(r.bad);
	assert_int_equal(rd_left(&r), 0);
	assert_int_equal(rd_u8(&r), 0); // a byte is there, but the cursor is bad
	assert_int_equal(rd_rest(&r).n, 0);
	assert_int_equal(rd_end(&r), ST_SHORT);
	struct rd sub = rd_sub(&r, 0);
	assert_int_equal(rd_end(&sub), ST_SHORT);
}

static void a_nested_cursor_stays_inside(void **state)
{
	struct rd r = rd_of(span_of(ten, sizeof ten));
	struct rd sub = rd_sub(&r, 4);
	assert_int_equal(rd_left(&r), 6);
	rd_skip(&sub, 3);
	assert_int_equal(rd_u16(&sub), 0);
	assert_int_equal(rd_end(&sub), ST_SHORT);
	assert_int_equal(rd_u8(&r), 0x89); // the outer cursor is not harmed
	sub = rd_sub(&r, 6);
	assert_true(sub.bad && r.bad);
	sub = rd_of(span_of(ten, 2));
	struct rd whole = rd_sub(&sub, SIZE_MAX);
	assert_true(whole.bad && sub.bad);
}

static void an_empty_span_needs_no_address(void **state)
{
	struct rd r = rd_of((struct span){ 0 });
	assert_int_equal(rd_end(&r), ST_OK);
	assert_int_equal(rd_take(&r, 0).n, 0);
	struct rd sub = rd_sub(&r, 0);
	assert_int_equal(rd_end(&sub), ST_OK);
	assert_int_equal(rd_u8(&r), 0);
	assert_int_equal(rd_end(&r), ST_SHORT);
	assert_true(span_equal((struct span){ 0 }, span_str("")));
	assert_true(span_equal(span_str(NULL), span_of(ten, 0)));
	assert_false(span_equal(span_str("a"), span_str("b")));
	assert_false(span_equal(span_str("a"), span_str("ab")));
}

static void the_writer_fills_downwards(void **state)
{
	uint8_t buffer[9];
	struct wr w = wr_of(buffer, sizeof buffer);
	wr_bytes(&w, span_str("xyz"));
	wr_be(&w, 0x1234567, 4);
	wr_u8(&w, 0x30);
	static const uint8_t want[] = { 0x30, 0x01, 0x23, 0x45, 0x67, 'x', 'y', 'z' };
	assert_true(span_equal(wr_span(&w), span_of(want, sizeof want)));
	wr_be(&w, 0xffff, 2);
	assert_true(w.full);
	assert_int_equal(wr_span(&w).n, 0);
	wr_u8(&w, 1); // would fit, but full stays full
	assert_true(w.full);
	assert_int_equal(wr_span(&w).n, 0);
}

// What the writer wrote, the reader reads; the model is a list of the values.
static void random_walk(void **state)
{
	srandom(1);
	for (int round = 0; round < 2000; round++) {
		uint8_t buffer[64];
		struct wr w = wr_of(buffer, (size_t)random() % sizeof buffer);
		size_t room = (size_t)(w.end - w.base), used = 0;
		uint64_t value[64];
		size_t bytes[64], n = 0;
		while (n < 64) {
			bytes[n] = (size_t)random() % 8 + 1;
			value[n] = ((uint64_t)random() << 33 ^ (uint64_t)random()) >> (64 - 8 * bytes[n]);
			wr_be(&w, value[n], bytes[n]);
			assert_int_equal(w.full, used + bytes[n] > room);
			if (w.full)
				break;
			used += bytes[n++];
		}
		struct rd r = rd_of(span_of(w.at, (size_t)(w.end - w.at)));
		while (n-- > 0)
			assert_true(rd_be(&r, bytes[n]) == value[n]);
		assert_int_equal(rd_end(&r), ST_OK);
	}
}

static void every_status_has_a_name_of_its_own(void **state)
{
	for (int i = 0; i < ST_COUNT; i++) {
		assert_true(st_name(i)[0] && st_text(i)[0]);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(st_name(i), st_name(k));
	}
	assert_string_equal(st_name(ST_COUNT), "unknown");
	assert_string_equal(st_text((enum st) - 1), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_are_big_endian),
		cmocka_unit_test(once_bad_always_bad),
		cmocka_unit_test(a_nested_cursor_stays_inside),
		cmocka_unit_test(an_empty_span_needs_no_address),
		cmocka_unit_test(the_writer_fills_downwards),
		cmocka_unit_test(random_walk),
		cmocka_unit_test(every_status_has_a_name_of_its_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
