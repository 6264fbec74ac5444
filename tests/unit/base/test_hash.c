// SPDX-License-Identifier: Apache-2.0
// SipHash-2-4 against the authors' vectors (key 00..0f, input 00..n-1), CRC-32C against RFC 3720 appendix B.4; both in
// pieces against the whole.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"

static const struct hash_key key = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };

static uint64_t hash_once(struct span s)
{
	struct hash h = hash_begin(&key);
	hash_add(&h, s);
	return hash_end(&h);
}

static void siphash_vectors(void **state)
{
	static const struct {
		size_t n;
		uint64_t hash;
	} rows[] = {
		{ 0, 0x726fdb47dd0e0e31 }, { 1, 0x74f839c593dc67fd },  { 7, 0xab0200f58b01d137 },
		{ 8, 0x93f5f5799a932462 }, { 15, 0xa129ca6149be45e5 }, { 63, 0x958a324ceb064572 },
	};
	uint8_t in[64];
	for (size_t i = 0; i < sizeof in; i++)
		in[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_true(hash_once(span_of(in, rows[i].n)) == rows[i].hash);
}

static void pieces_hash_like_the_whole(void **state)
{
	uint8_t in[200];
	srandom(2);
	for (size_t i = 0; i < sizeof in; i++)
		in[i] = (uint8_t)random();
	for (int round = 0; round < 1000; round++) {
		size_t n = (size_t)random() % sizeof in;
		struct hash h = hash_begin(&key);
		uint32_t crc = 0;
		for (size_t at = 0; at < n;) {
			size_t part = (size_t)random() % (n - at) + 1;
			hash_add(&h, span_of(in + at, part));
			crc = crc32c(crc, span_of(in + at, part));
			at += part;
		}
		assert_true(hash_end(&h) == hash_once(span_of(in, n)));
		assert_int_equal(crc, crc32c(0, span_of(in, n)));
	}
}

static uint64_t hash_two(const char *a, const char *b)
{
	struct hash h = hash_begin(&key);
	hash_add_field(&h, span_str(a));
	hash_add_field(&h, span_str(b));
	return hash_end(&h);
}

static void fields_keep_their_borders(void **state)
{
	assert_true(hash_two("ab", "c") == hash_two("ab", "c"));
	assert_true(hash_two("ab", "c") != hash_two("a", "bc"));
	assert_true(hash_two("", "abc") != hash_two("abc", ""));
}

static void crc32c_vectors(void **state)
{
	uint8_t zeros[32] = { 0 }, ones[32], up[32], down[32];
	memset(ones, 0xff, sizeof ones);
	for (uint8_t i = 0; i < 32; i++) {
		up[i] = i;
		down[i] = (uint8_t)(31 - i);
	}
	assert_int_equal(crc32c(0, span_of(zeros, 32)), 0x8a9136aa);
	assert_int_equal(crc32c(0, span_of(ones, 32)), 0x62a8ab43);
	assert_int_equal(crc32c(0, span_of(up, 32)), 0x46dd794e);
	assert_int_equal(crc32c(0, span_of(down, 32)), 0x113fdb5c);
	assert_int_equal(crc32c(0, span_str("123456789")), 0xe3069283);
	assert_int_equal(crc32c(0, span_str("")), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siphash_vectors),
		cmocka_unit_test(pieces_hash_like_the_whole),
		cmocka_unit_test(fields_keep_their_borders),
		cmocka_unit_test(crc32c_vectors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
