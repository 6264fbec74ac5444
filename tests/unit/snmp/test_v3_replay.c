// SPDX-License-Identifier: Apache-2.0
// The set of digests: what was added is seen, with its age; the oldest of a bucket goes first and is counted when it
// goes early.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/span.h"
#include "snmp/v3_replay.h"

#define SECONDS(n) ((int64_t)(n)*1000000000)

static uint64_t visited;

static void visit(void *arg, uint64_t key, uint32_t age)
{
	const struct replay *r = arg;
	uint32_t found;
	visited++;
	assert_true(replay_seen(r, SECONDS(5000), key, &found));
	assert_int_equal(found, age);
}

static void seen_with_age(void **state)
{
	struct replay r;
	uint32_t age = 99;
	assert_int_equal(replay_init(&r, 1 << 20), ST_OK);
	assert_false(replay_seen(&r, SECONDS(1000), 42, &age));
	assert_int_equal(age, 99);
	for (uint64_t k = 1; k <= 1000; k++)
		replay_add(&r, SECONDS(4 * k), k * 0x9e3779b97f4a7c15);
	for (uint64_t k = 1; k <= 1000; k++) {
		assert_true(replay_seen(&r, SECONDS(5000), k * 0x9e3779b97f4a7c15, &age));
		assert_in_range(age, 5000 - 4 * k - 8, 5000 - 4 * k + 8);
		assert_false(replay_seen(&r, SECONDS(5000), k * 0x9e3779b97f4a7c15 + ((uint64_t)1 << 63), &age));
	}
	visited = 0;
	replay_walk(&r, SECONDS(5000), 86400, visit, &r);
	assert_int_equal(visited, 1000);
	visited = 0;
	replay_walk(&r, SECONDS(5000), 2000, visit, &r);
	assert_in_range(visited, 247, 253);
	assert_int_equal(r.early, 0);
	replay_done(&r);
}

// One bucket: nine digests of it, and the first is forgotten.
static void oldest_goes(void **state)
{
	struct replay r;
	uint32_t age;
	assert_int_equal(replay_init(&r, 1 << 19), ST_OK);
	for (uint64_t k = 1; k <= 9; k++)
		replay_add(&r, SECONDS(100 + k), k << 32 | 5);
	assert_int_equal(r.early, 1);
	assert_false(replay_seen(&r, SECONDS(110), (uint64_t)1 << 32 | 5, &age));
	for (uint64_t k = 2; k <= 9; k++)
		assert_true(replay_seen(&r, SECONDS(110), k << 32 | 5, &age));
	replay_add(&r, SECONDS(1000), (uint64_t)10 << 32 | 5); // the next was not needed any more
	assert_int_equal(r.early, 1);
	replay_done(&r);
}

// A clock before 0 (what was taken in from before the last start of the machine) has an age too.
static void before_zero(void **state)
{
	struct replay r;
	uint32_t age;
	assert_int_equal(replay_init(&r, 0), ST_OK);
	replay_add(&r, SECONDS(-500), 7);
	assert_true(replay_seen(&r, SECONDS(100), 7, &age));
	assert_in_range(age, 592, 608);
	replay_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seen_with_age),
		cmocka_unit_test(oldest_goes),
		cmocka_unit_test(before_zero),
	};
	return cmocka_run_group_tests_name("snmp: v3 replay", tests, NULL, NULL);
}
