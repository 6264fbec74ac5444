// SPDX-License-Identifier: Apache-2.0
// Raw ESP (protocol 50) over IPv4, for `trapline wrap`. Needs CAP_NET_RAW to be opened, and nothing afterwards.
#ifndef IO_RAW_H
#define IO_RAW_H

#include "base/addr.h"
#include "base/span.h"
#include "base/status.h"

// ST_DENIED, ST_SYSTEM with errno.
enum st raw_open_esp(int *fd);
// One packet without waiting: who sent it, to which of our addresses, and what follows the IP header, in the caller's room. false:
// none there.
bool raw_receive(int fd, void *room, size_t n, struct addr *from, struct addr *to, struct span *payload);
// false: the kernel does not take it now.
bool raw_send(int fd, const struct addr *from, const struct addr *to, struct span payload);

#endif
