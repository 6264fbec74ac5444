// SPDX-License-Identifier: Apache-2.0
// What the files of ESP share among themselves.
#ifndef ESP_PRIVATE_H
#define ESP_PRIVATE_H

#include "crypto/aead_vault.h"
#include "esp/esp.h"
#include "esp/limits.h"

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
	struct vault vault; // where the pairs stand
};

// Raises what a pair has come to: its counts, its sequence numbers, its time.
void esp_check_lifetime(struct esp_pair *p, int64_t now, struct esp_effects *effects);

static inline size_t esp_slot_wanted(const struct esp *esp, uint32_t spi)
{
	return (size_t)(spi * esp->mix >> (64 - esp->slot_bits));
}

// Asks the cache for the slot that an SPI prefers.
static inline void esp_fetch_slot(const struct esp *esp, uint32_t spi)
{
	__builtin_prefetch(&esp->slots[esp_slot_wanted(esp, spi)]);
}

// As esp_find, whose first look nearly always finds it.
static inline struct esp_pair *esp_find_fast(const struct esp *esp, uint32_t spi)
{
	const struct esp_slot *s = &esp->slots[esp_slot_wanted(esp, spi)];
	return s->spi == spi ? s->pair : esp_find(esp, spi);
}

static inline uint32_t esp_get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

// Counts those whose st is not ST_OK and moves them behind the others. Returns how many are left.
size_t esp_keep(struct esp *esp, struct esp_packet **pk, size_t n);

#endif
