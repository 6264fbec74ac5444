// SPDX-License-Identifier: Apache-2.0
// What comes by TUN is cut, sealed and sent in batches of PLANE_BATCH, as trains; what comes by UDP, in trains too, is opened in
// batches, put together and written. One turn takes at most a few of each, so that neither way starves the other.
#include "tunnel/end.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "esp/esp.h"
#include "esp/inner.h"
#include "esp/limits.h"
#include "base/scoped.h"
#include "io/system.h"
#include "tunnel/offload.h"

enum { SITE = 0, LISTENER = 0, SLOT = ESP_HEADROOM + 2048 + ESP_TAILROOM, TICK_NS = 250000000 };
enum { IPV6_MTU_LEAST = 1280 };                              // RFC 8200 5
enum { BIG = ESP_HEADROOM + TUN_PACKET_MAX + ESP_TAILROOM }; // where a device has a larger MTU than a slot

enum { TOLD_MAX = 64, TOLD_OWN = 8 }; // TOLD_OWN: of them, that datagrams of IKE cannot fill

enum {
	READS = 512,             // of the device in one turn, as many as it holds
	READ_OCTETS = 4 << 20,   // and of super-packets so much
	DATAGRAMS_IN_A_ROW = 32, // given to those who read UDP, before they get the processor
	DENSE = 32,              // datagrams that came from the device in DENSE_NS or a little more: a dense stream
	DENSE_NS = 1000000,
	LOOK_NS = 150000, // in which it is looked at so often, instead of woken by each
};

// What the plane told, kept until it may be called again.
struct told {
	struct plane_tell t;
	uint8_t *bytes;
};

struct end {
	struct end_config c;
	struct ike *ike; // NULL: keys by hand
	uint32_t ike_site;
	struct loop_timer due;
	struct told told[TOLD_MAX];
	unsigned told_count;
	struct addr given; // inner, handed to us
	bool came_up;      // in this turn
	struct tun tun;
	struct loop *loop;
	struct loop_timer tick;
	struct udp_socket socket;
	struct udp_batch *batch;
	enum st why; // it stopped by itself
	struct aead_engine *engine;
	struct plane *plane;
	struct relay *relay; // NULL: none
	struct offload_join join;
	struct packet *queue[PLANE_BATCH];
	struct packet packets[PLANE_BATCH];
	unsigned queued;
	size_t datagrams; // in a row
	size_t mtu;       // the longest packet inside that the path takes in one datagram; 0: not known
	struct {
		bool dense;
		int64_t since;
		size_t datagrams; // since then
		struct loop_timer look;
	} stream;       // of datagrams from the device
	uint8_t *slots; // PLANE_BATCH of SLOT octets
	uint8_t *big;   // BIG
	uint8_t in[TUN_HEAD + TUN_PACKET_MAX];
};

static size_t send_out(void *arg, const struct plane_out *out, size_t n)
{
	const struct end *e = arg;
	struct udp_out dg[PLANE_BATCH];
	for (size_t i = 0; i < n; i++)
		dg[i] = (struct udp_out){ .bytes = out[i].bytes, .to = out[i].ends.peer, .from = out[i].ends.local };
	if (n && out[0].unchecked) {
		udp_checksum(&e->socket, false);
		return (size_t)udp_send(&e->socket, dg, (int)n);
	}
	return (size_t)udp_send_trains(&e->socket, dg, (int)n);
}

// UDP has no window: who reads datagrams has room for some two hundred, however small, and loses what comes faster than it
// is let run. Where nobody waits for this processor it costs a system call.
static void let_others(struct end *e, size_t datagrams)
{
	e->datagrams += datagrams;
	if (e->datagrams < DATAGRAMS_IN_A_ROW)
		return;
	e->datagrams = 0;
	sched_yield();
}

// How many packets the device took.
static size_t write_join(struct end *e)
{
	struct offload_join *j = &e->join;
	size_t n = (size_t)j->n;
	if (!n)
		return 0;
	offload_finish(j);
	bool taken = tun_write(&e->tun, e->tun.head ? j->parts : j->parts + 1, e->tun.head ? j->n + 1 : j->n);
	if (j->view.protocol == IP_UDP)
		let_others(e, n);
	j->n = 0;
	return taken ? n : 0;
}

