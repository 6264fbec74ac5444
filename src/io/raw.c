// SPDX-License-Identifier: Apache-2.0
#include "io/raw.h"

#include <errno.h>
#include <netinet/ip.h>
#include <string.h>
#include <sys/socket.h>

#include "io/system.h"

enum { ESP_PROTOCOL = 50, RECEIVE_BUFFER = 4 << 20 };

enum st raw_open_esp(int *fd)
{
	const int size = RECEIVE_BUFFER;
	int s = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, ESP_PROTOCOL);
	if (s < 0)
		return errno == EPERM || errno == EACCES ? ST_DENIED : ST_SYSTEM;
	(void)setsockopt(s, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	*fd = s;
	return ST_OK;
}

static struct addr address_of(uint32_t network)
{
	struct addr a = { .ip = { [10] = 0xff, 0xff } };
	memcpy(a.ip + 12, &network, sizeof network);
	return a;
}

bool raw_receive(int fd, void *room, size_t n, struct addr *from, struct addr *to, struct span *payload)
{
	ssize_t got = recv(fd, room, n, 0);
	struct iphdr ip;
	if (got < (ssize_t)sizeof ip)
		return false;
	memcpy(&ip, room, sizeof ip);
	size_t head = (size_t)ip.ihl * 4;
	if (head < sizeof ip || head > (size_t)got)
		return false;
	*from = address_of(ip.saddr);
	*to = address_of(ip.daddr);
	*payload = span_of((uint8_t *)room + head, (size_t)got - head);
	return true;
}

bool raw_send(int fd, const struct addr *from, const struct addr *to, struct span payload)
{
	union {
		struct cmsghdr align;
		uint8_t bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
	} control = { .bytes = { 0 } };
	struct sockaddr_storage at;
	struct iovec iov = { .iov_len = payload.n };
	struct in_pktinfo info = { 0 };
	struct addr bare = *to;
	bare.port = 0;
	memcpy(&iov.iov_base, &payload.p, sizeof iov.iov_base); // sendmsg does not write through it
	memcpy(&info.ipi_spec_dst, from->ip + 12, 4);
	control.align.cmsg_level = IPPROTO_IP;
	control.align.cmsg_type = IP_PKTINFO;
	control.align.cmsg_len = CMSG_LEN(sizeof info);
	memcpy(CMSG_DATA(&control.align), &info, sizeof info);
	const struct msghdr m = { .msg_name = &at,
		                  .msg_namelen = addr_to_sockaddr(&bare, false, &at),
		                  .msg_iov = &iov,
		                  .msg_iovlen = 1,
		                  .msg_control = control.bytes,
		                  .msg_controllen = sizeof control.bytes };
	return sendmsg(fd, &m, MSG_DONTWAIT) >= 0;
}
