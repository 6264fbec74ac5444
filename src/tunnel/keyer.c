// SPDX-License-Identifier: Apache-2.0
#include "tunnel/keyer.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/ring.h"
#include "ike/wire.h"
#include "io/loop.h"

// One of the rings. Written by its worker, but for `at`.
struct line {
	struct ring ring;
	uint64_t at;
	uint64_t told; // its worker's: the position behind what was published last
	_Atomic uint64_t lost;
};

struct keyer {
	struct ike *ike;
	struct aead_engine *engine;
	struct keyer_hooks hooks;
	struct loop *loop;
	struct loop_timer due;
	struct line *lines;
	unsigned line_count;
	atomic_bool woken; // a wake is under way
	bool running;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t called;
	keyer_fn *call; // under the lock; NULL: none
	void *call_arg;
	uint64_t calls_done;
};

// In front of a record's octets.
struct head {
	enum plane_tell_kind kind;
	uint32_t spi;
	struct ike_path path;
};

// Of requests to begin anybody can send a million, without a cookie, which always stands in front (RFC 7296 2.6), or with
// something like it.
static size_t share_of_ike(struct span datagram)
{
	struct rd r = rd_of(datagram);
	rd_skip(&r, 16);
	uint8_t first = rd_u8(&r);
	rd_skip(&r, 1);
	if (rd_u8(&r) != IKE_SA_INIT)
		return KEYER_RING - KEYER_OWN;
	return first == PAYLOAD_NOTIFY ? KEYER_STARTS : KEYER_STRANGERS;
}

// How much of the ring may be in use behind it.
static size_t share_of(const struct plane_tell *t)
{
	return t->kind == PLANE_TELL_IKE ? share_of_ike(t->bytes) : KEYER_RING;
}

void keyer_tell(struct keyer *k, unsigned worker, const struct plane_tell *t)
{
	struct line *l = &k->lines[worker];
	const struct head head = { t->kind, t->spi, { t->ends.local, t->ends.peer, t->framing == ENCAP_MARKER } };
	// Counted twice: what is skipped at the ring's end is less than one record.
	uint64_t used = l->told - ring_freed(&l->ring) + 2 * (RING_FRAME_HEAD + sizeof head + t->bytes.n);
	uint8_t *room = used > share_of(t) ? NULL : ring_reserve(&l->ring, sizeof head + t->bytes.n);
	if (!room) {
		atomic_fetch_add_explicit(&l->lost, 1, memory_order_relaxed);
		return;
	}
	memcpy(room, &head, sizeof head);
	if (t->bytes.n)
		memcpy(room + sizeof head, t->bytes.p, t->bytes.n);
	l->told = ring_publish(&l->ring, sizeof head + t->bytes.n);
	if (!atomic_exchange(&k->woken, true))
		loop_wake(k->loop);
}

static void take(struct keyer *k, int64_t now, struct span record, struct ike_out *out)
{
	struct head h;
	struct rd r = rd_of(record);
	memcpy(&h, rd_take(&r, sizeof h).p, sizeof h);
	switch (h.kind) {
	case PLANE_TELL_IKE:
		(void)ike_input(k->ike, now, &h.path, rd_rest(&r), out); // it counts what it refuses
		break;
	case PLANE_TELL_HEARD:
		ike_heard(k->ike, now, h.spi);
		break;
	case PLANE_TELL_REKEY:
	case PLANE_TELL_EXPIRED:
		ike_rekey(k->ike, now, h.spi, out);
		break;
	case PLANE_TELL_PROPOSED:
		ike_probe(k->ike, now, h.spi, &h.path, out);
		break;
	case PLANE_TELL_MOVED:
		break; // of sites that are not IKE's
	}
}

// At most KEYER_BATCH records of a worker. false: there may be more.
static bool drain(struct keyer *k, int64_t now, struct line *l, struct ike_out *out)
{
	for (unsigned taken = 0; taken < KEYER_BATCH;) {
		uint32_t records;
		struct span run = ring_run(&l->ring, &l->at, 1, &records); // one
		struct rd frames = rd_of(run);
		struct span record;
		if (!frame_next(&frames, &record))
			return true;
		take(k, now, record, out);
		l->at += run.n;
		ring_free_to(&l->ring, l->at);
		taken += records;
	}
	return false;
}

static void done(struct keyer *k, int64_t now, struct ike_out *out)
{
	if (out->n)
		k->hooks.act(k->hooks.arg, k->ike, now, out->at, out->n);
	ike_out_done(out);
}

