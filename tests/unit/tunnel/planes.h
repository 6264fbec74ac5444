// SPDX-License-Identifier: Apache-2.0
// Two planes back to back, for the tests: datagrams in boxes, a NAT whose mapping can change, what the hooks were given.
// `a` is the site, `b` the collector.
#ifndef TESTS_UNIT_TUNNEL_PLANES_H
#define TESTS_UNIT_TUNNEL_PLANES_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "esp/inner.h"
#include "esp/limits.h"
#include "tunnel/plane.h"

enum { BOX = 256, BOX_BYTES = 2048, TELLS = 64, TRAP_PORT = 2697 };
#define SECOND INT64_C(1000000000)

struct parcel {
	struct encap_ends ends;
	uint16_t listener;
	bool unchecked;
	size_t n;
	uint8_t bytes[BOX_BYTES];
};

struct said {
	uint32_t site;
	char name[PLANE_SITE_NAME];
	struct addr from, to;
	size_t n;
	uint8_t bytes[BOX_BYTES];
};

struct side {
	struct aead_engine *engine;
	struct plane *plane;
	struct parcel box[BOX]; // sent
	size_t sent;
	struct said said[BOX]; // delivered
	size_t said_count, room;
	struct said onward[BOX];             // forwarded
	size_t onward_count, onward_refused; // forwarded; how many of the next are not taken
	struct plane_tell tells[TELLS];
	size_t told;
};

struct planes {
	struct side a, b;
	struct addr outside; // where `a` seems to be
	int64_t now;
	uint64_t seed;
};

static inline struct addr at(const char *ip, uint16_t port)
{
	char text[ADDR_TEXT];
	struct addr a = { 0 };
	(void)snprintf(text, sizeof text, strchr(ip, ':') ? "[%s]:%u" : "%s:%u", ip, port);
	assert_int_equal(addr_parse(text, &a), ST_OK);
	return a;
}

static inline enum st planes_random(void *arg, void *out, size_t n)
{
	uint64_t *state = arg;
	for (size_t i = 0; i < n; i++) {
		*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
		((uint8_t *)out)[i] = (uint8_t)(*state >> 56);
	}
	return ST_OK;
}

static inline size_t side_send(void *arg, const struct plane_out *out, size_t n)
{
	struct side *s = arg;
	for (size_t i = 0; i < n; i++) {
		assert_true(s->sent < BOX && out[i].bytes.n <= BOX_BYTES);
		struct parcel *p = &s->box[s->sent++];
		*p = (struct parcel){ out[i].ends, out[i].listener, out[i].unchecked, out[i].bytes.n, { 0 } };
		memcpy(p->bytes, out[i].bytes.p, out[i].bytes.n);
	}
	return n;
}

static inline bool side_deliver(void *arg, const struct plane_udp *u)
{
	struct side *s = arg;
	if (s->said_count == s->room)
		return false;
	struct said *x = &s->said[s->said_count++];
	*x = (struct said){ .site = u->site, .from = u->from, .to = u->to, .n = u->payload.n };
	(void)snprintf(x->name, sizeof x->name, "%s", u->name);
	assert_true(u->payload.n <= BOX_BYTES);
	memcpy(x->bytes, u->payload.p, u->payload.n);
	return true;
}

static inline size_t side_forward(void *arg, const struct plane_packet *p, size_t n)
{
	struct side *s = arg;
	size_t refused = s->onward_refused < n ? s->onward_refused : n;
	s->onward_refused -= refused;
	for (size_t i = refused; i < n; i++) {
		struct said *x = &s->onward[s->onward_count++];
		assert_true(p[i].bytes->n <= BOX_BYTES && packet_headroom(p[i].bytes) >= 16);
		*x = (struct said){ .site = p[i].site, .from = p[i].ip->from, .to = p[i].ip->to, .n = p[i].bytes->n };
		memcpy(x->bytes, p[i].bytes->at, p[i].bytes->n);
	}
	return n - refused;
}

static inline void side_tell(void *arg, const struct plane_tell *t)
{
	struct side *s = arg;
	assert_true(s->told < TELLS);
	s->tells[s->told] = *t;
	s->tells[s->told++].bytes.p = NULL;
}

static inline size_t side_told(const struct side *s, enum plane_tell_kind kind)
{
	size_t n = 0;
	for (size_t i = 0; i < s->told; i++)
		n += s->tells[i].kind == kind;
	return n;
}

static inline void side_init(struct side *s, struct crypto *crypto, uint64_t *seed, bool forwards)
{
	assert_int_equal(aead_engine_new(aead_best(), crypto, &s->engine), ST_OK);
	struct plane_config c = { .engine = s->engine, .random = { planes_random, seed } };
	struct plane_hooks h = { s, side_send, side_deliver, forwards ? side_forward : NULL, side_tell };
	assert_int_equal(plane_new(&c, &h, &s->plane), ST_OK);
	s->sent = s->said_count = s->onward_count = s->onward_refused = s->told = 0;
	s->room = BOX;
}

