// SPDX-License-Identifier: Apache-2.0
// The replay window: verdict tables for its edges, then millions of random steps against a model that simply remembers
// every number; the guess of the high word against a sender who knows it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "esp/limits.h"
#include "esp/window.h"

#define EXTENDED UINT64_C(0x100000000)

static uint64_t state64 = 1;

static uint64_t random64(void)
{
	state64 ^= state64 << 13;
	state64 ^= state64 >> 7;
	state64 ^= state64 << 17;
	return state64;
}

static enum st mark(struct esp_window *r, uint64_t n)
{
	bool newest = false;
	enum st looked = esp_window_check(r, n), marked = esp_window_mark(r, n, &newest);
	assert_int_equal(looked, marked);
	return marked;
}

static void verdicts(void **state)
{
	enum { W = ESP_WINDOW };
	static const struct {
		uint64_t number;
		enum st st;
	} steps[] = {
		{ 0, ST_ESP_ZERO },
		{ 1, ST_OK },
		{ 1, ST_ESP_REPLAY },
		{ 0, ST_ESP_ZERO },
		{ 9, ST_OK },
		{ 8, ST_OK },
		{ 8, ST_ESP_REPLAY },
		{ W, ST_OK },
		{ 2, ST_OK },
		{ W + 1, ST_OK },
		{ 1, ST_ESP_OLD },
		{ 2, ST_ESP_REPLAY },
		{ W + 2, ST_OK },
		{ 2, ST_ESP_OLD },
		{ 3, ST_OK },
		{ 3 * W, ST_OK },
		{ 2 * W, ST_ESP_OLD },
		{ 2 * W + 1, ST_OK },
		{ UINT32_MAX, ST_OK },
		{ EXTENDED, ST_OK },
		{ UINT32_MAX, ST_ESP_REPLAY },
		{ EXTENDED + W - 1, ST_OK },
		{ UINT32_MAX, ST_ESP_OLD },
		{ EXTENDED, ST_ESP_REPLAY },
		{ UINT64_MAX, ST_OK },
		{ UINT64_MAX, ST_ESP_REPLAY },
		{ UINT64_MAX - W + 1, ST_OK },
		{ UINT64_MAX - W, ST_ESP_OLD },
		{ 0, ST_ESP_ZERO },
	};
	struct esp_window r;
	assert_int_equal(esp_window_init(&r, 0, NULL), ST_OK);
	assert_int_equal(r.size, W);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		assert_int_equal(mark(&r, steps[i].number), steps[i].st);
	esp_window_done(&r);
	esp_window_done(&r);
}

static void sizes(void **state)
{
	static const struct {
		uint32_t wish, size;
	} rows[] = { { 0, 1024 },    { 1, 64 },      { 32, 64 },       { 64, 64 },       { 65, 128 },
		     { 1000, 1024 }, { 1024, 1024 }, { 65536, 65536 }, { 65537, 65536 }, { UINT32_MAX, 65536 } };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct esp_window r;
		assert_int_equal(esp_window_init(&r, rows[i].wish, NULL), ST_OK);
		assert_int_equal(r.size, rows[i].size);
		esp_window_done(&r);
		// With room for the usual one: that is taken, cleared, and not freed; a larger window does not touch it.
		struct esp_window_bits room;
		memset(&room, 0xff, sizeof room);
		assert_int_equal(esp_window_init(&r, rows[i].wish, &room), ST_OK);
		assert_int_equal(r.size, rows[i].size);
		assert_int_equal(r.bits == room.at, rows[i].size <= ESP_WINDOW);
		assert_int_equal(room.at[0], rows[i].size <= ESP_WINDOW ? 0 : UINT64_MAX);
		assert_int_equal(mark(&r, rows[i].size), ST_OK);
		assert_int_equal(mark(&r, rows[i].size), ST_ESP_REPLAY);
		assert_int_equal(mark(&r, 1), ST_OK);
		esp_window_done(&r);
	}
}

// Remembers numbers in a table four windows long, which never forgets one that may still be asked for.
struct model {
	uint64_t top, window, *seen;
};

static enum st model_mark(struct model *m, uint64_t n, bool *newest)
{
	uint64_t slots = 4 * m->window;
	if (n == 0)
		return ST_ESP_ZERO;
	if (n <= m->top && m->top - n >= m->window)
		return ST_ESP_OLD;
	if (n <= m->top && m->seen[n % slots] == n)
		return ST_ESP_REPLAY;
	*newest = n > m->top;
	if (*newest)
		m->top = n;
	m->seen[n % slots] = n;
	return ST_OK;
}

static uint64_t next_number(const struct model *m)
{
	uint64_t dice = random64() % 100, r = random64();
	if (dice < 50)
		return m->top + 1 + r % 3;
	if (dice < 85)
		return m->top - r % (2 * m->window);
	if (dice < 95)
		return m->top + 1 + r % (m->window / 2);
	if (dice < 99)
		return m->top + 1 + r % (3 * m->window);
	return r % 7 == 0 ? r : m->top + m->window - 1 + r % 3;
}

