// SPDX-License-Identifier: Apache-2.0
#include "esp/window.h"

#include <stdlib.h>

enum { WORD = 64 };

static uint32_t window_size(uint32_t wish)
{
	uint32_t size = ESP_WINDOW_MIN;
	while (size < wish && size < ESP_WINDOW_MAX)
		size *= 2;
	return size;
}

enum st esp_window_init(struct esp_window *r, uint32_t size, struct esp_window_bits *room)
{
	uint32_t n = window_size(size ? size : ESP_WINDOW);
	bool lent = room && n <= ESP_WINDOW;
	uint64_t *bits = lent ? room->at : calloc(n / WORD, sizeof *bits);
	if (!bits)
		return ST_NO_MEMORY;
	memset(bits, 0, n / 8);
	*r = (struct esp_window){ 0, bits, n, lent };
	return ST_OK;
}

void esp_window_done(struct esp_window *r)
{
	if (!r->lent)
		free(r->bits);
	*r = (struct esp_window){ 0 };
}

static uint64_t *word_of(const struct esp_window *r, uint64_t number)
{
	return &r->bits[(number & (r->size - 1)) / WORD];
}

static uint64_t bit_of(uint64_t number)
{
	return UINT64_C(1) << number % WORD;
}

enum st esp_window_check(const struct esp_window *r, uint64_t number)
{
	if (number > r->top)
		return ST_OK;
	if (number == 0)
		return ST_ESP_ZERO;
	if (r->top - number >= r->size)
		return ST_ESP_OLD;
	return *word_of(r, number) & bit_of(number) ? ST_ESP_REPLAY : ST_OK;
}

// Moves the window up to `number`: the bits of what comes into it are those of what falls out.
static void esp_window_move(struct esp_window *r, uint64_t number)
{
	uint64_t steps = number - r->top;
	if (steps >= r->size) {
		memset(r->bits, 0, r->size / 8);
	} else {
		for (uint64_t n = r->top + 1; steps; steps--, n++) {
			if (n % WORD == 0 && steps >= WORD) {
				*word_of(r, n) = 0;
				n += WORD - 1;
				steps -= WORD - 1;
			} else {
				*word_of(r, n) &= ~bit_of(n);
			}
		}
	}
	r->top = number;
}

enum st esp_window_mark(struct esp_window *r, uint64_t number, bool *newest)
{
	enum st st = esp_window_check(r, number);
	if (st != ST_OK)
		return st;
	*newest = number > r->top;
	if (number - r->top == 1) // nearly always: the one bit that would be cleared is the one set below
		r->top = number;
	else if (*newest)
		esp_window_move(r, number);
	*word_of(r, number) |= bit_of(number);
	return ST_OK;
}

// RFC 4303 A2.2. Case A: the window lies within one run of 2^32 numbers; what is below its bottom is of the next run.
// Case B: it begins in the run before; what is above its bottom is of that. In the very first run there is none before.
uint64_t esp_window_guess(const struct esp_window *r, uint32_t low)
{
	uint32_t top_low = (uint32_t)r->top, top_high = (uint32_t)(r->top >> 32);
	uint32_t bottom = top_low - r->size + 1; // wraps in case B
	uint32_t high = top_high;
	if (top_low >= r->size - 1)
		high += low < bottom;
	else if (top_high > 0)
		high -= low >= bottom;
	return (uint64_t)high << 32 | low;
}
