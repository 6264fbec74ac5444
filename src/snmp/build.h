// SPDX-License-Identifier: Apache-2.0
// Building messages to send: typed varbinds from text, traps and informs of v1 and v2c, and requests.
#ifndef SNMP_BUILD_H
#define SNMP_BUILD_H

#include "snmp/message.h"

// One varbind to send, value as BER content octets in `value`.
struct snmp_out_varbind {
	struct oid oid;
	uint8_t type;
	uint8_t *value; // owned; snmp_out_varbind_done
	size_t n;
};

// `type` is snmptrap's letter: i INTEGER, u Gauge32/Unsigned32, c Counter32, C Counter64, t TimeTicks, a IpAddress,
// o OBJECT IDENTIFIER (dotted), s string, x hex string ("00 1f" or "001f"), d decimal octets ("0.31"), n NULL,
// b bits ("0 3 7"). ST_SYNTAX, ST_BER_INTEGER (out of range), ST_NO_MEMORY.
enum st snmp_out_varbind_parse(const struct oid *oid, char type, const char *value, struct snmp_out_varbind *out);
void snmp_out_varbind_done(struct snmp_out_varbind *v);

struct snmp_out_v1 {
	struct oid enterprise;
	uint8_t agent[4];
	int32_t generic, specific;
};

// The PDUs, written downwards. For v2 the caller gives uptime and trap OID; they become the first two varbinds.
void snmp_write_trap_v1(struct wr *w, const struct snmp_out_v1 *t, uint32_t uptime, const struct snmp_out_varbind *v,
                        size_t n);
void snmp_write_notification_v2(struct wr *w, uint8_t pdu_tag, int32_t request_id, uint32_t uptime,
                                const struct oid *trap_oid, const struct snmp_out_varbind *v, size_t n);
// Wraps the PDU that `w` holds into a community message.
void snmp_wrap_community(struct wr *w, int32_t version, struct span community);

#endif
