// SPDX-License-Identifier: Apache-2.0
// What the files of ESP share among themselves.
#ifndef ESP_PRIVATE_H
#define ESP_PRIVATE_H

#include "esp/esp.h"
#include "esp/limits.h"

enum { ESP_CACHE_LINE = 64 };
enum { ESP_HEAD = 8, ESP_TRAILER = 2 }; // RFC 4303 figure 1: SPI and sequence number; pad length and next header

struct esp_slot {
	uint32_t spi; // 0: empty
	struct esp_pair *pair;
};

struct esp {
	struct aead_engine *engine;
	struct random random;
	struct esp_place place;
	struct esp_slot *slots; // open addressing, at most half full
	uint32_t slot_bits;
	uint64_t mix; // odd, random: which slot an SPI prefers cannot be foreseen
	size_t pairs;
	int64_t deadline; // nothing expires by time before
	size_t iv_left;
	uint8_t iv_pool[ESP_IV_POOL];
	uint8_t resync[ESP_RESYNC_OCTETS];
	struct esp_counters counters;
	struct aead_op ops[ESP_BATCH];
};

// Raises what a pair has come to: its counts, its sequence numbers, its time.
void esp_check_lifetime(struct esp_pair *p, int64_t now, struct esp_effects *effects);

// Asks the cache for what is used a little later: with many pairs it would be waited for with each packet. NULL is fine.
static inline void esp_fetch(const void *p, size_t n)
{
	for (size_t i = 0; p && i < n; i += ESP_CACHE_LINE)
		__builtin_prefetch((const char *)p + i);
}

// Of a key for n octets: a large one has round keys in front and powers of the hash key behind, of which a short text needs
// the last.
void esp_fetch_key(const struct esp *esp, const struct aead_key *key, const struct aead_alg *alg, size_t n);
void esp_fetch_slot(const struct esp *esp, uint32_t spi);

static inline uint32_t esp_get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

// Counts those whose st is not ST_OK and moves them behind the others. Returns how many are left.
size_t esp_keep(struct esp *esp, struct esp_packet **pk, size_t n);

#endif
