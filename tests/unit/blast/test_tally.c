// SPDX-License-Identifier: Apache-2.0
// The tally of sequence numbers against plain counters.
#include "tally.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_empty(void **state)
{
	struct tally t = { 0 };
	assert_int_equal(tally_of(&t, 0), 0);
	assert_int_equal(tally_of(&t, UINT64_MAX), 0);
	tally_done(&t);
}

static void test_far_numbers(void **state)
{
	struct tally t = { 0 };
	assert_int_equal(tally_add(&t, 0), ST_OK);
	assert_int_equal(tally_add(&t, 5 * TALLY_START + 3), ST_OK);
	assert_int_equal(tally_add(&t, TALLY_MAX), ST_FULL);
	assert_int_equal(t.distinct, 2);
	assert_int_equal(t.lowest, 0);
	assert_int_equal(t.highest, 5 * TALLY_START + 3);
	assert_int_equal(tally_of(&t, 5 * TALLY_START + 3), 1);
	assert_int_equal(tally_of(&t, 5 * TALLY_START + 2), 0);
	tally_done(&t);
}

static void test_random_walk(void **state)
{
	enum { NUMBERS = 5000, TURNS = 20000 };
	static unsigned seen[NUMBERS];
	struct tally t = { 0 };
	uint64_t distinct = 0, again = 0;
	srandom(3);
	for (int i = 0; i < TURNS; i++) {
		unsigned n = (unsigned)random() % NUMBERS;
		*(seen[n] ? &again : &distinct) += 1;
		seen[n]++;
		assert_int_equal(tally_add(&t, n), ST_OK);
	}
	for (unsigned n = 0; n < NUMBERS; n++)
		assert_int_equal(tally_of(&t, n), seen[n] < 2 ? seen[n] : 2);
	assert_int_equal(t.distinct, distinct);
	assert_int_equal(t.again, again);
	tally_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_far_numbers),
		cmocka_unit_test(test_random_walk),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
