// SPDX-License-Identifier: Apache-2.0
// BER as SNMP uses it (RFC 3417 section 8): definite lengths, single-octet tags. Lenient in what senders get wrong
// (non-minimal lengths, integers with extra leading octets, unsigned 32-bit in five octets), strict in what could lie.
// Everything emitted is DER. Reading is inline: the intake reads some forty elements of every trap.
#ifndef SNMP_BER_H
#define SNMP_BER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "snmp/oid.h"

enum ber_tag {
	BER_INTEGER = 0x02,
	BER_OCTETS = 0x04,
	BER_NULL = 0x05,
	BER_OID = 0x06,
	BER_SEQUENCE = 0x30,
	BER_IPADDRESS = 0x40, // RFC 2578 application types
	BER_COUNTER32 = 0x41,
	BER_GAUGE32 = 0x42,
	BER_TIMETICKS = 0x43,
	BER_OPAQUE = 0x44,
	BER_COUNTER64 = 0x46,
	BER_UINTEGER32 = 0x47, // RFC 1442, obsolete, still seen
	BER_NO_SUCH_OBJECT = 0x80,
	BER_NO_SUCH_INSTANCE = 0x81,
	BER_END_OF_MIB_VIEW = 0x82,
};

enum snmp_pdu_tag {
	PDU_GET = 0xa0,
	PDU_GET_NEXT = 0xa1,
	PDU_RESPONSE = 0xa2,
	PDU_SET = 0xa3,
	PDU_TRAP_V1 = 0xa4,
	PDU_GET_BULK = 0xa5,
	PDU_INFORM = 0xa6,
	PDU_TRAP_V2 = 0xa7,
	PDU_REPORT = 0xa8,
};

// A reader of BER: the cursor and the first thing that went wrong. Once bad, always bad.
struct ber {
	struct rd rd;
	enum st st;
};

static inline struct ber ber_of(struct span s)
{
	return (struct ber){ rd_of(s), ST_OK };
}

// Makes the reader bad, for a caller that refuses what an element says. The first reason stays.
static inline void ber_fail(struct ber *b, enum st st)
{
	if (b->st == ST_OK)
		b->st = st;
	b->rd.bad = true;
}

// The next tag without consuming it; 0 at the end or when bad.
static inline uint8_t ber_peek(const struct ber *b)
{
	return rd_left(&b->rd) ? *b->rd.at : 0;
}

// ber_any for what is rare: lengths in several octets, and everything that is refused.
struct span ber_any_rare(struct ber *b, uint8_t *tag);

// The content of the next element, whatever it is. ST_SHORT: its tag or length is cut off; ST_BER_LENGTH: the length is
// indefinite, reserved, in over four octets, or longer than what it stands in (X.690 8.1.3); ST_BER_TAG:
// end-of-contents, or a tag of several octets.
static inline struct span ber_any(struct ber *b, uint8_t *tag)
{
	struct rd r = b->rd;
	uint8_t t = rd_u8(&r), n = rd_u8(&r);
	struct span content = rd_take(&r, n);
	if (r.bad || n >= 0x80 || t == 0 || (t & 0x1f) == 0x1f)
		return ber_any_rare(b, tag);
	b->rd = r;
	*tag = t;
	return content;
}

// The content of the next element, which must have this tag.
static inline struct span ber_take(struct ber *b, uint8_t tag)
{
	uint8_t t;
	if (rd_left(&b->rd) && *b->rd.at != tag)
		ber_fail(b, ST_BER_TAG);
	return ber_any(b, &t);
}

// The next element as a whole, from its tag.
static inline struct span ber_whole(struct ber *b, uint8_t *tag)
{
	const uint8_t *from = b->rd.at;
	(void)ber_any(b, tag);
	return *tag ? span_of(from, (size_t)(b->rd.at - from)) : (struct span){ 0 };
}

// A reader of the next element's content; as bad as its parent.
static inline struct ber ber_enter(struct ber *b, uint8_t tag)
{
	struct ber inside = { .rd = rd_of(ber_take(b, tag)) };
	inside.rd.bad = b->rd.bad;
	inside.st = b->st;
	return inside;
}

int32_t ber_int32(struct ber *b); // INTEGER in -2^31..2^31-1
uint32_t ber_uint32(struct ber *b, uint8_t tag);
// ST_OK when everything was read and nothing is left.
static inline enum st ber_end(const struct ber *b)
{
	return b->st != ST_OK ? b->st : rd_end(&b->rd);
}

// Values out of content octets. ST_BER_INTEGER.
enum st ber_content_int64(struct span content, int64_t *out); // at most 8 significant octets
// Not negative; but exactly four or eight octets with the top bit set are the unsigned number of a sender that forgot
// the leading zero.
enum st ber_content_uint64(struct span content, uint64_t *out);

// Writing, downwards (see base/span.h): content first, then ber_head with the bytes written since `mark` (w->at then).
void ber_head(struct wr *w, uint8_t tag, const uint8_t *mark);
void ber_put(struct wr *w, uint8_t tag, struct span content);
void ber_put_int(struct wr *w, uint8_t tag, int64_t value);
void ber_put_uint(struct wr *w, uint8_t tag, uint64_t value);
// The empty OID is written as 0.0, a single arc as arc.0; one that BER has no form for (3.1, 1.40) makes `w` full.
void ber_put_oid(struct wr *w, const struct oid *o);
// Its content octets alone.
void ber_put_oid_content(struct wr *w, const struct oid *o);

// Framing for TCP (RFC 3430): how many bytes the message at the front of `s` has. ST_SHORT: not yet known, read on;
// ST_FRAME: not a SEQUENCE, an indefinite length, or over SNMP_FRAME_MAX.
enum st ber_frame(struct span s, size_t *length);

#endif
