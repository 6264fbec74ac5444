// SPDX-License-Identifier: Apache-2.0
// A view of bytes and the two cursors that every parser and writer of Trapline uses.
//
// struct span never owns and never frees. struct rd reads forwards: once a read failed it is bad for ever and every
// later read yields zero, so a parser reads straight down the RFC's field list and asks once, at the end, with rd_end.
// Nested lengths are nested cursors (rd_sub). struct wr fills a fixed buffer downwards: content first, then its header,
// so that a definite length is always known (BER); once full it stays full and writes nothing.
// All multi-byte helpers are big endian (network order).
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/status.h"

struct span {
	const uint8_t *p;
	size_t n;
};

static inline struct span span_of(const void *p, size_t n)
{
	return (struct span){ p, n };
}

static inline struct span span_str(const char *s)
{
	return (struct span){ (const uint8_t *)s, s ? strlen(s) : 0 };
}

static inline bool span_equal(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

struct rd {
	const uint8_t *at, *end;
	bool bad;
};

// An empty span may have no address; a cursor always has one, because adding even 0 to NULL is undefined (C17 6.5.6).
static inline struct rd rd_of(struct span s)
{
	static const uint8_t nothing[1];
	const uint8_t *p = s.p ? s.p : nothing;
	return (struct rd){ p, p + s.n, false };
}

static inline size_t rd_left(const struct rd *r)
{
	return r->bad ? 0 : (size_t)(r->end - r->at);
}

// The next n bytes as a view, or an empty view and a bad cursor.
static inline struct span rd_take(struct rd *r, size_t n)
{
	if (r->bad || n > (size_t)(r->end - r->at)) {
		r->bad = true;
		return (struct span){ 0 };
	}
	struct span s = { r->at, n };
	r->at += n;
	return s;
}

static inline struct rd rd_sub(struct rd *r, size_t n)
{
	struct rd sub = rd_of(rd_take(r, n));
	sub.bad = r->bad;
	return sub;
}

static inline struct span rd_rest(struct rd *r)
{
	return rd_take(r, rd_left(r));
}

static inline void rd_skip(struct rd *r, size_t n)
{
	(void)rd_take(r, n);
}

static inline uint8_t rd_u8(struct rd *r)
{
	struct span s = rd_take(r, 1);
	return s.n ? s.p[0] : 0;
}

static inline uint64_t rd_be(struct rd *r, size_t bytes)
{
	struct span s = rd_take(r, bytes);
	uint64_t v = 0;
	for (size_t i = 0; i < s.n; i++)
		v = v << 8 | s.p[i];
	return v;
}

static inline uint16_t rd_u16(struct rd *r)
{
	return (uint16_t)rd_be(r, 2);
}

static inline uint32_t rd_u32(struct rd *r)
{
	return (uint32_t)rd_be(r, 4);
}

static inline uint64_t rd_u64(struct rd *r)
{
	return rd_be(r, 8);
}

// ST_SHORT if any read failed, ST_TRAILING if bytes are left, else ST_OK.
static inline enum st rd_end(const struct rd *r)
{
	if (r->bad)
		return ST_SHORT;
	return r->at == r->end ? ST_OK : ST_TRAILING;
}

struct wr {
	uint8_t *base, *at, *end; // the bytes written are at..end
	bool full;
};

static inline struct wr wr_of(void *buffer, size_t n)
{
	uint8_t *b = buffer;
	return (struct wr){ b, b + n, b + n, false };
}

// Room for n bytes in front of what is written, or NULL and a full writer.
static inline uint8_t *wr_room(struct wr *w, size_t n)
{
	if (w->full || n > (size_t)(w->at - w->base)) {
		w->full = true;
		return NULL;
	}
	w->at -= n;
	return w->at;
}

static inline void wr_bytes(struct wr *w, struct span s)
{
	uint8_t *p = wr_room(w, s.n);
	if (p && s.n)
		memcpy(p, s.p, s.n);
}

static inline void wr_u8(struct wr *w, uint8_t v)
{
	uint8_t *p = wr_room(w, 1);
	if (p)
		*p = v;
}

static inline void wr_be(struct wr *w, uint64_t v, size_t bytes)
{
	uint8_t *p = wr_room(w, bytes);
	for (size_t i = 0; p && i < bytes; i++)
		p[i] = (uint8_t)(v >> 8 * (bytes - 1 - i));
}

// What was written; empty when the writer is full.
static inline struct span wr_span(const struct wr *w)
{
	return w->full ? (struct span){ 0 } : (struct span){ w->at, (size_t)(w->end - w->at) };
}

#endif
