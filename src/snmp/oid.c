// SPDX-License-Identifier: Apache-2.0
// Object identifiers (X.690 8.19, RFC 2578 3.5). oid_check stands on the hot path of the intake: nearly every OID of a
// trap is a few octets below 0x80, each an arc by itself, so it looks at eight octets at once and counts arcs only where
// that does not settle it.
#include "snmp/oid.h"

enum {
	OID_ARC_OCTETS = 5, // 2^32-1 in groups of seven bits
	OID_FIRST_MAX = 2,  // itu-t, iso, joint-iso-itu-t
	OID_SECOND_SPAN = 40,
};

// One subidentifier. The first holds two arcs (40 * x + y, X.690 8.19.4), so it may go over 2^32-1 by 80.
static uint64_t subidentifier(struct rd *r, uint64_t max)
{
	uint64_t v = 0;
	uint8_t c = rd_u8(r);
	r->bad = r->bad || c == 0x80;
	for (size_t i = 1; c & 0x80 && i < OID_ARC_OCTETS; i++) {
		v = v << 7 | (c & 0x7f);
		c = rd_u8(r);
	}
	v = v << 7 | (c & 0x7f);
	r->bad = r->bad || c & 0x80 || v > max;
	return v;
}

static const uint64_t first_max = UINT32_MAX + (uint64_t)OID_FIRST_MAX * OID_SECOND_SPAN;

enum st oid_decode(struct span content, struct oid *out)
{
	struct rd r = rd_of(content);
	struct oid o;
	o.n = 0;
	if (content.n) {
		uint64_t v = subidentifier(&r, first_max);
		uint32_t x = v < OID_SECOND_SPAN ? 0 : v < 2 * OID_SECOND_SPAN ? 1 : OID_FIRST_MAX;
		o.arc[o.n++] = x;
		o.arc[o.n++] = (uint32_t)(v - (uint64_t)x * OID_SECOND_SPAN);
	}
	while (rd_left(&r) && o.n < SNMP_OID_ARCS)
		o.arc[o.n++] = (uint32_t)subidentifier(&r, UINT32_MAX);
	if (rd_end(&r) != ST_OK)
		return ST_BER_OID;
	memcpy(out->arc, o.arc, o.n * sizeof *o.arc);
	out->n = o.n;
	return ST_OK;
}

// Whether every octet is below 0x80. The last word overlaps the one before it.
static bool single_octets(struct span s)
{
	const uint64_t tops = 0x8080808080808080;
	uint64_t seen = 0, word;
	if (s.n < sizeof word) {
		for (size_t i = 0; i < s.n; i++)
			seen |= s.p[i];
		return (seen & tops) == 0;
	}
	for (const uint8_t *at = s.p, *last = s.p + s.n - sizeof word; at < last; at += sizeof word) {
		memcpy(&word, at, sizeof word);
		seen |= word;
	}
	memcpy(&word, s.p + s.n - sizeof word, sizeof word);
	return ((seen | word) & tops) == 0;
}

enum st oid_check(struct span content)
{
	if (content.n < SNMP_OID_ARCS && single_octets(content))
		return ST_OK;
	struct rd r = rd_of(content);
	(void)subidentifier(&r, first_max);
	size_t arcs = 2;
	for (; rd_left(&r) && arcs < SNMP_OID_ARCS; arcs++)
		(void)subidentifier(&r, UINT32_MAX);
	return rd_end(&r) == ST_OK ? ST_OK : ST_BER_OID;
}

// The arcs that the first subidentifier cannot hold.
static bool arc_fits(size_t at, uint32_t first, uint32_t arc)
{
	return at == 0 ? arc <= OID_FIRST_MAX : at > 1 || first == OID_FIRST_MAX || arc < OID_SECOND_SPAN;
}

enum st oid_parse(const char *text, struct oid *out)
{
	struct oid o;
	o.n = 0;
	const char *at = *text == '.' ? text + 1 : text;
	for (;; at++) {
		uint64_t v = 0;
		const char *from = at;
		for (; *at >= '0' && *at <= '9' && v <= UINT32_MAX; at++)
			v = v * 10 + (uint64_t)(*at - '0');
		if (at == from || v > UINT32_MAX || o.n == SNMP_OID_ARCS || !arc_fits(o.n, o.arc[0], (uint32_t)v))
			return ST_SYNTAX;
		o.arc[o.n++] = (uint32_t)v;
		if (*at != '.')
			break;
	}
	if (*at)
		return ST_SYNTAX;
	memcpy(out->arc, o.arc, o.n * sizeof *o.arc);
	out->n = o.n;
	return ST_OK;
}

void oid_text(const struct oid *o, struct text *out)
{
	if (o->n == 0)
		text_add(out, "0.0");
	for (size_t i = 0; i < o->n; i++)
		text_printf(out, i ? ".%u" : "%u", o->arc[i]);
}

int oid_compare(const struct oid *a, const struct oid *b)
{
	size_t n = a->n < b->n ? a->n : b->n;
	for (size_t i = 0; i < n; i++)
		if (a->arc[i] != b->arc[i])
			return a->arc[i] < b->arc[i] ? -1 : 1;
	return (a->n > b->n) - (a->n < b->n);
}

bool oid_starts_with(const struct oid *o, const struct oid *prefix)
{
	return prefix->n <= o->n && memcmp(o->arc, prefix->arc, prefix->n * sizeof *o->arc) == 0;
}

bool oid_append(struct oid *o, uint32_t arc)
{
	if (o->n == SNMP_OID_ARCS)
		return false;
	o->arc[o->n++] = arc;
	return true;
}
