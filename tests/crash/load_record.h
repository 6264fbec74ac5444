// SPDX-License-Identifier: Apache-2.0
// The records of the crash tests: each can be checked for the number that it was made with.
#ifndef TEST_CRASH_LOAD_RECORD_H
#define TEST_CRASH_LOAD_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/span.h"

enum { LOAD_MIN = 16 };

#define LOAD_BOOTS (UINT64_C(1) << 63)

static inline uint64_t load_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state >> 8;
}

static inline void load_fill(uint8_t *at, size_t n, uint64_t number, uint8_t kind)
{
	at[0] = 1; // the record's version and kind, as event_kind_of reads them
	at[1] = kind;
	memcpy(at + 2, &number, sizeof number);
	for (size_t i = 10; i < n; i++)
		at[i] = (uint8_t)(number * 31 + i);
}

static inline bool load_is(struct span s, uint64_t number)
{
	uint64_t found = 0;
	if (s.n < LOAD_MIN)
		return false;
	memcpy(&found, s.p + 2, sizeof found);
	for (size_t i = 10; i < s.n; i++)
		if (s.p[i] != (uint8_t)(number * 31 + i))
			return false;
	return found == number;
}

#endif
