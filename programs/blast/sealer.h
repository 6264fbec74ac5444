// SPDX-License-Identifier: Apache-2.0
// Datagrams sealed in ESP as they are sent, with keys by hand (tunnel/lab_keys.h): the sender is the site, and numbers begin at 1
// with each run, so the receiver's keys have to be as new.
#ifndef BLAST_SEALER_H
#define BLAST_SEALER_H

#include "base/addr.h"
#include "base/span.h"
#include "base/status.h"

struct sealer;

// The keys' file; inner addresses: of the device that speaks, and whom it speaks to. `fd`: a socket that sealed datagrams leave by.
// *why says what is wrong.
enum st sealer_new(const char *file, const struct addr *to, const struct addr *inner_to, int fd, struct sealer **out,
                   const char **why);
void sealer_free(struct sealer *s);
void sealer_add(struct sealer *s, struct span datagram);
// Seals and sends what was added. How many left.
uint64_t sealer_flush(struct sealer *s);

#endif
