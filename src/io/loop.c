// SPDX-License-Identifier: Apache-2.0
// The event loop of one thread. A turn is: wait, read the clocks once, descriptors that are ready, timers that are due,
// the each-turn function. Only loop_wake and loop_stop may be called by other threads.
//
// What epoll hands back is the descriptor and the number of its registration; a handler that removes (or closes and
// reuses) any descriptor changes that number, so an event that was already fetched for it is dropped.
#include "io/loop.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/scoped.h"
#include "io/system.h"
#include "io/timer.h"

enum loop_limits {
	LOOP_EVENTS = 64,      // descriptors served in one turn; the others keep their turn (epoll rotates)
	LOOP_WATCHES_MIN = 64, // first size of the table, which is indexed by descriptor and doubles
};

#define NANOSECONDS INT64_C(1000000000)

struct watch {
	loop_fd_fn *fn; // NULL: not registered
	void *arg;
	uint32_t number;
};

struct loop {
	int epoll, wake;
	struct watch *watches;
	size_t watch_room;
	uint32_t number; // of the last registration
	struct loop_timer *timers;
	bool firing;
	loop_fn *turn_fn;
	void *turn_arg;
	int64_t now, wall;
	atomic_bool stop;
};

static void clocks_read(struct loop *l)
{
	l->now = clock_monotonic();
	l->wall = clock_wall();
}

static void wake_drain(void *arg, uint32_t events)
{
	struct loop *l = arg;
	uint64_t count;
	while (read(l->wake, &count, sizeof count) < 0 && errno == EINTR)
		;
}

enum st loop_new(struct loop **out)
{
	struct loop *l = calloc(1, sizeof *l);
	if (!l)
		return ST_NO_MEMORY;
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	enum st st = l->epoll < 0 || l->wake < 0 ? ST_SYSTEM : loop_add(l, l->wake, EPOLLIN, wake_drain, l);
	if (st != ST_OK) {
		loop_free(l);
		return st;
	}
	clocks_read(l);
	*out = l;
	return ST_OK;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	int error = errno;
	fd_close(&l->epoll);
	fd_close(&l->wake);
	free(l->watches);
	free(l);
	errno = error;
}

static enum st watches_grow(struct loop *l, int fd)
{
	size_t room = l->watch_room ? l->watch_room : LOOP_WATCHES_MIN;
	while (room <= (size_t)fd)
		room *= 2;
	if (room == l->watch_room)
		return ST_OK;
	struct watch *w = realloc(l->watches, room * sizeof *w);
	if (!w)
		return ST_NO_MEMORY;
	for (size_t i = l->watch_room; i < room; i++)
		w[i] = (struct watch){ 0 };
	l->watches = w;
	l->watch_room = room;
	return ST_OK;
}

// The registration of a descriptor, or NULL.
static struct watch *watch_of(struct loop *l, int fd)
{
	return fd >= 0 && (size_t)fd < l->watch_room && l->watches[fd].fn ? &l->watches[fd] : NULL;
}

static struct epoll_event event_of(int fd, uint32_t number, uint32_t events)
{
	return (struct epoll_event){ .events = events, .data.u64 = (uint64_t)number << 32 | (uint32_t)fd };
}

enum st loop_add(struct loop *l, int fd, uint32_t events, loop_fd_fn *fn, void *arg)
{
	if (fd < 0) {
		errno = EBADF;
		return ST_SYSTEM;
	}
	if (watches_grow(l, fd) != ST_OK)
		return ST_NO_MEMORY;
	struct epoll_event event = event_of(fd, l->number + 1, events);
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		return ST_SYSTEM;
	l->watches[fd] = (struct watch){ fn, arg, ++l->number };
	return ST_OK;
}

enum st loop_change(struct loop *l, int fd, uint32_t events)
{
	const struct watch *w = watch_of(l, fd);
	if (!w) {
		errno = ENOENT;
		return ST_SYSTEM;
	}
	struct epoll_event event = event_of(fd, w->number, events);
	return epoll_ctl(l->epoll, EPOLL_CTL_MOD, fd, &event) < 0 ? ST_SYSTEM : ST_OK;
}

void loop_remove(struct loop *l, int fd)
{
	struct watch *w = watch_of(l, fd);
	if (!w)
		return;
	int error = errno;
	epoll_ctl(l->epoll, EPOLL_CTL_DEL, fd, NULL); // fails when it was closed first, and then it is gone already
	*w = (struct watch){ 0 };
	errno = error;
}

void loop_timer_set(struct loop *l, struct loop_timer *t, int64_t at)
{
	timer_take(&l->timers, t);
	t->at = l->firing && at <= l->now ? l->now + 1 : at;
	timer_put(&l->timers, t);
}

void loop_timer_stop(struct loop *l, struct loop_timer *t)
{
	timer_take(&l->timers, t);
}

void loop_each_turn(struct loop *l, loop_fn *fn, void *arg)
{
	l->turn_fn = fn;
	l->turn_arg = arg;
}

int64_t loop_now(const struct loop *l)
{
	return l->now;
}

int64_t loop_wall(const struct loop *l)
{
	return l->wall;
}

void loop_wake(struct loop *l)
{
	const uint64_t one = 1;
	int error = errno;
	// EAGAIN: the counter is full, so the loop is woken already.
	while (write(l->wake, &one, sizeof one) < 0 && errno == EINTR)
		;
	errno = error;
}

void loop_stop(struct loop *l)
{
	atomic_store(&l->stop, true);
	loop_wake(l);
}

static void timers_fire(struct loop *l)
{
	l->firing = true;
	while (l->timers && l->timers->at <= l->now) {
		struct loop_timer *t = l->timers;
		timer_take(&l->timers, t);
		t->fn(t->arg); // may free t
	}
	l->firing = false;
}

// Waits for events, at most until the first timer.
static int turn_wait(const struct loop *l, struct epoll_event *events)
{
	if (!l->timers)
		return epoll_pwait2(l->epoll, events, LOOP_EVENTS, NULL, NULL);
	int64_t wait = l->timers->at - clock_monotonic();
	if (wait < 0)
		wait = 0;
	struct timespec timeout = { .tv_sec = wait / NANOSECONDS, .tv_nsec = wait % NANOSECONDS };
	return epoll_pwait2(l->epoll, events, LOOP_EVENTS, &timeout, NULL);
}

static void dispatch(struct loop *l, const struct epoll_event *event)
{
	const struct watch *w = watch_of(l, (int)(uint32_t)event->data.u64);
	if (w && w->number == event->data.u64 >> 32)
		w->fn(w->arg, event->events);
}

enum st loop_run(struct loop *l)
{
	struct epoll_event events[LOOP_EVENTS];
	clocks_read(l);
	while (!atomic_load(&l->stop)) {
		int n = turn_wait(l, events);
		if (n < 0 && errno != EINTR)
			return ST_SYSTEM;
		clocks_read(l);
		for (int i = 0; i < n; i++)
			dispatch(l, &events[i]);
		timers_fire(l);
		if (l->turn_fn)
			l->turn_fn(l->turn_arg);
	}
	atomic_store(&l->stop, false);
	return ST_OK;
}
