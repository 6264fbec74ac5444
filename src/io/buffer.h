// SPDX-License-Identifier: Apache-2.0
// A queue of bytes that grows as bytes come, out of a budget that several queues share. Used by the TCP connections.
#ifndef IO_BUFFER_H
#define IO_BUFFER_H

#include "base/span.h"

enum { BUFFER_FIRST = 4096 }; // first size; an empty queue keeps no more than this

struct buffer {
	uint8_t *p;
	size_t from, to, room; // the bytes are p[from..to)
};

struct budget {
	size_t used, max; // bytes
};

struct span buffer_span(const struct buffer *b);
// Where up to *n bytes may be written: the free end, grown when it is empty, to at most twice what is held, and `max` in
// all. NULL: the budget, `max` or the memory is exhausted. buffer_added says how many were written.
uint8_t *buffer_room(struct buffer *b, struct budget *budget, size_t max, size_t *n);
void buffer_added(struct buffer *b, size_t n);
// Appends a copy. ST_FULL as above; nothing is added then.
enum st buffer_add(struct buffer *b, struct budget *budget, size_t max, struct span s);
// Drops the first n bytes.
void buffer_drop(struct buffer *b, struct budget *budget, size_t n);
void buffer_done(struct buffer *b, struct budget *budget);

#endif
