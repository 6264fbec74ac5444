// SPDX-License-Identifier: Apache-2.0
// The loop: stale events, wake and stop from another thread, timers in real time; the timer heap against a list.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/loop.h"
#include "io/system.h"
#include "io/timer.h"

enum { TIMERS = 300, STEPS = 60000, MILLISECOND = 1000000 };

static uint32_t random_state = 1;

static uint32_t next_random(uint32_t below)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)random_state * below >> 32);
}

// The model: the earliest armed timer of an array.
static int64_t model_first(const struct loop_timer *t)
{
	int64_t first = INT64_MAX;
	for (int i = 0; i < TIMERS; i++)
		if (t[i].place && t[i].at < first)
			first = t[i].at;
	return first;
}

static int tree_size(const struct loop_timer *t)
{
	int n = 0;
	for (; t; t = t->next) {
		for (const struct loop_timer *c = t->child; c; c = c->next)
			assert_true(c->at >= t->at);
		n += 1 + tree_size(t->child);
	}
	return n;
}

static void test_timer_heap(void **state)
{
	static struct loop_timer t[TIMERS];
	struct loop_timer *heap = NULL;
	int armed = 0;
	for (int step = 0; step < STEPS; step++) {
		struct loop_timer *one = &t[next_random(TIMERS)];
		uint32_t what = next_random(3);
		if (what == 0) {
			armed -= one->place != 0;
			timer_take(&heap, one);
		} else if (what == 1 && heap) {
			one = heap;
			assert_int_equal(one->at, model_first(t));
			timer_take(&heap, one);
			armed--;
		} else {
			armed += one->place == 0;
			timer_take(&heap, one);
			one->at = next_random(1000); // many equal ones
			timer_put(&heap, one);
		}
		assert_int_equal(heap ? heap->at : INT64_MAX, model_first(t));
		if (step % 64 == 0)
			assert_int_equal(tree_size(heap), armed);
	}
	for (int64_t last = 0; heap; armed--) {
		assert_true(heap->at >= last);
		last = heap->at;
		timer_take(&heap, heap);
	}
	assert_int_equal(armed, 0);
}

struct pairs {
	struct loop *loop;
	int fd[2][2];
	int called, other;
};

// Whoever is served first removes and closes the other, whose event was fetched in the same turn, and reuses its number.
static void remove_other(void *arg, uint32_t events)
{
	struct pairs *p = arg;
	p->called++;
	for (int i = 0; i < 2; i++) {
		loop_remove(p->loop, p->fd[i][0]);
		close(p->fd[i][0]);
		close(p->fd[i][1]);
	}
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p->fd[0]), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p->fd[1]), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(loop_add(p->loop, p->fd[i][0], EPOLLIN, remove_other, p), ST_OK);
	loop_stop(p->loop);
}

static void test_no_stale_event(void **state)
{
	struct pairs p = { 0 };
	assert_int_equal(loop_new(&p.loop), ST_OK);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p.fd[i]), 0);
		assert_int_equal(loop_add(p.loop, p.fd[i][0], EPOLLIN, remove_other, &p), ST_OK);
		assert_int_equal(write(p.fd[i][1], "x", 1), 1);
	}
	assert_int_equal(loop_add(p.loop, p.fd[0][0], EPOLLIN, remove_other, &p), ST_SYSTEM); // twice
	assert_int_equal(loop_add(p.loop, -1, EPOLLIN, remove_other, &p), ST_SYSTEM);
	assert_int_equal(loop_run(p.loop), ST_OK);
	assert_int_equal(p.called, 1);
	for (int i = 0; i < 2; i++) {
		loop_remove(p.loop, p.fd[i][0]);
		loop_remove(p.loop, p.fd[i][0]);
		assert_int_equal(loop_change(p.loop, p.fd[i][0], EPOLLIN), ST_SYSTEM);
		close(p.fd[i][0]);
		close(p.fd[i][1]);
	}
	loop_free(p.loop);
}

