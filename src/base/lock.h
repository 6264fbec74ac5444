// SPDX-License-Identifier: Apache-2.0
// A lock for a few instructions on memory that threads share: it spins. Zero-initialised it is free. Nothing that may
// wait, allocate or call out stands between taking and giving.
#ifndef BASE_LOCK_H
#define BASE_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>

struct lock {
	atomic_bool taken;
};

static inline void lock_take(struct lock *l)
{
	while (atomic_exchange_explicit(&l->taken, true, memory_order_acquire))
		while (atomic_load_explicit(&l->taken, memory_order_relaxed))
			;
}

static inline void lock_give(struct lock *l)
{
	atomic_store_explicit(&l->taken, false, memory_order_release);
}

#endif
