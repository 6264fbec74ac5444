// SPDX-License-Identifier: Apache-2.0
// The receiver's replay window of one SA (RFC 4303 3.4.3) and the guess of the high word of an extended sequence number
// (RFC 4303 appendix A2). Numbers are always 64 bits here: without extension the high word is 0.
//
//                 top - size + 1                       top
//     too old  ...| seen or not: one bit a number       | new ...
//
// Looking and marking are separate, because nothing may change before the integrity check: esp_window_check first, then the
// check of the ICV, then esp_window_mark, which looks again (the same packet may be twice in one batch).
#ifndef ESP_WINDOW_H
#define ESP_WINDOW_H

#include "base/span.h"
#include "esp/limits.h"

// The newest block of 64 numbers is kept apart, so that packets in their order need nothing but the struct itself.
struct esp_window {
	uint64_t top;   // the greatest number marked; 0: none yet
	uint64_t word;  // bit n % 64 for the numbers of top's block
	uint64_t *bits; // of the blocks before: block b is word b % (size / 64)
	uint32_t size;  // numbers, a power of two
	bool lent;      // the bits are the caller's
};

// Of ESP_WINDOW numbers.
struct esp_window_bits {
	uint64_t at[ESP_WINDOW / 64];
};

// `size` is raised to a power of two within ESP_WINDOW_MIN and ESP_WINDOW_MAX; 0 means ESP_WINDOW. Up to that the bits are
// `room`, which stays where it is as long as the window; NULL: they are allocated. ST_NO_MEMORY.
enum st esp_window_init(struct esp_window *r, uint32_t size, struct esp_window_bits *room);
void esp_window_done(struct esp_window *r);

// ST_OK, ST_ESP_ZERO, ST_ESP_OLD, ST_ESP_REPLAY. Changes nothing.
enum st esp_window_check(const struct esp_window *r, uint64_t number);
// The same verdicts; at ST_OK the number is marked. *newest: it was greater than any marked before.
enum st esp_window_mark(struct esp_window *r, uint64_t number, bool *newest);

// Asks the cache for the bit of a number, if it is one of those before, by its low word.
static inline void esp_window_foresee(const struct esp_window *r, uint32_t low)
{
	if ((uint32_t)r->top - low < r->size)
		__builtin_prefetch(&r->bits[(low & (r->size - 1)) / 64]);
}

// The 64-bit number that `low` most likely stands for: the one within the window or the next 2^32 - size after it.
uint64_t esp_window_guess(const struct esp_window *r, uint32_t low);

#endif