struct clockwork {
	struct loop *loop;
	struct loop_timer a, b, c, again;
	int order[8], fired, turns, agains;
	int64_t at[8], now_seen;
};

static void fire_a(void *arg)
{
	struct clockwork *w = arg;
	w->at[w->fired] = loop_now(w->loop);
	w->order[w->fired++] = 1;
	loop_timer_stop(w->loop, &w->b); // due in the same turn, but stopped before
}

static void fire_b(void *arg)
{
	fail();
}

static void fire_c(void *arg)
{
	struct clockwork *w = arg;
	w->at[w->fired] = loop_now(w->loop);
	w->order[w->fired++] = 3;
	loop_stop(w->loop);
}

static void fire_again(void *arg)
{
	struct clockwork *w = arg;
	assert_int_not_equal(w->now_seen, loop_now(w->loop)); // another turn than before
	w->now_seen = loop_now(w->loop);
	if (++w->agains < 3)
		loop_timer_set(w->loop, &w->again, loop_now(w->loop));
}

static void count_turn(void *arg)
{
	((struct clockwork *)arg)->turns++;
}

static void test_timers_fire(void **state)
{
	struct clockwork w = { .a = { .fn = fire_a, .arg = &w },
		               .b = { .fn = fire_b, .arg = &w },
		               .c = { .fn = fire_c, .arg = &w },
		               .again = { .fn = fire_again, .arg = &w } };
	assert_int_equal(loop_new(&w.loop), ST_OK);
	int64_t start = loop_now(w.loop);
	assert_true(llabs(loop_wall(w.loop) - clock_wall()) < 1000 * (int64_t)MILLISECOND);
	loop_each_turn(w.loop, count_turn, &w);
	loop_timer_set(w.loop, &w.c, start + 30 * MILLISECOND);
	loop_timer_set(w.loop, &w.a, start + 10 * MILLISECOND);
	loop_timer_set(w.loop, &w.b, start + 10 * MILLISECOND + 1);
	loop_timer_set(w.loop, &w.again, start);
	loop_timer_set(w.loop, &w.c, start + 20 * MILLISECOND); // moved
	assert_int_equal(loop_run(w.loop), ST_OK);
	assert_int_equal(w.fired, 2);
	assert_int_equal(w.order[0], 1);
	assert_int_equal(w.order[1], 3);
	assert_true(w.at[0] >= start + 10 * MILLISECOND);
	assert_true(w.at[1] >= start + 20 * MILLISECOND);
	assert_int_equal(w.agains, 3);
	assert_in_range(w.turns, 3, 6); // it sleeps between them, it does not spin
	loop_free(w.loop);
}

struct wakes {
	struct loop *loop;
	atomic_int turns;
};

static void stop_at_three(void *arg)
{
	struct wakes *w = arg;
	if (++w->turns == 3)
		loop_stop(w->loop);
}

static void *wake_three_times(void *arg)
{
	struct wakes *w = arg;
	for (int i = 0; i < 3; i++) {
		loop_wake(w->loop);
		while (atomic_load(&w->turns) == i) // two wakes before a turn are one
			usleep(100);
	}
	return NULL;
}

static void test_wake_and_stop(void **state)
{
	struct wakes w = { 0 };
	assert_int_equal(loop_new(&w.loop), ST_OK);
	loop_each_turn(w.loop, stop_at_three, &w);
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, wake_three_times, &w), 0);
	assert_int_equal(loop_run(w.loop), ST_OK);
	assert_int_equal(w.turns, 3);
	pthread_join(thread, NULL);
	loop_stop(w.loop); // before it runs: returns at once
	assert_int_equal(loop_run(w.loop), ST_OK);
	assert_int_equal(w.turns, 3);
	loop_free(w.loop);
	loop_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timer_heap),
		cmocka_unit_test(test_no_stale_event),
		cmocka_unit_test(test_timers_fire),
		cmocka_unit_test(test_wake_and_stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
