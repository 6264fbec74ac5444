// SPDX-License-Identifier: Apache-2.0
// The relay's table against a slow model over a random walk: every flow is found by its number and by its address, or the
// oldest of more than fit are gone.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tunnel/flows.h"

static const struct hash_key key = { 1, 2 };

static struct flow flow_of(uint32_t n, bool masked)
{
	struct flow x = { .peer = { .ip = { [10] = 0xff, 0xff, 10, (uint8_t)(n >> 8), (uint8_t)n, 1 } },
		          .service = n & 1 ? 162 : 2697,
		          .ifindex = n,
		          .masked = masked };
	x.peer.port = (uint16_t)(1000 + n % 7);
	return x;
}

static void one_device(void **state)
{
	struct flows *f;
	struct flow x = flow_of(1, false), y = flow_of(2, true);
	assert_int_equal(flows_new(&key, &f), ST_OK);
	assert_null(flows_of(f, &x.peer, x.service));
	assert_null(flows_masked(f, 0));
	uint16_t a = flows_heard(f, &x), b = flows_heard(f, &y);
	assert_true(a != b);
	assert_int_equal(flows_heard(f, &x), a);
	assert_int_equal(flows_of(f, &x.peer, x.service)->ifindex, 1);
	assert_null(flows_of(f, &x.peer, 9));
	assert_null(flows_masked(f, a));
	assert_null(flows_of(f, &y.peer, y.service)); // inside it has another address
	assert_int_equal(flows_masked(f, b)->ifindex, 2);
	assert_null(flows_masked(f, FLOWS_MAX));
	x.masked = true;
	assert_int_equal(flows_heard(f, &x), a);
	assert_int_equal(flows_masked(f, a)->ifindex, 1);
	flows_free(f);
	flows_free(NULL);
}

// `heard[n]`: when flow n was last heard, 0 for never. The newest FLOWS_MAX are known.
enum { UNIVERSE = 6000, STEPS = 40000 };

static void as_the_model_says(void **state)
{
	static uint32_t heard[UNIVERSE];
	static uint16_t number[UNIVERSE];
	struct flows *f;
	uint64_t seed = 7;
	assert_int_equal(flows_new(&key, &f), ST_OK);
	for (uint32_t step = 1; step <= STEPS; step++) {
		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
		uint32_t n = (uint32_t)(seed >> 33) % UNIVERSE;
		struct flow x = flow_of(n, n % 3 == 0);
		number[n] = flows_heard(f, &x);
		heard[n] = step;
		if (step % 2000)
			continue;
		for (uint32_t i = 0; i < UNIVERSE; i++) {
			unsigned newer = 0;
			struct flow y = flow_of(i, i % 3 == 0);
			for (uint32_t k = 0; k < UNIVERSE; k++)
				newer += heard[k] > heard[i];
			const struct flow *found =
			        y.masked ? flows_masked(f, number[i]) : flows_of(f, &y.peer, y.service);
			bool known = found && found->ifindex == i;
			assert_int_equal(known, heard[i] && newer < FLOWS_MAX);
		}
	}
	flows_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(one_device), cmocka_unit_test(as_the_model_says) };
	return cmocka_run_group_tests_name("tunnel: flows", tests, NULL, NULL);
}
