// SPDX-License-Identifier: Apache-2.0
// Inner fragments put together (RFC 791 3.2, RFC 8200 4.5), within limits that one SA cannot exhaust for the others:
// limits.h. Memory follows what has arrived, never what an offset claims. Fragments that overlap spoil their datagram, also
// what comes of it later (RFC 5722); an exact repetition is let pass.
#ifndef ESP_REASSEMBLY_H
#define ESP_REASSEMBLY_H

#include "esp/ip.h"

struct reassembly;

enum st reassembly_new(struct reassembly **out);
void reassembly_free(struct reassembly *r);

// A fragment that came by the pair `owner`. ST_OK: it was the last one missing, and *out is the whole packet with its
// headers, valid until the next call. ST_FRAGMENT: kept. ST_FRAGMENT_OVERLAP, ST_FRAGMENT_MALFORMED, ST_FRAGMENT_LIMIT: its
// datagram is given up. ST_NO_MEMORY. Fragments of different owners never meet.
enum st reassembly_add(struct reassembly *r, int64_t now, uint64_t owner, struct span packet, const struct ip_view *v,
                       struct span *out);
// Gives up what is older than REASSEMBLY_SECONDS; returns how many datagrams were still incomplete.
size_t reassembly_tick(struct reassembly *r, int64_t now);
// Forgets what is kept of an owner that is gone.
void reassembly_forget(struct reassembly *r, uint64_t owner);

// Datagrams given up to make room for others; octets held now, with book-keeping.
uint64_t reassembly_evicted(const struct reassembly *r);
size_t reassembly_held(const struct reassembly *r);

#endif
