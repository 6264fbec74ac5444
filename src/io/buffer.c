// SPDX-License-Identifier: Apache-2.0
// The byte queue of a connection. Its room follows what has arrived, never what a peer says will come.
#include "io/buffer.h"

#include <stdlib.h>

struct span buffer_span(const struct buffer *b)
{
	return (struct span){ b->p ? b->p + b->from : NULL, b->to - b->from };
}

// Moves the bytes to the front of a block of `room` bytes.
static bool buffer_resize(struct buffer *b, struct budget *budget, size_t room)
{
	if (room > b->room && room - b->room > budget->max - budget->used)
		return false;
	uint8_t *p = malloc(room);
	if (!p)
		return false;
	size_t n = b->to - b->from;
	if (n)
		memcpy(p, b->p + b->from, n);
	free(b->p);
	budget->used = budget->used - b->room + room;
	*b = (struct buffer){ p, 0, n, room };
	return true;
}

static void buffer_compact(struct buffer *b)
{
	if (b->from == 0)
		return;
	memmove(b->p, b->p + b->from, b->to - b->from);
	b->to -= b->from;
	b->from = 0;
}

uint8_t *buffer_room(struct buffer *b, struct budget *budget, size_t max, size_t *n)
{
	buffer_compact(b);
	if (b->to == b->room) {
		size_t room = b->room ? 2 * b->room : BUFFER_FIRST;
		if (room > max)
			room = max;
		if (room <= b->to || !buffer_resize(b, budget, room))
			return NULL;
	}
	*n = b->room - b->to;
	return b->p + b->to;
}

void buffer_added(struct buffer *b, size_t n)
{
	b->to += n;
}

enum st buffer_add(struct buffer *b, struct budget *budget, size_t max, struct span s)
{
	size_t held = b->to - b->from;
	if (held > max || s.n > max - held)
		return ST_FULL;
	if (s.n == 0)
		return ST_OK;
	if (s.n > b->room - held) {
		size_t room = b->room ? b->room : BUFFER_FIRST;
		while (room < held + s.n)
			room *= 2;
		if (!buffer_resize(b, budget, room))
			return ST_FULL;
	}
	buffer_compact(b);
	memcpy(b->p + b->to, s.p, s.n);
	b->to += s.n;
	return ST_OK;
}

void buffer_drop(struct buffer *b, struct budget *budget, size_t n)
{
	b->from += n;
	if (b->from != b->to)
		return;
	b->from = b->to = 0;
	if (b->room > BUFFER_FIRST)
		buffer_done(b, budget);
}

void buffer_done(struct buffer *b, struct budget *budget)
{
	free(b->p);
	budget->used -= b->room;
	*b = (struct buffer){ 0 };
}
