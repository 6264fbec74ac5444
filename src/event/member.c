// SPDX-License-Identifier: Apache-2.0
// The bytes are taken by a cursor that is bad for ever once something is not as it should be. Strings are skipped with
// their escapes and brackets are counted, so a piece is never cut in the wrong place.
#include "event/member.h"

static uint8_t peek(const struct rd *r)
{
	return rd_left(r) ? *r->at : 0;
}

static void blanks(struct rd *r)
{
	while (peek(r) == ' ' || peek(r) == '\t' || peek(r) == '\n' || peek(r) == '\r')
		rd_skip(r, 1);
}

static bool take(struct rd *r, char c)
{
	blanks(r);
	if (peek(r) != (uint8_t)c)
		return false;
	rd_skip(r, 1);
	return true;
}

// A string with its quotes.
static void skip_string(struct rd *r)
{
	rd_skip(r, 1);
	for (uint8_t c; (c = rd_u8(r)) != '"' && !r->bad;)
		if (c == '\\')
			rd_skip(r, 1);
}

static void skip_scalar(struct rd *r)
{
	while (rd_left(r) && !strchr(",]} \t\r\n", peek(r)))
		rd_skip(r, 1);
}

static struct span take_value(struct rd *r)
{
	blanks(r);
	const uint8_t *from = r->at;
	int depth = 0;
	do {
		uint8_t c = peek(r);
		if (c == '"') {
			skip_string(r);
		} else if (c == '{' || c == '[' || c == '}' || c == ']') {
			depth += c == '{' || c == '[' ? 1 : -1;
			rd_skip(r, 1);
		} else if (depth == 0) {
			skip_scalar(r);
		} else if (c) {
			rd_skip(r, 1);
		} else {
			r->bad = true; // the end, or a zero octet, inside brackets
		}
	} while (depth > 0 && !r->bad);
	bool empty = r->at == from || depth < 0;
	r->bad = r->bad || empty;
	return r->bad ? (struct span){ 0 } : span_of(from, (size_t)(r->at - from));
}

struct rd member_walk(struct span value)
{
	struct rd r = rd_of(value);
	if (!take(&r, '{') && !take(&r, '['))
		r.bad = true;
	blanks(&r);
	return r;
}

// Whether something stands at the walk, and moves over the comma before it.
static bool more(struct rd *r)
{
	(void)take(r, ',');
	blanks(r);
	return rd_left(r) && peek(r) != '}' && peek(r) != ']';
}

bool member_next(struct rd *walk, struct span *key, struct span *value)
{
	if (!more(walk) || peek(walk) != '"')
		return false;
	const uint8_t *from = walk->at + 1;
	skip_string(walk);
	const uint8_t *end = walk->at - 1;
	if (walk->bad || !take(walk, ':'))
		return false;
	*value = take_value(walk);
	*key = span_of(from, (size_t)(end - from));
	return !walk->bad;
}

bool member_item(struct rd *walk, struct span *value)
{
	if (!more(walk))
		return false;
	*value = take_value(walk);
	return !walk->bad;
}

bool member_find(struct span object, const char *key, struct span *value)
{
	struct rd walk = member_walk(object);
	struct span k;
	while (member_next(&walk, &k, value))
		if (span_equal(k, span_str(key)))
			return true;
	return false;
}

bool member_int(struct span object, const char *key, int64_t *out)
{
	struct span v;
	if (!member_find(object, key, &v))
		return false;
	struct rd r = rd_of(v);
	bool minus = take(&r, '-');
	int64_t n = 0;
	if (rd_left(&r) == 0)
		return false;
	while (rd_left(&r)) {
		uint8_t c = rd_u8(&r);
		if (c < '0' || c > '9' || __builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, c - '0', &n))
			return false;
	}
	*out = minus ? -n : n;
	return true;
}

bool member_true(struct span object, const char *key)
{
	struct span v;
	return member_find(object, key, &v) && span_equal(v, span_str("true"));
}

static uint32_t take_hex(struct rd *r)
{
	uint32_t v = 0;
	for (int i = 0; i < 4; i++) {
		uint8_t c = rd_u8(r);
		uint8_t digit = c >= '0' && c <= '9'   ? (uint8_t)(c - '0')
		                : c >= 'a' && c <= 'f' ? (uint8_t)(c - 'a' + 10)
		                : c >= 'A' && c <= 'F' ? (uint8_t)(c - 'A' + 10)
		                                       : 16;
		if (digit > 15)
			r->bad = true;
		v = v << 4 | digit;
	}
	return v;
}

static void add_utf8(struct text *out, uint32_t c)
{
	uint8_t b[4];
	size_t n;
	if (c < 0x80) {
		b[0] = (uint8_t)c;
		n = 1;
	} else if (c < 0x800) {
		b[0] = (uint8_t)(0xc0 | c >> 6);
		b[1] = (uint8_t)(0x80 | (c & 0x3f));
		n = 2;
	} else if (c < 0x10000) {
		b[0] = (uint8_t)(0xe0 | c >> 12);
		b[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		b[2] = (uint8_t)(0x80 | (c & 0x3f));
		n = 3;
	} else {
		b[0] = (uint8_t)(0xf0 | c >> 18);
		b[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
		b[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		b[3] = (uint8_t)(0x80 | (c & 0x3f));
		n = 4;
	}
	text_bytes(out, span_of(b, n));
}

// Behind "\u": a character, or a surrogate pair (RFC 8259 section 7); half a pair is U+FFFD.
static void take_unicode(struct rd *r, struct text *out)
{
	enum { REPLACEMENT = 0xfffd };
	uint32_t c = take_hex(r);
	if (c >= 0xd800 && c < 0xdc00 && rd_left(r) >= 6 && r->at[0] == '\\' && r->at[1] == 'u') {
		rd_skip(r, 2);
		uint32_t low = take_hex(r);
		c = low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00) : REPLACEMENT;
	} else if (c >= 0xd800 && c < 0xe000) {
		c = REPLACEMENT;
	}
	if (!r->bad)
		add_utf8(out, c);
}

static void take_escape(struct rd *r, struct text *out)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	uint8_t c = rd_u8(r);
	const char *at = c ? strchr(from, c) : NULL;
	if (c == 'u') {
		take_unicode(r, out);
	} else {
		if (at)
			c = (uint8_t)to[at - from];
		text_bytes(out, span_of(&c, 1));
	}
}

bool member_string(struct span value, struct text *out)
{
	if (value.n < 2 || value.p[0] != '"' || value.p[value.n - 1] != '"')
		return false;
	struct rd r = rd_of(span_of(value.p + 1, value.n - 2));
	while (rd_left(&r)) {
		size_t plain = 0;
		while (plain < rd_left(&r) && r.at[plain] != '\\')
			plain++;
		text_bytes(out, rd_take(&r, plain));
		if (rd_left(&r)) {
			rd_skip(&r, 1);
			take_escape(&r, out);
		}
	}
	return !r.bad;
}

bool member_text(struct span object, const char *key, struct text *out)
{
	struct span v;
	return member_find(object, key, &v) && member_string(v, out);
}
