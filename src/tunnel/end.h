// SPDX-License-Identifier: Apache-2.0
// One end of a tunnel in one thread: a socket, a data plane, and a TUN device, or a relay (relay.h), or nothing (then it answers pings of its
// inner addresses). Its keys are by hand (`trapline tunnel --lab`), or IKE's, which it calls the other end by (`trapline join`).
#ifndef TUNNEL_END_H
#define TUNNEL_END_H

#include "crypto/crypto.h"
#include "io/loop.h"
#include "io/tun.h"
#include "tunnel/lab_keys.h"
#include "tunnel/relay.h"

struct end;

struct end_config {
	struct crypto *crypto;
	const struct lab_keys *keys; // NULL: `site`
	enum lab_end us;
	struct lab_counter *counter; // of the keys, reserved ahead as it is used
	const struct ike_site *site; // whom to call; copied
	// It came up, with the inner address that was handed to it or NULL (why ST_IKE_TS: but the other end takes none of our
	// networks), or went down; NULL: nobody wants to know.
	void (*tell)(void *arg, bool up, const uint8_t *address, enum st why);
	void *arg;
	struct addr listen;
	struct tun *tun;          // NULL: none. Taken over
	unsigned keepalive;       // seconds of silence before one, behind a NAT; 0: ENCAP_KEEPALIVE_SECONDS
	const struct addr *inner; // answered where there is no TUN device
	size_t inner_count;
	const struct addr *relay; // where devices are listened to; not with a TUN device
	size_t relay_count;
	const struct addr *collector; // inside, for the relay
	size_t collector_count;
};

// ST_IN_USE, ST_DENIED, ST_SYSTEM with errno (the socket); ST_NO_MEMORY. The caller owns *out: end_free, which wipes every key.
enum st end_new(const struct end_config *config, struct end **out);
void end_free(struct end *e);
struct loop *end_loop(struct end *e);
// Why it stopped its loop by itself: no number could be reserved, ST_FULL or ST_IO. ST_OK: it did not.
enum st end_why(const struct end *e);
const struct plane_counters *end_counters(struct end *e);
struct relay_counters end_relayed(const struct end *e); // zeros without a relay
// Where it listens.
const struct addr *end_local(const struct end *e);

#endif
