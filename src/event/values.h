// SPDX-License-Identifier: Apache-2.0
// Values of a notification by the number of their object, for what is made of them in src/event and src/alarm.
#ifndef EVENT_VALUES_H
#define EVENT_VALUES_H

#include <stdint.h>

#include "snmp/notification.h"

// The BER content of an OID whose arcs are all below 128: VALUE_OID(0x2b, 6, 1, ...).
#define VALUE_OID(...) span_of((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

// The first varbind under this object; false when there is none.
bool value_find(const struct snmp_notification *n, struct span object, struct snmp_varbind *out);
// The same as a number (any integer type), or as octets.
bool value_number(const struct snmp_notification *n, struct span object, int64_t *out);
bool value_octets(const struct snmp_notification *n, struct span object, struct span *out);
// How many varbinds there are behind sysUpTime.0 and snmpTrapOID.0.
uint32_t value_count(const struct snmp_notification *n);

#endif
