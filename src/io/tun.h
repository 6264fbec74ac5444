// SPDX-License-Identifier: Apache-2.0
// A TUN device: whole IP packets from and to the kernel, with a virtio header in front where the kernel can hand over and take
// super-packets (TSO, and USO from Linux 6.2 on).
#ifndef IO_TUN_H
#define IO_TUN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

#include "base/status.h"

enum { TUN_NAME = 16, TUN_HEAD = 10, TUN_PACKET_MAX = 65535 }; // a name with its NUL; octets of the header; of a packet

struct tun {
	int fd;
	char name[TUN_NAME];
	bool head;     // every packet has a header of TUN_HEAD octets in front, struct offload_head
	bool tso, uso; // super-packets come
};

// Opens the device of this name, made by us (needs CAP_NET_ADMIN) or before (`ip tuntap add`, for its owner). `offload` false: no
// headers. ST_NONE: no /dev/net/tun. ST_DENIED, ST_IN_USE, ST_SYSTEM with errno.
enum st tun_open(const char *name, bool offload, struct tun *out);
void tun_close(struct tun *t);
// One packet, with its header. The octets; 0: none now.
size_t tun_read(const struct tun *t, void *at, size_t room);
// One packet, with its header, of n parts. false: the kernel does not take it.
bool tun_write(const struct tun *t, const struct iovec *parts, int n);

#endif
