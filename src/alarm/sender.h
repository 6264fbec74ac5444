// SPDX-License-Identifier: Apache-2.0
// By what an event's sender is known: within its site by its engine, or by its address. The fold finds its device by this, and
// whoever reads the state finds the same one.
#ifndef ALARM_SENDER_H
#define ALARM_SENDER_H

#include "event/event.h"
#include "snmp/notification.h"

struct sender {
	struct span site, engine; // of the event; engine empty: it is known by its address alone
	uint8_t ip[20];           // as in struct device_row: the address and its scope
};

// `n`: the event's message; NULL where there is none, or where the event is not relayed.
void sender_of(const struct event *e, const struct snmp_notification *n, struct sender *out);

#endif
