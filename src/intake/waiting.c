// SPDX-License-Identifier: Apache-2.0
// The room's thread. One turn: what others ask, the rings, the policy, the file, what is moving.
#include "intake/waiting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "intake/waiting_own.h"
#include "intake/worker.h"
#include "event/event.h"
#include "snmp/v3_message.h"
#include "store/room.h"

#define MS INT64_C(1000000)

enum bell_reasons { BELL_HANDED = 1 << 0, BELL_CALL = 1 << 1, BELL_STOP = 1 << 2 };

enum waiting_times {
	LINGER_MS = 5,       // so that a flood wakes the room 200 times a second, not each time
	SAVE_LINGER_MS = 50, // so that what comes together is saved together
	SAVE_PAUSE = 40,     // times as long as a save took, until the next
	SAVE_RETRY_MS = 500,
	MOVE_MS = 5, // between looks whether the journal committed
};

void waiting_call(struct waiting *w, waiting_call_fn *fn, void *arg)
{
	if (!w->running) {
		fn(w, arg);
		return;
	}
	pthread_mutex_lock(&w->lock);
	while (w->call)
		pthread_cond_wait(&w->called, &w->lock);
	w->call = fn;
	w->call_arg = arg;
	bell_ring(&w->bell, BELL_CALL);
	while (w->call == fn && w->call_arg == arg)
		pthread_cond_wait(&w->called, &w->lock);
	pthread_mutex_unlock(&w->lock);
}

static void run_call(struct waiting *w)
{
	pthread_mutex_lock(&w->lock);
	waiting_call_fn *fn = w->call;
	void *arg = w->call_arg;
	pthread_mutex_unlock(&w->lock);
	if (!fn)
		return;
	fn(w, arg);
	pthread_mutex_lock(&w->lock);
	w->call = NULL;
	pthread_cond_broadcast(&w->called);
	pthread_mutex_unlock(&w->lock);
}

static void take_frame(struct waiting *w, struct span record)
{
	struct waiting_head head;
	struct rd r = rd_of(record);
	struct span bytes = rd_take(&r, sizeof head);
	if (r.bad)
		return;
	memcpy(&head, bytes.p, sizeof head);
	struct span site = rd_take(&r, head.site_n);
	waiting_table_add(&w->table, &head, site, rd_rest(&r));
}

// Until the end of its memory, and once from the begin.
static void take_ring(struct waiting *w, struct ring *ring, uint64_t *at)
{
	for (int part = 0; part < 2; part++) {
		uint32_t records;
		struct span run = ring_run(ring, at, SIZE_MAX, &records);
		struct rd frames = rd_of(run);
		struct span record;
		while (frame_next(&frames, &record))
			take_frame(w, record);
		*at += run.n;
		ring_free_to(ring, *at);
	}
}

static void take_rings(struct waiting *w)
{
	for (unsigned i = 0; i < w->worker_count; i++)
		take_ring(w, &worker_intake(w->workers[i])->waiting, &w->at[i]);
}

static void tell_state(struct waiting *w, enum st st)
{
	pthread_mutex_lock(&w->lock);
	w->state.items = w->table.item_count;
	w->state.messages = w->table.message_count;
	w->state.moving = w->table.moving_count;
	w->state.st = st;
	snprintf(w->state.why, sizeof w->state.why, "%s", st ? room_error(w->room) : "");
	pthread_mutex_unlock(&w->lock);
}

void waiting_save_now(struct waiting *w)
{
	int64_t start = bell_now();
	enum st st = waiting_save(&w->table, w->room);
	int64_t end = bell_now();
	w->save_after = end + (end - start) * SAVE_PAUSE;
	w->save_due = st ? end + SAVE_RETRY_MS * MS : 0;
	tell_state(w, st);
}

static void save_when_due(struct waiting *w)
{
	int64_t now = bell_now();
	if (!waiting_table_changed(&w->table))
		return;
	if (!w->save_due) {
		w->save_due = now + SAVE_LINGER_MS * MS;
		if (w->save_due < w->save_after)
			w->save_due = w->save_after;
	}
	if (now >= w->save_due)
		waiting_save_now(w);
}

// What is moving does not wait for company, but for the disk when it fails.
static void move(struct waiting *w)
{
	if (!w->table.moving_count)
		return;
	waiting_move_on(w);
	if (waiting_table_changed(&w->table) && (!w->state.st || bell_now() >= w->save_due))
		waiting_save_now(w);
}

