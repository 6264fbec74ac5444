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
	*r = (struct esp_window){ .bits = bits, .size = n, .lent = lent };
	return ST_OK;
}

void esp_window_done(struct esp_window *r)
{
	if (!r->lent)
		free(r->bits);
	*r = (struct esp_window){ 0 };
}

static uint64_t *old_word(const struct esp_window *r, uint64_t block)
{
	return &r->bits[block & (r->size / WORD - 1)];
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
	uint64_t word = number / WORD == r->top / WORD ? r->word : *old_word(r, number / WORD);
	return word & bit_of(number) ? ST_ESP_REPLAY : ST_OK;
}

// Goes on to a later block; those between had none. What was kept in their places is too old by then.
static void move(struct esp_window *r, uint64_t block)
{
	uint64_t from = r->top / WORD, blocks = r->size / WORD;
	*old_word(r, from) = r->word;
	for (uint64_t b = from + 1; b < block && b <= from + blocks; b++)
		*old_word(r, b) = 0;
	r->word = 0;
}

enum st esp_window_mark(struct esp_window *r, uint64_t number, bool *newest)
{
	enum st st = esp_window_check(r, number);
	if (st != ST_OK)
		return st;
	uint64_t block = number / WORD;
	*newest = number > r->top;
	if (*newest) {
		if (block != r->top / WORD)
			move(r, block);
		r->top = number;
	}
	if (block == r->top / WORD)
		r->word |= bit_of(number);
	else
		*old_word(r, block) |= bit_of(number);
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
