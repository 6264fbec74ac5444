// SPDX-License-Identifier: Apache-2.0
// A worker: one thread that owns a loop, its sockets, its intake and its ring to the journal. Other threads ask it by
// worker_call, which runs a function on the worker's thread between two turns; nothing else is shared. A worker never waits
// for disk, DNS or another thread: when the ring is full it stops reading, and the kernel's buffer absorbs.
#ifndef INTAKE_WORKER_H
#define INTAKE_WORKER_H

#include "intake/intake.h"
#include "io/tcp.h"
#include "io/udp.h"
#include "store/writer.h"

struct waiting;
struct worker;

// How a worker serves ESP in UDP without knowing what that is: the data plane (tunnel/) behind a table of functions, all
// called on the worker's thread. What it opened comes back by worker_deliver, what it sealed leaves by worker_send.
struct worker_tunnel {
	void *arg;
	// Takes n datagrams (at most WORKER_TUNNEL_BATCH) of a listener. Their octets may be overwritten; they stay valid while
	// `held` says that some of what was in them found no room. Nothing is given meanwhile.
	void (*input)(void *arg, int64_t now, uint16_t listener, const struct udp_packet *dg, size_t n);
	bool (*held)(void *arg);
	void (*resume)(void *arg, int64_t now); // there may be room again
	// Sends an answer by the current SA of the site that to->site names. false: it has none.
	bool (*answer)(void *arg, int64_t now, const struct answer_to *to, struct span bytes);
	void (*turn)(void *arg, int64_t now); // the end of a turn: sends what waits to be sealed
	void (*tick)(void *arg, int64_t now); // now and then
};
enum { WORKER_TUNNEL_BATCH = 64 };

// A UDP datagram out of a tunnel. The site's number and name; addresses inside; the listener that its ESP came to.
struct worker_inner {
	uint32_t site;
	const char *name;
	struct addr peer, local;
	uint16_t listener;
	struct span payload;
};

// What a worker knows about one of its listeners.
struct worker_listener_state {
	uint64_t kernel_dropped;
	uint32_t rcvbuf;
	struct tcp_counters tcp;
};

enum st worker_new(unsigned index, const struct hash_key *key, const struct v3_config *v3, struct worker **out);
// Stops the thread (if it runs) and frees everything.
void worker_free(struct worker *w);

// Its source for writer_start, and its intake for what is done before the thread runs (intake_remember).
struct writer_source worker_source(struct worker *w);
struct intake *worker_intake(struct worker *w);

enum st worker_start(struct worker *w, struct writer *writer);
// Runs fn(arg) on the worker's thread and waits for it; directly when the thread does not run.
void worker_call(struct worker *w, void (*fn)(struct worker *w, void *arg), void *arg);

// Has it take a turn soon, at whose end the tunnel's `turn` is called. From any thread.
void worker_wake(struct worker *w);

// The following are for the worker's own thread (worker_call), or before worker_start.
void worker_set_room(struct worker *w, struct waiting *room); // NULL: nobody is told
void worker_set_policy(struct worker *w, const struct policy *p);
// Serves a socket as listener number `index`. Takes it over.
enum st worker_add_udp(struct worker *w, unsigned index, const struct addr *configured, const struct udp_socket *s);
// The tunnel that those of worker_add_tunnel give to; copied. Before the first of them.
void worker_set_tunnel(struct worker *w, const struct worker_tunnel *t);
// The same as worker_add_udp for a socket of ESP in UDP.
enum st worker_add_tunnel(struct worker *w, unsigned index, const struct addr *configured, const struct udp_socket *s);
// A message out of a tunnel. false: there is no room now, as intake_message.
bool worker_deliver(struct worker *w, const struct worker_inner *inner);
// Sends by the socket of a listener, with UDP checksums or without; returns how many are done with, as udp_send. 0: it is
// closed.
int worker_send(struct worker *w, unsigned listener, const struct udp_out *out, int n, bool checksum);
enum st worker_add_tcp(struct worker *w, unsigned index, const struct addr *configured, int listen_fd);
void worker_remove(struct worker *w, unsigned index);
// Takes nothing more from any socket and writes the open storm rows: the begin of a stop. Answers still leave.
void worker_quiet(struct worker *w);
// Brings the counters up to date and adds them up, per listener: arrays of INTAKE_LISTENERS.
void worker_count(struct worker *w, struct account *accounts, struct worker_listener_state *listeners);
// Which of so many workers hears a source, but for sockets of the service manager: those are the first one's.
unsigned worker_owner(uint8_t transport, const struct addr *peer, unsigned workers);
// Informs forgotten before their time, because of DUPLICATES_MAX.
uint64_t worker_forgotten(const struct worker *w);

#endif
