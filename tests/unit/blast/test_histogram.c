// SPDX-License-Identifier: Apache-2.0
// The histogram of trapline-blast against a sorted list.
#include "histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_empty(void **state)
{
	static struct histogram h;
	assert_int_equal(histogram_at(&h, 500), 0);
	assert_int_equal(histogram_at(&h, 1000), 0);
}

static void test_small_values_are_exact(void **state)
{
	static struct histogram h;
	for (uint64_t v = 1; v <= 10; v++)
		histogram_add(&h, v);
	assert_int_equal(histogram_at(&h, 500), 5);
	assert_int_equal(histogram_at(&h, 900), 9);
	assert_int_equal(histogram_at(&h, 901), 10);
	assert_int_equal(histogram_at(&h, 1000), 10);
}

static void test_largest_value(void **state)
{
	static struct histogram h;
	histogram_add(&h, UINT64_MAX);
	histogram_add(&h, 0);
	assert_true(histogram_at(&h, 1000) == UINT64_MAX);
	assert_int_equal(histogram_at(&h, 500), 0);
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

// Every percentile is at least the true one and at most 1/32 above.
static void test_error_is_bounded(void **state)
{
	enum { N = 20000 };
	static struct histogram h;
	static uint64_t v[N];
	srandom(7);
	for (int i = 0; i < N; i++) {
		v[i] = (uint64_t)random() << (random() % 24) >> (random() % 24);
		histogram_add(&h, v[i]);
	}
	qsort(v, N, sizeof *v, by_size);
	for (unsigned permille = 1; permille <= 1000; permille++) {
		uint64_t truth = v[N / 1000 * permille - 1];
		uint64_t said = histogram_at(&h, permille);
		assert_true(said >= truth);
		assert_true(said - truth <= truth / HISTOGRAM_STEPS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_small_values_are_exact),
		cmocka_unit_test(test_largest_value),
		cmocka_unit_test(test_error_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
