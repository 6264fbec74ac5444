// SPDX-License-Identifier: Apache-2.0
// TCP connections that carry frames, bounded in number, bytes and time. The frame rule is given by the caller.
#ifndef IO_TCP_H
#define IO_TCP_H

#include "base/addr.h"
#include "base/span.h"
#include "io/loop.h"

enum tcp_limits {
	TCP_CONNECTIONS_MAX =
	        1024, // of one worker; a further one takes the place of the longest idle one, or, when none
	              // has been idle for TCP_SPARE_SECONDS, is closed at once and counted
	TCP_CONNECTIONS_PER_PEER = 64, // of one address; the same
	TCP_FRAME_SECONDS = 30,        // from the first byte of a frame to its last: closed and counted
	TCP_IDLE_SECONDS = 600,        // without a byte between frames: closed
	TCP_SPARE_SECONDS = 10,        // the same, when another one wants the place: senders of traps connect again
	TCP_OUT_MAX = 256 << 10,       // unsent reply bytes of one connection: closed
	TCP_OUT_STALL_SECONDS = 30,    // no progress in sending: closed
	TCP_IN_MAX = 128 << 10,        // a frame, however its length reads: closed and counted
	TCP_MEMORY_MAX = 16 << 20,     // buffers of all connections together: who wants more is closed and counted
	TCP_LINGER_SECONDS = 5,    // after the peer's end of stream, so that what it sent can still be answered; such
	                           // a connection does not count for its peer, and gives way to a new one
	TCP_DESCRIPTORS_LEFT = 32, // of the process, for a reload and the control socket: what would take one is closed
	TCP_ACCEPT_PAUSE_MS = 250, // without accepting, when the process has no descriptor left
};

// How long the frame at the front of `s` (not empty) is: ST_OK and *length, which may be more than s.n; ST_SHORT (read
// on); anything else closes.
typedef enum st tcp_frame_fn(struct span s, size_t *length);

// A connection, named by a token that is never reused while the process lives.
struct tcp_meta {
	uint64_t token;
	struct addr peer, local;
};

struct tcp_events {
	tcp_frame_fn *frame;
	// One whole frame. Returns false to push back: the server stops reading this connection, keeps the frame, and gives
	// it again after tcp_resume. May call tcp_send, not tcp_resume.
	bool (*message)(void *arg, const struct tcp_meta *meta, struct span frame);
	// A connection ended on a bad or unfinished frame (status says which), for counting.
	void (*refused)(void *arg, const struct tcp_meta *meta, enum st why);
	void *arg;
};

struct tcp_counters {
	uint64_t accepted, open;
	uint64_t refused_full, refused_peer; // closed as soon as accepted: no slot or descriptor, too many
	uint64_t timed_out;                  // a frame that took too long
	uint64_t idle;                       // closed after TCP_IDLE_SECONDS, or for another one
	uint64_t stalled;                    // replies that the peer did not take
	uint64_t no_memory;                  // TCP_MEMORY_MAX
	uint64_t paused;                     // times that accepting stopped for lack of descriptors
};

static inline void tcp_counters_add(struct tcp_counters *to, const struct tcp_counters *c)
{
	to->accepted += c->accepted;
	to->open += c->open;
	to->refused_full += c->refused_full;
	to->refused_peer += c->refused_peer;
	to->timed_out += c->timed_out;
	to->idle += c->idle;
	to->stalled += c->stalled;
	to->no_memory += c->no_memory;
	to->paused += c->paused;
}

struct tcp_server;

// A listening socket, non-blocking, SO_REUSEADDR, IPV6_V6ONLY, owned by the caller; *bound has the port when 0 was
// asked. ST_IN_USE, ST_DENIED, ST_SYSTEM with errno.
enum st tcp_listen(const struct addr *local, int *fd, struct addr *bound);
// n of them in one SO_REUSEPORT group, one for each worker in worker order, steered as UDP is (io/udp.h), so that what is
// known of a source has one owner. As in udp_open_group a port that is held is ST_IN_USE. On failure none is open.
enum st tcp_listen_group(const struct addr *local, unsigned n, int *fds, struct addr *bound);

enum st tcp_server_new(struct loop *l, const struct tcp_events *events, struct tcp_server **out);
void tcp_server_free(struct tcp_server *s);
// Serves a listening socket, which stays the caller's to close, after tcp_server_remove.
enum st tcp_server_add(struct tcp_server *s, int listen_fd);
void tcp_server_remove(struct tcp_server *s, int listen_fd); // stops listening, its connections stay
// Sends on a connection, or keeps a copy until it can be sent; ST_NONE when it is gone, also by TCP_OUT_MAX just now.
enum st tcp_send(struct tcp_server *s, uint64_t token, struct span bytes);
// Gives the frames that were pushed back again.
void tcp_resume(struct tcp_server *s);
struct tcp_counters tcp_count(const struct tcp_server *s);

#endif
