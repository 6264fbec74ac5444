// SPDX-License-Identifier: Apache-2.0
// An IPv4 or IPv6 packet as a view (RFC 791, RFC 8200), and the Internet checksum (RFC 1071). Used for what is inside the
// tunnel, where nobody has looked at it before: every length is checked, extension headers are bounded.
#ifndef ESP_IP_H
#define ESP_IP_H

#include "base/addr.h"
#include "base/packet.h"

enum ip_protocol {
	IP_ICMP = 1,
	IP_IPV4 = 4, // as a next header: an IPv4 packet
	IP_TCP = 6,
	IP_UDP = 17,
	IP_DCCP = 33,
	IP_IPV6 = 41,
	IP_FRAGMENT = 44,
	IP_ICMPV6 = 58,
	IP_NO_NEXT = 59, // in ESP: a dummy packet
	IP_SCTP = 132,
	IP_UDPLITE = 136,
};

enum { IP_UDP_MAX = 65507 }; // octets of UDP payload that IPv4 takes

enum { IPV4_HEAD = 20, IPV6_HEAD = 40, IPV6_FRAGMENT_HEAD = 8, UDP_HEAD = 8, ICMP_HEAD = 8 };

struct ip_view {
	struct addr from, to; // with ports where the protocol has them and the packet is whole
	struct span payload;  // behind every IP header
	uint32_t total;       // octets of the packet by its own header
	uint32_t header;      // octets in front of the payload
	uint32_t id, offset;  // of a fragment; offset in octets
	uint32_t named;       // of an IPv6 fragment: where the octet stands that names the fragment header
	uint8_t version;      // 4 or 6
	uint8_t protocol;     // of the payload
	uint8_t tos;          // traffic class
	uint8_t ttl;
	bool dont_fragment;  // of IPv6: always
	bool fragment, more; // a part of a packet; not the last part
	bool ports; // from.port and to.port mean something; for ICMP both are type * 256 + code (RFC 4301 4.4.1.1)
};

// Octets behind the packet's total length are not looked at (TFC padding, RFC 4303 2.7). ST_INNER_VERSION, ST_INNER_HEADER
// (too many or malformed headers), ST_INNER_LENGTH (longer than `bytes`, or shorter than its own header),
// ST_INNER_CHECKSUM (of the IPv4 header), ST_INNER_ADDRESS (IPv4-mapped in IPv6), ST_FRAGMENT_MALFORMED.
enum st ip_parse(struct span bytes, struct ip_view *out);
// Reads what a transport protocol's ports say into from, to and ports.
void ip_read_ports(uint8_t protocol, struct span payload, struct ip_view *v);

// Completes the view of a transport-mode payload, which has no IP header: who said it to whom. The ports stay.
void ip_set_ends(struct ip_view *v, const struct addr *from, const struct addr *to);

// A sum to be folded by ip_checksum: starts at 0, or at ip_pseudo_sum. Parts must begin at even places.
uint64_t ip_sum(uint64_t sum, struct span s);
uint64_t ip_pseudo_sum(const struct addr *from, const struct addr *to, uint8_t protocol, size_t n);
// Of a part that holds its own checksum: 0 when that is right.
uint16_t ip_checksum(uint64_t sum);

// Puts an IPv4 or IPv6 header in front of the packet's n octets, by the family of the addresses, which must be one.
// `id` counts for IPv4 only. ST_FULL: no headroom, or too long. ST_INNER_ADDRESS.
enum st ip_push(struct packet *p, const struct addr *from, const struct addr *to, uint8_t protocol, uint8_t tos,
                uint16_t id);

// Writes big endian.
static inline void ip_put16(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static inline void ip_put32(uint8_t *at, uint32_t v)
{
	ip_put16(at, v >> 16);
	ip_put16(at + 2, v);
}

#endif
