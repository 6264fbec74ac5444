// SPDX-License-Identifier: Apache-2.0
#include "snmp/v3_replay.h"

#include <stdlib.h>

#include "snmp/v3_limits.h"

enum {
	SLOTS = 8,
	LINE = 64,
	TIME_BITS = 16,
	LOCKS = 64,
	TIMES = 65535, // times 1..65535, so that a slot in use is never 0
	UNIT = 8       // seconds
};

static const int64_t UNIT_NS = UNIT * INT64_C(1000000000);

enum st replay_init(struct replay *r, size_t max)
{
	size_t buckets = 1 << TIME_BITS;
	while (buckets * SLOTS < max)
		buckets *= 2;
	// One line more, to begin at a line: calloc's pages come untouched, those of aligned_alloc would not be zero.
	void *memory = calloc(buckets + 1, LINE);
	struct lock *locks = calloc(LOCKS, sizeof *locks);
	if (!memory || !locks) {
		free(memory);
		free(locks);
		return ST_NO_MEMORY;
	}
	uint8_t *line = memory;
	line += (LINE - (uintptr_t)line % LINE) % LINE;
	*r = (struct replay){ .memory = memory, .bucket = (void *)line, .locks = locks, .mask = buckets - 1 };
	return ST_OK;
}

void replay_done(struct replay *r)
{
	if (r->memory)
		free(r->locks);
	free(r->memory);
	*r = (struct replay){ 0 };
}

struct replay replay_share(const struct replay *r)
{
	return (struct replay){ .bucket = r->bucket, .locks = r->locks, .mask = r->mask };
}

uint64_t replay_key(struct span digest)
{
	struct rd rd = rd_of(digest);
	return rd_u64(&rd);
}

static uint64_t time_of(int64_t now)
{
	return (uint64_t)((now / UNIT_NS % TIMES + TIMES) % TIMES + 1);
}

static uint32_t age_of(uint64_t slot, int64_t now)
{
	uint64_t then = slot & (((uint64_t)1 << TIME_BITS) - 1);
	return (uint32_t)((time_of(now) + TIMES - then) % TIMES * UNIT);
}

// The bucket takes the low bits, at least 16, and the fingerprint the upper 48: together they are the whole key.
static _Atomic uint64_t *bucket_of(const struct replay *r, uint64_t key)
{
	return r->bucket[key & r->mask];
}

static uint64_t slot_get(const _Atomic uint64_t *slot)
{
	return atomic_load_explicit(slot, memory_order_relaxed);
}

static void slot_set(_Atomic uint64_t *slot, uint64_t v)
{
	atomic_store_explicit(slot, v, memory_order_relaxed);
}

bool replay_seen(const struct replay *r, int64_t now, uint64_t key, uint32_t *age)
{
	const _Atomic uint64_t *bucket = bucket_of(r, key);
	for (size_t i = 0; i < SLOTS; i++) {
		uint64_t slot = slot_get(&bucket[i]);
		if (slot && slot >> TIME_BITS == key >> TIME_BITS) {
			*age = age_of(slot, now);
			return true;
		}
	}
	return false;
}

static void put(struct replay *r, int64_t now, uint64_t key)
{
	_Atomic uint64_t *bucket = bucket_of(r, key);
	uint64_t last = slot_get(&bucket[SLOTS - 1]);
	if (last && age_of(last, now) <= USM_TIME_WINDOW)
		r->early++;
	for (size_t i = SLOTS - 1; i > 0; i--)
		slot_set(&bucket[i], slot_get(&bucket[i - 1]));
	slot_set(&bucket[0], key >> TIME_BITS << TIME_BITS | time_of(now));
}

bool replay_add(struct replay *r, int64_t now, uint64_t key, uint32_t within)
{
	struct lock *lock = &r->locks[key % LOCKS];
	uint32_t age;
	lock_take(lock);
	bool fresh = !replay_seen(r, now, key, &age) || age > within;
	if (fresh)
		put(r, now, key);
	lock_give(lock);
	return fresh;
}

void replay_walk(const struct replay *r, int64_t now, uint32_t seconds,
                 void (*visit)(void *arg, uint64_t key, uint32_t age), void *arg)
{
	for (size_t b = 0; b <= r->mask; b++)
		for (size_t i = SLOTS; i-- > 0;) {
			uint64_t slot = slot_get(&r->bucket[b][i]);
			uint32_t age = slot ? age_of(slot, now) : 0;
			if (slot && age <= seconds)
				visit(arg, slot >> TIME_BITS << TIME_BITS | b, age);
		}
}
