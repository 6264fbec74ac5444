// SPDX-License-Identifier: Apache-2.0
// The TCP server: listening sockets, the table of connections and who may join it. Called by a worker, from its own
// thread only. A token is the connection's serial number and its slot; serial numbers rise for ever, so an answer that
// comes late (after a commit) finds its own connection or none.
#include "io/tcp.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/scoped.h"
#include "io/system.h"
#include "io/tcp_connection.h"
#include "io/udp.h"

enum {
	ACCEPTS_A_TURN = 64, // of one listener; the rest waits in the kernel
	BACKLOG = 512,
};

#define SECOND INT64_C(1000000000)
#define MICROSECOND 1000

// Not yet listening: until the first of a group listens, nobody else may have the port.
static enum st listen_bind(const struct addr *local, bool shared, int *fd)
{
	const int on = 1;
	bool v6 = !addr_is_v4(local);
	int scoped(fd_close) s = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s < 0 || setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0)
		return system_bind_status();
	if (v6 && setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0)
		return system_bind_status();
	if (shared && setsockopt(s, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0)
		return system_bind_status();
	struct sockaddr_storage ss;
	socklen_t n = addr_to_sockaddr(local, v6, &ss);
	if (bind(s, (const struct sockaddr *)&ss, n) < 0)
		return system_bind_status();
	*fd = fd_give(&s);
	return ST_OK;
}

static enum st listen_begin(int fd, struct addr *bound)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof ss;
	if (listen(fd, BACKLOG) < 0 || getsockname(fd, (struct sockaddr *)&ss, &n) < 0)
		return system_bind_status();
	*bound = addr_from_sockaddr((const struct sockaddr *)&ss);
	return ST_OK;
}

enum st tcp_listen(const struct addr *local, int *fd, struct addr *bound)
{
	return tcp_listen_group(local, 1, fd, bound);
}

