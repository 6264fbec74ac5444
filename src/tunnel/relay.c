// SPDX-License-Identifier: Apache-2.0
#include "tunnel/relay.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "esp/inner.h"
#include "tunnel/flows.h"

static_assert(RELAY_PORT + FLOWS_MAX <= 65536, "every flow has a port");

struct socket {
	struct relay *relay;
	struct udp_socket udp; // fd -1: none
};

enum { AGENT_PORT = 161, ASKED = 0 }; // ASKED: the service of a device that can be asked

struct relay {
	struct relay_config c;
	struct addr v4, v6; // the collector inside; all 0: none
	struct addr collector[PLANE_INNER];
	struct flows *flows, *devices; // devices: who can be asked, at their agent's port
	struct relay_counters counters;
	struct socket sockets[RELAY_LISTENERS], v4_asks, v6_asks; // fd -1: the machine does not have the family
};

static const struct addr *collector_of(const struct relay *r, const struct addr *other)
{
	return addr_is_v4(other) ? &r->v4 : &r->v6;
}

static enum st say(struct relay *r, int64_t now, const struct addr *from, uint16_t service, struct span payload)
{
	struct addr to = *collector_of(r, from);
	if (addr_is_any(&to) || addr_is_any(from))
		return ST_INNER_ADDRESS;
	to.port = service;
	return plane_send_udp(r->c.plane, now, r->c.site, from, &to, payload);
}

// Who keeps his address inside can be asked there, from the address of ours that he knows.
static void remember_device(struct relay *r, const struct flow *heard)
{
	struct flow device = *heard;
	device.peer.port = AGENT_PORT;
	device.service = ASKED;
	const struct flow *before = flows_of(r->devices, &device.peer, ASKED);
	device.asker = before ? before->asker : 0;
	(void)flows_heard(r->devices, &device);
}

static void take(struct relay *r, int64_t now, uint16_t service, const struct udp_packet *p)
{
	struct flow flow = { .peer = p->peer, .local = p->local, .ifindex = p->ifindex, .service = service };
	struct addr masked = r->c.inner;
	r->counters.heard++;
	if (p->truncated) {
		r->counters.lost++;
		return;
	}
	enum st st = addr_same_ip(&p->peer, &masked) ? ST_ESP_SELECTOR : say(r, now, &p->peer, service, p->bytes);
	flow.masked = st == ST_ESP_SELECTOR || st == ST_INNER_ADDRESS;
	masked.port = (uint16_t)(RELAY_PORT + flows_heard(r->flows, &flow));
	if (flow.masked)
		st = say(r, now, &masked, service, p->bytes);
	else
		remember_device(r, &flow);
	r->counters.relayed += st == ST_OK;
	r->counters.down += st == ST_NONE;
	r->counters.lost += st != ST_OK && st != ST_NONE;
}

static void ready(void *arg, uint32_t events)
{
	struct socket *s = arg;
	struct relay *r = s->relay;
	struct udp_packet p;
	if (udp_receive(&s->udp, r->c.batch) <= 0)
		return;
	while (udp_next(r->c.batch, &p))
		take(r, loop_now(r->c.loop), s->udp.local.port, &p);
}

// What a device said to a question.
static void told(void *arg, uint32_t events)
{
	struct socket *s = arg;
	struct relay *r = s->relay;
	struct udp_packet p;
	if (udp_receive(&s->udp, r->c.batch) <= 0)
		return;
	while (udp_next(r->c.batch, &p)) {
		const struct flow *x = flows_of(r->devices, &p.peer, ASKED);
		if (x && x->asker && !p.truncated && say(r, loop_now(r->c.loop), &p.peer, x->asker, p.bytes) == ST_OK)
			r->counters.told++;
	}
}

static bool is_collector(const struct relay *r, const struct addr *from)
{
	for (size_t i = 0; i < r->c.collector_count; i++)
		if (addr_same_ip(&r->collector[i], from))
			return true;
	return false;
}

static const struct flow *answered(const struct relay *r, const struct inner_udp *u)
{
	const struct flow *x;
	if (!is_collector(r, &u->from))
		return NULL;
	if (!addr_same_ip(&u->to, &r->c.inner))
		return flows_of(r->flows, &u->to, u->from.port);
	x = u->to.port < RELAY_PORT ? NULL : flows_masked(r->flows, (uint16_t)(u->to.port - RELAY_PORT));
	return x && x->service == u->from.port ? x : NULL;
}

