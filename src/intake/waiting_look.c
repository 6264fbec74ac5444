// SPDX-License-Identifier: Apache-2.0
// What a message that waits says of itself. It was parsed by a worker before, but nothing of it was verified.
#include "intake/waiting_table.h"
#include "snmp/notification.h"
#include "snmp/v3_message.h"

static bool read_pdu(struct span bytes, struct snmp_pdu *out)
{
	struct v3_scoped scoped;
	return v3_plain_scoped(bytes, &scoped) == ST_OK && snmp_parse_pdu(scoped.pdu, out) == ST_OK;
}

static void look_at_v3(struct span bytes, struct waiting_hint *out)
{
	struct v3_message m;
	if (v3_message_parse(bytes, &m))
		return;
	out->credential = m.usm.user;
	out->engine = m.usm.engine;
	// The same octets twice are one message: what is signed holds a time, and RFC 3412 6.2 has each msgID once.
	out->again = true;
}

void waiting_look(struct span bytes, struct waiting_hint *out)
{
	struct snmp_message m;
	int32_t version;
	*out = (struct waiting_hint){ 0 };
	if (snmp_parse_version(bytes, &version))
		return;
	out->version = (uint8_t)version;
	if (version == SNMP_VERSION_3) {
		look_at_v3(bytes, out);
	} else if (snmp_parse_message(bytes, &m) == ST_OK) {
		out->credential = m.community;
		out->again = m.pdu.tag == PDU_INFORM;
	}
}

void waiting_oid(struct span bytes, struct text *out)
{
	struct snmp_message m;
	struct snmp_pdu pdu;
	struct snmp_notification n;
	if (snmp_parse_message(bytes, &m) == ST_OK)
		pdu = m.pdu;
	else if (!read_pdu(bytes, &pdu))
		return;
	if (snmp_normalise(&pdu, &n) == ST_OK)
		oid_text(&n.trap_oid, out);
}
