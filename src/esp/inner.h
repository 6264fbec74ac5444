// SPDX-License-Identifier: Apache-2.0
// What is done with inner packets in this process: UDP taken out and put in, ICMP echo answered and asked, and an ICMP word
// to a sender whose packet is too large. Addresses are the caller's business: which are ours, which ports are served.
#ifndef ESP_INNER_H
#define ESP_INNER_H

#include "esp/ip.h"

struct inner_udp {
	struct addr from, to;
	struct span payload;
};

// Whether an upper checksum has to be right. In transport mode behind a NAT it covers addresses that are no longer there,
// while the ICV has covered the whole datagram: it is not looked at (RFC 3948 3.1.2, third choice; UDP only).
enum inner_check { INNER_CHECK, INNER_COVERED };

// A whole UDP datagram out of a whole packet, or out of a transport-mode payload whose addresses the caller has put into
// the view. ST_INNER_PROTOCOL, ST_FRAGMENT (put it together first), ST_INNER_LENGTH (the UDP length is not the payload's;
// with INNER_COVERED the payload may be longer: TFC padding), ST_INNER_CHECKSUM.
enum st inner_udp_take(const struct ip_view *v, enum inner_check check, struct inner_udp *out);

// Puts UDP and IP headers in front of the payload that the packet holds; the ports are those of the addresses. `id`: of
// the IPv4 packet, different for each while one may still be under way. ST_FULL, ST_INNER_ADDRESS.
enum st inner_udp_put(struct packet *p, const struct addr *from, const struct addr *to, uint16_t id);

// Turns an echo request, which the packet holds whole and `v` shows, into its answer in place (RFC 792, RFC 4443 4.2).
// ST_INNER_PROTOCOL, ST_INNER_ICMP (not an echo request), ST_INNER_ADDRESS (nobody to answer), ST_INNER_CHECKSUM, ST_FRAGMENT.
enum st inner_echo_answer(struct packet *p, const struct ip_view *v);

struct inner_echo {
	bool answer; // not a request
	uint16_t id, sequence;
	struct span data;
};

enum st inner_echo_take(const struct ip_view *v, struct inner_echo *out);
// An echo message around the data that the packet holds. ST_FULL, ST_INNER_ADDRESS.
enum st inner_echo_put(struct packet *p, const struct addr *from, const struct addr *to, const struct inner_echo *echo);

// Into an empty packet: that `offender`, seen as `v`, is longer than `mtu` (RFC 792 and RFC 1191: IPv4 that may not be
// fragmented; RFC 4443 3.2: IPv6). ST_INNER_ICMP: nothing may be said about this one (an ICMP error, a fragment that is
// not the first, IPv4 that may be fragmented). ST_FULL, ST_INNER_ADDRESS.
enum st inner_too_big(struct packet *p, const struct addr *from, struct span offender, const struct ip_view *v,
                      uint32_t mtu);

#endif
