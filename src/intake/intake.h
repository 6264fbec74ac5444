// SPDX-License-Identifier: Apache-2.0
// The intake of one worker: a message comes in, is decoded, authorised, made an event and put into the ring to the journal;
// or it is refused with a counted reason. No sockets and no clock: bytes and `now` in, verdicts, ring records and answers
// out, so that a test drives it without either.
#ifndef INTAKE_INTAKE_H
#define INTAKE_INTAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/ring.h"
#include "intake/account.h"
#include "intake/duplicates.h"
#include "intake/flight.h"
#include "intake/limits.h"
#include "intake/policy.h"
#include "intake/storm.h"
#include "snmp/v3.h"

// How a message came.
struct intake_meta {
	int64_t now;  // monotonic, nanoseconds
	int64_t wall; // since the epoch, nanoseconds
	uint8_t transport;
	struct span site; // by ESP: whose SA it came by. Otherwise the policy says, by the address
	bool truncated;
	bool late;             // it waited in the room: nobody is answered, and v3's time is not checked
	bool again;            // and may have been put into the journal before a crash
	struct answer_to from; // peer, local address, listener, token: also where the answer goes
	struct addr listener;  // as configured, for communities bound to a listener
};

// What is remembered of a source: an address, or an address inside one site's tunnel.
struct intake_source {
	struct addr mark; // see intake_mark
	const char *site; // by the address
	bool relay, known;
	uint32_t report_second, reports; // Reports sent to it in that second
};

struct intake {
	struct ring ring;    // to the journal
	struct ring waiting; // to the waiting room
	struct flight flight;
	struct duplicates duplicates;
	struct storms storms;
	struct hash_key key;
	const struct policy *policy; // not owned
	struct intake_source *sources;
	struct account accounts[INTAKE_LISTENERS];
	uint64_t settled; // ring position up to which records are counted as stored
	bool urgent;      // an answer waits since the last intake_urgent
	uint8_t worker;   // its number
	struct v3_state *v3;
	struct v3_scratch v3_scratch;
	uint8_t answer[SNMP_DATAGRAM_MAX]; // where a Response or Report is written
	uint8_t masked[SNMP_DATAGRAM_MAX]; // a PDU whose community is hidden
};

// A message that comes out of the waiting room.
struct intake_late {
	struct intake_meta meta; // as it came, but for `now`; `late` is set
	struct span bytes;
	uint64_t waiting; // its id there
	bool counted;     // it is one of the messages that this process counted as waiting
	uint64_t end;     // out: how far the ring has to be freed before it may be forgotten
};

// worker: its number. v3: as v3_state_new wants it; its users and crypto outlive the intake or are replaced with the policy.
enum st intake_init(struct intake *in, unsigned worker, const struct hash_key *key, const struct v3_config *v3);
void intake_done(struct intake *in);

// A new policy with its users; what was remembered about sources is forgotten. The old one may be freed afterwards.
void intake_set_policy(struct intake *in, const struct policy *p);

// What state about a message's source is kept under: its address, or by ESP a keyed hash of that and the site, because
// many sites have the same addresses inside.
struct addr intake_mark(const struct intake *in, const struct intake_meta *m);
// What is remembered of a source; valid until the next call.
struct intake_source *intake_source(struct intake *in, const struct intake_meta *m);
// The site that a message is of; "" when none. Valid until the policy or the tunnel's sites change.
struct span intake_site(struct intake *in, const struct intake_meta *m);
// Takes one message: counted and ended, or in flight. false: there is no room now, nothing was counted; give it again
// after intake_settle made room.
bool intake_message(struct intake *in, const struct intake_meta *m, struct span bytes);
// Takes a message that waited, now that it may be allowed. ST_OK: it is in the ring. ST_REPLAY: the same was taken
// meanwhile. ST_FULL: no room, try again. Everything else: it is still not allowed.
enum st intake_late(struct intake *in, struct intake_late *l);
// Whether it is allowed; changes nothing.
bool intake_would_take(struct intake *in, const struct intake_late *l);
// A TCP frame that could not be taken whole.
void intake_refuse_frame(struct intake *in, uint16_t listener, enum st why);
// Writes storm rows whose second is over (or all, at the end).
void intake_tick(struct intake *in, int64_t now, bool all);
// Counts what the journal committed (its freed position). Answers that are due are then had from in->flight.
void intake_settle(struct intake *in);
// Remembers an inform that the journal's tail holds, at the start. `age`: nanoseconds since it was received.
void intake_remember(struct intake *in, const struct event *e, int64_t now, int64_t age);

#endif
