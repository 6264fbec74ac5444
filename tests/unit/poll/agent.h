// SPDX-License-Identifier: Apache-2.0
// A model agent: a sorted list of objects, and the answer to one community request (RFC 1157 4.1, RFC 3416 4.2), slowly.
#ifndef TESTS_UNIT_POLL_AGENT_H
#define TESTS_UNIT_POLL_AGENT_H

#include "snmp/build.h"
#include "snmp/request.h"

enum { AGENT_OBJECTS = 512 };

struct agent_object {
	struct oid oid;
	uint8_t type;
	int64_t number;
	char text[300];
};

struct agent {
	struct agent_object list[AGENT_OBJECTS];
	size_t n;
	bool stuck; // a GETBULK gives the first row again and again
};

// Adds or replaces. `dotted`: the whole OID.
void agent_number(struct agent *a, const char *dotted, int64_t n);
void agent_text(struct agent *a, const char *dotted, const char *text);
// A row of prtAlertTable of hrDevice 1.
void agent_alert(struct agent *a, int index, int severity, int training, int group, int group_index, int location,
                 int code, const char *text);
void agent_no_alerts(struct agent *a);
// The printer that the tests ask: serial SN-1, model "Model One", name "printer-1", location "Hall", no alerts, one toner.
void agent_printer(struct agent *a);
// What it answers to a request of v1 or v2c, written into `w`; false: nothing. `shift` is added to the request-id.
bool agent_answer(const struct agent *a, struct span datagram, int32_t shift, const char *community, struct wr *w);

#endif