static size_t forward(void *arg, const struct plane_packet *p, size_t n)
{
	struct end *e = arg;
	size_t taken = 0;
	for (size_t i = 0; i < n; i++) {
		if (offload_take(&e->join, p[i].bytes, p[i].ip)) {
			if (e->tun.tso)
				continue;
			taken += write_join(e);
		} else {
			taken += write_join(e);
			(void)offload_take(&e->join, p[i].bytes, p[i].ip);
		}
	}
	return taken + write_join(e); // the packets stay only during this call
}

static void seal_queue(struct end *e)
{
	if (e->queued)
		(void)plane_send_packets(e->plane, loop_now(e->loop), SITE, e->queue, e->queued);
	e->queued = 0;
}

// A packet of the device that is larger than a slot is not cut: it goes alone.
static void queue_split(struct end *e, struct offload_split *s)
{
	for (;;) {
		size_t next = s->head.kind ? s->payload + s->head.size : s->packet.n;
		bool alone = next > SLOT - ESP_HEADROOM - ESP_TAILROOM;
		struct packet *p = &e->packets[e->queued];
		enum st st = ST_OK;
		*p = alone ? packet_of(e->big, BIG, ESP_HEADROOM)
		           : packet_of(e->slots + (size_t)e->queued * SLOT, SLOT, ESP_HEADROOM);
		if (!offload_next(s, p, &st))
			return;
		if (st != ST_OK) {
			plane_unsealed(e->plane, ST_TUN_SPLIT);
			continue;
		}
		e->queue[e->queued++] = p;
		if (alone || e->queued == PLANE_BATCH)
			seal_queue(e);
	}
}

// Tells who sent a packet that may not be cut how long one may be (RFC 4301 8.2.1); others go in more than one datagram.
static bool too_big(struct end *e, const struct offload_split *s)
{
	size_t size = s->head.kind ? s->payload + s->head.size : s->packet.n;
	size_t mtu = s->view.version == 6 && e->mtu < IPV6_MTU_LEAST ? IPV6_MTU_LEAST : e->mtu;
	struct packet p = packet_of(e->big, BIG, ESP_HEADROOM);
	if (!e->mtu || size <= mtu || inner_too_big(&p, &s->view.to, s->packet, &s->view, (uint32_t)mtu) != ST_OK)
		return false;
	struct iovec parts[] = { { (uint8_t[TUN_HEAD]){ 0 }, TUN_HEAD }, { p.at, p.n } };
	(void)tun_write(&e->tun, e->tun.head ? parts : parts + 1, e->tun.head ? 2 : 1);
	plane_unsealed(e->plane, ST_TUN_TOO_BIG);
	return true;
}

// As much as the device has, within limits. Returns how many single datagrams of UDP were among it.
static size_t read_device(struct end *e)
{
	size_t n, octets = 0, datagrams = 0, skip = e->tun.head ? TUN_HEAD : 0;
	for (int i = 0; i < READS && octets < READ_OCTETS && (n = tun_read(&e->tun, e->in, sizeof e->in)) > skip; i++) {
		struct offload_head head = { 0 };
		struct offload_split s;
		if (skip)
			memcpy(&head, e->in, sizeof head);
		octets += n;
		if (offload_split(&s, &head, span_of(e->in + skip, n - skip)) != ST_OK) {
			plane_unsealed(e->plane, ST_TUN_SPLIT);
			continue;
		}
		if (too_big(e, &s))
			continue;
		datagrams += s.view.protocol == IP_UDP && s.head.kind == OFFLOAD_NONE;
		queue_split(e, &s);
	}
	seal_queue(e);
	return datagrams;
}

static bool is_dense(struct end *e, int64_t now, size_t datagrams)
{
	e->stream.datagrams += datagrams;
	if (now - e->stream.since < DENSE_NS)
		return e->stream.dense;
	size_t came = e->stream.datagrams;
	e->stream.datagrams = 0;
	e->stream.since = now;
	return came >= DENSE;
}

// Small datagrams come one by one, and waking for each costs more than the rest of the work. In a dense stream the device is
// looked at by the clock, so that a train is there each time and the sender has the processor meanwhile.
static void tun_ready(void *arg, uint32_t events)
{
	struct end *e = arg;
	int64_t now = loop_now(e->loop);
	bool dense = is_dense(e, now, read_device(e));
	if (dense != e->stream.dense)
		(void)loop_change(e->loop, e->tun.fd, dense ? 0 : EPOLLIN);
	e->stream.dense = dense;
	if (dense)
		loop_timer_set(e->loop, &e->stream.look, now + LOOK_NS);
}

