// SPDX-License-Identifier: Apache-2.0
// A notification: v1 traps, v2 traps and informs in one shape (RFC 3584 section 3.1).
//
// In a v2 PDU the first varbind of a name counts whose value has the right type, wherever it stands: sysUpTime.0,
// snmpTrapOID.0, snmpTrapAddress.0, snmpTrapEnterprise.0. A v1 trap's own fields come before such varbinds.
#ifndef SNMP_NOTIFICATION_H
#define SNMP_NOTIFICATION_H

#include "base/addr.h"
#include "snmp/message.h"

struct snmp_notification {
	struct oid trap_oid; // v1: generic 0..5 -> 1.3.6.1.6.3.1.1.5.(g+1); 6 -> enterprise.0.specific
	bool has_uptime;
	uint32_t uptime;        // sysUpTime.0 or the v1 timestamp, hundredths of a second
	bool has_agent;         // the v1 agent-addr (not 0.0.0.0) or snmpTrapAddress.0, as claimed by the sender
	struct addr agent;      // port 0
	struct span enterprise; // v1 enterprise or snmpTrapEnterprise.0, OID content octets, may be empty
	struct span varbinds;   // what is left to walk: ber_of(varbinds), then snmp_notification_next
	uint32_t varbind_count; // all varbinds in the PDU
};

// Makes a notification of a parsed PDU. ST_TRAP_OID when a v2 PDU has no OBJECT IDENTIFIER value under
// snmpTrapOID.0 anywhere among its varbinds (second place is the rule, other places are tolerated).
// ST_GENERIC_TRAP for a generic-trap outside 0..6. ST_BER_OID when enterprise.0.specific has over 128 arcs.
// ST_PDU_TYPE for any other PDU. An empty enterprise counts as 0.0; a specific-trap below 0 as the arc with its 32 bits.
enum st snmp_normalise(const struct snmp_pdu *pdu, struct snmp_notification *out);
// The quick form for the intake: the same checks, nothing made.
enum st snmp_check_notification(const struct snmp_pdu *pdu);

// Walks the varbinds of the notification in PDU order. sysUpTime.0 and snmpTrapOID.0 at their places (the front of a
// v2 PDU) are already left out of `varbinds`; one that stands elsewhere is walked as it was sent.
bool snmp_notification_next(struct ber *varbinds, struct snmp_varbind *out);

#endif
