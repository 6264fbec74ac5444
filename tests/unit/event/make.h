// SPDX-License-Identifier: Apache-2.0
// Events to describe: PDUs from short tables of values.
#ifndef TESTS_EVENT_MAKE_H
#define TESTS_EVENT_MAKE_H

#include "event/event.h"
#include "snmp/build.h"

struct value {
	const char *oid;
	char type; // as snmp_out_varbind_parse; 0 ends a table
	const char *value;
};

enum { PDU_ROOM = 16384 };

struct made {
	uint8_t room[PDU_ROOM];
	struct event event; // its pdu is in room
};

// A v2c trap or inform (by kind) from 192.0.2.7:1024; `values` ends with a type of 0.
void make_v2(struct made *m, uint8_t kind, const char *trap, const struct value *values);
// A v1 trap.
void make_v1(struct made *m, const char *enterprise, const char *agent, int32_t generic, int32_t specific,
             const struct value *values);

#endif
