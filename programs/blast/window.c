// SPDX-License-Identifier: Apache-2.0
// See window.h. The order of sending is a ring of slots through the head at index `slots`: newer of the head is the
// oldest, older of the head the newest.
#include "window.h"

#include <stdlib.h>

enum st window_init(struct window *w, uint32_t limit)
{
	uint32_t slots = WINDOW_SLOTS_MIN;
	while (slots < (uint64_t)limit * WINDOW_SPREAD)
		slots <<= 1;
	struct window_slot *slot = calloc((size_t)slots + 1, sizeof *slot);
	if (!slot)
		return ST_NO_MEMORY;
	slot[slots].older = slot[slots].newer = slots;
	*w = (struct window){ .slot = slot, .slots = slots, .limit = limit };
	return ST_OK;
}

void window_done(struct window *w)
{
	free(w->slot);
	*w = (struct window){ 0 };
}

static struct window_slot *slot_of(const struct window *w, uint64_t seq)
{
	return &w->slot[seq & (w->slots - 1)];
}

static void unlink_slot(struct window *w, struct window_slot *s)
{
	w->slot[s->older].newer = s->newer;
	w->slot[s->newer].older = s->older;
}

static void link_newest(struct window *w, struct window_slot *s)
{
	struct window_slot *head = &w->slot[w->slots];
	uint32_t self = (uint32_t)(s - w->slot);
	s->older = head->older;
	s->newer = w->slots;
	w->slot[head->older].newer = self;
	head->older = self;
}

bool window_full(const struct window *w, uint64_t next_seq)
{
	return w->outstanding >= w->limit || slot_of(w, next_seq)->taken;
}

void window_add(struct window *w, uint64_t seq, int64_t now)
{
	struct window_slot *s = slot_of(w, seq);
	*s = (struct window_slot){ .seq = seq, .first = now, .last = now, .taken = true };
	link_newest(w, s);
	w->outstanding++;
}

bool window_take(struct window *w, uint64_t seq, int64_t *first)
{
	struct window_slot *s = slot_of(w, seq);
	if (!s->taken || s->seq != seq)
		return false;
	*first = s->first;
	s->taken = false;
	unlink_slot(w, s);
	w->outstanding--;
	return true;
}

bool window_again(struct window *w, int64_t before, int64_t now, uint64_t *seq)
{
	uint32_t oldest = w->slot[w->slots].newer;
	struct window_slot *s = &w->slot[oldest];
	if (oldest == w->slots || s->last >= before)
		return false;
	s->last = now;
	unlink_slot(w, s);
	link_newest(w, s);
	*seq = s->seq;
	return true;
}
