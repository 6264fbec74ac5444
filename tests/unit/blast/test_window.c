// SPDX-License-Identifier: Apache-2.0
// The outstanding informs of trapline-blast: verdicts, and a random walk against a plain list.
#include "window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_taken_once(void **state)
{
	struct window w;
	int64_t first = -1;
	assert_int_equal(window_init(&w, 10), ST_OK);
	window_add(&w, 7, 100);
	assert_false(window_take(&w, 8, &first));
	assert_false(window_take(&w, 7 + w.slots, &first));
	assert_int_equal(first, -1);
	assert_true(window_take(&w, 7, &first));
	assert_int_equal(first, 100);
	assert_false(window_take(&w, 7, &first));
	window_done(&w);
}

static void test_full(void **state)
{
	struct window w;
	assert_int_equal(window_init(&w, 2), ST_OK);
	window_add(&w, 1, 0);
	assert_false(window_full(&w, 2));
	assert_true(window_full(&w, 1 + w.slots)); // the slot is still taken
	window_add(&w, 2, 0);
	assert_true(window_full(&w, 3)); // as many as wanted
	window_done(&w);
}

static void test_longest_waiting_first(void **state)
{
	struct window w;
	uint64_t seq;
	int64_t first;
	assert_int_equal(window_init(&w, 10), ST_OK);
	for (uint64_t i = 1; i <= 3; i++)
		window_add(&w, i, (int64_t)i * 10);
	assert_false(window_again(&w, 10, 99, &seq));
	assert_true(window_again(&w, 25, 99, &seq));
	assert_int_equal(seq, 1);
	assert_true(window_again(&w, 25, 99, &seq));
	assert_int_equal(seq, 2);
	assert_false(window_again(&w, 25, 99, &seq));
	assert_true(window_take(&w, 1, &first));
	assert_int_equal(first, 10); // of the first sending
	assert_true(window_again(&w, 100, 200, &seq));
	assert_int_equal(seq, 3);
	window_done(&w);
}

enum { MODEL = 64 };

// Outstanding numbers in the order of their last sending.
struct model {
	uint64_t seq[MODEL];
	int64_t last[MODEL];
	int n;
};

static void model_drop(struct model *m, int at)
{
	m->n--;
	for (int i = at; i < m->n; i++) {
		m->seq[i] = m->seq[i + 1];
		m->last[i] = m->last[i + 1];
	}
}

static void model_push(struct model *m, uint64_t seq, int64_t now)
{
	m->seq[m->n] = seq;
	m->last[m->n++] = now;
}

static void test_random_walk(void **state)
{
	struct window w;
	struct model m = { 0 };
	uint64_t next = 0, seq;
	int64_t first;
	assert_int_equal(window_init(&w, MODEL), ST_OK);
	srandom(11);
	for (int64_t now = 1; now < 200000; now++) {
		int what = (int)(random() % 3);
		if (what == 0 && !window_full(&w, next)) {
			window_add(&w, next, now);
			model_push(&m, next++, now);
		} else if (what == 1 && m.n) {
			int at = (int)(random() % m.n);
			assert_true(window_take(&w, m.seq[at], &first));
			model_drop(&m, at);
		} else if (what == 2) {
			int64_t before = now - random() % 100;
			bool expected = m.n && m.last[0] < before;
			assert_int_equal(window_again(&w, before, now, &seq), expected);
			if (expected) {
				assert_int_equal(seq, m.seq[0]);
				model_drop(&m, 0);
				model_push(&m, seq, now);
			}
		}
		assert_int_equal(w.outstanding, m.n);
	}
	window_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken_once),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_longest_waiting_first),
		cmocka_unit_test(test_random_walk),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