static void look(void *arg)
{
	tun_ready(arg, 0);
}

static void udp_ready(void *arg, uint32_t events)
{
	struct end *e = arg;
	struct udp_packet dg[PLANE_BATCH];
	size_t n = 0;
	if (udp_receive(&e->socket, e->batch) <= 0)
		return;
	while (udp_next(e->batch, &dg[n]))
		if (++n == PLANE_BATCH) {
			plane_input(e->plane, loop_now(e->loop), LISTENER, dg, n);
			n = 0;
		}
	if (n)
		plane_input(e->plane, loop_now(e->loop), LISTENER, dg, n);
}

// More than fit are lost as on the way.
static void keep_told(void *arg, const struct plane_tell *t)
{
	struct end *e = arg;
	if (e->told_count == TOLD_MAX || (t->kind == PLANE_TELL_IKE && e->told_count >= TOLD_MAX - TOLD_OWN))
		return;
	struct told *k = &e->told[e->told_count];
	*k = (struct told){ .t = *t, .bytes = t->bytes.n ? malloc(t->bytes.n) : NULL };
	if (t->bytes.n && !k->bytes)
		return;
	if (t->bytes.n)
		memcpy(k->bytes, t->bytes.p, t->bytes.n);
	k->t.bytes = span_of(k->bytes, t->bytes.n);
	e->told_count++;
}

static void pair_up(struct end *e, const struct ike_effect *x)
{
	struct ike_view v = { 0 };
	(void)ike_look(e->ike, e->ike_site, &v);
	const struct plane_way way = { .ends.peer = x->path.remote, .listener = LISTENER, .natted = v.nat_here };
	(void)plane_pair_up(e->plane, loop_now(e->loop), SITE, x->pair, &way);
}

static void site_up(struct end *e, const struct ike_effect *x)
{
	static const uint8_t none[4];
	bool given = memcmp(x->address, none, sizeof none) != 0;
	if (given) {
		e->given = (struct addr){ .ip = { [10] = 0xff, 0xff } };
		memcpy(e->given.ip + 12, x->address, sizeof x->address);
		if (e->tun.fd < 0)
			(void)plane_set_inner(e->plane, &e->given, 1);
		if (e->relay)
			relay_set_inner(e->relay, &e->given);
	}
	e->came_up = true;
}

// Once the turn is over it is known whether a pair came with it.
static void tell_up(struct end *e)
{
	static const struct addr none;
	struct plane_site_view v = { 0 };
	uint32_t at = SITE;
	bool given = memcmp(&e->given, &none, sizeof none) != 0;
	bool known = plane_site_next(e->plane, &at, &v);
	if (e->c.tell)
		e->c.tell(e->c.arg, true, given ? e->given.ip + 12 : NULL, known && v.pairs ? ST_OK : ST_IKE_TS);
	e->came_up = false;
}

static void act(struct end *e, const struct ike_effect *x)
{
	int64_t now = loop_now(e->loop);
	const struct encap_ends ends = { .peer = x->path.remote };
	const struct udp_out out = { .bytes = x->bytes, .to = x->path.remote };
	switch (x->kind) {
	case IKE_SEND:
		(void)udp_send(&e->socket, &out, 1);
		break;
	case IKE_PAIR_UP:
		pair_up(e, x);
		break;
	case IKE_PAIR_DOWN:
		plane_pair_down(e->plane, now, x->spi);
		break;
	case IKE_PAIR_MOVED:
		plane_pair_moved(e->plane, now, x->spi, &ends, LISTENER);
		break;
	case IKE_SITE_UP:
		site_up(e, x);
		break;
	case IKE_SITE_DOWN:
	case IKE_SITE_FAILED:
		if (e->c.tell)
			e->c.tell(e->c.arg, false, NULL, x->why);
		break;
	case IKE_SPI_FREE:
		break;
	}
}

