// SPDX-License-Identifier: Apache-2.0
// The state is opened anew for every look and only when its cursor moved, so a state that was set aside or computed again is
// found, and no reader pins its WAL. Alarms come by id; sorted by device they are what is known of it.
#include "poll/watch.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "poll/limits.h"
#include "store/state.h"

struct open_alarm {
	int64_t device;
	bool printer;
	struct poll_known known;
};

struct poll_watch {
	char *dir;
	struct poller *poller;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stopping;
	bool any_heard;
	int64_t heard[POLL_HEARD]; // by their number; 0: none
	int64_t seen;              // the state's cursor at the last look
	unsigned looks;            // since all were wanted
	struct open_alarm *alarms;
	size_t n, room;
	struct poll_known known[POLL_KNOWN];
	int64_t asked[POLL_HEARD]; // those heard before this look
};

static enum st take_alarm(void *arg, enum row_table t, const void *row)
{
	struct poll_watch *w = arg;
	const struct alarm_row *a = row;
	if (!a->device)
		return ST_OK;
	if (w->n == w->room) {
		size_t room = w->room ? 2 * w->room : 64;
		struct open_alarm *more = reallocarray(w->alarms, room, sizeof *more);
		if (!more)
			return ST_NO_MEMORY;
		w->alarms = more;
		w->room = room;
	}
	w->alarms[w->n++] = (struct open_alarm){
		.device = a->device,
		.printer = a->kind == ALARM_PRINTER,
		.known = { .alarm = a->id,
		           .seen = a->last_event,
		           .hr_device = a->hr_device,
		           .group = a->group,
		           .group_index = a->group_index,
		           .location = a->location,
		           .code = a->code,
		           .index = a->index,
		           .twin = a->twin,
		           .severity = a->alert_severity,
		           .training = a->training,
		           .described = a->description.n > 0 },
	};
	return ST_OK;
}

static int by_device(const void *a, const void *b)
{
	const struct open_alarm *x = a, *y = b;
	return (x->device > y->device) - (x->device < y->device);
}

// What is wanted of one device, while its row is being visited.
struct asking {
	struct poll_watch *watch;
	struct state *state;
	const struct open_alarm *alarms;
	size_t n;
	bool heard;
};

static enum st want_device(void *arg, enum row_table t, const void *row)
{
	struct asking *g = arg;
	struct poll_watch *w = g->watch;
	const struct device_row *d = row;
	struct poll_want want = { .device = d->id,
		                  .reason = g->heard ? POLL_AFTER_TRAP : POLL_WHILE_OPEN,
		                  .site = d->site,
		                  .asked = d->asked_why,
		                  .serial = d->serial,
		                  .model = d->model,
		                  .name = d->name,
		                  .location = d->location,
		                  .known = w->known };
	for (size_t i = 0; i < g->n; i++) {
		const struct open_alarm *a = &g->alarms[i];
		if (a->known.seen >= w->seen)
			want.reason = POLL_AFTER_TRAP;
		if (a->printer && want.known_count < POLL_KNOWN)
			w->known[want.known_count++] = a->known;
	}
	if (d->ip.n != sizeof want.address.ip + sizeof want.address.scope)
		return ST_OK;
	memcpy(want.address.ip, d->ip.p, sizeof want.address.ip);
	for (size_t i = 0; i < sizeof want.address.scope; i++)
		want.address.scope = want.address.scope << 8 | d->ip.p[sizeof want.address.ip + i];
	if (state_address_shared(g->state, d->site, d->ip, &want.shared))
		return ST_OK; // it is wanted again at the next look
	if (want.reason == POLL_AFTER_TRAP || w->looks == 0)
		(void)poll_want(w->poller, &want); // full: it is wanted again at the next look
	return ST_OK;
}

static bool take_heard(struct poll_watch *w, int64_t device)
{
	int64_t *place = &w->asked[(uint64_t)device % POLL_HEARD];
	bool was = *place == device;
	if (was)
		*place = 0;
	return was;
}

static void want_all(struct poll_watch *w, struct state *s)
{
	if (w->n)
		qsort(w->alarms, w->n, sizeof *w->alarms, by_device);
	for (size_t i = 0, end; i < w->n; i = end) {
		for (end = i; end < w->n && w->alarms[end].device == w->alarms[i].device;)
			end++;
		struct asking g = { w, s, w->alarms + i, end - i, take_heard(w, w->alarms[i].device) };
		(void)state_read(s, ROW_DEVICE, STATE_BY_ID, w->alarms[i].device, want_device, &g);
	}
	for (size_t i = 0; i < POLL_HEARD; i++) {
		struct asking g = { w, s, NULL, 0, true };
		int64_t device = w->asked[i];
		if (device && take_heard(w, device)) // it has no alarm open
			(void)state_read(s, ROW_DEVICE, STATE_BY_ID, device, want_device, &g);
	}
}

static void look(struct poll_watch *w)
{
	struct state *s = NULL;
	struct text why = { 0 };
	struct fold_row fold;
	w->n = 0;
	pthread_mutex_lock(&w->lock);
	bool heard = w->any_heard;
	if (heard)
		memcpy(w->asked, w->heard, sizeof w->asked);
	memset(w->heard, 0, sizeof w->heard);
	w->any_heard = false;
	pthread_mutex_unlock(&w->lock);
	if (state_open_reader(w->dir, STATE_FILE, &s, &why) == ST_OK && state_fold_row(s, &fold) == ST_OK &&
	    (fold.next != w->seen || w->looks == 0 || heard) &&
	    state_read(s, ROW_ALARM, STATE_OPEN, 0, take_alarm, w) == ST_OK) {
		if (w->seen == 0) { // the first look: what is open is no news, but all are wanted
			w->seen = fold.next;
			w->looks = 0;
		}
		want_all(w, s);
		w->seen = fold.next;
	}
	state_close(s);
	text_done(&why);
	w->looks = (w->looks + 1) % POLL_WATCH_ALL;
}

static void *run(void *arg)
{
	struct poll_watch *w = arg;
	pthread_mutex_lock(&w->lock);
	while (!w->stopping) {
		struct timespec until;
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += POLL_WATCH_SECONDS;
		pthread_cond_timedwait(&w->wake, &w->lock, &until);
		if (w->stopping)
			break;
		pthread_mutex_unlock(&w->lock);
		look(w);
		pthread_mutex_lock(&w->lock);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static void watch_free(struct poll_watch *w)
{
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	free(w->alarms);
	free(w->dir);
	free(w);
}

enum st poll_watch_start(const char *dir, struct poller *p, struct poll_watch **out)
{
	struct poll_watch *w = calloc(1, sizeof *w);
	pthread_condattr_t monotonic;
	if (!w)
		return ST_NO_MEMORY;
	w->dir = strdup(dir);
	w->poller = p;
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&w->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	enum st st = w->dir ? ST_OK : ST_NO_MEMORY;
	if (st == ST_OK && pthread_create(&w->thread, NULL, run, w) != 0)
		st = ST_SYSTEM;
	if (st == ST_OK)
		*out = w;
	else
		watch_free(w);
	return st;
}

void poll_watch_heard(struct poll_watch *w, int64_t device)
{
	pthread_mutex_lock(&w->lock);
	w->heard[(uint64_t)device % POLL_HEARD] = device;
	w->any_heard = true;
	pthread_mutex_unlock(&w->lock);
}

void poll_watch_stop(struct poll_watch *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	watch_free(w);
}
