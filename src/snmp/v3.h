// SPDX-License-Identifier: Apache-2.0
// SNMPv3 messages with USM, received: RFC 3412 7.2 and RFC 3414 3.2, as a core without sockets and clock.
//
// One v3_state per worker thread; the users are shared read-only. A trap is checked with the key localised to its
// sender's engine, an inform with the key localised to ours. Nothing is learned before a digest verified, and outcomes
// are counted by status (the names of usmStats and snmpMPDStats stand in base/status.h).
#ifndef SNMP_V3_H
#define SNMP_V3_H

#include "crypto/secret.h"
#include "snmp/engines.h"
#include "snmp/message.h"
#include "snmp/v3_message.h"
#include "snmp/v3_replay.h"

struct v3_config {
	struct crypto *crypto;
	const struct usm_users *users; // says our engine ID too; outlives the state, or is replaced by v3_state_users
	struct random random;          // once, for table keys and the first salt
	uint32_t boots;                // our snmpEngineBoots, already durable
	int64_t started;               // the `now` at which our snmpEngineTime was 0
	size_t engines_max;            // 0: V3_ENGINES_MAX
	size_t replay_max;             // 0: V3_REPLAY_MAX
	const struct replay *replay;   // of a state that outlives this one, to be shared; NULL: its own
};

struct v3_state {
	struct ciphers *ciphers;
	const struct usm_users *users;
	struct engines *engines;
	struct replay replay;
	uint32_t boots;
	int64_t started;
	uint64_t salt; // of the next message that we encrypt
	uint64_t by[ST_COUNT];
	uint64_t shared;                     // messages whose engine ID was heard from another address within a day
	uint8_t plain[V3_PLAIN_MAX];         // a ScopedPDU on its way out
	uint8_t response[SNMP_DATAGRAM_MAX]; // the PDU in it
};

// ST_NO_MEMORY, ST_SYSTEM (no randomness). The caller owns *out: v3_state_free.
enum st v3_state_new(const struct v3_config *config, struct v3_state **out);
void v3_state_free(struct v3_state *s); // wipes
// Takes new users; those that were deleted or changed stop working at once. The old ones must still be there.
void v3_state_users(struct v3_state *s, const struct usm_users *users);
// Once a second or so: forgets engines that were not heard for V3_ENGINE_AGE_DAYS.
void v3_tick(struct v3_state *s, int64_t now);
// Our snmpEngineTime.
uint32_t v3_state_time(const struct v3_state *s, int64_t now);

enum v3_option {
	V3_SKIP_TIME = 1,     // no time check, and nothing is learned: for what waited, and for offline decoding
	V3_SKIP_REPLAY = 2,   // neither looks for the digest nor keeps it: for offline decoding
	V3_ANY_AUTHORITY = 4, // an inform to another engine than ours is taken too, without a reply: offline decoding
};

// Room that one message is decrypted into; what was received points into it until it is used again.
struct v3_scratch {
	uint8_t plain[V3_PLAIN_MAX];
};

// What is needed to answer an inform later, after its commit: a value without pointers, so that users and engines may
// change in between.
struct v3_reply {
	uint64_t serial; // of the user entry
	int32_t msg_id;
	uint32_t max_size;
	uint8_t level, extension;
	uint8_t user_n, context_engine_n, context_name_n;
	uint8_t user[SNMP_USER_MAX], context_engine[SNMP_ENGINE_ID_MAX], context_name[V3_CONTEXT_NAME_MAX];
};

// What is known of a message. On ST_OK everything; on any other status what was read before it was refused, for the
// person who asks why: do not trust it.
struct v3_received {
	struct v3_message message; // header and security parameters
	uint8_t level;             // enum usm_level, as the message says
	struct v3_scoped scoped;   // context and PDU, once readable
	struct snmp_pdu pdu;       // checked
	bool own;                  // we are the authoritative engine
	bool verified;             // the digest is right (so a refusal for time is about a real user)
	bool lenient;              // accepted although outside the time window
	bool shared;               // this engine ID was heard from another address within a day
	struct engine_clock clock; // ours of that engine before this message, for explaining; `known` false: none
	uint32_t clock_time;       // what we thought its time was
	enum st report;            // the Report to send (v3_write_report), by its status; ST_OK: none
	uint64_t serial;           // of the user entry, once the digest verified or needed not
	struct v3_reply reply;     // for an inform, on ST_OK
};

// Takes a message apart, verifies and decrypts it. Accepts SNMPv2-Trap and InformRequest PDUs (ST_PDU_TYPE for others).
// `site` is the name of the sender's site (may be empty), `options` of enum v3_option. Spans of *out point into
// `datagram` and `scratch`. Statuses: of the BER; ST_INVALID_MSG, ST_SECURITY_MODEL, ST_SECURITY_PARAMETERS,
// ST_ENGINE, ST_USER, ST_LEVEL, ST_DIGEST, ST_TIME_WINDOW, ST_REPLAY, ST_DECRYPT, ST_PDU_TYPE, ST_VARBINDS,
// ST_NO_MEMORY.
enum st v3_receive(struct v3_state *s, int64_t now, struct span site, const struct addr *peer, struct span datagram,
                   unsigned options, struct v3_scratch *scratch, struct v3_received *out);

// Of an inform that is nobody's resend: whether its digest comes for the first time to any state that shares the set. Asked
// once. An address of the attacker's choice brings a replay to another worker, and after the time for which informs are
// remembered it may still be in the time window.
bool v3_first_inform(struct v3_state *s, int64_t now, const struct v3_received *r);

// The engine that a received notification came from: of a trap the authoritative one, of an inform the context's.
struct span v3_sender_engine(const struct v3_received *r);

// The Report that `r` asks for (RFC 3412 7.1 (3), RFC 3414 3.2), of our own values. notInTimeWindows is authenticated.
// ST_REPORTABLE when it asks for none, ST_FULL.
enum st v3_write_report(struct v3_state *s, int64_t now, const struct v3_received *r, struct wr *w);
// The answer to an inform: its request-id and varbinds, at the level and with the keys of the inform; tooBig when it
// would be longer than the sender takes. ST_USER when the user is gone or changed since, ST_FULL.
enum st v3_write_response(struct v3_state *s, int64_t now, const struct v3_reply *reply, const struct snmp_pdu *inform,
                          struct wr *w);

// An operator's word on learned engines: those of the site with that ID, under every address or (not NULL) under one.
// They return how many there were.
size_t v3_engine_lenient(struct v3_state *s, struct span site, struct span id, const struct addr *addr, bool lenient);
size_t v3_engine_reset(struct v3_state *s, struct span site, struct span id, const struct addr *addr);

// What must survive a restart: engines with their clocks and lenience, and the youngest digests. Times are written as
// wall-clock time: `wall` is nanoseconds since the epoch at `now`. Appends to *out, checksummed.
void v3_export(const struct v3_state *s, int64_t now, int64_t wall, struct text *out);
// Takes in what was exported, once at the start. `mine` (or NULL) says which addresses this worker serves. ST_DAMAGED,
// ST_NEWER, ST_NO_MEMORY; nothing is taken in when damaged.
enum st v3_import(struct v3_state *s, int64_t now, int64_t wall, struct span bytes,
                  bool (*mine)(void *arg, const struct addr *peer), void *arg);

#endif
