// SPDX-License-Identifier: Apache-2.0
// One thread's event loop: descriptors by epoll, timers by a heap, one monotonic `now` per turn.
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

struct loop;

typedef void loop_fd_fn(void *arg, uint32_t events);
typedef void loop_fn(void *arg);

// Embedded by its owner; zero-initialise, then set fn and arg. The links are the heap's (io/timer.h): an armed timer
// needs no memory but its own, so arming cannot fail. It must not move or be freed while it is armed.
struct loop_timer {
	int64_t at; // monotonic nanoseconds
	loop_fn *fn;
	void *arg;
	uint32_t place; // 0: not armed
	struct loop_timer *child, *next, *back;
};

enum st loop_new(struct loop **out);
void loop_free(struct loop *l);

// events: EPOLLIN, EPOLLOUT... level-triggered. ST_SYSTEM with errno.
enum st loop_add(struct loop *l, int fd, uint32_t events, loop_fd_fn *fn, void *arg);
enum st loop_change(struct loop *l, int fd, uint32_t events);
void loop_remove(struct loop *l, int fd); // safe from inside any handler; no stale event is delivered afterwards

// Arms, or moves an armed timer. It fires once, in the first turn whose `now` is at or behind `at`; armed by a timer's
// own function for a moment that has come it fires in the next turn, so no handler can hold the loop.
void loop_timer_set(struct loop *l, struct loop_timer *t, int64_t at);
void loop_timer_stop(struct loop *l, struct loop_timer *t);
// Called once at the end of every turn, after all handlers.
void loop_each_turn(struct loop *l, loop_fn *fn, void *arg);

int64_t loop_now(const struct loop *l);  // CLOCK_MONOTONIC at the begin of this turn, nanoseconds
int64_t loop_wall(const struct loop *l); // CLOCK_REALTIME at the begin of this turn, nanoseconds since the epoch

// Wakes the loop from another thread (eventfd); the each-turn function then runs.
void loop_wake(struct loop *l);
// Runs until loop_stop (callable from any thread).
enum st loop_run(struct loop *l);
void loop_stop(struct loop *l);

#endif
