// SPDX-License-Identifier: Apache-2.0
#include "intake/duplicates.h"

#include <stdlib.h>

#include "intake/limits.h"

enum { ROOM_FIRST = 1024 };

void duplicates_init(struct duplicates *d, size_t limit)
{
	*d = (struct duplicates){ .limit = limit };
}

void duplicates_done(struct duplicates *d)
{
	free(d->keys);
	free(d->seconds);
	free(d->slots);
	*d = (struct duplicates){ 0 };
}

// The keys are SipHash values, so their low bits are as good as any.
static size_t slot_home(const struct duplicates *d, uint64_t key)
{
	return key & (2 * d->room - 1);
}

static size_t slot_next(const struct duplicates *d, size_t slot)
{
	return (slot + 1) & (2 * d->room - 1);
}

static size_t slot_find(const struct duplicates *d, uint64_t key)
{
	size_t slot = slot_home(d, key);
	while (d->slots[slot] && d->keys[d->slots[slot] - 1] != key)
		slot = slot_next(d, slot);
	return slot;
}

// Linear probing without tombstones: moves back what the gap would cut off.
static void slot_clear(struct duplicates *d, size_t gap)
{
	size_t mask = 2 * d->room - 1;
	for (size_t s = slot_next(d, gap); d->slots[s]; s = slot_next(d, s)) {
		size_t home = slot_home(d, d->keys[d->slots[s] - 1]);
		if (((s - home) & mask) >= ((s - gap) & mask)) {
			d->slots[gap] = d->slots[s];
			gap = s;
		}
	}
	d->slots[gap] = 0;
}

static void forget_oldest(struct duplicates *d)
{
	slot_clear(d, slot_find(d, d->keys[d->first]));
	d->first = (d->first + 1) & (d->room - 1);
	d->count--;
}

static void forget_old(struct duplicates *d, uint32_t second)
{
	while (d->count && (int32_t)(second - d->seconds[d->first]) > DUPLICATES_SECONDS)
		forget_oldest(d);
}

static enum st grow(struct duplicates *d)
{
	struct duplicates bigger = { .room = d->room ? 2 * d->room : ROOM_FIRST, .limit = d->limit };
	if (bigger.room > d->limit)
		bigger.room = d->limit;
	bigger.keys = malloc(bigger.room * sizeof *bigger.keys);
	bigger.seconds = malloc(bigger.room * sizeof *bigger.seconds);
	bigger.slots = calloc(2 * bigger.room, sizeof *bigger.slots);
	if (!bigger.keys || !bigger.seconds || !bigger.slots) {
		duplicates_done(&bigger);
		return ST_NO_MEMORY;
	}
	for (size_t i = 0; i < d->count; i++) {
		size_t from = (d->first + i) & (d->room - 1);
		bigger.keys[i] = d->keys[from];
		bigger.seconds[i] = d->seconds[from];
		bigger.slots[slot_find(&bigger, bigger.keys[i])] = (uint32_t)i + 1;
	}
	bigger.count = d->count;
	bigger.forgotten = d->forgotten;
	duplicates_done(d);
	*d = bigger;
	return ST_OK;
}

bool duplicates_know(struct duplicates *d, uint64_t key, uint32_t second)
{
	forget_old(d, second);
	return d->count && d->slots[slot_find(d, key)];
}

enum st duplicates_add(struct duplicates *d, uint64_t key, uint32_t second)
{
	forget_old(d, second);
	if (d->count == d->limit) {
		forget_oldest(d);
		d->forgotten++;
	}
	if (d->count == d->room) {
		enum st st = grow(d);
		if (st)
			return st;
	}
	size_t place = (d->first + d->count++) & (d->room - 1);
	d->keys[place] = key;
	d->seconds[place] = second;
	d->slots[slot_find(d, key)] = (uint32_t)place + 1;
	return ST_OK;
}
