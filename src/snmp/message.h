// SPDX-License-Identifier: Apache-2.0
// SNMPv1 and v2c messages (RFC 1157, RFC 1901) and the PDUs inside any message (RFC 1157 4.1.6, RFC 3416 3).
#ifndef SNMP_MESSAGE_H
#define SNMP_MESSAGE_H

#include <stdint.h>

#include "base/span.h"
#include "snmp/ber.h"

struct snmp_pdu {
	struct span whole;                             // from its tag
	uint8_t tag;                                   // enum snmp_pdu_tag
	int32_t request_id, error_status, error_index; // not in a v1 trap
	struct span varbinds;                          // the content of the SEQUENCE OF, every varbind checked
	uint32_t varbind_count;
	// only in a v1 trap:
	struct span enterprise; // OID content octets
	uint8_t agent[4];       // agent-addr
	int32_t generic, specific;
	uint32_t timestamp; // hundredths of a second
};

struct snmp_message {
	int32_t version; // SNMP_V1, SNMP_V2C
	struct span community;
	struct snmp_pdu pdu;
};

struct snmp_varbind {
	struct span oid;   // content octets
	uint8_t type;      // enum ber_tag
	struct span value; // content octets
};

// Only the version of a message, so that a caller can choose the parser. ST_VERSION when it is none of 0, 1, 3.
enum st snmp_parse_version(struct span datagram, int32_t *version);
// A v1 or v2c message; everything is checked to the last varbind, the version against the PDU type too. Accepts
// Trap-PDU (v1 only), SNMPv2-Trap-PDU and InformRequest-PDU (v2c only): anything else is ST_PDU_TYPE.
enum st snmp_parse_message(struct span datagram, struct snmp_message *out);
// A PDU of any type, every varbind checked.
enum st snmp_parse_pdu(struct span pdu, struct snmp_pdu *out);
// Walks snmp_pdu.varbinds (already checked). false at the end.
bool snmp_varbind_next(struct ber *varbinds, struct snmp_varbind *out);

// The Response to an InformRequest (RFC 3416 4.2.7): same request-id and varbinds, error 0. Writes the whole v2c
// message. ST_FULL when it does not fit.
enum st snmp_write_inform_response(struct wr *w, struct span community, const struct snmp_pdu *inform);
// The Response PDU alone, for a caller that wraps it himself (v3).
void snmp_write_response_pdu(struct wr *w, const struct snmp_pdu *request, int32_t error_status);

#endif
