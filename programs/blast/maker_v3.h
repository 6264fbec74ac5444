// SPDX-License-Identifier: Apache-2.0
// SNMPv3 messages, encrypted and signed one by one as they are sent: traps from many engines (the sender is
// authoritative), or informs to the receiver's engine. An engine's time is the wall clock's, so that a second run
// against the same receiver is not in its past.
#ifndef BLAST_MAKER_V3_H
#define BLAST_MAKER_V3_H

#include "base/addr.h"
#include "maker.h"

// Gives the maker its v3 side. ST_SYNTAX: an algorithm or password that cannot be.
enum st maker_v3_init(struct maker *m, const struct maker_options *o);
void maker_v3_free(struct maker_v3 *v3);
void maker_v3_clock(struct maker_v3 *v3, uint32_t seconds);

// Asks the receiver for its engine ID, boots and time (RFC 3414 section 4), for informs. ST_NONE: no answer.
enum st maker_v3_discover(const struct addr *to, struct maker_options *o);

#endif
