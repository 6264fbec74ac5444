// SPDX-License-Identifier: Apache-2.0
// Who said something to a relay (relay.h), so that an answer finds its way back: a bounded table, by a number and by address and
// port. The one that was silent longest makes room for a new one. Pure.
#ifndef TUNNEL_FLOWS_H
#define TUNNEL_FLOWS_H

#include "base/addr.h"
#include "base/hash.h"

struct flows;

struct flow {
	struct addr peer, local; // the device, and our address that it sent to
	uint32_t ifindex;
	uint16_t service; // the port that it sent to
	uint16_t asker;   // of a device that can be asked: the collector's port, which asked last
	bool masked;      // inside it has our address, and a port by its number
};

enum { FLOWS_MAX = 4096 }; // a device and port each; more: the oldest goes

// ST_NO_MEMORY. The caller owns *out.
enum st flows_new(const struct hash_key *key, struct flows **out);
void flows_free(struct flows *f); // NULL is fine
// The number, below FLOWS_MAX, of a flow that was heard: of the same peer and service, or a new one. The rest of *what replaces
// what was known.
uint16_t flows_heard(struct flows *f, const struct flow *what);
// The flow of a number. NULL: none, or not masked.
const struct flow *flows_masked(const struct flows *f, uint16_t number);
// The flow of an address and port at a service. NULL: none, or masked.
const struct flow *flows_of(const struct flows *f, const struct addr *peer, uint16_t service);

#endif
