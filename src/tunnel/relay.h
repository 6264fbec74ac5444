// SPDX-License-Identifier: Apache-2.0
// A site's end without a TUN device, for the devices around it: what they send to a UDP port of ours is said inside to the same
// port of the collector, and what it answers goes back to them. No privilege is needed, and no route.
//
// Inside a device keeps its address and port where the site's SA allows that address; else it has our inner address and a port of
// ours. Answers are taken from the collector's inner address and only for who was heard. A device that keeps its address can be asked
// by the collector, on port 161, once it was heard. Everything else out of the tunnel is counted and dropped. Of what comes in
// fragments inside only what is to our own address is put together.
#ifndef TUNNEL_RELAY_H
#define TUNNEL_RELAY_H

#include "base/hash.h"
#include "io/loop.h"
#include "io/udp.h"
#include "tunnel/plane.h"

struct relay;

struct relay_config {
	struct loop *loop;
	struct udp_batch *batch; // of the same thread; used up whenever a socket is ready
	struct plane *plane;
	uint32_t site;
	struct hash_key key;
	const struct addr *listen; // at most RELAY_LISTENERS; copied, as `collector` is
	size_t listen_count;
	const struct addr *collector; // inside, at most PLANE_INNER; the first of each family is said to
	size_t collector_count;
	struct addr inner; // ours; all 0: not known yet
};

// Opens the sockets. ST_FULL (more than that), ST_NO_MEMORY, ST_IN_USE, ST_DENIED, ST_SYSTEM with errno. The caller owns *out.
enum st relay_new(const struct relay_config *config, struct relay **out);
void relay_free(struct relay *r); // NULL is fine
void relay_set_inner(struct relay *r, const struct addr *inner);
// What came out of the tunnel: the hook `forward` of the plane.
size_t relay_forward(void *relay, const struct plane_packet *p, size_t n);

struct relay_counters {
	uint64_t heard;    // datagrams of devices: relayed, or lost
	uint64_t relayed;  // said inside
	uint64_t down;     // lost: the tunnel is not up
	uint64_t lost;     // lost for other reasons: too large, no address inside
	uint64_t answered; // answers of the collector, given to devices
	uint64_t asked;    // questions of the collector, given to devices
	uint64_t told;     // what came of them, said inside
	uint64_t strange;  // came out of the tunnel, and nobody had asked
};

struct relay_counters relay_count(const struct relay *r);

#endif
