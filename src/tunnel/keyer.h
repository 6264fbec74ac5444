// SPDX-License-Identifier: Apache-2.0
// The thread that owns IKE (ike/ike.h). Diffie-Hellman and signatures are done here, so that the threads that carry packets
// never wait for them: a worker hands over what its data plane tells (a bounded ring of each worker; full: counted, and
// the peer sends again), and what IKE wants done comes out by one hook, many effects at a time.
#ifndef TUNNEL_KEYER_H
#define TUNNEL_KEYER_H

#include "tunnel/plane.h"

enum {
	KEYER_WORKERS = 64,          // rings
	KEYER_RING = 1 << 20,        // octets of one
	KEYER_STRANGERS = 512 << 10, // of them for those who begin without a cookie, so that who goes on gets through
	KEYER_STARTS = 768 << 10,    // of them for any request to begin: that it has a cookie is only its word
	KEYER_OWN = 64 << 10,        // of them that no datagram can fill: what our own pairs tell is told once
	KEYER_BATCH = 64,            // records in one turn
};

struct keyer;

struct keyer_hooks {
	void *arg;
	// On the keyer's thread (or the caller's, before it runs): does what the effects say, in their order, pairs before
	// datagrams, and is done when it returns.
	void (*act)(void *arg, struct ike *ike, int64_t now, const struct ike_effect *e, size_t n);
};

// What it is made of. The engine is its own; config->engine is not looked at. ST_NO_MEMORY, ST_SYSTEM, ST_FULL (workers).
// The caller owns *out: keyer_free, which stops the thread and wipes every key.
enum st keyer_new(const struct ike_config *config, unsigned workers, const struct keyer_hooks *hooks,
                  struct keyer **out);
void keyer_free(struct keyer *k);
enum st keyer_start(struct keyer *k);
// Nothing is heard or done any more.
void keyer_stop(struct keyer *k);

// On the thread of worker `worker`: what its plane tells, copied.
void keyer_tell(struct keyer *k, unsigned worker, const struct plane_tell *t);

// Runs fn on the keyer's thread, does what came of it, and waits; directly when the thread does not run. Several threads may
// call: one after another.
typedef void keyer_fn(struct ike *ike, int64_t now, struct ike_out *out, void *arg);
void keyer_call(struct keyer *k, keyer_fn *fn, void *arg);

// What was told and found no room, of all workers.
uint64_t keyer_lost(const struct keyer *k);

#endif
