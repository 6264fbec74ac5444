// SPDX-License-Identifier: Apache-2.0
// The parts of BER that are not read for every element, and all of the writing (X.690 8 and 10, RFC 3417 section 8).
#include "snmp/ber.h"

enum { BER_LENGTH_OCTETS = 4 };

// A length whose first octet has been read. ST_SHORT; ST_BER_LENGTH when it is indefinite, reserved or in over four
// octets (X.690 8.1.3).
static enum st take_length(struct rd *r, uint8_t first, size_t *n)
{
	*n = first;
	if (first < 0x80)
		return ST_OK;
	size_t octets = first & 0x7f;
	if (octets == 0 || octets > BER_LENGTH_OCTETS)
		return ST_BER_LENGTH;
	uint64_t length = rd_be(r, octets);
	if (r->bad)
		return ST_SHORT;
	*n = (size_t)length;
	return ST_OK;
}

struct span ber_any_rare(struct ber *b, uint8_t *tag)
{
	uint8_t t = rd_u8(&b->rd), first = rd_u8(&b->rd);
	size_t n;
	enum st st = ST_OK;
	if (b->rd.bad)
		st = ST_SHORT;
	else if (t == 0 || (t & 0x1f) == 0x1f)
		st = ST_BER_TAG;
	else
		st = take_length(&b->rd, first, &n);
	if (st == ST_OK && n > rd_left(&b->rd))
		st = ST_BER_LENGTH;
	if (st != ST_OK) {
		ber_fail(b, st);
		*tag = 0;
		return (struct span){ 0 };
	}
	*tag = t;
	return rd_take(&b->rd, n);
}

int32_t ber_int32(struct ber *b)
{
	int64_t v;
	enum st st = ber_content_int64(ber_take(b, BER_INTEGER), &v);
	if (st == ST_OK && v >= INT32_MIN && v <= INT32_MAX)
		return (int32_t)v;
	ber_fail(b, ST_BER_INTEGER);
	return 0;
}

uint32_t ber_uint32(struct ber *b, uint8_t tag)
{
	uint64_t v;
	enum st st = ber_content_uint64(ber_take(b, tag), &v);
	if (st == ST_OK && v <= UINT32_MAX)
		return (uint32_t)v;
	ber_fail(b, ST_BER_INTEGER);
	return 0;
}

// X.690 8.3.2 forbids leading octets that only repeat the sign; senders write them, so they are passed over here.
static struct span significant(struct span s)
{
	while (s.n > 1 && ((s.p[0] == 0 && !(s.p[1] & 0x80)) || (s.p[0] == 0xff && s.p[1] & 0x80)))
		s = span_of(s.p + 1, s.n - 1);
	return s;
}

enum st ber_content_int64(struct span content, int64_t *out)
{
	struct span s = significant(content);
	if (s.n == 0 || s.n > sizeof *out)
		return ST_BER_INTEGER;
	struct rd r = rd_of(s);
	uint64_t v = rd_be(&r, s.n);
	*out = (int64_t)(v << 8 * (sizeof v - s.n)) >> 8 * (sizeof v - s.n);
	return ST_OK;
}

enum st ber_content_uint64(struct span content, uint64_t *out)
{
	struct span s = content;
	if (s.n == 0 || (s.p[0] & 0x80 && s.n != sizeof(uint32_t) && s.n != sizeof(uint64_t)))
		return ST_BER_INTEGER;
	while (s.n > 1 && s.p[0] == 0)
		s = span_of(s.p + 1, s.n - 1);
	if (s.n > sizeof *out)
		return ST_BER_INTEGER;
	struct rd r = rd_of(s);
	*out = rd_be(&r, s.n);
	return ST_OK;
}

void ber_head(struct wr *w, uint8_t tag, const uint8_t *mark)
{
	if (w->full)
		return;
	size_t n = (size_t)(mark - w->at), octets = 0;
	if (n >= 0x80) {
		for (size_t left = n; left; left >>= 8)
			octets++;
		wr_be(w, n, octets);
		wr_u8(w, (uint8_t)(0x80 | octets));
	} else {
		wr_u8(w, (uint8_t)n);
	}
	wr_u8(w, tag);
}

void ber_put(struct wr *w, uint8_t tag, struct span content)
{
	const uint8_t *mark = w->at;
	wr_bytes(w, content);
	ber_head(w, tag, mark);
}

void ber_put_int(struct wr *w, uint8_t tag, int64_t value)
{
	size_t octets = 1;
	for (int64_t v = value; v < INT8_MIN || v > INT8_MAX; v >>= 8)
		octets++;
	const uint8_t *mark = w->at;
	wr_be(w, (uint64_t)value, octets);
	ber_head(w, tag, mark);
}

void ber_put_uint(struct wr *w, uint8_t tag, uint64_t value)
{
	size_t octets = 1;
	for (uint64_t v = value; v > UINT8_MAX; v >>= 8)
		octets++;
	const uint8_t *mark = w->at;
	wr_be(w, value, octets);
	if (value >> (8 * octets - 1) & 1)
		wr_u8(w, 0);
	ber_head(w, tag, mark);
}

static void put_subidentifier(struct wr *w, uint64_t v)
{
	wr_u8(w, v & 0x7f);
	for (v >>= 7; v; v >>= 7)
		wr_u8(w, 0x80 | (v & 0x7f));
}

void ber_put_oid_content(struct wr *w, const struct oid *o)
{
	uint32_t first = o->n > 0 ? o->arc[0] : 0, second = o->n > 1 ? o->arc[1] : 0;
	if (first > 2 || (first < 2 && second >= 40)) {
		w->full = true;
		return;
	}
	for (size_t i = o->n; i > 2; i--)
		put_subidentifier(w, o->arc[i - 1]);
	put_subidentifier(w, (uint64_t)first * 40 + second);
}

void ber_put_oid(struct wr *w, const struct oid *o)
{
	const uint8_t *mark = w->at;
	ber_put_oid_content(w, o);
	ber_head(w, BER_OID, mark);
}

enum st ber_frame(struct span s, size_t *length)
{
	struct rd r = rd_of(s);
	uint8_t tag = rd_u8(&r), first = rd_u8(&r);
	size_t n;
	if (s.n && tag != BER_SEQUENCE)
		return ST_FRAME;
	if (r.bad)
		return ST_SHORT;
	enum st st = take_length(&r, first, &n);
	if (st != ST_OK)
		return st == ST_SHORT ? ST_SHORT : ST_FRAME;
	size_t head = (size_t)(r.at - s.p);
	if (n > SNMP_FRAME_MAX - head)
		return ST_FRAME;
	*length = head + n;
	return ST_OK;
}
