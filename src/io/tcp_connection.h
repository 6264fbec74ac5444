// SPDX-License-Identifier: Apache-2.0
// What the two halves of the TCP server share: io/tcp.c (listening, the table of connections) and io/tcp_connection.c
// (one connection's bytes and times).
#ifndef IO_TCP_CONNECTION_H
#define IO_TCP_CONNECTION_H

#include "io/buffer.h"
#include "io/tcp.h"

enum { TCP_READ = 64 << 10 }; // bytes of one read; a connection gets one read a turn

// The limits in time, nanoseconds; a server starts with those of the header, tests shorten them.
struct tcp_times {
	int64_t frame, idle, spare, stall, linger, pause;
};

struct tcp_connection {
	struct tcp_server *server;
	struct tcp_meta meta;
	int fd;
	struct buffer in, out;
	struct loop_timer read_timer, out_timer;
	bool mid_frame; // `in` holds the beginning of a frame, and read_timer its end
	bool pushed;    // `in` begins with a frame that was pushed back
	bool ended;     // the peer sent its end of stream
	bool deaf;      // no longer in the loop: both directions are gone, only a frame that was pushed back is left
	bool busy;      // a handler of the caller runs: not to be freed
	bool doomed;    // to be freed when it has run
};

struct tcp_listener {
	struct tcp_server *server;
	struct tcp_listener *next;
	int fd;
};

struct tcp_server {
	struct loop *loop;
	struct tcp_events events;
	struct tcp_times times;
	struct tcp_counters counters;
	struct budget memory;
	struct tcp_listener *listeners;
	struct loop_timer pause_timer;
	uint64_t serial;  // of the last connection
	long descriptors; // a connection's number is below this: the lowest free one is taken
	struct tcp_connection *connections[TCP_CONNECTIONS_MAX];
	uint8_t scratch[TCP_READ]; // read into while a connection holds nothing; untouched pages cost nothing
};

void tcp_server_set_times(struct tcp_server *s, const struct tcp_times *times);

// Takes over an accepted descriptor: registers it and starts its clock. On failure the caller still owns fd.
enum st tcp_connection_start(struct tcp_connection *c);
// ST_NONE when the peer takes no more, or by TCP_OUT_MAX, which ends the connection.
enum st tcp_connection_send(struct tcp_connection *c, struct span bytes);
void tcp_connection_resume(struct tcp_connection *c);
// Closes, now or when the caller's handler returns. Frees c and empties its slot.
void tcp_connection_end(struct tcp_connection *c);
// Of the table: forgets a connection.
void tcp_server_forget(struct tcp_server *s, const struct tcp_connection *c);

#endif
