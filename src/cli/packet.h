// SPDX-License-Identifier: Apache-2.0
// A captured packet down to its UDP payload: Ethernet (with VLAN tags), Linux cooked captures, raw IP and loopback; IPv4
// and IPv6 with extension headers (RFC 791, RFC 8200). Checksums are not looked at: offloading leaves them unfinished.
#ifndef CLI_PACKET_H
#define CLI_PACKET_H

#include <stdbool.h>

#include "base/addr.h"

enum packet_kind {
	PACKET_UDP,
	PACKET_TCP,      // addresses and ports only
	PACKET_FRAGMENT, // a part of an IP packet
	PACKET_OTHER,    // another protocol
	PACKET_BROKEN,   // ends inside a header
};

struct packet {
	enum packet_kind kind;
	struct addr from, to;
	struct span payload; // of UDP: what was captured of it
	bool cut;            // less than there was
};

// Whether packets of this link type (libpcap's LINKTYPE or DLT number) are understood.
bool packet_link_known(int link);
// `bytes` begins with the link's header.
struct packet packet_parse(int link, struct span bytes);

#endif
