// SPDX-License-Identifier: Apache-2.0
// TCP connections that carry frames, bounded in number, bytes and time. The frame rule is given by the caller.
#ifndef IO_TCP_H
#define IO_TCP_H

#include "base/addr.h"
#include "base/span.h"
#include "io/loop.h"

enum tcp_limits {
	TCP_CONNECTIONS_MAX = 1024,    // of one worker; further ones are closed at once and counted
	TCP_CONNECTIONS_PER_PEER = 64, // of one address; the same
	TCP_FRAME_SECONDS = 30,        // from the first byte of a frame to its last: closed and counted
	TCP_IDLE_SECONDS = 600,        // without a byte between frames: closed
	TCP_OUT_MAX = 256 << 10,       // unsent reply bytes of one connection: closed
	TCP_OUT_STALL_SECONDS = 30,    // no progress in sending: closed
};

// How long the frame at the front of `s` is: ST_OK and *length, ST_SHORT (read on), anything else closes.
typedef enum st tcp_frame_fn(struct span s, size_t *length);

// A connection, named by a token that is never reused while the server lives.
struct tcp_meta {
	uint64_t token;
	struct addr peer, local;
};

struct tcp_events {
	tcp_frame_fn *frame;
	// One whole frame. Returns false to push back: the server stops reading this connection, keeps the frame, and gives
	// it again after tcp_resume.
	bool (*message)(void *arg, const struct tcp_meta *meta, struct span frame);
	// A connection ended on a bad or unfinished frame (status says which), for counting.
	void (*refused)(void *arg, const struct tcp_meta *meta, enum st why);
	void *arg;
};

struct tcp_counters {
	uint64_t accepted, open, refused_full, refused_peer, timed_out, stalled;
};

struct tcp_server;
enum st tcp_listen(const struct addr *local, int *fd,
                   struct addr *bound); // listening socket, non-blocking, SO_REUSEADDR
enum st tcp_server_new(struct loop *l, const struct tcp_events *events, struct tcp_server **out);
void tcp_server_free(struct tcp_server *s);
// Serves a listening socket; `listener` comes back in nothing but the server's own counters.
enum st tcp_server_add(struct tcp_server *s, int listen_fd);
void tcp_server_remove(struct tcp_server *s, int listen_fd); // stops listening, its connections stay
// Sends on a connection; ST_NONE when it is gone.
enum st tcp_send(struct tcp_server *s, uint64_t token, struct span bytes);
void tcp_resume(struct tcp_server *s);
struct tcp_counters tcp_count(const struct tcp_server *s);

#endif
