// SPDX-License-Identifier: Apache-2.0
// DSCP and ECN across the tunnel (RFC 4301 5.1.2, RFC 6040), and how large an inner packet may be.
#ifndef ESP_ECN_H
#define ESP_ECN_H

#include "base/span.h"

enum ecn { ECN_NOT, ECN_ECT1, ECN_ECT0, ECN_CE, ECN_MASK = 3 };

// What the outer header carries: DSCP and ECN of the inner one (RFC 6040 4.1, normal mode).
uint8_t ecn_outer(uint8_t inner_tos);
// What the inner header becomes behind the tunnel (RFC 6040 4.2): ST_OK and *out, or ST_ESP_ECN: drop it.
enum st ecn_inner(uint8_t inner_tos, uint8_t outer_tos, uint8_t *out);
// Writes the traffic class into an IPv4 or IPv6 header and keeps the IPv4 header's checksum right (RFC 1624).
void ecn_write(uint8_t *header, uint8_t tos);

#endif
