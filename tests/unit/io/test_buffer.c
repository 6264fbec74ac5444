// SPDX-License-Identifier: Apache-2.0
// The byte queue against a flat copy, and its budget.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "io/buffer.h"

enum { MAX = 20000, STEPS = 20000 };

static uint32_t random_state = 7;

static uint32_t next_random(uint32_t below)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)random_state * below >> 32);
}

static void test_walk(void **state)
{
	static uint8_t model[MAX], chunk[MAX];
	size_t held = 0, n;
	struct buffer b = { 0 };
	struct budget budget = { .max = 2 * MAX };
	for (int step = 0; step < STEPS; step++) {
		size_t size = next_random(step % 100 ? 600 : MAX);
		memset(chunk, step, size);
		uint32_t what = next_random(3);
		if (what == 0) {
			bool fits = held + size <= MAX;
			assert_int_equal(buffer_add(&b, &budget, MAX, span_of(chunk, size)), fits ? ST_OK : ST_FULL);
			if (fits) {
				memcpy(model + held, chunk, size);
				held += size;
			}
		} else if (what == 1) {
			uint8_t *p = buffer_room(&b, &budget, MAX, &n);
			assert_true(p || held >= MAX);
			n = !p ? 0 : size < n ? size : n;
			n = n < MAX - held ? n : MAX - held;
			if (n)
				memcpy(p, chunk, n);
			memcpy(model + held, chunk, n);
			buffer_added(&b, n);
			held += n;
		} else {
			n = size < held ? size : held;
			buffer_drop(&b, &budget, n);
			memmove(model, model + n, held - n);
			held -= n;
		}
		assert_true(span_equal(buffer_span(&b), span_of(model, held)));
		assert_int_equal(budget.used, b.room);
		assert_true(held || b.room <= BUFFER_FIRST);
	}
	buffer_done(&b, &budget);
	assert_int_equal(budget.used, 0);
}

static void test_budget(void **state)
{
	static const uint8_t bytes[BUFFER_FIRST + 1];
	struct buffer a = { 0 }, b = { 0 };
	struct budget budget = { .max = 2 * BUFFER_FIRST };
	size_t n;
	assert_int_equal(buffer_add(&a, &budget, MAX, span_of(bytes, BUFFER_FIRST)), ST_OK);
	assert_non_null(buffer_room(&b, &budget, MAX, &n));
	assert_int_equal(n, BUFFER_FIRST);
	assert_int_equal(buffer_add(&a, &budget, MAX, span_of(bytes, 1)), ST_FULL);
	assert_null(buffer_room(&a, &budget, MAX, &n));
	assert_int_equal(buffer_span(&a).n, BUFFER_FIRST);
	buffer_done(&b, &budget);
	assert_int_equal(buffer_add(&a, &budget, MAX, span_of(bytes, 1)), ST_OK);
	buffer_done(&a, &budget);
	assert_int_equal(budget.used, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_budget),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
