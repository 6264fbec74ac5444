// SPDX-License-Identifier: Apache-2.0
// SipHash-2-4 (Aumasson and Bernstein, 2012): the keyed hash for every table whose keys a stranger chooses.
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdint.h>

#include "base/span.h"

struct hash_key {
	uint64_t k0, k1;
};

// Running state, so that a key may be made of several spans without copying them together.
struct hash {
	uint64_t v[4], tail;
	uint64_t length;
};

struct hash hash_begin(const struct hash_key *key);
void hash_add(struct hash *h, struct span bytes);
// Adds the length first, so that ("ab","c") and ("a","bc") differ.
void hash_add_field(struct hash *h, struct span bytes);
uint64_t hash_end(const struct hash *h);

// CRC-32C (Castagnoli), for finding damage, never for security. Start with crc = 0.
uint32_t crc32c(uint32_t crc, struct span bytes);

#endif