static void run_call(struct keyer *k, int64_t now, struct ike_out *out)
{
	pthread_mutex_lock(&k->lock);
	keyer_fn *fn = k->call;
	void *arg = k->call_arg;
	pthread_mutex_unlock(&k->lock);
	if (!fn)
		return;
	fn(k->ike, now, out, arg);
	done(k, now, out);
	pthread_mutex_lock(&k->lock);
	k->call = NULL;
	k->calls_done++;
	pthread_cond_broadcast(&k->called);
	pthread_mutex_unlock(&k->lock);
}

static void turn(void *arg)
{
	struct keyer *k = arg;
	struct ike_out out = { 0 };
	int64_t now = loop_now(k->loop);
	bool empty = true;
	atomic_store(&k->woken, false); // before looking: what is told from here on wakes again
	run_call(k, now, &out);
	for (unsigned i = 0; i < k->line_count; i++)
		empty &= drain(k, now, &k->lines[i], &out);
	if (now >= ike_due(k->ike))
		ike_tick(k->ike, now, &out);
	done(k, now, &out);
	if (!empty && !atomic_exchange(&k->woken, true))
		loop_wake(k->loop);
	if (ike_due(k->ike) == INT64_MAX)
		loop_timer_stop(k->loop, &k->due);
	else
		loop_timer_set(k->loop, &k->due, ike_due(k->ike));
}

static void nothing(void *arg)
{
}

static void *thread_main(void *arg)
{
	struct keyer *k = arg;
	loop_run(k->loop);
	return NULL;
}

enum st keyer_new(const struct ike_config *config, unsigned workers, const struct keyer_hooks *hooks,
                  struct keyer **out)
{
	struct keyer *k = workers <= KEYER_WORKERS ? calloc(1, sizeof *k) : NULL;
	if (!k)
		return workers <= KEYER_WORKERS ? ST_NO_MEMORY : ST_FULL;
	struct ike_config c = *config;
	pthread_mutex_init(&k->lock, NULL);
	pthread_cond_init(&k->called, NULL);
	k->hooks = *hooks;
	k->due = (struct loop_timer){ .fn = nothing };
	k->lines = calloc(workers, sizeof *k->lines);
	enum st st = k->lines ? loop_new(&k->loop) : ST_NO_MEMORY;
	for (; !st && k->line_count < workers; k->line_count++)
		st = ring_init(&k->lines[k->line_count].ring, KEYER_RING);
	if (!st)
		st = aead_engine_new(aead_best(), c.crypto, &k->engine);
	c.engine = k->engine;
	if (!st)
		st = ike_new(&c, &k->ike);
	if (st) {
		keyer_free(k);
		return st;
	}
	loop_each_turn(k->loop, turn, k);
	*out = k;
	return ST_OK;
}

void keyer_free(struct keyer *k)
{
	if (!k)
		return;
	keyer_stop(k);
	ike_free(k->ike);
	aead_engine_free(k->engine);
	for (unsigned i = 0; i < k->line_count; i++)
		ring_done(&k->lines[i].ring);
	free(k->lines);
	loop_free(k->loop);
	pthread_cond_destroy(&k->called);
	pthread_mutex_destroy(&k->lock);
	free(k);
}

enum st keyer_start(struct keyer *k)
{
	if (pthread_create(&k->thread, NULL, thread_main, k))
		return ST_SYSTEM;
	k->running = true;
	loop_wake(k->loop);
	return ST_OK;
}

void keyer_stop(struct keyer *k)
{
	if (!k->running)
		return;
	loop_stop(k->loop);
	pthread_join(k->thread, NULL);
	k->running = false;
}

void keyer_call(struct keyer *k, keyer_fn *fn, void *arg)
{
	if (!k->running) {
		struct ike_out out = { 0 };
		int64_t now = loop_now(k->loop);
		fn(k->ike, now, &out, arg);
		done(k, now, &out);
		return;
	}
	pthread_mutex_lock(&k->lock);
	while (k->call)
		pthread_cond_wait(&k->called, &k->lock);
	uint64_t mine = k->calls_done + 1;
	k->call_arg = arg;
	k->call = fn;
	loop_wake(k->loop);
	while (k->calls_done < mine)
		pthread_cond_wait(&k->called, &k->lock);
	pthread_mutex_unlock(&k->lock);
}

uint64_t keyer_lost(const struct keyer *k)
{
	uint64_t lost = 0;
	for (unsigned i = 0; i < k->line_count; i++)
		lost += atomic_load_explicit(&k->lines[i].lost, memory_order_relaxed);
	return lost;
}
