// SPDX-License-Identifier: Apache-2.0
// What the tests of this folder share: octets written as hex, and a seeded dice.
#ifndef TESTS_SNMP_HEX_H
#define TESTS_SNMP_HEX_H

#include <stdio.h>
#include <stdlib.h>

#include "base/span.h"

enum { HEX_ROOM = 2048, HEX_DEPTH = 16 };

struct hex {
	uint8_t p[HEX_ROOM];
	size_t n;
};

// Puts the DER length of p[from..n) in front of it.
static inline void hex_close(struct hex *h, size_t from)
{
	size_t n = h->n - from;
	uint8_t head[3] = { (uint8_t)n };
	size_t octets = n < 0x80 ? 1 : n < 0x100 ? 2 : 3;
	if (octets == 2)
		memcpy(head, (uint8_t[]){ 0x81, (uint8_t)n }, 2);
	if (octets == 3)
		memcpy(head, (uint8_t[]){ 0x82, (uint8_t)(n >> 8), (uint8_t)n }, 3);
	if (h->n + octets > HEX_ROOM)
		abort();
	memmove(h->p + from + octets, h->p + from, n);
	memcpy(h->p + from, head, octets);
	h->n += octets;
}

// "30{ 02{01} 0500 }" as octets: hex digits, and a brace stands for the DER length of what it holds.
static inline struct hex hex_of(const char *text)
{
	struct hex h = { .n = 0 };
	size_t open[HEX_DEPTH], depth = 0;
	for (; *text; text++) {
		unsigned octet = 0;
		if (*text == ' ')
			continue;
		if (*text == '{' && depth < HEX_DEPTH) {
			open[depth++] = h.n;
		} else if (*text == '}' && depth) {
			hex_close(&h, open[--depth]);
		} else if (sscanf(text, "%2x", &octet) == 1 && h.n < HEX_ROOM) {
			h.p[h.n++] = (uint8_t)octet;
			text++;
		} else {
			fprintf(stderr, "bad hex: %s\n", text);
			abort();
		}
	}
	return h;
}

static inline struct span hex_span(const struct hex *h)
{
	return span_of(h->p, h->n);
}

// The octets in a heap block of exactly their size, so that ASan sees a read behind them. Caller frees.
static inline uint8_t *exact_copy(struct span s)
{
	uint8_t *p = malloc(s.n ? s.n : 1);
	if (!p)
		abort();
	if (s.n)
		memcpy(p, s.p, s.n);
	return p;
}

// xorshift64: the same numbers in every run.
static inline uint64_t roll(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

#endif
