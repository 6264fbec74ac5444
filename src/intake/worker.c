// SPDX-License-Identifier: Apache-2.0
#include "intake/worker.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "base/scoped.h"
#include "intake/waiting.h"
#include "io/loop.h"
#include "snmp/ber.h"

enum { TICK_NS = 50000000, RESEND_NS = 1000000 };

struct worker_listener {
	struct worker *worker;
	struct udp_socket udp; // fd -1: none
	struct tcp_server *tcp;
	int listen_fd;
	bool tunnel; // ESP in UDP
	struct addr configured;
	uint32_t drops_seen;
	uint64_t drops;
	uint16_t index;
};

struct worker {
	struct intake intake;
	struct loop *loop;
	struct writer *writer;
	struct udp_batch *batch;
	struct worker_listener listeners[INTAKE_LISTENERS];
	struct loop_timer tick, resend;

	struct worker_tunnel tunnel;

	// A datagram that found no room (or what the tunnel holds), and the listener it came from; nothing is read meanwhile.
	struct udp_packet held;
	struct worker_listener *held_from;
	bool tcp_held, quiet;
	uint64_t published; // ring head the writer was last told about
	struct waiting *room;
	uint64_t handed; // the same of the waiting room

	pthread_t thread;
	bool running;
	pthread_mutex_t lock;
	pthread_cond_t called;
	void (*call)(struct worker *w, void *arg);
	void *call_arg;
};

static void tell_writer(struct worker *w)
{
	uint64_t head = atomic_load_explicit(&w->intake.ring.head, memory_order_relaxed);
	if (!w->writer || (head == w->published && !w->intake.urgent))
		return;
	w->published = head;
	writer_wake(w->writer, w->intake.urgent);
	w->intake.urgent = false;
}

static void tell_room(struct worker *w)
{
	uint64_t head = atomic_load_explicit(&w->intake.waiting.head, memory_order_relaxed);
	if (!w->room || head == w->handed)
		return;
	w->handed = head;
	waiting_wake(w->room);
}

static bool take(struct worker_listener *l, const struct udp_packet *p)
{
	struct worker *w = l->worker;
	struct intake_meta m = {
		.now = loop_now(w->loop),
		.wall = loop_wall(w->loop),
		.transport = TRANSPORT_UDP,
		.truncated = p->truncated,
		.from = { .peer = p->peer, .local = p->local, .ifindex = p->ifindex, .listener = l->index },
		.listener = l->configured,
	};
	return intake_message(&w->intake, &m, p->bytes);
}

static void listen_events(struct worker *w, uint32_t events)
{
	for (unsigned i = 0; i < INTAKE_LISTENERS; i++)
		if (w->listeners[i].udp.fd >= 0)
			loop_change(w->loop, w->listeners[i].udp.fd, events);
}

// Takes what is left of the batch of ESP in UDP; false when the tunnel holds some of it.
static bool tunnel_batch(struct worker_listener *l, unsigned *taken)
{
	struct worker *w = l->worker;
	struct udp_packet dg[WORKER_TUNNEL_BATCH];
	size_t n;
	do {
		for (n = 0; n < WORKER_TUNNEL_BATCH && udp_next(w->batch, &dg[n]); n++)
			;
		if (n)
			w->tunnel.input(w->tunnel.arg, loop_now(w->loop), l->index, dg, n);
		*taken += (unsigned)n;
		if (w->tunnel.held(w->tunnel.arg)) {
			w->held_from = l;
			return false;
		}
	} while (n == WORKER_TUNNEL_BATCH);
	return true;
}

// Takes what is left of the batch; false when a datagram found no room and is held.
static bool take_batch(struct worker_listener *l, unsigned *taken)
{
	struct worker *w = l->worker;
	if (l->tunnel)
		return tunnel_batch(l, taken);
	while (udp_next(w->batch, &w->held)) {
		if (!take(l, &w->held)) {
			w->held_from = l;
			return false;
		}
		++*taken;
	}
	return true;
}

static void udp_ready(void *arg, uint32_t events)
{
	struct worker_listener *l = arg;
	struct worker *w = l->worker;
	unsigned taken = 0;
	while (!w->held_from && taken < INTAKE_TURN_MESSAGES && udp_receive(&l->udp, w->batch) > 0) {
		if (!take_batch(l, &taken))
			listen_events(w, 0);
		tell_writer(w);
	}
}

