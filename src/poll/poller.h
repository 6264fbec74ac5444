// SPDX-License-Identifier: Apache-2.0
// Asks devices what is true now: one thread, one socket for IPv4 and one for IPv6, and the tunnels (inside.h); many devices at
// once. It asks only whom
// somebody wants to have asked and whom the configuration names a credential for, each device never twice at once and
// not more often than limits.h says. What differs goes as events into a ring of its own, to the journal.
#ifndef POLL_POLLER_H
#define POLL_POLLER_H

#include "base/hash.h"
#include "crypto/crypto.h"
#include "poll/access.h"
#include "poll/inside.h"
#include "poll/want.h"
#include "store/writer.h"

struct poller;

struct poller_counters {
	uint64_t wanted;   // by poll_want
	uint64_t early;    // not asked: it was asked just now
	uint64_t full;     // not asked: POLL_WAITING
	uint64_t asked;    // rounds that began
	uint64_t answered; // rounds that read everything
	uint64_t failed;   // rounds that did not
	uint64_t refused;  // not asked: no credential, no way to it
	uint64_t events;   // written
	uint64_t dropped;  // events that the ring had no room for; told the next time
	uint64_t strange;  // datagrams from nobody who is being asked, or not believed
	uint64_t inside;   // messages handed to tunnels
	uint64_t lost;     // between us and the workers that carry tunnels, for want of room
	uint32_t waiting, asking;
};

// Opens the sockets: before lock-in. `crypto` outlives it. ST_NO_MEMORY, ST_SYSTEM.
enum st poller_new(struct crypto *crypto, const struct hash_key *key, struct poller **out);
// Before poller_start: workers that carry tunnels. *out stays the poller's. ST_NO_MEMORY, ST_FULL.
enum st poller_tunnels(struct poller *p, unsigned workers, void (*wake)(void *arg, unsigned worker), void *arg,
                       struct inside **out);
// Its source for writer_start.
struct writer_source poller_source(struct poller *p);
// Takes over `access` (NULL: nobody is asked); any time, from any thread.
void poller_set_access(struct poller *p, struct poll_access *access);
enum st poller_start(struct poller *p, struct writer *writer); // writer NULL: nobody is woken
// Joins the thread; rounds that were under way are dropped. Before writer_stop. Does nothing when it does not run.
void poller_stop(struct poller *p);
void poller_free(struct poller *p); // stops; NULL is fine

// Wants a device to be asked soon. The latest want for a device replaces the one before. Copies everything; from any thread.
// false: it was not taken (POLL_WAITING, no memory).
bool poll_want(struct poller *p, const struct poll_want *w);

struct poller_counters poller_count(struct poller *p); // from any thread

#endif
