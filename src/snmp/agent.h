// SPDX-License-Identifier: Apache-2.0
// The answering side of SNMP: a set of objects, and the Response to a GET, GETNEXT or GETBULK about them (RFC 3416 4.2.1 to
// 4.2.3; for v1 RFC 1157 4.1.2, 4.1.3). A core without sockets: who owns it checks who asks and wraps the PDU. Nothing can
// be set from outside. The simulated fleet of `trapline demo` answers with it.
#ifndef SNMP_AGENT_H
#define SNMP_AGENT_H

#include "snmp/build.h"

// Objects by rising OID. A zeroed one is empty.
struct agent {
	struct snmp_out_varbind *objects;
	size_t n, room;
};

// Sets an object, new or not; `type` and `value` as for snmp_out_varbind_parse. What that refuses; ST_FULL: AGENT_OBJECTS_MAX.
enum st agent_set(struct agent *a, const struct oid *oid, char type, const char *value);
// Removes an object; none: nothing.
void agent_remove(struct agent *a, const struct oid *oid);
void agent_done(struct agent *a);

// A v1 or v2c message with a request in it, every varbind checked. ST_VERSION (none of the two, or GETBULK in v1),
// ST_COMMUNITY (too long), ST_PDU_TYPE (no request), and what the BER refuses. Who may ask is the caller's to say.
enum st snmp_parse_request(struct span datagram, struct snmp_message *out);

// Writes the Response PDU, of at most AGENT_ANSWER_MAX octets: a GETBULK gets as many values as go into it, anything else is
// told tooBig. ST_PDU_TYPE: no request. ST_FULL: `w` has no room, nothing was written.
enum st agent_answer(const struct agent *a, int32_t version, const struct snmp_pdu *request, struct wr *w);

#endif