static void walk(uint32_t window, uint64_t start, size_t steps)
{
	struct esp_window r;
	assert_int_equal(esp_window_init(&r, window, NULL), ST_OK);
	struct model m = { 0, window, calloc(4 * (size_t)window, sizeof *m.seen) };
	bool newest = false, expected = false;
	uint64_t n = start;
	for (size_t i = 0; i < steps; i++) {
		enum st model = model_mark(&m, n, &expected);
		assert_int_equal(esp_window_check(&r, n), model);
		assert_int_equal(esp_window_mark(&r, n, &newest), model);
		assert_int_equal(r.top, m.top);
		if (model == ST_OK)
			assert_int_equal(newest, expected);
		n = next_number(&m);
		if (n > start &&
		    n - start > UINT64_C(1) << 48) // a wild number now and then, but not the end of all numbers
			n = m.top + 1;
	}
	free(m.seen);
	esp_window_done(&r);
}

static void random_walks(void **state)
{
	static const uint32_t windows[] = { 64, 128, 1024, 4096 };
	static const uint64_t starts[] = { 0, 1, EXTENDED - 3000, 5 * EXTENDED - 100, UINT64_C(1) << 40 };
	for (size_t w = 0; w < sizeof windows / sizeof *windows; w++)
		for (size_t s = 0; s < sizeof starts / sizeof *starts; s++)
			walk(windows[w], starts[s], 200000);
}

// Whatever the sender may have sent, from the window's bottom to 2^32 - size numbers ahead, is guessed right.
static void guesses(void **state)
{
	static const uint64_t tops[] = { 1,
		                         63,
		                         64,
		                         1023,
		                         1024,
		                         5000,
		                         EXTENDED - 2,
		                         EXTENDED - 1,
		                         EXTENDED,
		                         EXTENDED + 1,
		                         EXTENDED + 62,
		                         EXTENDED + 63,
		                         EXTENDED + 1022,
		                         EXTENDED + 1023,
		                         EXTENDED + 1024,
		                         3 * EXTENDED - 1,
		                         3 * EXTENDED + 7,
		                         99 * EXTENDED + 12345 };
	static const uint32_t windows[] = { 64, 1024, 65536 };
	for (size_t w = 0; w < 3; w++)
		for (size_t t = 0; t < sizeof tops / sizeof *tops; t++) {
			struct esp_window r;
			assert_int_equal(esp_window_init(&r, windows[w], NULL), ST_OK);
			assert_int_equal(mark(&r, tops[t]), ST_OK);
			uint64_t bottom = tops[t] >= r.size ? tops[t] - r.size + 1 : 1;
			uint64_t reach =
			        tops[t] + EXTENDED - r.size; // the last one that is told from one in the window
			const uint64_t edges[] = { bottom, bottom + 1, tops[t], tops[t] + 1, reach - 1, reach };
			for (size_t i = 0; i < sizeof edges / sizeof *edges; i++)
				assert_int_equal(esp_window_guess(&r, (uint32_t)edges[i]), edges[i]);
			for (int i = 0; i < 40000; i++) {
				uint64_t n = bottom + random64() % (reach - bottom + 1);
				assert_int_equal(esp_window_guess(&r, (uint32_t)n), n);
			}
			esp_window_done(&r);
		}
}

// Sender, network that delays and repeats, receiver: across 2^32 what is inside the window is taken once, never twice.
static void across_the_edge(void **state)
{
	enum { N = 2000000, SLOTS = 100 };
	struct esp_window r;
	assert_int_equal(esp_window_init(&r, 1024, NULL), ST_OK);
	bool newest = false;
	uint64_t first = EXTENDED - N / 2, in_time = 0;
	assert_int_equal(esp_window_mark(&r, first - 1, &newest), ST_OK);
	uint8_t *taken = calloc(N, 1);
	uint64_t delayed[SLOTS];
	for (size_t i = 0; i < SLOTS; i++)
		delayed[i] = first + i;
	for (uint64_t n = first + SLOTS; n < first + N; n++) {
		uint64_t *slot = &delayed[random64() % SLOTS], out = random64() % 4 ? n : *slot;
		if (out != n)
			*slot = n;
		for (uint64_t again = random64() % 8 != 0; again <= 1; again++) { // sometimes twice
			bool inside = out > r.top || r.top - out < r.size;
			enum st want = !inside ? ST_ESP_OLD : taken[out - first] ? ST_ESP_REPLAY : ST_OK;
			uint64_t guess = esp_window_guess(&r, (uint32_t)out);
			if (inside)
				assert_int_equal(guess, out);
			assert_int_equal(esp_window_mark(&r, out, &newest), want);
			taken[out - first] = inside;
			in_time += want == ST_OK;
		}
	}
	assert_true(in_time > N * UINT64_C(9) / 10);
	assert_true(r.top > EXTENDED);
	free(taken);
	esp_window_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts), cmocka_unit_test(sizes),           cmocka_unit_test(random_walks),
		cmocka_unit_test(guesses),  cmocka_unit_test(across_the_edge),
	};
	return cmocka_run_group_tests_name("esp: window", tests, NULL, NULL);
}
