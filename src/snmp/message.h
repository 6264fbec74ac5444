// SPDX-License-Identifier: Apache-2.0
// SNMPv1 and v2c messages (RFC 1157, RFC 1901) and the PDUs inside any message (RFC 1157 4.1.6, RFC 3416 3).
#ifndef SNMP_MESSAGE_H
#define SNMP_MESSAGE_H

#include <stdint.h>

#include "base/span.h"
#include "snmp/ber.h"

// The version field on the wire (RFC 1157, RFC 1901, RFC 3412).
enum { SNMP_VERSION_1 = 0, SNMP_VERSION_2C = 1, SNMP_VERSION_3 = 3 };

// error-status values (RFC 3416 3) that Trapline itself sends.
enum { SNMP_NO_ERROR = 0, SNMP_TOO_BIG = 1 };

struct snmp_pdu {
	struct span whole;                             // from its tag
	uint8_t tag;                                   // enum snmp_pdu_tag
	int32_t request_id, error_status, error_index; // not in a v1 trap; 2^31..2^32-1 on the wire is folded
	struct span varbinds;                          // the content of the SEQUENCE OF, every varbind checked
	uint32_t varbind_count;
	bool has_trap_community; // some varbind holds a community string: snmp_mask_trap_community before keeping the PDU
	// only in a v1 trap:
	struct span enterprise;    // OID content octets
	uint8_t agent[4];          // agent-addr
	int32_t generic, specific; // both folded like request_id
	uint32_t timestamp;        // hundredths of a second
};

struct snmp_message {
	int32_t version; // SNMP_VERSION_1, SNMP_VERSION_2C
	struct span community;
	struct snmp_pdu pdu;
};

struct snmp_varbind {
	struct span oid;   // content octets
	uint8_t type;      // enum ber_tag
	struct span value; // content octets
};

// The types of value that every varbind has when it was checked: INTEGER of at most 64 significant bits, Counter32,
// Gauge32, TimeTicks and UInteger32 below 2^32, Counter64 below 2^64, a well-formed OBJECT IDENTIFIER, IpAddress of 4,
// 16 or 0 octets (0: a sender that has none). Anything else primitive is kept as it is, NULL and unknown types too;
// constructed values are ST_BER_TAG.

// Only the version of a message, so that a caller can choose the parser. ST_VERSION when it is none of 0, 1, 3;
// ST_EMPTY for nothing at all, ST_SHORT when the message is longer than the datagram.
enum st snmp_parse_version(struct span datagram, int32_t *version);
// A v1 or v2c message; everything is checked to the last varbind, the version against the PDU type too. Accepts
// Trap-PDU (v1 only), SNMPv2-Trap-PDU and InformRequest-PDU (v2c only): anything else is ST_PDU_TYPE. ST_TRAILING
// for bytes behind the message, ST_COMMUNITY for a community over SNMP_COMMUNITY_MAX, and what the BER refuses.
enum st snmp_parse_message(struct span datagram, struct snmp_message *out);
// A PDU of any type and nothing behind it, every varbind checked. ST_PDU_TYPE, ST_VARBINDS, and what the BER refuses.
enum st snmp_parse_pdu(struct span pdu, struct snmp_pdu *out);
// Walks snmp_pdu.varbinds (already checked). false at the end.
bool snmp_varbind_next(struct ber *varbinds, struct snmp_varbind *out);

// Whether an OID (content octets) is snmpTrapCommunity.0 (RFC 3584 section 3.1 (4)), or anything below
// snmpTrapCommunity: its value is a community string, never shown, never kept.
bool snmp_is_trap_community(struct span oid_content);
// Makes the value of every such varbind in a copied PDU an OCTET STRING of as many '*'. A PDU that cannot be parsed is
// left alone.
void snmp_mask_trap_community(uint8_t *pdu, size_t n);

// The Response to an InformRequest (RFC 3416 4.2.7): same request-id and varbinds, error 0. Writes the whole v2c
// message. ST_FULL when it does not fit.
enum st snmp_write_inform_response(struct wr *w, struct span community, const struct snmp_pdu *inform);
// The Response PDU alone, for a caller that wraps it himself (v3). SNMP_TOO_BIG leaves the varbinds out (RFC 3416
// 4.2.1).
void snmp_write_response_pdu(struct wr *w, const struct snmp_pdu *request, int32_t error_status);

#endif
