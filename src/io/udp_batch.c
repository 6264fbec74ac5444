// SPDX-License-Identifier: Apache-2.0
// Receiving and sending UDP in batches. Called by each worker with its own batch.
//
// With UDP_GRO the kernel hands over a train: datagrams of one flow back to back, all of the size that the control
// message names but the last, which may be shorter. Each is one udp_packet. An ICMP error that the kernel reports on
// the socket is about a datagram of before; it is cleared by reading it and never stops the socket.
#include "io/udp.h"

#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>

union receive_control { // the alignment that CMSG_FIRSTHDR needs
	struct cmsghdr align;
	uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int)) + 64];
};

union send_control {
	struct cmsghdr align;
	uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

struct udp_batch {
	uint8_t *memory; // UDP_BATCH buffers of UDP_BUFFER, pages touched only as datagrams fill them
	struct mmsghdr messages[UDP_BATCH];
	struct iovec iov[UDP_BATCH];
	struct sockaddr_storage peers[UDP_BATCH];
	union receive_control controls[UDP_BATCH];
	int count, next; // messages of the last call, the next one to open
	// The message being split: what is left of it, its segment size, and what all its datagrams share.
	struct rd train;
	size_t segment;
	bool in_train, cut;
	struct udp_packet shared;
	uint16_t port;
};

enum { UDP_MEMORY = UDP_BATCH * UDP_BUFFER };

enum st udp_batch_new(struct udp_batch **out)
{
	struct udp_batch *b = calloc(1, sizeof *b);
	if (!b)
		return ST_NO_MEMORY;
	b->memory = mmap(NULL, UDP_MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (b->memory == MAP_FAILED) {
		free(b);
		return ST_NO_MEMORY;
	}
	// One huge page would make the whole of it resident at the first datagram.
	madvise(b->memory, UDP_MEMORY, MADV_NOHUGEPAGE);
	for (int i = 0; i < UDP_BATCH; i++) {
		b->iov[i] = (struct iovec){ b->memory + (size_t)i * UDP_BUFFER, UDP_BUFFER };
		b->messages[i].msg_hdr = (struct msghdr){ .msg_name = &b->peers[i],
			                                  .msg_iov = &b->iov[i],
			                                  .msg_iovlen = 1,
			                                  .msg_control = b->controls[i].bytes };
	}
	*out = b;
	return ST_OK;
}

void udp_batch_free(struct udp_batch *b)
{
	if (!b)
		return;
	munmap(b->memory, UDP_MEMORY);
	free(b);
}

static bool would_wait(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS || error == ENOMEM;
}

int udp_receive(const struct udp_socket *s, struct udp_batch *b)
{
	for (int i = 0; i < UDP_BATCH; i++) {
		b->messages[i].msg_hdr.msg_namelen = sizeof b->peers[i];
		b->messages[i].msg_hdr.msg_controllen = sizeof b->controls[i];
	}
	int n = recvmmsg(s->fd, b->messages, UDP_BATCH, MSG_DONTWAIT, NULL);
	// Each failing call takes one pending error off the socket; a socket that fails for good is given up for this turn.
	for (int i = 0; n < 0 && i < UDP_BATCH && !would_wait(errno); i++)
		n = recvmmsg(s->fd, b->messages, UDP_BATCH, MSG_DONTWAIT, NULL);
	b->count = n < 0 ? 0 : n;
	b->next = 0;
	b->in_train = false;
	b->port = s->local.port;
	return b->count;
}

// Where it was sent to and by which interface (ip(7), RFC 3542 section 6.1), and the segment size of a train.
static void control_read(struct udp_batch *b, struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof info);
			struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr = info.ipi_spec_dst };
			b->shared.local = addr_from_sockaddr((const struct sockaddr *)&in);
			b->shared.ifindex = (uint32_t)info.ipi_ifindex;
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof info);
			struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
			if (!IN6_IS_ADDR_MULTICAST(&info.ipi6_addr))
				in6.sin6_addr = info.ipi6_addr;
			if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
				in6.sin6_scope_id = info.ipi6_ifindex;
			b->shared.local = addr_from_sockaddr((const struct sockaddr *)&in6);
			b->shared.ifindex = info.ipi6_ifindex;
		} else if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
			int size;
			memcpy(&size, CMSG_DATA(c), sizeof size);
			if (size > 0)
				b->segment = (size_t)size;
		}
	}
}

