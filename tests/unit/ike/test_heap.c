// SPDX-License-Identifier: Apache-2.0
// The heap of timers against a slow look over all of them, on a random walk.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ike/heap.h"

enum { TIMERS = 200, STEPS = 200000 };

static uint64_t seed = 7;

static uint32_t draw(uint32_t below)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % below;
}

static int64_t some_time(void)
{
	return draw(8) == 0 ? INT64_MAX : (int64_t)draw(1000);
}

static void random_walk(void **state)
{
	struct ike_timer *t = calloc(TIMERS, sizeof *t), *elsewhere = calloc(TIMERS, sizeof *t);
	bool in[TIMERS] = { 0 };
	struct ike_heap h = { 0 };
	for (int step = 0; step < STEPS; step++) {
		uint32_t i = draw(TIMERS);
		int64_t least = INT64_MAX;
		bool out = in[i] && draw(3) == 0;
		if (out)
			ike_heap_remove(&h, &t[i]);
		else if (in[i])
			ike_heap_set(&h, &t[i], some_time());
		else
			assert_true(ike_heap_add(&h, &t[i], some_time()));
		in[i] = !out;
		for (int k = 0; k < TIMERS; k++)
			if (in[k] && t[k].due < least)
				least = t[k].due;
		assert_true(ike_heap_due(&h) == least);
		if (step % 1000 == 0) {
			memcpy(elsewhere, t, TIMERS * sizeof *t);
			struct ike_timer *old = t;
			t = elsewhere;
			elsewhere = old;
			for (int k = 0; k < TIMERS; k++)
				if (in[k])
					ike_heap_moved(&h, &t[k]);
			memset(old, 0xee, TIMERS * sizeof *old);
		}
	}
	ike_heap_free(&h);
	free(t);
	free(elsewhere);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(random_walk) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
