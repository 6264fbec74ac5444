// SPDX-License-Identifier: Apache-2.0
// Who is due next: a binary heap of timers that stand inside what they wake, so that nothing at rest is walked. A timer at
// INT64_MAX waits for nothing and still has its place.
#ifndef IKE_HEAP_H
#define IKE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ike_timer {
	int64_t due; // nanoseconds
	size_t place;
};

struct ike_heap {
	struct ike_timer **at; // at[0] is the earliest
	size_t n, room;
};

// false: no memory; nothing changed.
bool ike_heap_add(struct ike_heap *h, struct ike_timer *t, int64_t due);
void ike_heap_remove(struct ike_heap *h, struct ike_timer *t);
void ike_heap_set(struct ike_heap *h, struct ike_timer *t, int64_t due);
// The timer lies elsewhere now: its memory was moved as a whole.
void ike_heap_moved(struct ike_heap *h, struct ike_timer *t);
// INT64_MAX: nobody.
int64_t ike_heap_due(const struct ike_heap *h);
void ike_heap_free(struct ike_heap *h);

#endif