static void train_open(struct udp_batch *b, int i)
{
	struct msghdr *m = &b->messages[i].msg_hdr;
	size_t n = b->messages[i].msg_len;
	b->train = rd_of(span_of(b->iov[i].iov_base, n));
	b->segment = n;
	b->cut = m->msg_flags & MSG_TRUNC;
	b->shared = (struct udp_packet){ .peer = addr_from_sockaddr((const struct sockaddr *)&b->peers[i]) };
	control_read(b, m);
	b->shared.local.port = b->port;
	b->in_train = true;
}

bool udp_next(struct udp_batch *b, struct udp_packet *out)
{
	if (!b->in_train) {
		if (b->next == b->count)
			return false;
		train_open(b, b->next++);
	}
	size_t left = rd_left(&b->train);
	*out = b->shared;
	out->bytes = rd_take(&b->train, left < b->segment ? left : b->segment);
	b->in_train = rd_left(&b->train) > 0;
	out->truncated = out->bytes.n > UDP_PAYLOAD_MAX || (b->cut && !b->in_train);
	return true;
}

static bool is_link_local(const struct addr *a)
{
	return a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80;
}

// Fills the control message that chooses the source address; returns its length, 0 when the kernel shall choose.
static size_t source_choose(const struct udp_socket *s, const struct udp_out *o, union send_control *control)
{
	uint32_t ifindex = is_link_local(&o->from) || is_link_local(&o->to) ? o->ifindex : 0;
	bool any = addr_is_any(&o->from);
	if (any && !ifindex)
		return 0;
	memset(control, 0, sizeof *control);
	struct cmsghdr *c = &control->align;
	if (s->v6) {
		struct in6_pktinfo info = { .ipi6_ifindex = ifindex };
		if (!any)
			memcpy(&info.ipi6_addr, o->from.ip, 16);
		c->cmsg_level = IPPROTO_IPV6;
		c->cmsg_type = IPV6_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof info);
		memcpy(CMSG_DATA(c), &info, sizeof info);
		return CMSG_SPACE(sizeof info);
	}
	struct in_pktinfo info = { 0 };
	memcpy(&info.ipi_spec_dst, o->from.ip + 12, 4);
	c->cmsg_level = IPPROTO_IP;
	c->cmsg_type = IP_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof info);
	memcpy(CMSG_DATA(c), &info, sizeof info);
	return CMSG_SPACE(sizeof info);
}

// A batch of messages for sendmmsg, pointing into itself and into the caller's bytes.
struct send_batch {
	struct mmsghdr messages[UDP_SEND_BATCH];
	struct iovec iov[UDP_SEND_BATCH];
	struct sockaddr_storage to[UDP_SEND_BATCH];
	union send_control controls[UDP_SEND_BATCH];
};

static void send_prepare(const struct udp_socket *s, const struct udp_out *out, int n, struct send_batch *b)
{
	for (int i = 0; i < n; i++) {
		socklen_t length = addr_to_sockaddr(&out[i].to, s->v6, &b->to[i]);
		size_t control = source_choose(s, &out[i], &b->controls[i]);
		// sendmsg(2) takes a pointer to non-const and does not write through it.
		memcpy(&b->iov[i].iov_base, &out[i].bytes.p, sizeof b->iov[i].iov_base);
		b->iov[i].iov_len = out[i].bytes.n;
		b->messages[i] = (struct mmsghdr){ .msg_hdr = { .msg_name = &b->to[i],
			                                        .msg_namelen = length,
			                                        .msg_iov = &b->iov[i],
			                                        .msg_iovlen = 1,
			                                        .msg_control = control ? &b->controls[i] : NULL,
			                                        .msg_controllen = control } };
	}
}

