// SPDX-License-Identifier: Apache-2.0
// A packet in a buffer with room in front and behind: headers are pushed and pulled by moving an edge, the payload never
// moves. The buffer belongs to whoever made it; a packet is a value and is passed by pointer while it is worked on.
#ifndef BASE_PACKET_H
#define BASE_PACKET_H

#include "base/span.h"

struct packet {
	uint8_t *base, *end; // the buffer
	uint8_t *at;         // the first octet of the packet
	size_t n;            // its octets
};

// An empty packet `headroom` octets into a buffer of `room`.
static inline struct packet packet_of(void *buffer, size_t room, size_t headroom)
{
	uint8_t *b = buffer;
	return (struct packet){ b, b + room, b + headroom, 0 };
}

static inline struct span packet_span(const struct packet *p)
{
	return (struct span){ p->at, p->n };
}

static inline size_t packet_headroom(const struct packet *p)
{
	return (size_t)(p->at - p->base);
}

static inline size_t packet_tailroom(const struct packet *p)
{
	return (size_t)(p->end - p->at) - p->n;
}

// n more octets in front, to be filled by the caller; NULL and nothing changed when there is no room.
static inline uint8_t *packet_push(struct packet *p, size_t n)
{
	if (n > packet_headroom(p))
		return NULL;
	p->at -= n;
	p->n += n;
	return p->at;
}

// n more octets behind, to be filled by the caller; NULL and nothing changed when there is no room.
static inline uint8_t *packet_append(struct packet *p, size_t n)
{
	if (n > packet_tailroom(p))
		return NULL;
	uint8_t *behind = p->at + p->n;
	p->n += n;
	return behind;
}

// Takes n octets away from the front; false and nothing changed when there are fewer.
static inline bool packet_pull(struct packet *p, size_t n)
{
	if (n > p->n)
		return false;
	p->at += n;
	p->n -= n;
	return true;
}

// Takes octets away from the end so that n are left; false and nothing changed when there are fewer.
static inline bool packet_trim(struct packet *p, size_t n)
{
	if (n > p->n)
		return false;
	p->n = n;
	return true;
}

#endif
