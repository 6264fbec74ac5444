// SPDX-License-Identifier: Apache-2.0
// The set of digests: what was added is seen, with its age; the oldest of a bucket goes first and is counted when it
// goes early.
#include <pthread.h>
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
		assert_true(replay_add(&r, SECONDS(4 * k), k * 0x9e3779b97f4a7c15, UINT32_MAX));
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
		assert_true(replay_add(&r, SECONDS(100 + k), k << 32 | 5, UINT32_MAX));
	assert_int_equal(r.early, 1);
	assert_false(replay_seen(&r, SECONDS(110), (uint64_t)1 << 32 | 5, &age));
	for (uint64_t k = 2; k <= 9; k++)
		assert_true(replay_seen(&r, SECONDS(110), k << 32 | 5, &age));
	assert_true(
	        replay_add(&r, SECONDS(1000), (uint64_t)10 << 32 | 5, UINT32_MAX)); // the next was not needed any more
	assert_int_equal(r.early, 1);
	replay_done(&r);
}

// A clock before 0 (what was taken in from before the last start of the machine) has an age too.
static void before_zero(void **state)
{
	struct replay r;
	uint32_t age;
	assert_int_equal(replay_init(&r, 0), ST_OK);
	assert_true(replay_add(&r, SECONDS(-500), 7, UINT32_MAX));
	assert_true(replay_seen(&r, SECONDS(100), 7, &age));
	assert_in_range(age, 592, 608);
	replay_done(&r);
}

enum { THREADS = 4, KEYS = 20000 };

struct thread {
	struct replay set;
	unsigned first; // how many it was the first to add
};

static void *adds(void *arg)
{
	struct thread *t = arg;
	for (uint64_t k = 1; k <= KEYS; k++)
		t->first += replay_add(&t->set, SECONDS(100), k * 0x9e3779b97f4a7c15, UINT32_MAX);
	return NULL;
}

// Whoever adds at the same time: each digest is new to one only. (Run under TSan too.)
static void shared_by_threads(void **state)
{
	struct replay r;
	struct thread threads[THREADS] = { 0 };
	pthread_t id[THREADS];
	unsigned first = 0;
	assert_int_equal(replay_init(&r, 1 << 20), ST_OK);
	for (size_t i = 0; i < THREADS; i++) {
		threads[i].set = replay_share(&r);
		assert_int_equal(pthread_create(&id[i], NULL, adds, &threads[i]), 0);
	}
	for (size_t i = 0; i < THREADS; i++) {
		pthread_join(id[i], NULL);
		first += threads[i].first;
		replay_done(&threads[i].set);
	}
	assert_int_equal(first, KEYS);
	replay_done(&r);
}

// A lenient device may say the same again after the window, and then it is new.
static void again_after_a_while(void **state)
{
	struct replay r;
	assert_int_equal(replay_init(&r, 0), ST_OK);
	assert_true(replay_add(&r, SECONDS(100), 7, 150));
	assert_false(replay_add(&r, SECONDS(200), 7, 150));
	assert_true(replay_add(&r, SECONDS(300), 7, 150));
	assert_false(replay_add(&r, SECONDS(400), 7, 150));
	replay_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seen_with_age),       cmocka_unit_test(oldest_goes),
		cmocka_unit_test(before_zero),         cmocka_unit_test(shared_by_threads),
		cmocka_unit_test(again_after_a_while),
	};
	return cmocka_run_group_tests_name("snmp: v3 replay", tests, NULL, NULL);
}
