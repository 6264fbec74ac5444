// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#include <string.h>

static uint64_t load_le64(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof v);
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? v : __builtin_bswap64(v);
}

static inline uint64_t rotl(uint64_t x, int b)
{
	return x << b | x >> (64 - b);
}

static inline void sip_round(uint64_t v[static 4])
{
	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

static inline void sip_word(uint64_t v[static 4], uint64_t m)
{
	v[3] ^= m;
	sip_round(v);
	sip_round(v);
	v[0] ^= m;
}

struct hash hash_begin(const struct hash_key *key)
{
	return (struct hash){ .v = { key->k0 ^ 0x736f6d6570736575, key->k1 ^ 0x646f72616e646f6d,
		                     key->k0 ^ 0x6c7967656e657261, key->k1 ^ 0x7465646279746573 } };
}

void hash_add(struct hash *h, struct span s)
{
	size_t i = 0;
	for (; i < s.n && h->length % 8; i++) {
		h->tail |= (uint64_t)s.p[i] << 8 * (h->length % 8);
		if (++h->length % 8 == 0) {
			sip_word(h->v, h->tail);
			h->tail = 0;
		}
	}
	for (; i + 8 <= s.n; i += 8) {
		sip_word(h->v, load_le64(s.p + i));
		h->length += 8;
	}
	for (; i < s.n; i++)
		h->tail |= (uint64_t)s.p[i] << 8 * (h->length++ % 8);
}

void hash_add_field(struct hash *h, struct span s)
{
	uint64_t n = s.n;
	hash_add(h, span_of(&n, sizeof n));
	hash_add(h, s);
}

uint64_t hash_end(const struct hash *h)
{
	uint64_t v[4];
	memcpy(v, h->v, sizeof v);
	sip_word(v, h->tail | h->length << 56);
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

#if defined(__x86_64__)
#include <nmmintrin.h>

__attribute__((target("sse4.2"))) static uint32_t crc32c_sse(uint32_t crc, struct span s)
{
	uint64_t c = ~crc;
	size_t i = 0;
	for (; i + 8 <= s.n; i += 8)
		c = _mm_crc32_u64(c, load_le64(s.p + i));
	for (; i < s.n; i++)
		c = _mm_crc32_u8((uint32_t)c, s.p[i]);
	return ~(uint32_t)c;
}
#endif

static uint32_t crc32c_plain(uint32_t crc, struct span s)
{
	enum { POLY = 0x82f63b78u };
	crc = ~crc;
	for (size_t i = 0; i < s.n; i++) {
		crc ^= s.p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ (uint32_t)POLY : crc >> 1;
	}
	return ~crc;
}

uint32_t crc32c(uint32_t crc, struct span s)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("sse4.2"))
		return crc32c_sse(crc, s);
#endif
	return crc32c_plain(crc, s);
}
