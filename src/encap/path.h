// SPDX-License-Identifier: Apache-2.0
// Where a peer is reached, and how that changes (RFC 7296 2.23, and why the peers known today lose the tunnel there).
//
// An address is never taken from a packet. A packet that authenticated and is newer than any before, from somewhere new,
// *proposes* its source: a probe with a secret token goes there, sealed by the same SAs, and only its answer, with the token
// and from there, moves the peer. Whoever replays a packet from elsewhere gets a probe that he cannot read. So service is
// back one round trip after the peer speaks behind a changed NAT mapping.
//
// Keepalives hold a NAT's mapping: only from the side behind it, only when nothing else was sent, never a sign of life.
#ifndef ENCAP_PATH_H
#define ENCAP_PATH_H

#include "base/addr.h"
#include "crypto/secret.h"
#include "encap/limits.h"

// How the peer's framing has it.
enum encap_style {
	ENCAP_RFC3948, // keepalive of one byte 0xFF
	ENCAP_DRAFT00, // empty keepalive, ports 2797 on both sides as sent, UDP checksum 0 over IPv4
};

struct encap_ends {
	struct addr local, peer;
};

// An address that was proposed and asked.
struct encap_proposal {
	struct encap_ends ends;
	uint64_t token;
	int64_t asked;
	bool open;
};

struct encap_path {
	struct encap_ends ends;
	enum encap_style style;
	bool natted;  // we are behind a NAT: keepalives are ours to send
	bool follows; // the peer may move by proposal: not when it moves by MOBIKE, not from behind a NAT ourselves
	int64_t keepalive; // nanoseconds of silence before one; 0: ENCAP_KEEPALIVE_SECONDS
	int64_t sent;      // when anything was last sent there
	// Several, so that somebody who replays from elsewhere does not push the peer's own out.
	struct encap_proposal proposals[ENCAP_PROPOSALS];
	// Probes that may still go, in nanoseconds of ENCAP_PROBE_SECONDS each.
	int64_t allowance, allowed_at;
};

enum encap_act {
	ENCAP_NOTHING,
	ENCAP_PROBE,          // send the token, sealed, to ends.peer from ends.local; the answer has to bring it back
	ENCAP_MOVED,          // the peer is at ends now; path->ends is changed already
	ENCAP_SEND_KEEPALIVE, // send encap_keepalive(style) to ends.peer from ends.local
};

struct encap_effect {
	enum encap_act act;
	struct encap_ends ends;
	uint64_t token;
};

// `follows` is true, everything else as given; `now` in nanoseconds as everywhere.
struct encap_path encap_path_of(const struct encap_ends *ends, enum encap_style style, bool natted, int64_t now);

// After a packet authenticated: where it came from, and whether it was newer than any before. ENCAP_NOTHING, ENCAP_PROBE.
// *limited is raised by one where a probe was due and not allowed. Without randomness nothing is proposed.
struct encap_effect encap_heard(struct encap_path *p, int64_t now, const struct encap_ends *from, bool newest,
                                struct random random, uint64_t *limited);
// After an answer to a probe authenticated. ENCAP_NOTHING, ENCAP_MOVED.
struct encap_effect encap_answered(struct encap_path *p, int64_t now, const struct encap_ends *from, uint64_t token);
// Something was sent to the peer.
void encap_sent(struct encap_path *p, int64_t now);
// ENCAP_NOTHING, ENCAP_SEND_KEEPALIVE (counts as sent).
struct encap_effect encap_tick(struct encap_path *p, int64_t now);
// When encap_tick has something to do next; INT64_MAX: never.
int64_t encap_next(const struct encap_path *p);

struct span encap_keepalive(enum encap_style style);

#endif
