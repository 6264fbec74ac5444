// SPDX-License-Identifier: Apache-2.0
// The writer's threads against real files: everything that was freed can be read back, once and in order.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "store/writer.h"
#include "scratch.h"

enum { RING_BYTES = 1 << 20, PRODUCERS = 3 };

struct producer {
	struct ring ring;
	struct writer *writer;
	pthread_t thread;
	uint64_t seed, first, count; // numbers first..first + count - 1
	bool urgent;
	_Atomic unsigned freed;
};

static void producer_freed(void *arg)
{
	struct producer *p = arg;
	atomic_fetch_add(&p->freed, 1);
}

static void pause_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
	nanosleep(&t, NULL);
}

static void *producer_run(void *arg)
{
	struct producer *p = arg;
	for (uint64_t i = 0; i < p->count; i++) {
		size_t n = RECORD_MIN + random_below(&p->seed, 600);
		uint8_t *at;
		while (!(at = ring_reserve(&p->ring, n))) {
			writer_wake(p->writer, true);
			pause_ms(1);
		}
		record_fill(at, n, p->first + i, random_below(&p->seed, 10) ? EVENT_TRAP : EVENT_INFORM);
		ring_publish(&p->ring, n);
		if (random_below(&p->seed, 20) == 0)
			writer_wake(p->writer, p->urgent);
	}
	writer_wake(p->writer, p->urgent);
	return NULL;
}

static struct writer *start(const char *dir, struct producer *p, unsigned n)
{
	struct text why = { 0 };
	struct journal *j = NULL;
	struct writer_source sources[PRODUCERS];
	if (journal_open(dir, &j, &why) != ST_OK)
		fail_msg("%s", text_str(&why));
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(ring_init(&p[i].ring, RING_BYTES), ST_OK);
		sources[i] = (struct writer_source){ &p[i].ring, producer_freed, &p[i] };
	}
	struct writer *w = NULL;
	assert_int_equal(writer_start(j, &(struct writer_options){ .dir = dir }, sources, n, &w), ST_OK);
	for (unsigned i = 0; i < n; i++)
		p[i].writer = w;
	return w;
}

// Reads everything; every producer's numbers must stand in order and without a gap.
static void check_all(const char *dir, const struct producer *p, unsigned n)
{
	struct text why = { 0 };
	struct journal_reader *r = NULL;
	if (journal_reader_open(dir, &r, &why) != ST_OK)
		fail_msg("%s", text_str(&why));
	uint64_t seen[PRODUCERS] = { 0 }, from = 1;
	struct journal_block b;
	enum st st;
	while ((st = journal_read(r, from, &b)) == ST_OK) {
		assert_int_equal(b.first, from);
		struct rd frames = rd_of(b.frames);
		struct span record;
		while (frame_next(&frames, &record)) {
			uint64_t number = 0;
			assert_true(record_good(record, &number));
			unsigned i = 0;
			while (i + 1 < n && number >= p[i + 1].first)
				i++;
			assert_int_equal(number, p[i].first + seen[i]);
			seen[i]++;
		}
		from += b.count;
	}
	assert_int_equal(st, ST_NONE);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(seen[i], p[i].count);
	journal_reader_close(r);
	text_done(&why);
}

static void everything_is_there(void **unused)
{
	char *dir = scratch_make();
	struct producer p[PRODUCERS] = { 0 };
	struct writer *w = start(dir, p, PRODUCERS);
	for (unsigned i = 0; i < PRODUCERS; i++) {
		p[i].first = i * UINT64_C(1000000);
		p[i].count = 30000;
		p[i].seed = 7 + i;
		p[i].urgent = i == 1;
		assert_int_equal(pthread_create(&p[i].thread, NULL, producer_run, &p[i]), 0);
	}
	for (unsigned i = 0; i < PRODUCERS; i++)
		pthread_join(p[i].thread, NULL);
	writer_stop(w);
	for (unsigned i = 0; i < PRODUCERS; i++) {
		assert_int_equal(ring_freed(&p[i].ring), atomic_load(&p[i].ring.head));
		assert_true(p[i].freed > 0);
		ring_done(&p[i].ring);
	}
	check_all(dir, p, PRODUCERS);
	scratch_remove(dir);
	free(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