static void take_told(struct end *e, const struct plane_tell *t, struct ike_out *out)
{
	int64_t now = loop_now(e->loop);
	// One address is enough: which of ours it came to does not matter to a single peer.
	const struct ike_path path = { .local = e->socket.local,
		                       .remote = t->ends.peer,
		                       .marked = t->framing == ENCAP_MARKER };
	switch (t->kind) {
	case PLANE_TELL_IKE:
		(void)ike_input(e->ike, now, &path, t->bytes, out);
		break;
	case PLANE_TELL_HEARD:
		ike_heard(e->ike, now, t->spi);
		break;
	case PLANE_TELL_REKEY:
	case PLANE_TELL_EXPIRED:
		ike_rekey(e->ike, now, t->spi, out);
		break;
	case PLANE_TELL_PROPOSED:
		ike_probe(e->ike, now, t->spi, &path, out);
		break;
	case PLANE_TELL_MOVED:
		break;
	}
}

// What was told, what is due, and what comes of both.
static void turn_ike(struct end *e)
{
	struct ike_out out = { 0 };
	for (unsigned i = 0; i < e->told_count; i++) {
		take_told(e, &e->told[i].t, &out);
		free(e->told[i].bytes);
	}
	e->told_count = 0;
	if (loop_now(e->loop) >= ike_due(e->ike))
		ike_tick(e->ike, loop_now(e->loop), &out);
	for (size_t i = 0; i < out.n; i++)
		act(e, &out.at[i]);
	ike_out_done(&out);
	if (e->came_up)
		tell_up(e);
	if (ike_due(e->ike) == INT64_MAX)
		loop_timer_stop(e->loop, &e->due);
	else
		loop_timer_set(e->loop, &e->due, ike_due(e->ike));
}

static void nothing(void *arg)
{
}

static void each_turn(void *arg)
{
	struct end *e = arg;
	if (e->ike)
		turn_ike(e);
	plane_flush(e->plane, loop_now(e->loop));
}

static void measure_path(struct end *e, const struct plane_site_view *v)
{
	const struct aead_alg *alg = v->suite ? aead_find(v->suite) : NULL;
	uint32_t path = alg && e->tun.fd >= 0 && v->ends.peer.port ? udp_path_mtu(&v->ends.peer) : 0;
	e->mtu = path ? esp_inner_mtu(alg, path, !addr_is_v4(&v->ends.peer)) : 0;
}

static void tick(void *arg)
{
	struct end *e = arg;
	struct plane_site_view v;
	uint32_t at = SITE;
	bool known = plane_site_next(e->plane, &at, &v);
	if (known)
		measure_path(e, &v);
	if (e->c.counter && known)
		e->why = lab_counter_ahead(e->c.counter, v.out_number);
	if (e->why) { // no number may be used that is not reserved
		loop_stop(e->loop);
		return;
	}
	if (loop_now(e->loop) >= plane_due(e->plane))
		plane_tick(e->plane, loop_now(e->loop));
	loop_timer_set(e->loop, &e->tick, loop_now(e->loop) + TICK_NS);
}

static enum st use_keys(struct end *e)
{
	struct ike_pair pair;
	struct plane_way way;
	lab_keys_pair(e->c.keys, e->c.us, &pair, &way);
	way.before = e->c.counter->from;
	way.ends.local = (struct addr){ 0 };
	enum st st = plane_pair_up(e->plane, loop_now(e->loop), SITE, &pair, &way);
	secret_wipe(&pair, sizeof pair);
	return st;
}

static enum st use_ike(struct end *e)
{
	const struct ike_config config = {
		.crypto = e->c.crypto, .engine = e->engine, .random = random_system(), .today = clock_today
	};
	enum st st = ike_new(&config, &e->ike);
	return st ? st : ike_add_site(e->ike, e->c.site, &e->ike_site);
}

// With what was opened of a tunnel nobody knew what to do before there is a relay.
static size_t to_relay(void *arg, const struct plane_packet *p, size_t n)
{
	const struct end *e = arg;
	return e->relay ? relay_forward(e->relay, p, n) : 0;
}

static enum st open_relay(struct end *e)
{
	struct relay_config c = { .loop = e->loop,
		                  .batch = e->batch,
		                  .plane = e->plane,
		                  .site = SITE,
		                  .listen = e->c.relay,
		                  .listen_count = e->c.relay_count,
		                  .collector = e->c.collector,
		                  .collector_count = e->c.collector_count };
	if (e->c.inner_count)
		c.inner = e->c.inner[0];
	enum st st = random_bytes(random_system(), &c.key, sizeof c.key);
	return st == ST_OK ? relay_new(&c, &e->relay) : st;
}

