// SPDX-License-Identifier: Apache-2.0
// The dictionary of object names, both ways, and values in words. The built-in table is made at build time from the
// data files in mib/. An unknown OID keeps its number: names never decide whether an event is kept.
#ifndef MIB_MIB_H
#define MIB_MIB_H

#include "base/json.h"
#include "snmp/message.h"
#include "snmp/oid.h"

enum mib_syntax {
	MIB_OTHER,
	MIB_INTEGER,
	MIB_ENUM,
	MIB_BITS,
	MIB_TEXT,
	MIB_OCTETS,
	MIB_OIDVALUE,
	MIB_TICKS,
	MIB_ADDRESS,
	MIB_PHYS,
	MIB_DATETIME,
	MIB_NOTIFICATION,
	MIB_FLAGS, // PrtSubUnitStatusTC: an availability and flags in one number
	MIB_SECRET // a community: never shown
};

struct mib_object {
	const char *name, *oid, *syntax, *meaning; // syntax: the convention's or type's name; meaning: our own words
	enum mib_syntax kind;
	const char *convention; // enumeration or bit names to look up with mib_label, or NULL
};

// The object with the longest OID that is a prefix of `o`, and how many arcs it matched. NULL: nothing known.
// x.0.n and x.n of a notification find each other (RFC 3584 allows both on the wire).
const struct mib_object *mib_lookup(const struct oid *o, size_t *matched);
const struct mib_object *mib_by_name(const char *name, size_t n);
// "prtAlertCode.1.5", or dotted numbers when nothing is known.
void mib_name(const struct oid *o, struct text *out);
// The same when the caller already looked the object up (NULL: unknown).
void mib_name_as(const struct mib_object *object, size_t matched, const struct oid *o, struct text *out);
// The number in dotted form as oid_text writes it, several times faster.
void mib_dotted(const struct oid *o, struct text *out);
// A name with an optional dotted instance ("prtAlertCode.1.5", "IF-MIB::linkDown" is accepted too), or a dotted OID.
enum st mib_parse(const char *text, struct oid *out);
// The label of a number in a convention ("PrtAlertCodeTC", 8 -> "jam"); NULL when there is none.
const char *mib_label(const char *convention, int64_t number);

// The type of a varbind as in JSON: "integer", "octets", "oid", "ipaddress", "counter32", "gauge32", "timeticks",
// "opaque", "counter64", "null", "noSuchObject", "noSuchInstance", "endOfMibView", "unknown".
const char *mib_type_name(uint8_t ber_type);
// The value for a person: "paperJam (8)"; text as clean UTF-8; octets that are no text in hex; ticks as "1d 2h 3m 4.5s".
void mib_render(const struct oid *name, const struct snmp_varbind *v, struct text *out);
// The same when the caller already looked the object up (NULL: unknown).
void mib_render_as(const struct mib_object *o, const struct snmp_varbind *v, struct text *out);
// The varbind's value is a community (RFC 3584 snmpTrapCommunity, snmpCommunityName) and must not be shown or sent on.
bool mib_secret(const struct oid *name);
// A device's own text as one clean line: no control characters, blanks and line ends as one space, trailing NULs cut.
void mib_text(struct span raw, struct text *out);
// The same of at most `max` octets, "..." behind it when there were more; never cut inside a UTF-8 character.
void mib_text_cut(struct span raw, size_t max, struct text *out);
// Whether octets of no known meaning look like text: no control characters, ASCII or valid UTF-8.
bool mib_is_text(struct span raw);

#endif
