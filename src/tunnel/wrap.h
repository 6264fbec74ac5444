// SPDX-License-Identifier: Apache-2.0
// The bump in the wire for IPsec stacks that cannot cross a NAT: raw ESP on one side, ESP in UDP on the other, keys unseen. A pure
// table of peers: which peer a packet is of, and where that peer is.
//
// Each peer has an address of ours on the inner side, which the IPsec stack takes for the peer's. From outside a peer is known by
// its SPI, named beforehand or pinned when it first came from where the peer is. Since nothing can be authenticated without keys,
// following a pinned SPI to another address is the one exception to the rule that no unauthenticated packet moves anybody: it is
// limited in rate, counted, and can be switched off.
#ifndef TUNNEL_WRAP_H
#define TUNNEL_WRAP_H

#include <stdint.h>

#include "base/addr.h"

enum wrap_limits {
	WRAP_PEERS = 256,      // more: refused
	WRAP_SPIS = 16,        // pinned for one peer; the oldest goes, as rekeying brings new ones
	WRAP_MOVE_SECONDS = 5, // between two moves of one peer; sooner: dropped and counted
};

struct wrap_peer {
	struct addr local; // ours, on the inner side
	struct addr far;   // where it is; port 0: not known yet
	uint32_t spi[WRAP_SPIS];
	unsigned spi_next;
	bool named; // its SPIs were named: none is pinned
	int64_t moved;
};

struct wrap_counters {
	uint64_t to_udp, to_raw;
	uint64_t unknown_inside;  // raw ESP to an address that is no peer's, or from somebody else than the stack
	uint64_t unknown_outside; // an SPI that is nobody's, from where no peer is
	uint64_t nowhere;         // to a peer that has not spoken yet
	uint64_t moved, move_limited, move_refused;
	uint64_t keepalives_sent, keepalives, not_esp, unsent;
};

struct wrap {
	struct wrap_peer peer[WRAP_PEERS];
	unsigned n;
	struct addr stack; // the IPsec host
	bool follow;       // never for a client: its far end is fixed
	struct wrap_counters counters;
};

// ST_FULL. ST_IN_USE: two with one address.
enum st wrap_add(struct wrap *w, const struct addr *local, const struct addr *far);
// Names an SPI of packets that come from the peer with this local address. ST_NONE: no such peer. ST_IN_USE:
// it is named already. ST_FULL.
enum st wrap_name_spi(struct wrap *w, uint32_t spi, const struct addr *local);
// The peer that a datagram with this SPI is of, and that it is there now; NULL: dropped and counted.
struct wrap_peer *wrap_from_outside(struct wrap *w, int64_t now, const struct addr *from, uint32_t spi);
// The peer that raw ESP from the stack goes to; NULL: dropped and counted.
struct wrap_peer *wrap_from_inside(struct wrap *w, const struct addr *from, const struct addr *to);

#endif