// What is held; false: there is still no room.
static bool take_held(struct worker *w)
{
	if (!w->held_from->tunnel)
		return take(w->held_from, &w->held);
	w->tunnel.resume(w->tunnel.arg, loop_now(w->loop));
	return !w->tunnel.held(w->tunnel.arg);
}

// After room was made: the held datagram, the rest of its batch, then reading again.
static void resume(struct worker *w)
{
	struct worker_listener *l = w->held_from;
	unsigned taken = 0;
	if (l) {
		if (!take_held(w))
			return;
		w->held_from = NULL;
		if (take_batch(l, &taken) && !w->quiet)
			listen_events(w, EPOLLIN);
	}
	if (w->tcp_held && !w->held_from) {
		w->tcp_held = false;
		for (unsigned i = 0; i < INTAKE_LISTENERS; i++)
			if (w->listeners[i].tcp)
				tcp_resume(w->listeners[i].tcp);
	}
}

static bool tcp_message(void *arg, const struct tcp_meta *meta, struct span frame)
{
	struct worker_listener *l = arg;
	struct worker *w = l->worker;
	struct intake_meta m = {
		.now = loop_now(w->loop),
		.wall = loop_wall(w->loop),
		.transport = TRANSPORT_TCP,
		.from = { .peer = meta->peer, .local = meta->local, .listener = l->index, .token = meta->token },
		.listener = l->configured,
	};
	bool taken = !w->held_from && !w->quiet && intake_message(&w->intake, &m, frame);
	w->tcp_held |= !taken;
	return taken;
}

static void tcp_refused(void *arg, const struct tcp_meta *meta, enum st why)
{
	struct worker_listener *l = arg;
	intake_refuse_frame(&l->worker->intake, l->index, why);
}

// Due answers of one UDP listener, as many as a send call takes.
struct answer_batch {
	struct udp_out out[UDP_SEND_BATCH];
	uint64_t after[UDP_SEND_BATCH]; // where to release to
	bool report[UDP_SEND_BATCH];
	int n;
};

static void count_answer(struct account *a, bool report, bool sent)
{
	if (!sent)
		a->unanswered++;
	else if (!report)
		a->acknowledged++;
}

// By TCP or by a tunnel.
static bool answer_stream(struct worker *w, struct worker_listener *l, const struct answer_to *to, struct span bytes)
{
	if (to->site)
		return w->tunnel.answer && w->tunnel.answer(w->tunnel.arg, loop_now(w->loop), to, bytes);
	return l->tcp && tcp_send(l->tcp, to->token, bytes) == ST_OK;
}

// Collects what is due for the listener of the first due answer.
static struct worker_listener *collect_due(struct worker *w, struct answer_batch *b)
{
	struct worker_listener *l = NULL;
	uint64_t at = w->intake.flight.answers_at;
	struct answer_to to;
	struct span bytes;
	for (b->n = 0; b->n < UDP_SEND_BATCH; b->n++) {
		if (!flight_due(&w->intake.flight, w->intake.settled, &at, &to, &bytes) ||
		    (l && l != &w->listeners[to.listener]))
			break;
		l = &w->listeners[to.listener];
		b->after[b->n] = at;
		b->report[b->n] = to.report;
		b->out[b->n] =
		        (struct udp_out){ .bytes = bytes, .to = to.peer, .from = to.local, .ifindex = to.ifindex };
		if (to.token || to.site) { // one by one
			count_answer(&w->intake.accounts[l->index], to.report, answer_stream(w, l, &to, bytes));
			flight_release(&w->intake.flight, at);
			b->n = 0;
			return l;
		}
	}
	return l;
}

// Returns false when nothing is due, or the kernel takes no more now.
static bool send_due(struct worker *w)
{
	struct answer_batch b;
	struct worker_listener *l = collect_due(w, &b);
	if (!l || b.n == 0)
		return l != NULL;
	bool gone = l->udp.fd < 0; // closed by a reload meanwhile
	int sent = gone ? b.n : udp_send(&l->udp, b.out, b.n);
	for (int i = 0; i < sent; i++)
		count_answer(&w->intake.accounts[l->index], b.report[i], !gone);
	if (sent > 0)
		flight_release(&w->intake.flight, b.after[sent - 1]);
	return sent == b.n;
}

static void send_answers(void *arg)
{
	struct worker *w = arg;
	while (send_due(w))
		;
	uint64_t at = w->intake.flight.answers_at;
	struct answer_to to;
	struct span bytes;
	if (flight_due(&w->intake.flight, w->intake.settled, &at, &to, &bytes))
		loop_timer_set(w->loop, &w->resend, loop_now(w->loop) + RESEND_NS);
}

