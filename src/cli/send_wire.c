// SPDX-License-Identifier: Apache-2.0
// One exchange with a receiver. Over UDP an inform is sent again with the same request-id, so that a receiver can tell a
// repetition (RFC 3416 4.2.7); over TCP once, the connection repeats (RFC 3430). What is said is asked anew each time,
// because version 3 learns from the answers and has a clock.
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/scoped.h"
#include "cli/send.h"
#include "crypto/secret.h"
#include "io/system.h"

struct wire {
	int fd;
	uint8_t bytes[SNMP_FRAME_MAX], out[SNMP_FRAME_MAX];
	size_t n; // TCP: what of a frame has come
};

static int wait_for(int fd, short what, int64_t until)
{
	for (;;) {
		int64_t left = until - clock_monotonic();
		struct pollfd p = { .fd = fd, .events = what };
		int n = poll(&p, 1, left > 0 ? (int)(left / 1000000 + 1) : 0);
		if (n >= 0 || errno != EINTR)
			return n;
	}
}

static enum st open_wire(const struct send_target *t, int *out)
{
	int scoped(fd_close) fd =
	        socket(t->to.ss_family, (t->tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return ST_SYSTEM;
	if (connect(fd, (const struct sockaddr *)&t->to, t->to_length) < 0 && errno != EINPROGRESS)
		return ST_SYSTEM;
	int error = ETIMEDOUT;
	socklen_t size = sizeof error;
	if (t->tcp && wait_for(fd, POLLOUT, clock_monotonic() + t->timeout) == 1)
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
	if (t->tcp && error) {
		errno = error;
		return ST_SYSTEM;
	}
	*out = fd_give(&fd);
	return ST_OK;
}

static enum st send_all(int fd, struct span s, int64_t until)
{
	while (s.n) {
		ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);
		if (n < 0 && (errno == EAGAIN || errno == EINTR) && wait_for(fd, POLLOUT, until) == 1)
			continue;
		if (n < 0)
			return ST_SYSTEM;
		s = span_of(s.p + n, s.n - (size_t)n);
	}
	return ST_OK;
}

// The next message that came, or an empty span when none is whole yet. ST_SYSTEM: broken off.
static enum st receive(struct wire *w, bool tcp, struct span *message)
{
	*message = (struct span){ 0 };
	ssize_t n = recv(w->fd, w->bytes + w->n, sizeof w->bytes - w->n, 0);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? ST_OK : ST_SYSTEM;
	if (!tcp) {
		*message = span_of(w->bytes, (size_t)n);
		return ST_OK;
	}
	if (n == 0) {
		errno = ECONNRESET;
		return ST_SYSTEM;
	}
	w->n += (size_t)n;
	size_t length;
	enum st st = ber_frame(span_of(w->bytes, w->n), &length);
	if (st == ST_OK && length <= w->n) {
		*message = span_of(w->bytes, length);
		w->n = 0; // one answer to one message is all that is asked for
	}
	errno = EPROTO;
	return st == ST_FRAME ? ST_SYSTEM : ST_OK;
}

static enum st say(struct wire *w, const struct send_talk *talk, int64_t now, int64_t until)
{
	struct wr out = wr_of(w->out, sizeof w->out);
	enum st st = talk->write(talk->arg, now, &out);
	return st ? st : send_all(w->fd, wr_span(&out), until);
}

// Waits `patience` for the end of the exchange, as long for each step of it. *ended: it came.
static enum st wait_answer(struct wire *w, bool tcp, int64_t patience, const struct send_talk *talk,
                           struct send_result *out, bool *ended)
{
	int64_t from = clock_monotonic(), until = from + patience;
	while (!*ended && wait_for(w->fd, POLLIN, until) == 1) {
		struct span message;
		enum st st = receive(w, tcp, &message);
		if (st)
			return st;
		int64_t now = clock_monotonic();
		enum send_heard heard = message.n ? talk->hear(talk->arg, now, message, out) : SEND_NOTHING;
		*ended = heard == SEND_ENDED;
		out->took = now - from;
		if (heard != SEND_AGAIN)
			continue;
		from = now;
		until = now + patience;
		st = say(w, talk, now, until);
		if (st)
			return st;
	}
	return ST_OK;
}

// Nobody listening on this machine is known at once (RFC 1122 4.1.3.3: the ICMP error is given to the sender).
static enum st refused_at_once(int fd)
{
	int error = 0;
	socklen_t size = sizeof error;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
	errno = error;
	return error ? ST_SYSTEM : ST_OK;
}

static enum st exchange(struct wire *w, const struct send_target *t, const struct send_talk *talk,
                        struct send_result *out)
{
	enum st st = open_wire(t, &w->fd);
	unsigned sendings = t->tcp || !talk->confirmed ? 1 : t->tries;
	int64_t patience = t->tcp ? t->timeout * t->tries : t->timeout;
	bool ended = false;
	while (st == ST_OK && !ended && out->tries < sendings) {
		int64_t now = clock_monotonic();
		out->tries++;
		st = say(w, talk, now, now + t->timeout);
		if (st == ST_OK && !talk->confirmed)
			st = refused_at_once(w->fd);
		else if (st == ST_OK)
			st = wait_answer(w, t->tcp, patience, talk, out, &ended);
	}
	return st;
}

enum st send_exchange(const struct send_target *t, const struct send_talk *talk, struct send_result *out)
{
	struct wire *w = malloc(sizeof *w);
	*out = (struct send_result){ 0 };
	if (!w)
		return ST_SYSTEM;
	w->fd = -1;
	w->n = 0;
	enum st st = exchange(w, t, talk, out);
	fd_close(&w->fd);
	secret_wipe(w, sizeof *w);
	free(w);
	return st;
}
