// SPDX-License-Identifier: Apache-2.0
// The ring against a plain queue, in one thread with every step compared, and between two threads.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "base/ring.h"

enum { SIZE = 64 << 10, QUEUE = 1 << 16 };

static uint64_t random_next(uint64_t *state)
{
	uint64_t x = *state;
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return *state = x;
}

// Record `number`: its length follows from the number, so that the reader knows what must come.
static size_t length_of(uint64_t number)
{
	uint64_t x = number * 0x9e3779b97f4a7c15u + 1;
	uint64_t r = random_next(&x);
	return r % 50 == 0 ? r / 64 % (SIZE / 2 - RING_FRAME_HEAD) : r / 64 % 400;
}

static bool put(struct ring *r, uint64_t number, size_t slack)
{
	size_t n = length_of(number), max = n + slack;
	if (max > SIZE / 2 - RING_FRAME_HEAD)
		max = n;
	uint8_t *at = ring_reserve(r, max);
	if (!at)
		return false;
	for (size_t i = 0; i < n; i++)
		at[i] = (uint8_t)(number + i);
	ring_publish(r, n);
	return true;
}

static void check(struct span s, uint64_t number)
{
	assert_int_equal(s.n, length_of(number));
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != (uint8_t)(number + i))
			fail_msg("record %llu differs at %zu", (unsigned long long)number, i);
}

// Takes a run; returns the number of records in it.
static uint32_t take(struct ring *r, uint64_t *at, size_t max, uint64_t number)
{
	uint32_t records = 0, seen = 0;
	struct span run = ring_run(r, at, max, &records), record;
	struct rd frames = rd_of(run);
	while (frame_next(&frames, &record))
		check(record, number + seen++);
	assert_int_equal(rd_end(&frames), ST_OK);
	assert_int_equal(seen, records);
	assert_true(records <= 1 || run.n <= max);
	*at += run.n;
	return records;
}

static void against_a_queue(void **unused)
{
	for (uint64_t seed = 1; seed < 20; seed++) {
		struct ring r;
		assert_int_equal(ring_init(&r, SIZE), ST_OK);
		uint64_t random = seed, in = 0, out = 0, at = 0;
		unsigned full = 0;
		for (int step = 0; step < 20000; step++) {
			// Times in which it runs full and times in which it runs empty.
			if (random_next(&random) % 20 < (step / 1000 % 2 ? 8 : 19)) {
				bool fits = put(&r, in, random_next(&random) % 100);
				in += fits;
				full += !fits;
			} else {
				out += take(&r, &at, random_next(&random) % 2000, out);
				if (random_next(&random) % 2) {
					ring_free_to(&r, at);
					assert_int_equal(ring_freed(&r), at);
				}
			}
			assert_true(out <= in);
		}
		while (out < in) {
			uint32_t n = take(&r, &at, 5000, out);
			assert_true(n > 0);
			out += n;
		}
		assert_int_equal(take(&r, &at, 5000, out), 0);
		assert_in_range(full, 100, 15000);
		ring_done(&r);
	}
}

// An empty ring takes a record of up to half its size wherever its head stands.
static void never_stuck(void **unused)
{
	struct ring r;
	assert_int_equal(ring_init(&r, SIZE), ST_OK);
	uint64_t at = 0;
	for (size_t n = 0; n < 3 * SIZE; n += 61) {
		uint8_t *p = ring_reserve(&r, SIZE / 2 - RING_FRAME_HEAD);
		assert_non_null(p);
		ring_publish(&r, 57);
		uint32_t records;
		at += ring_run(&r, &at, SIZE, &records).n;
		assert_int_equal(records, 1);
		ring_free_to(&r, at);
	}
	assert_null(ring_reserve(&r, SIZE));
	ring_done(&r);
}

static void nothing_is_seen_before_publish(void **unused)
{
	struct ring r;
	assert_int_equal(ring_init(&r, SIZE), ST_OK);
	uint64_t at = 0;
	uint32_t records = 9;
	assert_int_equal(ring_run(&r, &at, SIZE, &records).n, 0);
	assert_int_equal(records, 0);
	assert_non_null(ring_reserve(&r, 100));
	assert_int_equal(ring_run(&r, &at, SIZE, &records).n, 0);
	assert_int_equal(ring_publish(&r, 0), RING_FRAME_HEAD);
	assert_int_equal(ring_run(&r, &at, SIZE, &records).n, RING_FRAME_HEAD);
	assert_int_equal(records, 1);
	ring_done(&r);
}

static void lying_frames(void **unused)
{
	static const uint8_t lies[] = { 4, 0, 0, 0, 1, 2, 3 }, cut[] = { 1, 0 };
	struct span record = { 0 };
	struct rd r = rd_of(span_of(lies, sizeof lies));
	assert_false(frame_next(&r, &record));
	assert_int_equal(rd_end(&r), ST_SHORT);
	r = rd_of(span_of(cut, sizeof cut));
	assert_false(frame_next(&r, &record));
	assert_int_equal(rd_end(&r), ST_SHORT);
	r = rd_of((struct span){ 0 });
	assert_false(frame_next(&r, &record));
	assert_int_equal(rd_end(&r), ST_OK);
}

enum { THREADED = 200000 };

static void *produce(void *arg)
{
	struct ring *r = arg;
	for (uint64_t i = 0; i < THREADED;)
		if (put(r, i, 50))
			i++;
		else
			sched_yield();
	return NULL;
}

static void two_threads(void **unused)
{
	struct ring r;
	pthread_t thread;
	assert_int_equal(ring_init(&r, SIZE), ST_OK);
	assert_int_equal(pthread_create(&thread, NULL, produce, &r), 0);
	uint64_t at = 0, out = 0;
	while (out < THREADED) {
		uint32_t n = take(&r, &at, 9000, out);
		out += n;
		ring_free_to(&r, at);
		if (n == 0)
			sched_yield();
	}
	pthread_join(thread, NULL);
	assert_int_equal(at, atomic_load(&r.head));
	ring_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(against_a_queue),
		cmocka_unit_test(never_stuck),
		cmocka_unit_test(nothing_is_seen_before_publish),
		cmocka_unit_test(lying_frames),
		cmocka_unit_test(two_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
