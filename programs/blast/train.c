// SPDX-License-Identifier: Apache-2.0
// See train.h.
#include "train.h"

#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/scoped.h"
#include "sealer.h"

enum {
	FIRST_SOURCE = 0x7f010001, // 127.1.0.1
	CONTROL_BYTES = CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(sizeof(uint16_t)),
	RECEIVE_BUFFER = 16 << 20, // acknowledgements must not be lost on our side
};

static enum st bind_socket(int fd, const struct train_options *o)
{
	struct addr any = { 0 };
	if (addr_is_v4(&o->to))
		memcpy(any.ip, o->to.ip, 12);
	struct sockaddr_storage local;
	socklen_t n = addr_to_sockaddr(&any, false, &local);
	int wanted = RECEIVE_BUFFER;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &wanted, sizeof wanted) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &wanted, sizeof wanted);
	return bind(fd, (struct sockaddr *)&local, n) < 0 ? ST_SYSTEM : ST_OK;
}

enum st train_open(struct train *t, const struct train_options *o)
{
	if (o->sources > 1 && !(addr_is_v4(&o->to) && addr_is_loopback(&o->to)))
		return ST_SYNTAX;
	*t = (struct train){ .fd = -1, .o = *o };
	t->to_n = addr_to_sockaddr(&o->to, false, &t->to);
	t->limit = TRAIN_BYTES / o->size < TRAIN_DATAGRAMS ? (unsigned)(TRAIN_BYTES / o->size) : TRAIN_DATAGRAMS;
	t->bytes = malloc(TRAIN_DATAGRAMS * o->size);
	t->replies = malloc((size_t)TRAIN_REPLIES * TRAIN_REPLY_MAX);
	enum st st = t->bytes && t->replies ? ST_OK : ST_NO_MEMORY;
	int scoped(fd_close) fd = socket(t->to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (st == ST_OK)
		st = fd < 0 ? ST_SYSTEM : bind_socket(fd, o);
	if (st != ST_OK) {
		train_close(t);
		return st;
	}
	t->fd = fd_give(&fd);
	const char *why;
	st = o->esp ? sealer_new(o->esp, &o->to, &o->inner, t->fd, &t->sealer, &why) : ST_OK;
	if (st != ST_OK)
		train_close(t);
	return st;
}

void train_close(struct train *t)
{
	sealer_free(t->sealer);
	t->sealer = NULL;
	fd_close(&t->fd);
	free(t->bytes);
	free(t->replies);
	t->bytes = t->replies = NULL;
}

uint8_t *train_room(struct train *t, uint32_t source)
{
	if (t->n == t->limit || (t->n && t->source != source))
		train_flush(t);
	t->source = source;
	return t->bytes + t->o.size * t->n++;
}

// Writes the control messages of a train: its source address and, for more than one datagram, their size.
static void put_control(const struct train *t, bool segment, struct msghdr *h)
{
	struct cmsghdr *c = h->msg_control;
	size_t n = 0;
	if (t->o.sources > 1) {
		struct in_pktinfo info = { .ipi_spec_dst.s_addr = htonl(FIRST_SOURCE + t->source) };
		*c = (struct cmsghdr){ CMSG_LEN(sizeof info), IPPROTO_IP, IP_PKTINFO };
		memcpy(CMSG_DATA(c), &info, sizeof info);
		n += CMSG_SPACE(sizeof info);
		c = (struct cmsghdr *)((uint8_t *)c + CMSG_SPACE(sizeof info));
	}
	if (segment) {
		uint16_t size = (uint16_t)t->o.size;
		*c = (struct cmsghdr){ CMSG_LEN(sizeof size), SOL_UDP, UDP_SEGMENT };
		memcpy(CMSG_DATA(c), &size, sizeof size);
		n += CMSG_SPACE(sizeof size);
	}
	h->msg_controllen = n;
	if (!n)
		h->msg_control = NULL;
}

static void send_train(struct train *t)
{
	_Alignas(struct cmsghdr) uint8_t control[CONTROL_BYTES] = { 0 };
	struct iovec bytes = { t->bytes, t->o.size * t->n };
	struct msghdr h = {
		.msg_name = &t->to, .msg_namelen = t->to_n, .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = control
	};
	put_control(t, t->n > 1, &h);
	ssize_t r;
	do
		r = sendmsg(t->fd, &h, 0);
	while (r < 0 && errno == EINTR);
	*(r < 0 ? &t->errors : &t->sent) += t->n;
}

static void send_singly(struct train *t)
{
	_Alignas(struct cmsghdr) uint8_t control[CONTROL_BYTES] = { 0 };
	struct mmsghdr batch[TRAIN_DATAGRAMS];
	struct iovec bytes[TRAIN_DATAGRAMS];
	for (unsigned i = 0; i < t->n; i++) {
		bytes[i] = (struct iovec){ t->bytes + t->o.size * i, t->o.size };
		batch[i].msg_hdr = (struct msghdr){ .msg_name = &t->to,
			                            .msg_namelen = t->to_n,
			                            .msg_iov = &bytes[i],
			                            .msg_iovlen = 1,
			                            .msg_control = control };
		put_control(t, false, &batch[i].msg_hdr);
	}
	for (unsigned done = 0; done < t->n;) {
		int r = sendmmsg(t->fd, batch + done, t->n - done, 0);
		if (r < 0 && errno == EINTR)
			continue;
		// The first of the rest failed: counted, the others tried again.
		*(r < 0 ? &t->errors : &t->sent) += r < 0 ? 1 : (unsigned)r;
		done += r < 0 ? 1 : (unsigned)r;
	}
}

static void send_sealed(struct train *t)
{
	for (unsigned i = 0; i < t->n; i++)
		sealer_add(t->sealer, span_of(t->bytes + t->o.size * i, t->o.size));
	uint64_t left = sealer_flush(t->sealer);
	t->sent += left;
	t->errors += t->n - left;
}

void train_flush(struct train *t)
{
	if (t->n && t->sealer)
		send_sealed(t);
	else if (t->n && t->o.segment)
		send_train(t);
	else if (t->n)
		send_singly(t);
	t->n = 0;
}

int train_replies(struct train *t, void (*take)(void *arg, struct span reply), void *arg)
{
	struct mmsghdr batch[TRAIN_REPLIES];
	struct iovec bytes[TRAIN_REPLIES];
	for (size_t i = 0; i < TRAIN_REPLIES; i++) {
		bytes[i] = (struct iovec){ t->replies + i * TRAIN_REPLY_MAX, TRAIN_REPLY_MAX };
		batch[i].msg_hdr = (struct msghdr){ .msg_iov = &bytes[i], .msg_iovlen = 1 };
	}
	int n = recvmmsg(t->fd, batch, TRAIN_REPLIES, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++)
		take(arg, span_of(bytes[i].iov_base, batch[i].msg_len));
	return n < 0 ? 0 : n;
}
