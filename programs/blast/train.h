// SPDX-License-Identifier: Apache-2.0
// The sending socket: datagrams of one size, gathered into trains. With UDP_SEGMENT a train is one system call and one
// walk through the kernel; without, it is one sendmmsg. A train has one source address; sources are spread over
// 127.0.0.0/8 by IP_PKTINFO, so one unconnected socket is enough and replies to all of them come back to it. It is
// unconnected too so that a receiver that is killed and comes back does not show as a refused connection.
#ifndef BLAST_TRAIN_H
#define BLAST_TRAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/status.h"

enum train_limits {
	TRAIN_DATAGRAMS = 64,    // UDP_MAX_SEGMENTS of the older kernels
	TRAIN_BYTES = 65000,     // of one train: below the largest UDP payload
	TRAIN_SOURCES = 1 << 22, // 127.1.0.1 and on
	TRAIN_REPLIES = 64,      // datagrams one receive call takes
	TRAIN_REPLY_MAX = 8192,
};

struct train_options {
	struct addr to;
	bool segment;      // UDP_SEGMENT
	uint32_t sources;  // 1: the kernel chooses
	size_t size;       // bytes of every datagram
	const char *esp;   // NULL, or a file of keys by hand: each is sealed
	struct addr inner; // with esp: whom it is for, inside
};

struct sealer;

struct train {
	int fd;
	struct train_options o;
	struct sockaddr_storage to;
	socklen_t to_n;
	unsigned limit, n; // datagrams of a train, at most and now
	uint32_t source;
	uint64_t sent, errors;
	struct sealer *sealer; // NULL: in clear
	uint8_t *bytes;
	uint8_t *replies;
};

// ST_SYSTEM (see errno), ST_NO_MEMORY, ST_SYNTAX: sources need an IPv4 loopback address to send to.
enum st train_open(struct train *t, const struct train_options *o);
void train_close(struct train *t);

// Room for one more datagram from this source; sends the train first when it is full or of another source.
uint8_t *train_room(struct train *t, uint32_t source);
void train_flush(struct train *t);

// Takes the replies that are there, without waiting; calls `take` for each. Returns how many there were.
int train_replies(struct train *t, void (*take)(void *arg, struct span reply), void *arg);

#endif
