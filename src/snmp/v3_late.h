// SPDX-License-Identifier: Apache-2.0
// A refusal for time (ST_TIME_WINDOW) as values without pointers, so that it can be kept with what waits, and as a
// sentence: which clock, what the message said and what we hold, and the command that helps. RFC 3414 2.2 and 3.2 (7).
#ifndef SNMP_V3_LATE_H
#define SNMP_V3_LATE_H

#include "base/json.h"
#include "snmp/v3.h"

struct v3_late {
	bool own;             // our own clock is meant: an inform
	bool known;           // there was a clock to compare with
	uint32_t boots, time; // what the message says
	uint32_t clock_boots, clock_time;
	uint8_t engine[SNMP_ENGINE_ID_MAX];
	uint8_t engine_n;
};

// Of what v3_receive refused with ST_TIME_WINDOW.
struct v3_late v3_late_of(const struct v3_received *r);
// What the message alone tells of it, where nobody knows any more what it was compared with.
struct v3_late v3_late_of_message(const struct v3_message *m);
// One or two sentences, no line end.
void v3_late_text(const struct v3_late *l, struct text *out);

#endif