static void turn(struct waiting *w)
{
	take_rings(w);
	if (w->sweep)
		waiting_look_through(w);
	move(w);
	save_when_due(w);
	tell_state(w, w->state.st);
}

static void *waiting_main(void *arg)
{
	struct waiting *w = arg;
	for (;;) {
		int64_t until = w->save_due;
		if (w->table.moving_count)
			until = bell_now() + MOVE_MS * MS;
		uint32_t bits = bell_wait(&w->bell, BELL_HANDED | BELL_CALL | BELL_STOP, until);
		if (bits == BELL_HANDED)
			bell_wait(&w->bell, BELL_CALL | BELL_STOP, bell_now() + LINGER_MS * MS);
		bits = bell_take(&w->bell);
		run_call(w);
		turn(w);
		if (bits & BELL_STOP)
			return NULL;
	}
}

static enum st open_room(struct waiting *w, struct text *said)
{
	enum st st = room_open(w->dir, &w->room, said);
	return st ? st : waiting_load(&w->table, w->room);
}

// What waits was promised to nobody, so a damaged file does not stop the collector; nor is it thrown away.
static enum st open_room_anyway(struct waiting *w, const struct waiting_options *o, struct text *said)
{
	enum st st = open_room(w, said);
	if (st != ST_DAMAGED && st != ST_NOT_OURS)
		return st;
	if (said->n)
		text_add(said, "; ");
	room_close(w->room);
	w->room = NULL;
	waiting_table_done(&w->table);
	st = waiting_table_init(&w->table, &waiting_limits_usual, &o->key);
	if (!st)
		st = room_set_aside(w->dir, said);
	return st ? st : open_room(w, said);
}

enum st waiting_open(const struct waiting_options *o, struct waiting **out, struct text *said)
{
	struct waiting *w = calloc(1, sizeof *w);
	if (!w)
		return ST_NO_MEMORY;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->called, NULL);
	w->worker_count = o->worker_count;
	for (unsigned i = 0; i < o->worker_count; i++)
		w->workers[i] = o->workers[i];
	w->dir = strdup(o->dir);
	enum st st = w->dir ? waiting_table_init(&w->table, &waiting_limits_usual, &o->key) : ST_NO_MEMORY;
	if (!st)
		st = open_room_anyway(w, o, said);
	if (!st && w->table.moving_count)
		st = waiting_find_moved(w, said);
	if (st)
		waiting_free(w);
	else
		*out = w;
	return st;
}

uint64_t waiting_moving_since(const struct waiting *w)
{
	uint64_t since = 0;
	const struct waiting_message *m;
	TAILQ_FOREACH (m, &w->table.moving, in_moving)
		if (!since || m->moving < since)
			since = m->moving;
	return since;
}

static void set_room(struct worker *worker, void *arg)
{
	worker_set_room(worker, arg);
}

enum st waiting_start(struct waiting *w, struct writer *writer)
{
	w->writer = writer;
	w->sweep = true;
	tell_state(w, ST_OK);
	if (pthread_create(&w->thread, NULL, waiting_main, w))
		return ST_SYSTEM;
	w->running = true;
	for (unsigned i = 0; i < w->worker_count; i++)
		worker_call(w->workers[i], set_room, w);
	waiting_wake(w);
	return ST_OK;
}

void waiting_stop(struct waiting *w)
{
	if (!w || !w->running)
		return;
	for (unsigned i = 0; i < w->worker_count; i++)
		worker_call(w->workers[i], set_room, NULL);
	bell_ring(&w->bell, BELL_STOP);
	pthread_join(w->thread, NULL);
	w->running = false;
	waiting_save_now(w);
}

void waiting_free(struct waiting *w)
{
	if (!w)
		return;
	room_close(w->room);
	waiting_table_done(&w->table);
	pthread_cond_destroy(&w->called);
	pthread_mutex_destroy(&w->lock);
	free(w->dir);
	free(w);
}

void waiting_wake(struct waiting *w)
{
	bell_ring(&w->bell, BELL_HANDED);
}

static void set_policy(struct waiting *w, void *arg)
{
	const struct policy **p = arg;
	w->policy = *p;
	w->sweep = true;
}

void waiting_set_policy(struct waiting *w, const struct policy *p)
{
	waiting_call(w, set_policy, &p);
}

struct waiting_state waiting_state(struct waiting *w)
{
	pthread_mutex_lock(&w->lock);
	struct waiting_state s = w->state;
	pthread_mutex_unlock(&w->lock);
	return s;
}

