// SPDX-License-Identifier: Apache-2.0
#include "base/ring.h"

#include <string.h>
#include <sys/mman.h>

enum st ring_init(struct ring *r, size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return ST_NO_MEMORY;
	r->base = p;
	r->size = size;
	atomic_init(&r->head, 0);
	atomic_init(&r->tail, 0);
	return ST_OK;
}

void ring_done(struct ring *r)
{
	if (r->base)
		munmap(r->base, r->size);
	r->base = NULL;
}

static void frame_put(uint8_t *at, uint32_t n)
{
	memcpy(at, &n, sizeof n);
}

static uint32_t frame_get(const uint8_t *at)
{
	uint32_t n;
	memcpy(&n, at, sizeof n);
	return n;
}

// Where a frame of `whole` bytes may start: here, or behind the end that is too short for it.
static uint64_t frame_start(const struct ring *r, uint64_t head, size_t whole)
{
	size_t to_end = r->size - (head & (r->size - 1));
	return to_end < whole ? head + to_end : head;
}

uint8_t *ring_reserve(struct ring *r, size_t max)
{
	uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
	uint64_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);
	size_t whole = RING_FRAME_HEAD + max;
	uint64_t start = frame_start(r, head, whole);
	if (start + whole - tail > r->size)
		return NULL;
	if (start != head) {
		size_t to_end = (size_t)(start - head);
		if (to_end >= RING_FRAME_HEAD)
			frame_put(r->base + (head & (r->size - 1)), RING_SKIP);
		atomic_store_explicit(&r->head, start, memory_order_release);
	}
	return r->base + (start & (r->size - 1)) + RING_FRAME_HEAD;
}

uint64_t ring_publish(struct ring *r, size_t n)
{
	uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
	frame_put(r->base + (head & (r->size - 1)), (uint32_t)n);
	head += RING_FRAME_HEAD + n;
	atomic_store_explicit(&r->head, head, memory_order_release);
	return head;
}

uint64_t ring_freed(const struct ring *r)
{
	return atomic_load_explicit(&r->tail, memory_order_acquire);
}

struct span ring_run(const struct ring *r, uint64_t *at, size_t max, uint32_t *records)
{
	uint64_t head = atomic_load_explicit(&r->head, memory_order_acquire);
	size_t offset = *at & (r->size - 1), to_end = r->size - offset;
	*records = 0;
	if (*at == head)
		return (struct span){ 0 };
	if (to_end < RING_FRAME_HEAD || frame_get(r->base + offset) == RING_SKIP) {
		*at += to_end;
		offset = 0;
		to_end = r->size;
		if (*at == head)
			return (struct span){ 0 };
	}
	size_t available = (size_t)(head - *at), run = 0;
	if (available > to_end)
		available = to_end;
	while (available - run >= RING_FRAME_HEAD) {
		uint32_t n = frame_get(r->base + offset + run);
		if (n == RING_SKIP || (run && run + RING_FRAME_HEAD + n > max))
			break;
		run += RING_FRAME_HEAD + n;
		++*records;
	}
	return span_of(r->base + offset, run);
}

void ring_free_to(struct ring *r, uint64_t at)
{
	atomic_store_explicit(&r->tail, at, memory_order_release);
}

bool frame_next(struct rd *frames, struct span *record)
{
	if (rd_left(frames) == 0)
		return false;
	struct span head = rd_take(frames, RING_FRAME_HEAD);
	if (head.n != RING_FRAME_HEAD)
		return false;
	*record = rd_take(frames, frame_get(head.p));
	return !frames->bad;
}