// Out of a socket of the port that the device spoke to, of its family.
static bool give(const struct relay *r, const struct flow *x, struct span payload)
{
	const struct udp_out out = { .bytes = payload, .to = x->peer, .from = x->local, .ifindex = x->ifindex };
	for (size_t i = 0; i < r->c.listen_count; i++) {
		const struct udp_socket *s = &r->sockets[i].udp;
		const struct addr *a = &s->local;
		if (a->port == x->service && addr_is_v4(a) == addr_is_v4(&x->peer) &&
		    (addr_is_any(a) || addr_same_ip(a, &x->local)))
			return udp_send(s, &out, 1) == 1;
	}
	return false;
}

// A question to a device that was heard.
static bool ask(struct relay *r, const struct inner_udp *u)
{
	const struct flow *x = is_collector(r, &u->from) ? flows_of(r->devices, &u->to, ASKED) : NULL;
	const struct socket *s = addr_is_v4(&u->to) ? &r->v4_asks : &r->v6_asks;
	if (!x || s->udp.fd < 0)
		return false;
	struct flow device = *x;
	const struct udp_out out = {
		.bytes = u->payload, .to = device.peer, .from = device.local, .ifindex = device.ifindex
	};
	device.asker = u->from.port;
	(void)flows_heard(r->devices, &device);
	return udp_send(&s->udp, &out, 1) == 1;
}

static uint64_t *give_or_ask(struct relay *r, const struct ip_view *v)
{
	struct inner_udp u;
	if (inner_udp_take(v, INNER_CHECK, &u) != ST_OK)
		return &r->counters.strange;
	const struct flow *x = answered(r, &u);
	if (x)
		return give(r, x, u.payload) ? &r->counters.answered : &r->counters.strange;
	return ask(r, &u) ? &r->counters.asked : &r->counters.strange;
}

size_t relay_forward(void *relay, const struct plane_packet *p, size_t n)
{
	struct relay *r = relay;
	for (size_t i = 0; i < n; i++)
		++*give_or_ask(r, p[i].ip);
	return n;
}

void relay_set_inner(struct relay *r, const struct addr *inner)
{
	r->c.inner = *inner;
}

struct relay_counters relay_count(const struct relay *r)
{
	return r->counters;
}

// A family that the machine does not have is no error.
static enum st open_asking(struct relay *r, struct socket *s, const char *any)
{
	struct addr local;
	enum st st = addr_parse(any, &local);
	if (st == ST_OK)
		st = udp_open(&local, false, &s->udp);
	if (st != ST_OK)
		return errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL ? ST_OK : st;
	return loop_add(r->c.loop, s->udp.fd, EPOLLIN, told, s);
}

static enum st open_sockets(struct relay *r, const struct addr *listen)
{
	for (size_t i = 0; i < r->c.listen_count; i++) {
		struct socket *s = &r->sockets[i];
		enum st st = udp_open(&listen[i], false, &s->udp);
		if (st == ST_OK)
			st = loop_add(r->c.loop, s->udp.fd, EPOLLIN, ready, s);
		if (st != ST_OK)
			return st;
	}
	return ST_OK;
}

enum st relay_new(const struct relay_config *config, struct relay **out)
{
	if (config->listen_count > RELAY_LISTENERS || config->collector_count > PLANE_INNER)
		return ST_FULL;
	struct relay *r = calloc(1, sizeof *r);
	if (!r)
		return ST_NO_MEMORY;
	r->c = *config;
	r->c.listen = r->c.collector = NULL; // the caller's
	for (size_t i = 0; i < RELAY_LISTENERS; i++)
		r->sockets[i] = (struct socket){ .relay = r, .udp.fd = -1 };
	for (size_t i = config->collector_count; i-- > 0;) {
		r->collector[i] = config->collector[i];
		*(addr_is_v4(&r->collector[i]) ? &r->v4 : &r->v6) = r->collector[i];
	}
	r->v4_asks = r->v6_asks = r->sockets[0];
	enum st st = flows_new(&config->key, &r->flows);
	if (st == ST_OK)
		st = flows_new(&config->key, &r->devices);
	if (st == ST_OK)
		st = open_sockets(r, config->listen);
	if (st == ST_OK)
		st = open_asking(r, &r->v4_asks, "0.0.0.0:0");
	if (st == ST_OK)
		st = open_asking(r, &r->v6_asks, "[::]:0");
	if (st == ST_OK)
		*out = r;
	else
		relay_free(r);
	return st;
}

static void close_socket(struct socket *s)
{
	if (s->udp.fd >= 0)
		loop_remove(s->relay->c.loop, s->udp.fd);
	udp_close(&s->udp);
}

void relay_free(struct relay *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < RELAY_LISTENERS; i++)
		close_socket(&r->sockets[i]);
	close_socket(&r->v4_asks);
	close_socket(&r->v6_asks);
	flows_free(r->flows);
	flows_free(r->devices);
	free(r);
}
