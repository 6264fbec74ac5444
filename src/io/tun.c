// SPDX-License-Identifier: Apache-2.0
#include "io/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/scoped.h"

#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

static enum st refused(void)
{
	return errno == ENOENT || errno == ENODEV  ? ST_NONE
	       : errno == EPERM || errno == EACCES ? ST_DENIED
	       : errno == EBUSY                    ? ST_IN_USE
	                                           : ST_SYSTEM;
}

static bool attach(int fd, const char *name, int flags, char out[static TUN_NAME])
{
	struct ifreq r = { .ifr_flags = (short)(IFF_TUN | IFF_NO_PI | flags) };
	snprintf(r.ifr_name, sizeof r.ifr_name, "%s", name);
	if (ioctl(fd, TUNSETIFF, &r) < 0)
		return false;
	memcpy(out, r.ifr_name, TUN_NAME);
	out[TUN_NAME - 1] = 0;
	return true;
}

static void ask_offload(struct tun *t)
{
	const unsigned long tso = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
	t->uso = ioctl(t->fd, TUNSETOFFLOAD, tso | TUN_F_USO4 | TUN_F_USO6) == 0;
	t->tso = t->uso || ioctl(t->fd, TUNSETOFFLOAD, tso) == 0;
}

enum st tun_open(const char *name, bool offload, struct tun *out)
{
	struct tun t = { .fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK) };
	if (t.fd < 0)
		return refused();
	t.head = offload && attach(t.fd, name, IFF_VNET_HDR, t.name);
	if (!t.head && !attach(t.fd, name, 0, t.name)) {
		enum st st = refused();
		fd_close(&t.fd);
		return st;
	}
	if (t.head)
		ask_offload(&t);
	else // a persistent device remembers what the last one asked for
		(void)ioctl(t.fd, TUNSETOFFLOAD, 0UL);
	*out = t;
	return ST_OK;
}

void tun_close(struct tun *t)
{
	fd_close(&t->fd);
}

size_t tun_read(const struct tun *t, void *at, size_t room)
{
	ssize_t n;
	do
		n = read(t->fd, at, room);
	while (n < 0 && errno == EINTR);
	return n < 0 ? 0 : (size_t)n;
}

bool tun_write(const struct tun *t, const struct iovec *parts, int n)
{
	ssize_t done;
	do
		done = writev(t->fd, parts, n);
	while (done < 0 && errno == EINTR);
	return done >= 0;
}
