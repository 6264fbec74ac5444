// SPDX-License-Identifier: Apache-2.0
// BER as SNMP uses it (RFC 3417 section 8): definite lengths, single-octet tags. Lenient in what senders get wrong
// (non-minimal lengths, integers with extra leading octets, unsigned 32-bit in five octets), strict in what could lie.
// Everything emitted is DER.
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

struct ber ber_of(struct span s);
// The next tag without consuming it; 0 at the end or when bad.
uint8_t ber_peek(const struct ber *b);
// The content of the next element, which must have this tag.
struct span ber_take(struct ber *b, uint8_t tag);
// The content of the next element, whatever it is.
struct span ber_any(struct ber *b, uint8_t *tag);
// The next element as a whole, from its tag.
struct span ber_whole(struct ber *b, uint8_t *tag);
struct ber ber_enter(struct ber *b, uint8_t tag);
int32_t ber_int32(struct ber *b); // INTEGER in -2^31..2^31-1
uint32_t ber_uint32(struct ber *b, uint8_t tag);
// ST_OK when everything was read and nothing is left.
enum st ber_end(const struct ber *b);

// Values out of content octets.
enum st ber_content_int64(struct span content, int64_t *out);   // at most 8 significant octets
enum st ber_content_uint64(struct span content, uint64_t *out); // not negative

// Writing, downwards (see base/span.h): content first, then ber_head with the bytes written since `mark`.
void ber_head(struct wr *w, uint8_t tag, const uint8_t *mark);
void ber_put(struct wr *w, uint8_t tag, struct span content);
void ber_put_int(struct wr *w, uint8_t tag, int64_t value);
void ber_put_uint(struct wr *w, uint8_t tag, uint64_t value);
void ber_put_oid(struct wr *w, const struct oid *o);

// Framing for TCP (RFC 3430): how many bytes the message at the front of `s` has. ST_SHORT: not yet known, read on;
// ST_FRAME: not a SEQUENCE, an indefinite length, or over SNMP_FRAME_MAX.
enum st ber_frame(struct span s, size_t *length);

#endif
