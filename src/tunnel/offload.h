// SPDX-License-Identifier: Apache-2.0
// Super-packets of a TUN device, in the form of virtio's network header (OASIS virtio 1.2, 5.1.6): split into packets that fit the
// path before they are sealed, and put together again from packets that were opened, so that the kernel is crossed once for
// many. Pure; no packet is copied but its headers.
#ifndef TUNNEL_OFFLOAD_H
#define TUNNEL_OFFLOAD_H

#include <sys/uio.h>

#include "base/packet.h"
#include "esp/ip.h"

// In the order of the machine, as TUN has it.
struct offload_head {
	uint8_t flags, kind;
	uint16_t header; // octets in front of the payload
	uint16_t size;   // octets of payload in each packet
	uint16_t sum_from, sum_at;
};
enum { OFFLOAD_NEEDS_SUM = 1 };                                                                     // flags
enum { OFFLOAD_NONE = 0, OFFLOAD_TCP4 = 1, OFFLOAD_TCP6 = 4, OFFLOAD_UDP = 5, OFFLOAD_ECN = 0x80 }; // kind

struct offload_split {
	struct span packet;
	struct offload_head head;
	struct ip_view view;
	size_t upper, payload; // where the TCP or UDP header begins, and what is behind it
	size_t at;             // of the payload: the next octet
	unsigned number;       // packets so far
};

// ST_INNER_LENGTH, ST_INNER_PROTOCOL: the header lies about the packet; and what ip_parse refuses. Nothing is to be split then.
enum st offload_split(struct offload_split *s, const struct offload_head *head, struct span packet);
// The next packet, into an empty one with room for it. false: there is none. *st: ST_FULL: it has no room.
bool offload_next(struct offload_split *s, struct packet *out, enum st *st);

enum { OFFLOAD_PARTS = 64 };

// Packets of one flow of TCP, or of UDP where the device takes that, one behind another, as parts for one write: the first whole, of the others their payload.
struct offload_join {
	struct iovec parts[OFFLOAD_PARTS + 1]; // parts[0] is the header
	struct offload_head head;
	int n;    // parts; 0: empty
	bool udp; // set by the owner: rows of UDP too
	struct ip_view view;
	uint8_t *first; // the first packet
	size_t payload, total;
	uint32_t next; // the sequence number that would go on
	bool closed;   // nothing may follow: the last one was shorter, or pushed
};

// Takes a packet, which has to stay where it is until it is written. false: it does not go on here; write what is there first.
bool offload_take(struct offload_join *j, struct packet *p, const struct ip_view *v);
// Completes the headers; parts[0 .. n] are one write then. The join is to be emptied (n = 0) afterwards.
void offload_finish(struct offload_join *j);

#endif