static void run_call(struct worker *w)
{
	pthread_mutex_lock(&w->lock);
	if (w->call) {
		w->call(w, w->call_arg);
		w->call = NULL;
		pthread_cond_broadcast(&w->called);
	}
	pthread_mutex_unlock(&w->lock);
}

static void each_turn(void *arg)
{
	struct worker *w = arg;
	intake_settle(&w->intake);
	resume(w);
	run_call(w);
	tell_writer(w);
	tell_room(w);
	send_answers(w);
	if (w->tunnel.turn)
		w->tunnel.turn(w->tunnel.arg, loop_now(w->loop));
}

static void count_drops(struct worker_listener *l)
{
	uint32_t now = udp_drops(&l->udp);
	l->drops += (uint32_t)(now - l->drops_seen);
	l->drops_seen = now;
}

static void tick(void *arg)
{
	struct worker *w = arg;
	intake_tick(&w->intake, loop_now(w->loop), w->quiet);
	if (w->tunnel.tick)
		w->tunnel.tick(w->tunnel.arg, loop_now(w->loop));
	for (unsigned i = 0; i < INTAKE_LISTENERS; i++)
		if (w->listeners[i].udp.fd >= 0)
			count_drops(&w->listeners[i]);
	loop_timer_set(w->loop, &w->tick, loop_now(w->loop) + TICK_NS);
}

enum st worker_new(unsigned index, const struct hash_key *key, const struct v3_config *v3, struct worker **out)
{
	struct worker *w = calloc(1, sizeof *w);
	if (!w)
		return ST_NO_MEMORY;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->called, NULL);
	for (unsigned i = 0; i < INTAKE_LISTENERS; i++)
		w->listeners[i] =
		        (struct worker_listener){ .worker = w, .udp.fd = -1, .listen_fd = -1, .index = (uint16_t)i };
	enum st st = intake_init(&w->intake, index, key, v3);
	if (!st)
		st = loop_new(&w->loop);
	if (!st)
		st = udp_batch_new(&w->batch);
	if (st) {
		worker_free(w);
		return st;
	}
	loop_each_turn(w->loop, each_turn, w);
	w->tick = (struct loop_timer){ .fn = tick, .arg = w };
	w->resend = (struct loop_timer){ .fn = send_answers, .arg = w };
	*out = w;
	return ST_OK;
}

