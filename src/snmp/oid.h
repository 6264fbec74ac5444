// SPDX-License-Identifier: Apache-2.0
// Object identifiers: arcs in memory, BER content octets on the wire (X.690 8.19), dotted text for people.
#ifndef SNMP_OID_H
#define SNMP_OID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/span.h"
#include "snmp/limits.h"

struct oid {
	uint32_t arc[SNMP_OID_ARCS];
	uint8_t n;
};

// Decodes BER content octets (without tag and length). ST_BER_OID: empty is accepted as n = 0 (Net-SNMP sends 0.0 for
// it, others nothing), an arc over 2^32-1, a leading 0x80, an unfinished arc or over 128 arcs are refused. So equal
// OIDs have equal octets.
enum st oid_decode(struct span content, struct oid *out);
// The same checks without the arcs.
enum st oid_check(struct span content);
// "1.3.6.1.4.1" (a leading dot is accepted), 1 to 128 arcs, the first two as X.690 8.19.4 allows them. ST_SYNTAX.
enum st oid_parse(const char *text, struct oid *out);
void oid_text(const struct oid *o, struct text *out); // no leading dot; "0.0" for the empty OID
int oid_compare(const struct oid *a, const struct oid *b);
bool oid_starts_with(const struct oid *o, const struct oid *prefix);
// false when there is no room for one more arc
bool oid_append(struct oid *o, uint32_t arc);

#endif
