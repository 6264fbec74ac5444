// SPDX-License-Identifier: Apache-2.0
// One TCP connection: bytes in until a frame is whole, replies out as the peer takes them, and a clock on both
// (RFC 3430 section 2 leaves both to the implementation). Called by the loop and by io/tcp.c.
//
// A read goes into the server's scratch memory as long as nothing is held, and whole frames are given from there, so a
// connection that sends whole frames owns no memory. What is left of a frame is copied, and grows as bytes come. A
// frame that the caller pushed back stays in front; the connection is then not read, and the kernel's window closes.
#include "io/tcp_connection.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/scoped.h"

static bool would_wait(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static void connection_free(struct tcp_connection *c)
{
	struct tcp_server *s = c->server;
	loop_remove(s->loop, c->fd);
	loop_timer_stop(s->loop, &c->read_timer);
	loop_timer_stop(s->loop, &c->out_timer);
	buffer_done(&c->in, &s->memory);
	buffer_done(&c->out, &s->memory);
	fd_close(&c->fd);
	tcp_server_forget(s, c);
	free(c);
}

void tcp_connection_end(struct tcp_connection *c)
{
	c->doomed = true;
	if (!c->busy)
		connection_free(c);
}

static void refuse(struct tcp_connection *c, enum st why)
{
	const struct tcp_events *e = &c->server->events;
	c->busy = true;
	if (e->refused)
		e->refused(e->arg, &c->meta, why);
	c->busy = false;
	tcp_connection_end(c);
}

// Asks the loop for what this connection can use now.
static void interest_update(struct tcp_connection *c)
{
	if (c->deaf)
		return;
	bool reading = !c->pushed && !c->ended;
	loop_change(c->server->loop, c->fd, (reading ? EPOLLIN : 0) | (buffer_span(&c->out).n ? EPOLLOUT : 0));
}

static void clock_set(struct tcp_connection *c, int64_t after)
{
	loop_timer_set(c->server->loop, &c->read_timer, loop_now(c->server->loop) + after);
}

// Gives whole frames to the caller; returns what is left. *why is ST_SHORT unless the bytes are no frame.
static struct span frames_give(struct tcp_connection *c, struct span bytes, bool *gave, enum st *why)
{
	const struct tcp_events *e = &c->server->events;
	struct rd r = rd_of(bytes);
	*gave = false;
	*why = ST_SHORT;
	while (rd_left(&r) && !c->doomed) {
		struct rd ahead = r;
		size_t length = 0;
		enum st st = e->frame(rd_rest(&ahead), &length);
		if (st == ST_OK && (length == 0 || length > TCP_IN_MAX))
			st = ST_FRAME;
		if (st != ST_OK) {
			*why = st;
			break;
		}
		ahead = r;
		struct span frame = rd_take(&ahead, length);
		if (ahead.bad)
			break;
		c->busy = true;
		c->pushed = !e->message(e->arg, &c->meta, frame);
		c->busy = false;
		if (c->pushed)
			break;
		*gave = true;
		r = ahead;
	}
	return rd_rest(&r);
}

// Sets the clock that fits what is held: a frame to be finished, a peer that may think, or one that has ended.
static void clock_update(struct tcp_connection *c, bool gave)
{
	const struct tcp_times *t = &c->server->times;
	if (c->pushed) {
		loop_timer_stop(c->server->loop, &c->read_timer); // the waiting is ours
		c->mid_frame = false;
	} else if (c->ended) {
		c->mid_frame = false;
		clock_set(c, t->linger);
	} else if (buffer_span(&c->in).n == 0) {
		c->mid_frame = false;
		clock_set(c, t->idle);
	} else if (!c->mid_frame || gave) {
		c->mid_frame = true;
		clock_set(c, t->frame);
	}
}

// Works off the bytes at hand, which are in scratch memory (not yet held) or are what c->in holds.
static void bytes_take(struct tcp_connection *c, struct span bytes, bool held)
{
	struct tcp_server *s = c->server;
	bool gave;
	enum st why;
	struct span left = frames_give(c, bytes, &gave, &why);
	if (c->doomed) {
		connection_free(c);
		return;
	}
	if (!c->pushed && why != ST_SHORT) {
		refuse(c, why);
		return;
	}
	if (held) {
		buffer_drop(&c->in, &s->memory, bytes.n - left.n);
	} else if (buffer_add(&c->in, &s->memory, TCP_IN_MAX, left) != ST_OK) {
		s->counters.no_memory++;
		refuse(c, ST_NO_MEMORY);
		return;
	}
	if ((c->ended || c->deaf) && !c->pushed && buffer_span(&c->in).n) {
		refuse(c, ST_SHORT);
		return;
	}
	if (c->deaf && !c->pushed) {
		connection_free(c);
		return;
	}
	clock_update(c, gave);
	interest_update(c);
}

static void peer_ended(struct tcp_connection *c)
{
	c->ended = true;
	bytes_take(c, span_of(NULL, 0), false);
}

// Both directions are gone. A frame that was pushed back was received all the same, and is kept until it is taken.
static void peer_gone(struct tcp_connection *c)
{
	if (!c->pushed) {
		if (buffer_span(&c->in).n)
			refuse(c, ST_SHORT);
		else
			tcp_connection_end(c);
		return;
	}
	loop_remove(c->server->loop, c->fd);
	loop_timer_stop(c->server->loop, &c->out_timer);
	buffer_done(&c->out, &c->server->memory);
	c->deaf = true;
}

static void connection_read(struct tcp_connection *c)
{
	struct tcp_server *s = c->server;
	bool held = buffer_span(&c->in).n > 0;
	size_t room = sizeof s->scratch;
	uint8_t *to = held ? buffer_room(&c->in, &s->memory, TCP_IN_MAX, &room) : s->scratch;
	if (!to) {
		bool over = buffer_span(&c->in).n >= TCP_IN_MAX;
		s->counters.no_memory += !over;
		refuse(c, over ? ST_FRAME : ST_NO_MEMORY);
		return;
	}
	ssize_t n = recv(c->fd, to, room, 0);
	if (n > 0 && held) {
		buffer_added(&c->in, (size_t)n);
		bytes_take(c, buffer_span(&c->in), true);
	} else if (n > 0) {
		bytes_take(c, span_of(to, (size_t)n), false);
	} else if (n == 0) {
		peer_ended(c);
	} else if (!would_wait()) {
		peer_gone(c);
	}
}

// Sends what the peer takes now; returns how much, or SIZE_MAX when the connection is gone.
static size_t send_some(const struct tcp_connection *c, struct span bytes)
{
	ssize_t n = bytes.n ? send(c->fd, bytes.p, bytes.n, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;
	if (n >= 0)
		return (size_t)n;
	return would_wait() ? 0 : SIZE_MAX;
}

static void out_clock(struct tcp_connection *c)
{
	struct loop *l = c->server->loop;
	if (buffer_span(&c->out).n)
		loop_timer_set(l, &c->out_timer, loop_now(l) + c->server->times.stall);
	else
		loop_timer_stop(l, &c->out_timer);
}

// False when that ended the connection.
static bool connection_write(struct tcp_connection *c)
{
	size_t n = send_some(c, buffer_span(&c->out));
	if (n == SIZE_MAX) {
		peer_gone(c);
		return false;
	}
	if (n > 0) {
		buffer_drop(&c->out, &c->server->memory, n);
		out_clock(c);
		interest_update(c);
	}
	return true;
}

enum st tcp_connection_send(struct tcp_connection *c, struct span bytes)
{
	struct tcp_server *s = c->server;
	bool waiting = buffer_span(&c->out).n > 0;
	size_t n = waiting ? 0 : send_some(c, bytes);
	if (n == SIZE_MAX)
		return ST_NONE; // the loop will report it, and what was received before it is worked off first
	if (n == bytes.n)
		return ST_OK;
	if (buffer_add(&c->out, &s->memory, TCP_OUT_MAX, span_of(bytes.p + n, bytes.n - n)) != ST_OK) {
		s->counters.stalled++;
		tcp_connection_end(c);
		return ST_NONE;
	}
	if (!waiting) {
		out_clock(c);
		interest_update(c);
	}
	return ST_OK;
}

void tcp_connection_resume(struct tcp_connection *c)
{
	if (!c->pushed || c->busy)
		return;
	c->pushed = false;
	bytes_take(c, buffer_span(&c->in), true);
}

static void connection_ready(void *arg, uint32_t events)
{
	struct tcp_connection *c = arg;
	bool gone = events & (EPOLLERR | EPOLLHUP);
	if ((events & EPOLLOUT) && !gone && !connection_write(c))
		return;
	if (!c->pushed && !c->ended && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)))
		connection_read(c); // finds the error too, after the bytes that came before it
	else if (gone)
		peer_gone(c);
}

static void read_late(void *arg)
{
	struct tcp_connection *c = arg;
	if (c->mid_frame) {
		c->server->counters.timed_out++;
		refuse(c, ST_SHORT);
		return;
	}
	c->server->counters.idle += !c->ended;
	tcp_connection_end(c);
}

static void out_late(void *arg)
{
	struct tcp_connection *c = arg;
	c->server->counters.stalled++;
	tcp_connection_end(c);
}

enum st tcp_connection_start(struct tcp_connection *c)
{
	c->read_timer = (struct loop_timer){ .fn = read_late, .arg = c };
	c->out_timer = (struct loop_timer){ .fn = out_late, .arg = c };
	enum st st = loop_add(c->server->loop, c->fd, EPOLLIN, connection_ready, c);
	if (st == ST_OK)
		clock_set(c, c->server->times.idle);
	return st;
}