static enum st open_plane(struct end *e)
{
	const struct plane_hooks hooks = { .arg = e,
		                           .send = send_out,
		                           .forward = e->tun.fd >= 0     ? forward
		                                      : e->c.relay_count ? to_relay
		                                                         : NULL,
		                           .tell = e->c.site ? keep_told : NULL };
	const struct plane_site site = { .name = "peer",
		                         .ike = e->c.site,
		                         .keepalive = (int64_t)e->c.keepalive * 1000000000 };
	const struct encap_rules rules = { 0 };
	enum st st = aead_engine_new(aead_best(), e->c.crypto, &e->engine);
	if (st != ST_OK)
		return st;
	const struct plane_config config = { .engine = e->engine, .random = random_system() };
	st = plane_new(&config, &hooks, &e->plane);
	if (st == ST_OK)
		st = plane_set_listener(e->plane, LISTENER, &rules);
	if (st == ST_OK && e->tun.fd < 0)
		st = plane_set_inner(e->plane, e->c.inner, e->c.inner_count);
	if (st == ST_OK)
		st = plane_site_set(e->plane, SITE, &site);
	if (st == ST_OK)
		st = e->c.site ? use_ike(e) : use_keys(e);
	return st;
}

static enum st open_all(struct end *e)
{
	e->slots = malloc((size_t)PLANE_BATCH * SLOT);
	e->big = malloc(BIG);
	enum st st = e->slots && e->big ? loop_new(&e->loop) : ST_NO_MEMORY;
	if (st == ST_OK)
		st = udp_batch_new(&e->batch);
	if (st == ST_OK)
		st = udp_open(&e->c.listen, false, &e->socket);
	if (st == ST_OK)
		(void)udp_trains(&e->socket);
	if (st == ST_OK)
		st = open_plane(e);
	if (st == ST_OK)
		st = loop_add(e->loop, e->socket.fd, EPOLLIN, udp_ready, e);
	if (st == ST_OK && e->tun.fd >= 0)
		st = loop_add(e->loop, e->tun.fd, EPOLLIN, tun_ready, e);
	if (st == ST_OK && e->c.relay_count)
		st = open_relay(e);
	return st;
}

enum st end_new(const struct end_config *config, struct end **out)
{
	struct end *e = calloc(1, sizeof *e);
	if (!e)
		return ST_NO_MEMORY;
	e->c = *config;
	e->socket.fd = e->tun.fd = -1;
	if (config->tun) {
		e->tun = *config->tun;
		config->tun->fd = -1;
		e->join.udp = e->tun.uso;
	}
	enum st st = open_all(e);
	if (st != ST_OK) {
		end_free(e);
		return st;
	}
	loop_each_turn(e->loop, each_turn, e);
	e->due = (struct loop_timer){ .fn = nothing };
	e->stream.look = (struct loop_timer){ .fn = look, .arg = e };
	e->tick = (struct loop_timer){ .fn = tick, .arg = e };
	loop_timer_set(e->loop, &e->tick, loop_now(e->loop) + TICK_NS);
	*out = e;
	return ST_OK;
}

void end_free(struct end *e)
{
	if (!e)
		return;
	for (unsigned i = 0; i < e->told_count; i++)
		free(e->told[i].bytes);
	relay_free(e->relay);
	ike_free(e->ike);
	plane_free(e->plane);
	aead_engine_free(e->engine);
	udp_batch_free(e->batch);
	udp_close(&e->socket);
	tun_close(&e->tun);
	loop_free(e->loop);
	free(e->slots);
	free(e->big);
	free(e);
}

struct loop *end_loop(struct end *e)
{
	return e->loop;
}

enum st end_why(const struct end *e)
{
	return e->why;
}

const struct plane_counters *end_counters(struct end *e)
{
	return plane_counters(e->plane);
}

struct relay_counters end_relayed(const struct end *e)
{
	return e->relay ? relay_count(e->relay) : (struct relay_counters){ 0 };
}

const struct addr *end_local(const struct end *e)
{
	return &e->socket.local;
}