// Sends n prepared messages; returns how many are done with.
static int send_prepared(int fd, struct mmsghdr *messages, int n)
{
	int done = 0;
	bool failed = false; // the message at `done` failed once: perhaps only an error of before was reported
	while (done < n) {
		int sent = sendmmsg(fd, messages + done, (unsigned)(n - done), MSG_DONTWAIT);
		if (sent > 0) {
			done += sent;
			failed = false;
		} else if (would_wait(errno)) {
			break;
		} else if (errno != EINTR) {
			done += failed;
			failed = !failed;
		}
	}
	return done;
}

int udp_send(const struct udp_socket *s, const struct udp_out *out, int n)
{
	struct send_batch batch;
	int done = 0;
	while (done < n) {
		int some = n - done < UDP_SEND_BATCH ? n - done : UDP_SEND_BATCH;
		send_prepare(s, out + done, some, &batch);
		int sent = send_prepared(s->fd, batch.messages, some);
		done += sent;
		if (sent < some)
			break;
	}
	return done;
}

// How many from the first on make one train.
static int train_of(const struct udp_out *out, int n)
{
	enum { TRAIN_MAX = 64 };
	size_t total = out[0].bytes.n;
	int k = 1;
	for (; k < n && k < TRAIN_MAX; k++) {
		const struct udp_out *o = &out[k];
		if (o->bytes.n > out[0].bytes.n || o->bytes.n == 0 || total + o->bytes.n > UDP_PAYLOAD_MAX ||
		    o->to.port != out[0].to.port || !addr_same_ip(&o->to, &out[0].to) ||
		    !addr_same_ip(&o->from, &out[0].from))
			break;
		total += o->bytes.n;
		if (o->bytes.n < out[0].bytes.n)
			return k + 1;
	}
	return k;
}

// ST_SYSTEM with errno.
static enum st send_train(const struct udp_socket *s, const struct udp_out *out, int n)
{
	struct iovec iov[UDP_SEND_BATCH];
	struct sockaddr_storage to;
	union {
		struct cmsghdr align;
		uint8_t room[sizeof(union send_control) + CMSG_SPACE(sizeof(uint16_t))];
	} control = { .room = { 0 } };
	size_t used = source_choose(s, out, (union send_control *)&control);
	struct cmsghdr *c = (struct cmsghdr *)(void *)(control.room + used);
	uint16_t size = (uint16_t)out[0].bytes.n;
	for (int i = 0; i < n; i++) {
		memcpy(&iov[i].iov_base, &out[i].bytes.p, sizeof iov[i].iov_base);
		iov[i].iov_len = out[i].bytes.n;
	}
	c->cmsg_level = SOL_UDP;
	c->cmsg_type = UDP_SEGMENT;
	c->cmsg_len = CMSG_LEN(sizeof size);
	memcpy(CMSG_DATA(c), &size, sizeof size);
	struct msghdr m = { .msg_name = &to,
		            .msg_namelen = addr_to_sockaddr(&out[0].to, s->v6, &to),
		            .msg_iov = iov,
		            .msg_iovlen = (size_t)n,
		            .msg_control = control.room,
		            .msg_controllen = used + CMSG_SPACE(sizeof size) };
	return sendmsg(s->fd, &m, MSG_DONTWAIT) < 0 ? ST_SYSTEM : ST_OK;
}

int udp_send_trains(const struct udp_socket *s, const struct udp_out *out, int n)
{
	for (int done = 0; done < n;) {
		int k = train_of(out + done, n - done);
		enum st st = k > 1 ? send_train(s, out + done, k) : ST_SYSTEM;
		if (st != ST_OK && k > 1 && would_wait(errno))
			return done;
		if (st != ST_OK && udp_send(s, out + done, k) < k)
			return done;
		done += k;
	}
	return n;
}
