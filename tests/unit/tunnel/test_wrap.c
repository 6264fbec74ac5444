// SPDX-License-Identifier: Apache-2.0
// Which peer a packet is of, step by step.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tunnel/wrap.h"

static struct addr at(const char *text)
{
	struct addr a;
	assert_int_equal(addr_parse(text, &a), ST_OK);
	return a;
}

#define SECOND INT64_C(1000000000)

static struct wrap two(bool follow)
{
	struct wrap w = { .stack = at("10.0.0.1:0"), .follow = follow };
	struct addr a = at("10.0.0.11:0"), b = at("10.0.0.12:0"), far = at("192.0.2.7:4500"), none = { 0 };
	assert_int_equal(wrap_add(&w, &a, &far), ST_OK);
	assert_int_equal(wrap_add(&w, &b, &none), ST_OK);
	assert_int_equal(wrap_add(&w, &b, &none), ST_IN_USE);
	assert_int_equal(wrap_name_spi(&w, 0x2000, &b), ST_OK);
	return w;
}

static void test_who(void **state)
{
	struct wrap w = two(true);
	struct addr home = at("192.0.2.7:4500"), moved = at("192.0.2.7:4501"), other = at("198.51.100.1:1");
	struct addr stack = at("10.0.0.1:0"), a = at("10.0.0.11:0"), b = at("10.0.0.12:0");
	assert_ptr_equal(wrap_from_inside(&w, &stack, &a), &w.peer[0]);
	assert_null(wrap_from_inside(&w, &stack, &b)); // it has not spoken yet
	assert_null(wrap_from_inside(&w, &other, &a)); // not the stack
	assert_null(wrap_from_outside(&w, 0, &moved, 0x1000));
	assert_ptr_equal(wrap_from_outside(&w, 0, &home, 0x1000), &w.peer[0]); // pinned now
	assert_ptr_equal(wrap_from_outside(&w, 100 * SECOND, &moved, 0x1000), &w.peer[0]);
	assert_int_equal(w.peer[0].far.port, 4501);
	assert_null(wrap_from_outside(&w, 101 * SECOND, &home, 0x1000)); // too soon
	assert_ptr_equal(wrap_from_outside(&w, 106 * SECOND, &home, 0x1000), &w.peer[0]);
	assert_ptr_equal(wrap_from_outside(&w, 106 * SECOND, &other, 0x2000), &w.peer[1]);
	assert_ptr_equal(wrap_from_inside(&w, &stack, &b), &w.peer[1]);
	assert_null(wrap_from_outside(&w, 107 * SECOND, &other, 0x3000)); // named: none is pinned
	assert_int_equal(w.counters.moved, 2);
	assert_int_equal(w.counters.move_limited, 1);
	assert_int_equal(w.counters.unknown_outside, 2);
	assert_int_equal(w.counters.unknown_inside, 1);
	assert_int_equal(w.counters.nowhere, 1);
}

static void test_does_not_follow(void **state)
{
	struct wrap w = two(false);
	struct addr home = at("192.0.2.7:4500"), moved = at("192.0.2.7:4501");
	assert_non_null(wrap_from_outside(&w, 0, &home, 0x1000));
	assert_null(wrap_from_outside(&w, 100 * SECOND, &moved, 0x1000));
	assert_int_equal(w.counters.move_refused, 1);
	assert_non_null(wrap_from_outside(&w, 100 * SECOND, &moved, 0x2000)); // its first word
}

// Rekeying brings new SPIs; the oldest are forgotten.
static void test_pins(void **state)
{
	struct wrap w = two(true);
	struct addr home = at("192.0.2.7:4500"), moved = at("192.0.2.7:4501");
	for (uint32_t spi = 0x1000; spi <= 0x1000 + WRAP_SPIS; spi++)
		assert_non_null(wrap_from_outside(&w, 0, &home, spi));
	assert_null(wrap_from_outside(&w, 100 * SECOND, &moved, 0x1000));
	assert_non_null(wrap_from_outside(&w, 100 * SECOND, &moved, 0x1001));
}

// An SPI is of one peer, and a place where none is pinned yet is nobody's SPI.
static void test_whose(void **state)
{
	struct wrap w = two(true);
	struct addr a = at("10.0.0.11:0"), b = at("10.0.0.12:0"), other = at("198.51.100.1:1");
	assert_int_equal(wrap_name_spi(&w, 0x2000, &a), ST_IN_USE);
	assert_int_equal(wrap_name_spi(&w, 0x2000, &b), ST_IN_USE);
	assert_int_equal(wrap_name_spi(&w, 0x2001, &a), ST_OK);
	assert_null(wrap_from_outside(&w, 100 * SECOND, &other, 0));
	assert_int_equal(w.counters.moved, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who),
		cmocka_unit_test(test_does_not_follow),
		cmocka_unit_test(test_pins),
		cmocka_unit_test(test_whose),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