static void last_turn(struct worker *w, void *arg)
{
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	if (w->running) {
		worker_call(w, last_turn, NULL); // answers to the last commit leave in it
		loop_stop(w->loop);
		pthread_join(w->thread, NULL);
	}
	for (unsigned i = 0; i < INTAKE_LISTENERS && w->loop; i++)
		worker_remove(w, i);
	udp_batch_free(w->batch);
	loop_free(w->loop);
	intake_done(&w->intake);
	pthread_cond_destroy(&w->called);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

static void wake(void *arg)
{
	struct worker *w = arg;
	loop_wake(w->loop);
}

void worker_wake(struct worker *w)
{
	loop_wake(w->loop);
}

struct writer_source worker_source(struct worker *w)
{
	return (struct writer_source){ .ring = &w->intake.ring, .freed = wake, .arg = w };
}

struct intake *worker_intake(struct worker *w)
{
	return &w->intake;
}

static void *thread_main(void *arg)
{
	struct worker *w = arg;
	loop_run(w->loop);
	return NULL;
}

void worker_set_room(struct worker *w, struct waiting *room)
{
	w->room = room;
}

enum st worker_start(struct worker *w, struct writer *writer)
{
	w->writer = writer;
	loop_timer_set(w->loop, &w->tick, loop_now(w->loop) + TICK_NS);
	if (pthread_create(&w->thread, NULL, thread_main, w))
		return ST_SYSTEM;
	w->running = true;
	return ST_OK;
}

void worker_call(struct worker *w, void (*fn)(struct worker *w, void *arg), void *arg)
{
	if (!w->running) {
		fn(w, arg);
		return;
	}
	pthread_mutex_lock(&w->lock);
	while (w->call)
		pthread_cond_wait(&w->called, &w->lock);
	w->call = fn;
	w->call_arg = arg;
	loop_wake(w->loop);
	while (w->call == fn && w->call_arg == arg)
		pthread_cond_wait(&w->called, &w->lock);
	pthread_mutex_unlock(&w->lock);
}

void worker_set_policy(struct worker *w, const struct policy *p)
{
	intake_set_policy(&w->intake, p);
}

enum st worker_add_udp(struct worker *w, unsigned index, const struct addr *configured, const struct udp_socket *s)
{
	struct worker_listener *l = &w->listeners[index];
	enum st st = loop_add(w->loop, s->fd, w->held_from ? 0 : EPOLLIN, udp_ready, l);
	if (st)
		return st;
	l->udp = *s;
	l->tunnel = false;
	l->configured = *configured;
	l->drops_seen = 0;
	return ST_OK;
}

void worker_set_tunnel(struct worker *w, const struct worker_tunnel *t)
{
	w->tunnel = *t;
}

enum st worker_add_tunnel(struct worker *w, unsigned index, const struct addr *configured, const struct udp_socket *s)
{
	enum st st = worker_add_udp(w, index, configured, s);
	w->listeners[index].tunnel = st == ST_OK;
	return st;
}

bool worker_deliver(struct worker *w, const struct worker_inner *inner)
{
	struct intake_meta m = {
		.now = loop_now(w->loop),
		.wall = loop_wall(w->loop),
		.transport = TRANSPORT_ESP,
		.site = span_str(inner->name),
		.from = { .peer = inner->peer,
		          .local = inner->local,
		          .listener = inner->listener,
		          .site = inner->site + 1 },
		.listener = w->listeners[inner->listener].configured,
	};
	return intake_message(&w->intake, &m, inner->payload);
}

int worker_send(struct worker *w, unsigned listener, const struct udp_out *out, int n, bool checksum)
{
	const struct worker_listener *l = &w->listeners[listener];
	if (l->udp.fd < 0)
		return 0;
	if (!checksum)
		udp_checksum(&l->udp, false);
	int done = udp_send(&l->udp, out, n);
	if (!checksum)
		udp_checksum(&l->udp, true);
	return done;
}

enum st worker_add_tcp(struct worker *w, unsigned index, const struct addr *configured, int listen_fd)
{
	struct worker_listener *l = &w->listeners[index];
	struct tcp_events events = { .frame = ber_frame, .message = tcp_message, .refused = tcp_refused, .arg = l };
	enum st st = tcp_server_new(w->loop, &events, &l->tcp);
	if (!st)
		st = tcp_server_add(l->tcp, listen_fd);
	if (st) {
		tcp_server_free(l->tcp);
		l->tcp = NULL;
		return st;
	}
	l->listen_fd = listen_fd;
	l->configured = *configured;
	return ST_OK;
}

void worker_remove(struct worker *w, unsigned index)
{
	struct worker_listener *l = &w->listeners[index]; // what is held of it was received, and is still taken
	if (l->udp.fd >= 0) {
		count_drops(l);
		loop_remove(w->loop, l->udp.fd);
		udp_close(&l->udp);
		l->udp.fd = -1;
	}
	tcp_server_free(l->tcp);
	l->tcp = NULL;
	fd_close(&l->listen_fd);
}

void worker_quiet(struct worker *w)
{
	w->quiet = true;
	listen_events(w, 0);
	for (unsigned i = 0; i < INTAKE_LISTENERS; i++)
		if (w->listeners[i].tcp)
			tcp_server_remove(w->listeners[i].tcp, w->listeners[i].listen_fd);
	intake_tick(&w->intake, loop_now(w->loop), true);
	tell_writer(w);
	w->writer = NULL; // it drains the ring by itself when it stops, and is gone then
}

void worker_count(struct worker *w, struct account *accounts, struct worker_listener_state *listeners)
{
	intake_settle(&w->intake);
	for (unsigned i = 0; i < INTAKE_LISTENERS; i++) {
		struct worker_listener *l = &w->listeners[i];
		account_add(&accounts[i], &w->intake.accounts[i]);
		if (l->udp.fd >= 0) {
			count_drops(l);
			listeners[i].rcvbuf += l->udp.rcvbuf;
		}
		listeners[i].kernel_dropped += l->drops;
		if (l->tcp) {
			const struct tcp_counters c = tcp_count(l->tcp);
			tcp_counters_add(&listeners[i].tcp, &c);
		}
	}
}

unsigned worker_owner(uint8_t transport, const struct addr *peer, unsigned workers)
{
	return transport == TRANSPORT_ESP ? 0 : udp_steer(peer, workers);
}

uint64_t worker_forgotten(const struct worker *w)
{
	return w->intake.duplicates.forgotten;
}
