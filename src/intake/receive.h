// SPDX-License-Identifier: Apache-2.0
// One message read and authorised: v1 and v2c by community (receive.c), v3 by USM (receive_v3.c). Nothing is counted
// and nothing is kept here; intake.c does both.
#ifndef INTAKE_RECEIVE_H
#define INTAKE_RECEIVE_H

#include "event/event.h"
#include "snmp/message.h"
#include "snmp/v3.h"

struct intake;
struct intake_meta;

// What a message became. Spans are views into the datagram and the intake's scratch.
struct received {
	struct event event;  // on ST_OK
	struct snmp_pdu pdu; // on ST_OK
	struct span answer;  // on ST_OK, an inform: its Response; otherwise a Report, or nothing
	bool waits;          // not on ST_OK: it is a message of somebody who is not allowed, for an operator to see
	uint8_t version;
	struct span credential; // the community or the user
	struct v3_received v3;  // of a v3 message, whatever became of it
};

// ST_OK, or why it is refused. A reason may come with an answer (a Report).
enum st receive_message(struct intake *in, const struct intake_meta *m, struct span bytes, struct received *out);
enum st receive_v3(struct intake *in, const struct intake_meta *m, struct span bytes, struct received *out);

#endif
