// SPDX-License-Identifier: Apache-2.0
// The digests of accepted traps. A trap whose digest was accepted before is a replay: inside the time window nothing
// else would notice it, and from another address the window would not either.
//
// Compact: a digest is known by its first 8 octets, which nobody without the key can choose. They stand in buckets of
// eight, one cache line each, so looking and adding touch one line; a full bucket forgets its oldest.
//
// Threads may share a set, since whoever replays chooses the address that it comes from and with it the worker. Looking
// takes no lock and may miss what is being added at that moment; adding finds it.
#ifndef SNMP_V3_REPLAY_H
#define SNMP_V3_REPLAY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/lock.h"
#include "base/span.h"

struct replay {
	void *memory;                  // NULL: another's
	_Atomic uint64_t (*bucket)[8]; // fingerprint in 48 bits, time in 16 (units of 8 seconds); 0 is free
	struct lock *locks;            // of the buckets, each of many
	size_t mask;
	uint64_t early; // forgotten by this thread while still inside the time window
};

// Room for about `max` digests, 8 octets each, touched only as it is used. ST_NO_MEMORY.
enum st replay_init(struct replay *r, size_t max);
void replay_done(struct replay *r);
// The same set for another thread; `r` must outlive it.
struct replay replay_share(const struct replay *r);

// The digest as a key; it has at least 8 octets.
uint64_t replay_key(struct span digest);
// Whether it was added before. *age is in seconds, to within 8; it wraps after six days.
bool replay_seen(const struct replay *r, int64_t now, uint64_t key, uint32_t *age);
// Adds it, but if it was added at most `within` seconds ago: false.
bool replay_add(struct replay *r, int64_t now, uint64_t key, uint32_t within);
// Visits what was added at most `seconds` ago.
void replay_walk(const struct replay *r, int64_t now, uint32_t seconds,
                 void (*visit)(void *arg, uint64_t key, uint32_t age), void *arg);

#endif
