// SPDX-License-Identifier: Apache-2.0
// What a v1 or v2c notification message is, once more, slow and obvious: every element is cut out with plain indices and
// checked with arithmetic that shares nothing with src/snmp. It only says yes or no.
#ifndef TESTS_SNMP_MODEL_H
#define TESTS_SNMP_MODEL_H

#include <stdbool.h>
#include <stdint.h>

struct cut {
	const uint8_t *p;
	int n;   // octets of content
	int tag; // 0: there is no good element
	int all; // octets with tag and length
};

static inline struct cut cut(const uint8_t *p, int n)
{
	struct cut none = { 0 };
	if (n < 2 || p[0] == 0 || p[0] % 32 == 31)
		return none;
	long long length = p[1];
	int head = 2;
	if (p[1] >= 128) {
		int octets = p[1] - 128;
		if (octets < 1 || octets > 4 || n < 2 + octets)
			return none;
		length = 0;
		for (; head < 2 + octets; head++)
			length = length * 256 + p[head];
	}
	if (length > n - head)
		return none;
	return (struct cut){ p + head, (int)length, p[0], head + (int)length };
}

static inline bool model_oid(struct cut c)
{
	int arcs = c.n ? 1 : 0;
	for (int i = 0; i < c.n;) {
		__int128 v = 0;
		if (c.p[i] == 128)
			return false;
		int from = i;
		while (i < c.n && c.p[i] >= 128 && i - from < 12)
			v = v * 128 + c.p[i++] - 128;
		if (i == c.n || c.p[i] >= 128)
			return false;
		v = v * 128 + c.p[i++];
		arcs++;
		if (v > (from == 0 ? 4294967295 + 80 : 4294967295))
			return false;
	}
	return arcs <= 128;
}

// The number as a two's complement one; false when it has none or it needs over 64 bits with sign.
static inline bool model_number(struct cut c, __int128 *v)
{
	if (c.n < 1)
		return false;
	*v = c.p[0] >= 128 ? -1 : 0;
	for (int i = 0; i < c.n; i++) {
		*v = *v * 256 + c.p[i];
		if (*v > ((__int128)1 << 70) || *v < -((__int128)1 << 70))
			return false;
	}
	return true;
}

static inline bool model_int(struct cut c, __int128 low, __int128 high)
{
	__int128 v;
	return c.tag == 2 && model_number(c, &v) && v >= low && v <= high;
}

static inline bool model_uint(struct cut c, int bits)
{
	__int128 v;
	if (!model_number(c, &v))
		return false;
	if (v < 0 && (c.n == 4 || c.n == 8))
		v += (__int128)1 << 8 * c.n;
	return v >= 0 && v < (__int128)1 << bits;
}

static inline bool model_value(struct cut c)
{
	switch (c.tag) {
	case 0x02:
		return model_int(c, INT64_MIN, INT64_MAX);
	case 0x06:
		return model_oid(c);
	case 0x40:
		return c.n == 0 || c.n == 4 || c.n == 16;
	case 0x41:
	case 0x42:
	case 0x43:
	case 0x47:
		return model_uint(c, 32);
	case 0x46:
		return model_uint(c, 64);
	default:
		return c.tag / 32 % 2 == 0;
	}
}

// Exactly the elements of `tags` (0: any), nothing behind them.
static inline bool model_list(const uint8_t *p, int n, const int *tags, int count, struct cut *out)
{
	for (int i = 0; i < count; i++) {
		out[i] = cut(p, n);
		if (!out[i].tag || (tags[i] && tags[i] != out[i].tag))
			return false;
		p += out[i].all;
		n -= out[i].all;
	}
	return n == 0;
}

static inline bool model_varbinds(struct cut list)
{
	int count = 0;
	for (int at = 0; at < list.n; count++) {
		static const int pair[] = { 0x06, 0 };
		struct cut varbind = cut(list.p + at, list.n - at), of[2];
		if (varbind.tag != 0x30 || !model_list(varbind.p, varbind.n, pair, 2, of) || !model_oid(of[0]) ||
		    !model_value(of[1]))
			return false;
		at += varbind.all;
	}
	return count <= 4096;
}

static inline bool model_folded(struct cut c)
{
	return model_int(c, INT32_MIN, UINT32_MAX);
}

static inline bool model_message(const uint8_t *p, int n)
{
	static const int outer[] = { 0x30 }, header[] = { 0x02, 0x04, 0 };
	static const int v1[] = { 0x06, 0x40, 0x02, 0x02, 0x43, 0x30 }, v2[] = { 0x02, 0x02, 0x02, 0x30 };
	struct cut m, h[3], f[6];
	__int128 version;
	if (!model_list(p, n, outer, 1, &m) || !model_list(m.p, m.n, header, 3, h) || h[1].n > 255 ||
	    !model_number(h[0], &version))
		return false;
	if (version == 0 && h[2].tag == 0xa4)
		return model_list(h[2].p, h[2].n, v1, 6, f) && model_oid(f[0]) && (f[1].n == 4 || f[1].n == 0) &&
		       model_folded(f[2]) && model_folded(f[3]) && model_uint(f[4], 32) && model_varbinds(f[5]);
	if (version == 1 && (h[2].tag == 0xa6 || h[2].tag == 0xa7))
		return model_list(h[2].p, h[2].n, v2, 4, f) && model_folded(f[0]) && model_folded(f[1]) &&
		       model_folded(f[2]) && model_varbinds(f[3]);
	return false;
}

#endif
