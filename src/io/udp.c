// SPDX-License-Identifier: Apache-2.0
// A UDP socket: opening, taking over, its options and what the kernel dropped. Called by the daemon at start, on reload
// and for status; receiving and sending are in udp_batch.c.
#include "io/udp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sock_diag.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/scoped.h"
#include "io/system.h"

static bool option_set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

// Asks for the large buffer: as root past net.core.rmem_max, else up to it. A socket of the service manager keeps what its
// unit gave it (ReceiveBuffer=) unless we are root: asking would cut it down to net.core.rmem_max. Returns half of what the
// kernel says, because it doubles what is asked to leave room for its own bookkeeping (socket(7)).
static uint32_t buffer_enlarge(int fd, bool passed)
{
	if (!option_set(fd, SOL_SOCKET, SO_RCVBUFFORCE, UDP_RCVBUF_WANTED) && !passed)
		option_set(fd, SOL_SOCKET, SO_RCVBUF, UDP_RCVBUF_WANTED);
	int size = 0;
	socklen_t n = sizeof size;
	getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, &n);
	return (uint32_t)size / 2;
}

// The options that every socket needs, bound or not yet.
static enum st options_set(struct udp_socket *s, bool passed)
{
	bool told = s->v6 ? option_set(s->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
	                  : option_set(s->fd, IPPROTO_IP, IP_PKTINFO, 1);
	if (!told)
		return ST_SYSTEM;
	s->rcvbuf = buffer_enlarge(s->fd, passed);
	return ST_OK;
}

enum st udp_trains(const struct udp_socket *s)
{
	return option_set(s->fd, SOL_UDP, UDP_GRO, 1) ? ST_OK : ST_SYSTEM;
}

static enum st local_read(struct udp_socket *s)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof ss;
	if (getsockname(s->fd, (struct sockaddr *)&ss, &n) < 0)
		return ST_SYSTEM;
	s->local = addr_from_sockaddr((const struct sockaddr *)&ss);
	return ST_OK;
}

enum st udp_open(const struct addr *local, bool shared, struct udp_socket *out)
{
	struct udp_socket s = { .v6 = !addr_is_v4(local) };
	int scoped(fd_close) fd = socket(s.v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return system_bind_status();
	s.fd = fd;
	if (s.v6 && !option_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1))
		return ST_SYSTEM;
	if (shared && !option_set(fd, SOL_SOCKET, SO_REUSEPORT, 1))
		return ST_SYSTEM;
	enum st st = options_set(&s, false);
	if (st != ST_OK)
		return st;
	struct sockaddr_storage ss;
	socklen_t n = addr_to_sockaddr(local, s.v6, &ss);
	if (bind(fd, (const struct sockaddr *)&ss, n) < 0)
		return system_bind_status();
	st = local_read(&s);
	if (st != ST_OK)
		return st;
	fd_give(&fd);
	*out = s;
	return ST_OK;
}

// The sockets after the first. The first may be shared once it is bound: the kernel asks at the second one's bind.
static enum st group_join(unsigned n, struct udp_socket *out, unsigned *opened)
{
	if (!option_set(out[0].fd, SOL_SOCKET, SO_REUSEPORT, 1))
		return ST_SYSTEM;
	for (enum st st; *opened < n; ++*opened) {
		st = udp_open(&out[0].local, true, &out[*opened]);
		if (st != ST_OK)
			return st;
	}
	return udp_steer_attach(&out[0], n);
}

enum st udp_open_group(const struct addr *local, unsigned n, struct udp_socket *out)
{
	enum st st = udp_open(local, false, &out[0]);
	if (st != ST_OK || n == 1)
		return st;
	unsigned opened = 1;
	st = group_join(n, out, &opened);
	for (unsigned i = 0; st != ST_OK && i < opened; i++)
		fd_close(&out[i].fd);
	return st;
}

enum st udp_adopt(int fd, struct udp_socket *out)
{
	int type = 0, domain = 0;
	socklen_t n = sizeof type, m = sizeof domain;
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &m) < 0)
		return ST_SYSTEM;
	if (type != SOCK_DGRAM || (domain != AF_INET && domain != AF_INET6)) {
		errno = EPROTOTYPE;
		return ST_SYSTEM;
	}
	struct udp_socket s = { .fd = fd, .v6 = domain == AF_INET6 };
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return ST_SYSTEM;
	enum st st = options_set(&s, true);
	if (st == ST_OK)
		st = local_read(&s);
	if (st == ST_OK)
		*out = s;
	return st;
}

void udp_checksum(const struct udp_socket *s, bool on)
{
	if (!s->v6)
		(void)option_set(s->fd, SOL_SOCKET, SO_NO_CHECK, !on);
}

void udp_close(struct udp_socket *s)
{
	fd_close(&s->fd);
}

uint32_t udp_drops(const struct udp_socket *s)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t n = sizeof info;
	if (getsockopt(s->fd, SOL_SOCKET, SO_MEMINFO, info, &n) < 0)
		return 0;
	return info[SK_MEMINFO_DROPS];
}

uint32_t udp_path_mtu(const struct addr *to)
{
	bool v6 = !addr_is_v4(to);
	struct sockaddr_storage ss;
	socklen_t n = addr_to_sockaddr(to, v6, &ss), size = sizeof(int);
	int mtu = 0, scoped(fd_close) fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&ss, n) < 0 ||
	    getsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_MTU : IP_MTU, &mtu, &size) < 0)
		return 0;
	return mtu > 0 ? (uint32_t)mtu : 0;
}