// The sockets after the first, which is bound.
static enum st group_join(unsigned n, int *fds, struct addr *bound)
{
	const int on = 1;
	if (setsockopt(fds[0], SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0)
		return ST_SYSTEM;
	enum st st = listen_begin(fds[0], bound);
	for (unsigned i = 1; st == ST_OK && i < n; i++) {
		st = listen_bind(bound, true, &fds[i]);
		if (st == ST_OK)
			st = listen_begin(fds[i], bound);
	}
	const struct udp_socket any = { .fd = fds[0] };
	return st == ST_OK ? udp_steer_attach(&any, n) : st;
}

enum st tcp_listen_group(const struct addr *local, unsigned n, int *fds, struct addr *bound)
{
	for (unsigned i = 0; i < n; i++)
		fds[i] = -1;
	enum st st = listen_bind(local, false, &fds[0]);
	if (st == ST_OK)
		st = n == 1 ? listen_begin(fds[0], bound) : group_join(n, fds, bound);
	for (unsigned i = 0; st != ST_OK && i < n; i++)
		fd_close(&fds[i]);
	return st;
}

static void accept_again(void *arg)
{
	struct tcp_server *s = arg;
	for (struct tcp_listener *t = s->listeners; t; t = t->next)
		loop_change(s->loop, t->fd, EPOLLIN);
}

enum st tcp_server_new(struct loop *l, const struct tcp_events *events, struct tcp_server **out)
{
	struct tcp_server *s = calloc(1, sizeof *s);
	if (!s)
		return ST_NO_MEMORY;
	s->loop = l;
	s->serial = (uint64_t)loop_now(l) / MICROSECOND; // above any server before, which took less than one each
	s->events = *events;
	s->memory.max = TCP_MEMORY_MAX;
	s->descriptors = sysconf(_SC_OPEN_MAX) - TCP_DESCRIPTORS_LEFT;
	s->pause_timer = (struct loop_timer){ .fn = accept_again, .arg = s };
	s->times = (struct tcp_times){ .frame = TCP_FRAME_SECONDS * SECOND,
		                       .idle = TCP_IDLE_SECONDS * SECOND,
		                       .spare = TCP_SPARE_SECONDS * SECOND,
		                       .stall = TCP_OUT_STALL_SECONDS * SECOND,
		                       .linger = TCP_LINGER_SECONDS * SECOND,
		                       .pause = TCP_ACCEPT_PAUSE_MS * (SECOND / 1000) };
	*out = s;
	return ST_OK;
}

void tcp_server_set_times(struct tcp_server *s, const struct tcp_times *times)
{
	s->times = *times;
}

void tcp_server_free(struct tcp_server *s)
{
	if (!s)
		return;
	for (int i = 0; i < TCP_CONNECTIONS_MAX; i++)
		if (s->connections[i])
			tcp_connection_end(s->connections[i]);
	while (s->listeners)
		tcp_server_remove(s, s->listeners->fd);
	loop_timer_stop(s->loop, &s->pause_timer);
	free(s);
}

void tcp_server_forget(struct tcp_server *s, const struct tcp_connection *c)
{
	s->connections[c->meta.token % TCP_CONNECTIONS_MAX] = NULL;
	s->counters.open--;
}

// It waits between frames, and nobody would miss it.
static bool is_idle(const struct tcp_connection *c)
{
	return !c->ended && !c->mid_frame && !c->pushed && !c->busy && !buffer_span(&c->out).n;
}

// A slot for a new connection. When all are taken the oldest one whose peer has ended gives way, or else the one that has been
// idle for longest, so that nobody holds the table by doing nothing. -1: full.
static int slot_find(struct tcp_server *s)
{
	struct tcp_connection *oldest = NULL, *idlest = NULL;
	for (int i = 0; i < TCP_CONNECTIONS_MAX; i++) {
		struct tcp_connection *c = s->connections[i];
		if (!c)
			return i;
		if (c->ended && !c->pushed && !c->busy && (!oldest || c->meta.token < oldest->meta.token))
			oldest = c;
		if (is_idle(c) && (!idlest || c->read_timer.at < idlest->read_timer.at))
			idlest = c;
	}
	int64_t since = idlest ? idlest->read_timer.at - s->times.idle : INT64_MAX;
	if (!oldest && since <= loop_now(s->loop) - s->times.spare) {
		oldest = idlest;
		s->counters.idle++;
	}
	if (!oldest)
		return -1;
	int slot = (int)(oldest->meta.token % TCP_CONNECTIONS_MAX);
	tcp_connection_end(oldest);
	return slot;
}

static bool peer_has_enough(const struct tcp_server *s, const struct addr *peer)
{
	int n = 0;
	for (int i = 0; i < TCP_CONNECTIONS_MAX; i++) {
		const struct tcp_connection *c = s->connections[i];
		n += c && !c->ended && addr_same_ip(&c->meta.peer, peer);
	}
	return n >= TCP_CONNECTIONS_PER_PEER;
}

// Admits an accepted connection; what is not admitted is closed by leaving.
static void admit(struct tcp_server *s, int accepted, const struct addr *peer)
{
	int scoped(fd_close) fd = accepted;
	const int on = 1;
	if (peer_has_enough(s, peer)) {
		s->counters.refused_peer++;
		return;
	}
	int slot = fd < s->descriptors ? slot_find(s) : -1;
	if (slot < 0) {
		s->counters.refused_full++;
		return;
	}
	struct sockaddr_storage ss = { 0 };
	socklen_t n = sizeof ss;
	struct tcp_connection *c = calloc(1, sizeof *c);
	if (!c || getsockname(fd, (struct sockaddr *)&ss, &n) < 0) {
		free(c);
		s->counters.no_memory++;
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); // replies are whole messages
	*c = (struct tcp_connection){ .server = s, .fd = fd };
	c->meta.token = ++s->serial * TCP_CONNECTIONS_MAX + (uint64_t)slot;
	c->meta.peer = *peer;
	c->meta.local = addr_from_sockaddr((const struct sockaddr *)&ss);
	if (tcp_connection_start(c) != ST_OK) {
		free(c);
		s->counters.no_memory++;
		return;
	}
	fd_give(&fd);
	s->connections[slot] = c;
	s->counters.accepted++;
	s->counters.open++;
}

// No descriptor, or no kernel memory: the connection stays in the kernel's queue, and a level-triggered loop would spin
// on it. Looks again a moment later.
static void accept_pause(struct tcp_server *s)
{
	s->counters.paused++;
	for (const struct tcp_listener *t = s->listeners; t; t = t->next)
		loop_change(s->loop, t->fd, 0);
	loop_timer_set(s->loop, &s->pause_timer, loop_now(s->loop) + s->times.pause);
}

static void listener_ready(void *arg, uint32_t events)
{
	const struct tcp_listener *t = arg;
	struct tcp_server *s = t->server;
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		struct sockaddr_storage ss = { 0 };
		socklen_t n = sizeof ss;
		int fd = accept4(t->fd, (struct sockaddr *)&ss, &n, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			struct addr peer = addr_from_sockaddr((const struct sockaddr *)&ss);
			admit(s, fd, &peer);
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			return;
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			accept_pause(s);
			return;
		} // else a connection that broke before it was accepted (accept(2)): the next one
	}
}

enum st tcp_server_add(struct tcp_server *s, int listen_fd)
{
	struct tcp_listener *t = calloc(1, sizeof *t);
	if (!t)
		return ST_NO_MEMORY;
	*t = (struct tcp_listener){ .server = s, .next = s->listeners, .fd = listen_fd };
	enum st st = loop_add(s->loop, listen_fd, s->pause_timer.place ? 0 : EPOLLIN, listener_ready, t);
	if (st != ST_OK) {
		free(t);
		return st;
	}
	s->listeners = t;
	return ST_OK;
}

void tcp_server_remove(struct tcp_server *s, int listen_fd)
{
	struct tcp_listener **at = &s->listeners;
	while (*at && (*at)->fd != listen_fd)
		at = &(*at)->next;
	if (!*at)
		return;
	struct tcp_listener *gone = *at;
	*at = gone->next;
	loop_remove(s->loop, listen_fd);
	free(gone);
}

enum st tcp_send(struct tcp_server *s, uint64_t token, struct span bytes)
{
	struct tcp_connection *c = s->connections[token % TCP_CONNECTIONS_MAX];
	if (!c || c->meta.token != token || c->doomed || c->deaf)
		return ST_NONE;
	return tcp_connection_send(c, bytes);
}

void tcp_resume(struct tcp_server *s)
{
	for (int i = 0; i < TCP_CONNECTIONS_MAX; i++)
		if (s->connections[i])
			tcp_connection_resume(s->connections[i]);
}

struct tcp_counters tcp_count(const struct tcp_server *s)
{
	return s->counters;
}
