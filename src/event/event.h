// SPDX-License-Identifier: Apache-2.0
// The event: the one thing the journal keeps. It is the decrypted PDU with who sent it, when, and how it was
// authorised; never the community, never a datagram. Names and words are made when it is read.
//
// All spans of an event are views into the bytes it was decoded from. The id is not in the record: it follows from the
// record's place in its journal block.
#ifndef EVENT_EVENT_H
#define EVENT_EVENT_H

#include <stdint.h>

#include "base/addr.h"
#include "base/hash.h"
#include "base/span.h"
#include "base/status.h"

enum event_kind {
	EVENT_TRAP = 1,
	EVENT_INFORM = 2,
	EVENT_STORM = 3,   // many from one source in one second: count, first PDU in pdu, last PDU in pdu_last
	EVENT_STARTED = 4, // the collector came up; note says with what
	EVENT_STOPPED = 5,
	EVENT_RELOADED = 6,
	EVENT_GAP = 7,    // a follower fell behind retention
	EVENT_TICK = 8,   // a deadline of the alarm fold passed; the note says whose
	EVENT_ACT = 9,    // somebody acknowledged, silenced, cleared, merged; the note says who and what
	EVENT_POLL = 10,  // what asking a device found different
	EVENT_RULES = 11, // the rules that hold from here on, with their whole text
	EVENT_SITE = 12,  // the tunnel of a site came up or went down
	EVENT_KIND_COUNT
};

enum event_transport { TRANSPORT_NONE, TRANSPORT_UDP, TRANSPORT_TCP, TRANSPORT_ESP, TRANSPORT_COUNT };

enum event_level { LEVEL_NONE, LEVEL_NOAUTH, LEVEL_AUTH, LEVEL_AUTHPRIV, LEVEL_COUNT };

// SNMP versions as on the wire (RFC 1157, 1901, 3412).
enum { SNMP_V1 = 0, SNMP_V2C = 1, SNMP_V3 = 3, EVENT_VERSION_UNREAD = 255 };

// Flags of an event; their names stand in event.c and go into JSON's `flags`.
enum event_flag {
	EVENT_FLAG_LENIENT = 1 << 0,       // accepted although outside the time window
	EVENT_FLAG_ALLOWED_LATE = 1 << 1,  // came out of the waiting room
	EVENT_FLAG_RELAYED = 1 << 2,       // the peer is a configured relay; `agent` is believed
	EVENT_FLAG_SHARED_ENGINE = 1 << 3, // the same engine ID was heard from another address within a day
};

struct event {
	uint64_t id;      // 0 until the journal gave one
	uint64_t device;  // not in the record: who reads it may look it up in the state; 0: not known
	int64_t received; // nanoseconds since the epoch, UTC
	uint8_t kind, transport, version, level;
	uint32_t flags;
	uint32_t count; // EVENT_STORM: how many messages
	struct addr peer;
	uint64_t waiting;       // the waiting room's item that this event came from, else 0
	struct span site;       // name, or empty
	struct span credential; // the label of the community, or the v3 user name
	struct span engine;     // v3: the sender's engine ID (for an inform the context engine ID)
	struct span context;    // v3: context name
	struct span pdu; // the whole PDU, from its tag: Trap-PDU (0xA4), SNMPv2-Trap-PDU (0xA7), InformRequest (0xA6)
	struct span pdu_last; // EVENT_STORM only
	struct span note;     // the collector's own events: JSON object text
};

enum { EVENT_RECORD_OVERHEAD = 512 }; // the record of an event is at most its spans' bytes plus this

// Writes the record of `e` into out[room]; returns its length, or 0 when it does not fit.
size_t event_encode(const struct event *e, uint8_t *out, size_t room);
// Reads a record; spans point into it. ST_DAMAGED for anything it could not have written itself; unknown fields of a
// newer Trapline are skipped.
enum st event_decode(struct span record, struct event *out);
// The kind of a record without decoding it, for a quick scan; 0 if it is not a record.
uint8_t event_kind_of(struct span record);

const char *event_kind_name(unsigned kind);           // "trap", "inform", "storm", ...
const char *event_transport_name(unsigned transport); // "udp", "tcp", "esp"
const char *event_level_name(unsigned level);         // "noAuthNoPriv", "authNoPriv", "authPriv"
const char *event_version_name(unsigned version);     // "1", "2c", "3"
const char *event_flag_name(unsigned bit);            // name of flag 1 << bit, NULL where there is none

// The key of the duplicate rule (docs/ARCHITECTURE.md): site, peer address or engine, version, credential, and the
// PDU (which holds the request-id), under a key of this process.
uint64_t event_duplicate_key(const struct event *e, const struct hash_key *key);

#endif
