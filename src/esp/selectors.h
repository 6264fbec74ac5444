// SPDX-License-Identifier: Apache-2.0
// The traffic selectors of one pair of SAs (RFC 4301 4.4.1.1, RFC 7296 2.9 and 3.13): what may be said inside. A packet is
// allowed when its end here is in one of the first list and its end there in one of the second.
//
// Ports: 0 to 65535 is any, also of a packet that has none; 65535 to 0 is opaque, a packet whose ports cannot be seen. For
// ICMP the port is type * 256 + code, on both sides.
#ifndef ESP_SELECTORS_H
#define ESP_SELECTORS_H

#include "base/addr.h"
#include "esp/ip.h"

// As on the wire: a range of addresses, both in the form of struct addr, and of ports.
struct selector {
	uint8_t first[16], last[16];
	uint16_t port_first, port_last;
	uint8_t protocol; // 0: any
};

struct selectors;

// Copies both lists. ST_FULL: more than ESP_SELECTORS_MAX together. ST_INNER_ADDRESS: a range that is empty or holds both
// families. ST_NO_MEMORY. The caller owns *out: selectors_free.
enum st selectors_new(const struct selector *here, size_t n_here, const struct selector *there, size_t n_there,
                      struct selectors **out);
void selectors_free(struct selectors *s);
// Every address of a prefix, any protocol and port.
struct selector selector_of(const struct prefix *p);

// What of them can be held beside other things in a cache line: one IPv4 range of each side whose every protocol and port is allowed,
// which is mostly all there is. None: a range that holds nothing.
struct selectors_brief {
	uint32_t here_first, here_last, there_first, there_last;
};

struct selectors_brief selectors_brief(const struct selectors *s); // NULL: nothing
// true: selectors_in would say ST_OK. false: ask it.
bool selectors_surely_in(const struct selectors_brief *b, const struct ip_view *v);

// A packet that came (from there) or goes (from here). Of a fragment only addresses and protocol are looked at: where
// selectors_want_ports, put it together and ask again. ST_OK, ST_ESP_SELECTOR.
enum st selectors_in(const struct selectors *s, const struct ip_view *v);
enum st selectors_out(const struct selectors *s, const struct ip_view *v);
// Transport mode: the addresses are those of the SA's own ends, which a NAT may have changed, so that protocol and ports
// count alone (RFC 7296 2.23.1).
enum st selectors_in_transport(const struct selectors *s, const struct ip_view *v);
bool selectors_want_ports(const struct selectors *s);

#endif
