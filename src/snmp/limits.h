// SPDX-License-Identifier: Apache-2.0
// Every limit of the SNMP folder, why, and what happens at it. Nesting needs none: a message has a fixed depth, and a
// constructed value in a varbind is refused[ber-tag].
#ifndef SNMP_LIMITS_H
#define SNMP_LIMITS_H

enum snmp_limits {
	SNMP_OID_ARCS = 128,       // RFC 2578 3.5; more arcs: refused[ber-oid]
	SNMP_DATAGRAM_MAX = 65507, // the largest UDP payload over IPv4; larger: refused[truncated]
	SNMP_FRAME_MAX = 65507,    // over TCP the same (RFC 3430 asks for 8,192 at least); larger: refused[frame]
	SNMP_VARBINDS_MAX = 4096,  // of one PDU; more: refused[varbinds]
	SNMP_COMMUNITY_MAX = 255,  // octets compared; longer: refused[community]
	SNMP_OUT_BIT_MAX = 32767,  // highest bit number of a BITS value to send (4,096 octets); higher: ST_BER_INTEGER
	SNMP_ENGINE_ID_MIN = 5,    // RFC 3411 SnmpEngineID
	SNMP_ENGINE_ID_MAX = 32,
	SNMP_USER_MAX = 32, // RFC 3414 usmUserName as SnmpAdminString

	// A walk of an agent's table: what an honest printer needs many times over; more: ST_WALK_ENDLESS.
	SNMP_WALK_COLUMNS = 8,     // at once
	SNMP_WALK_REPETITIONS = 8, // rows of a GETBULK: 64 values, which fit into one unfragmented datagram when short
	SNMP_WALK_VARBINDS = 2048, // 256 rows of eight columns
	SNMP_WALK_STEPS = 300,     // answers

	// Answering (snmp/agent.h).
	AGENT_OBJECTS_MAX = 4096, // of one agent; more: ST_FULL
	AGENT_NAMES_MAX = 64,     // asked for in one request; more: genErr
	AGENT_VARBINDS_MAX = 128, // in one answer; a GETBULK gets whole rows below it
	AGENT_ANSWER_MAX =
	        1400, // octets of a Response PDU, so that its message is one unfragmented datagram; more: tooBig
};

#endif
