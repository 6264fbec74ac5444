// SPDX-License-Identifier: Apache-2.0
// A bounded ring of byte records between one producer thread and one consumer thread.
//
// A record is a frame: a u32 length (host order) and that many bytes; frames stand back to back, so a run of them is
// also the body of a journal block, without copying. A frame never wraps: what is left at the end is skipped with a
// frame length of RING_SKIP. Positions are byte counts that rise for ever. The consumer frees a run only when it is
// done with it (the journal: after the commit), so what was not committed is still in the ring, and the freed position
// tells the producer what is durable.
#ifndef BASE_RING_H
#define BASE_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

#define RING_SKIP UINT32_MAX

enum { RING_FRAME_HEAD = 4 };

struct ring {
	uint8_t *base;
	size_t size;                        // a power of two
	_Alignas(64) _Atomic uint64_t head; // written by the producer
	_Alignas(64) _Atomic uint64_t tail; // written by the consumer
};

// Anonymous memory of `size` bytes (a power of two, at least 64 KiB), touched only as it is used. ST_NO_MEMORY.
enum st ring_init(struct ring *r, size_t size);
void ring_done(struct ring *r);

// Producer: room for a record of up to `max` bytes, or NULL when the ring has none. Nothing is visible before
// ring_publish. At most one reservation at a time. `max` may be up to half the ring's size less the frame's head: a
// larger one may find no place even in an empty ring.
uint8_t *ring_reserve(struct ring *r, size_t max);
// Producer: publishes `n` (<= the reserved max) bytes as one record; returns the position behind it.
uint64_t ring_publish(struct ring *r, size_t n);
// Producer: everything up to this position was freed by the consumer.
uint64_t ring_freed(const struct ring *r);

// Consumer: the longest contiguous run of whole frames at position *at, at most max bytes (but at least one frame if
// there is any). Advances *at over a skipped end. Empty when nothing is there. *records counts its frames.
struct span ring_run(const struct ring *r, uint64_t *at, size_t max, uint32_t *records);
// Consumer: frees everything up to the position.
void ring_free_to(struct ring *r, uint64_t at);

// The next record of a run of frames (see above), for readers of ring runs and journal blocks. An empty cursor or
// a frame that lies makes `frames` bad or ends it: false.
bool frame_next(struct rd *frames, struct span *record);

#endif
