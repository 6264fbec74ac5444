// SPDX-License-Identifier: Apache-2.0
// What the tests of this folder share: octets written as hex, and a seeded dice.
#ifndef TESTS_SNMP_HEX_H
#define TESTS_SNMP_HEX_H

#include <stdio.h>
#include <stdlib.h>

#include "base/span.h"

enum { HEX_ROOM = 1024 };

struct hex {
	uint8_t p[HEX_ROOM];
	size_t n;
};

// "30 03 0201 00" as octets.
static inline struct hex hex_of(const char *text)
{
	struct hex h = { .n = 0 };
	while (*text) {
		unsigned octet = 0;
		if (*text == ' ') {
			text++;
		} else if (sscanf(text, "%2x", &octet) == 1 && h.n < HEX_ROOM) {
			h.p[h.n++] = (uint8_t)octet;
			text += 2;
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