static inline void planes_init(struct planes *t, struct crypto *crypto, bool forwards)
{
	t->seed = 7;
	t->now = SECOND;
	t->outside = at("198.51.100.7", 40001);
	side_init(&t->a, crypto, &t->seed, false);
	side_init(&t->b, crypto, &t->seed, forwards);
	struct addr inner[] = { at("10.99.2.1", 0), at("fd00::2:1", 0) }, there[] = { at("10.99.1.1", 0) };
	uint16_t ports[] = { TRAP_PORT, 162 }, back[] = { 5000 };
	assert_int_equal(plane_set_inner(t->b.plane, inner, 2), ST_OK);
	assert_int_equal(plane_set_ports(t->b.plane, ports, 2), ST_OK);
	assert_int_equal(plane_set_inner(t->a.plane, there, 1), ST_OK);
	assert_int_equal(plane_set_ports(t->a.plane, back, 1), ST_OK);
	for (uint32_t site = 0; site < 2; site++) {
		struct plane_site x = { .name = site ? "antwerp" : "rotterdam" };
		assert_int_equal(plane_site_set(t->a.plane, site, &x), ST_OK);
		assert_int_equal(plane_site_set(t->b.plane, site, &x), ST_OK);
	}
}

static inline void planes_done(struct planes *t)
{
	for (struct side *s = &t->a; s; s = s == &t->a ? &t->b : NULL) {
		assert_int_equal(plane_counters(s->plane)->received, plane_sum(plane_counters(s->plane)));
		plane_free(s->plane);
		aead_engine_free(s->engine);
	}
}

static inline struct ike_ts any_v4(void)
{
	struct ike_ts t = { .port_last = 65535 };
	memset(t.first + 10, 0xff, 2);
	memset(t.last + 10, 0xff, 6);
	return t;
}

// What both ends hold of one pair: `n` names its SPIs and keys.
static inline struct ike_pair pair_half(uint32_t n, bool collector, uint32_t replaces)
{
	struct ike_pair p = { .in = (collector ? 0x10000 : 0x20000) + n,
		              .out = (collector ? 0x20000 : 0x10000) + n,
		              .replaces = replaces,
		              .aead = aead_find("aes128gcm16"),
		              .send_now = !replaces };
	memset(collector ? p.key_in : p.key_out, (int)(2 * n + 1), sizeof p.key_in);
	memset(collector ? p.key_out : p.key_in, (int)(2 * n + 2), sizeof p.key_in);
	p.here = p.there = (struct ike_ts_list){ .at = { any_v4() }, .n = 1 };
	return p;
}

static inline struct encap_ends a_ends(void)
{
	return (struct encap_ends){ at("192.168.7.2", 4500), at("203.0.113.1", 2797) };
}

static inline struct encap_ends b_ends(const struct planes *t)
{
	return (struct encap_ends){ at("203.0.113.1", 2797), t->outside };
}

static inline void pair_up(struct planes *t, uint32_t site, uint32_t n, uint32_t replaces)
{
	struct ike_pair a = pair_half(n, false, replaces ? 0x20000 + replaces : 0),
	                b = pair_half(n, true, replaces ? 0x10000 + replaces : 0);
	struct plane_way wa = { .ends = a_ends(), .natted = true }, wb = { .ends = b_ends(t), .listener = 3 };
	assert_int_equal(plane_pair_up(t->a.plane, t->now, site, &a, &wa), ST_OK);
	assert_int_equal(plane_pair_up(t->b.plane, t->now, site, &b, &wb), ST_OK);
}

// Hands datagrams to a side as a socket does, each in a block of its own size.
static inline void arrive(struct planes *t, struct side *to, struct parcel *p, size_t n)
{
	struct udp_packet dg[PLANE_BATCH];
	uint8_t *blocks[PLANE_BATCH];
	assert_true(n <= PLANE_BATCH);
	for (size_t i = 0; i < n; i++) {
		blocks[i] = malloc(p[i].n ? p[i].n : 1);
		assert_non_null(blocks[i]);
		memcpy(blocks[i], p[i].bytes, p[i].n);
		dg[i] = (struct udp_packet){ .bytes = span_of(blocks[i], p[i].n),
			                     .peer = to == &t->b ? t->outside : p[i].ends.local,
			                     .local = to == &t->b ? p[i].ends.peer : a_ends().local };
	}
	plane_input(to->plane, t->now, to == &t->b ? 3 : 0, dg, n);
	while (plane_held(to->plane)) {
		assert_true(to->said_count == to->room);
		to->room++; // one more each time, so that every place of holding is seen
		plane_resume(to->plane, t->now);
	}
	plane_flush(to->plane, t->now);
	for (size_t i = 0; i < n; i++)
		free(blocks[i]);
}

static inline bool same_end(const struct addr *x, const struct addr *y)
{
	return addr_same_ip(x, y) && x->port == y->port;
}

// Everything that `from` has sent goes to the other side; what goes to where `a` is no more is lost.
static inline size_t carry(struct planes *t, struct side *from)
{
	size_t n = 0;
	plane_flush(from->plane, t->now);
	for (size_t i = 0; i < from->sent; i++)
		if (from == &t->a || same_end(&from->box[i].ends.peer, &t->outside))
			from->box[n++] = from->box[i];
	from->sent = 0;
	for (size_t i = 0; i < n; i += PLANE_BATCH)
		arrive(t, from == &t->a ? &t->b : &t->a, from->box + i, n - i < PLANE_BATCH ? n - i : PLANE_BATCH);
	return n;
}

// The site says something to the collector's trap port.
static inline enum st say(struct planes *t, uint32_t site, const char *from, const char *text)
{
	struct addr f = at(from, 5000), to = at("10.99.2.1", TRAP_PORT);
	return plane_send_udp(t->a.plane, t->now, site, &f, &to, span_str(text));
}

#endif