void waiting_counts(const struct waiting *w, struct waiting_gone *gone)
{
	for (unsigned i = 0; i < INTAKE_LISTENERS; i++) {
		const struct waiting_counts *c = &w->table.counts[i];
		gone[i] = (struct waiting_gone){ c->evicted, c->denied, c->duplicate };
	}
}

void waiting_account(const struct waiting_gone *gone, struct account *a)
{
	a->waiting -= gone->evicted + gone->denied + gone->duplicate;
	a->evicted += gone->evicted;
	a->denied += gone->denied;
	a->duplicate += gone->duplicate;
}

struct finding {
	struct waiting_facts *out;
	enum st st;
	uint64_t id;
};

static size_t copy(uint8_t *to, size_t room, struct span s)
{
	size_t n = s.n < room ? s.n : room;
	if (n)
		memcpy(to, s.p, n);
	return n;
}

void waiting_facts_done(struct waiting_facts *f)
{
	if (f->message.p)
		explicit_bzero(f->message.p, f->message.n);
	text_done(&f->message);
	explicit_bzero(f->credential, sizeof f->credential);
}

static void find(struct waiting *w, void *arg)
{
	struct finding *f = arg;
	const struct waiting_item *i = waiting_table_find(&w->table, f->id);
	f->st = i ? ST_OK : ST_NONE;
	if (!i)
		return;
	struct waiting_facts *out = f->out;
	const struct waiting_message *m = TAILQ_FIRST(&i->messages);
	struct v3_message v3;
	*out = (struct waiting_facts){ .id = i->id,
		                       .peer = i->peer,
		                       .listener = m->head.listener,
		                       .version = i->version,
		                       .reason = i->reason,
		                       .tunnelled = i->tunnelled };
	out->site_n = copy(out->site, sizeof out->site, i->site);
	out->credential_n = copy(out->credential, sizeof out->credential, i->credential);
	text_bytes(&out->message, span_of(m->bytes, m->n));
	if (out->message.bad)
		f->st = ST_NO_MEMORY;
	if (i->version == SNMP_V3 && v3_message_parse(span_of(m->bytes, m->n), &v3) == ST_OK)
		out->level = v3_message_level(&v3);
}

enum st waiting_find(struct waiting *w, uint64_t id, struct waiting_facts *out)
{
	struct finding f = { .out = out, .id = id };
	waiting_call(w, find, &f);
	return f.st;
}

struct allowing {
	uint64_t id;
	enum st st;
};

// It may have gone by itself, because the policy changed.
static void allow(struct waiting *w, void *arg)
{
	struct allowing *a = arg;
	struct waiting_item *i = waiting_table_find(&w->table, a->id);
	a->st = i ? ST_OK : ST_NONE;
	if (i)
		waiting_move_item(w, i);
}

static void look_moving(struct waiting *w, void *arg)
{
	unsigned *moving = arg;
	*moving = w->sweep ? 1 : w->table.moving_count;
}

enum st waiting_allow(struct waiting *w, uint64_t id, int64_t timeout)
{
	int64_t end = bell_now() + timeout;
	struct allowing a = { .id = id };
	unsigned moving = 0;
	waiting_call(w, allow, &a);
	waiting_call(w, look_moving, &moving);
	while (moving && bell_now() < end) {
		struct timespec t = { 0, MOVE_MS * MS };
		nanosleep(&t, NULL);
		waiting_call(w, look_moving, &moving);
	}
	return moving ? ST_BUSY : a.st;
}

// An id that somebody saw is in the file: it must not name another sender after a crash.
static void list(struct waiting *w, void *arg)
{
	waiting_save_now(w);
	waiting_list_json(&w->table, w->policy, arg);
}

enum st waiting_list(struct waiting *w, struct text *out)
{
	waiting_call(w, list, out);
	return out->bad ? ST_NO_MEMORY : ST_OK;
}

struct showing {
	uint64_t id;
	struct text *out;
	enum st st;
};

static void show(struct waiting *w, void *arg)
{
	struct showing *s = arg;
	const struct waiting_item *i = waiting_table_find(&w->table, s->id);
	s->st = i ? ST_OK : ST_NONE;
	if (i)
		waiting_show_json(i, w->policy, s->out);
}

enum st waiting_show(struct waiting *w, uint64_t id, struct text *out)
{
	struct showing s = { .id = id, .out = out };
	waiting_call(w, show, &s);
	return s.st;
}
