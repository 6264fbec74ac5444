// SPDX-License-Identifier: Apache-2.0
#include "ike/heap.h"

#include <stdlib.h>

// The children of i stand at 2i+1 and 2i+2.
static void put_at(struct ike_heap *h, size_t i, struct ike_timer *t)
{
	h->at[i] = t;
	t->place = i;
}

static void rise(struct ike_heap *h, struct ike_timer *t)
{
	size_t i = t->place;
	for (; i && h->at[(i - 1) / 2]->due > t->due; i = (i - 1) / 2)
		put_at(h, i, h->at[(i - 1) / 2]);
	put_at(h, i, t);
}

static void sink(struct ike_heap *h, struct ike_timer *t)
{
	size_t i = t->place;
	for (size_t k; (k = 2 * i + 1) < h->n; i = k) {
		if (k + 1 < h->n && h->at[k + 1]->due < h->at[k]->due)
			k++;
		if (h->at[k]->due >= t->due)
			break;
		put_at(h, i, h->at[k]);
	}
	put_at(h, i, t);
}

void ike_heap_set(struct ike_heap *h, struct ike_timer *t, int64_t due)
{
	t->due = due;
	rise(h, t);
	sink(h, t);
}

bool ike_heap_add(struct ike_heap *h, struct ike_timer *t, int64_t due)
{
	if (h->n == h->room) {
		size_t room = h->room ? h->room * 2 : 64;
		struct ike_timer **at = realloc(h->at, room * sizeof *at);
		if (!at)
			return false;
		h->at = at;
		h->room = room;
	}
	put_at(h, h->n++, t);
	ike_heap_set(h, t, due);
	return true;
}

void ike_heap_remove(struct ike_heap *h, struct ike_timer *t)
{
	struct ike_timer *last = h->at[--h->n];
	if (last == t)
		return;
	put_at(h, t->place, last);
	ike_heap_set(h, last, last->due);
}

void ike_heap_moved(struct ike_heap *h, struct ike_timer *t)
{
	h->at[t->place] = t;
}

int64_t ike_heap_due(const struct ike_heap *h)
{
	return h->n ? h->at[0]->due : INT64_MAX;
}

void ike_heap_free(struct ike_heap *h)
{
	free(h->at);
	*h = (struct ike_heap){ 0 };
}
