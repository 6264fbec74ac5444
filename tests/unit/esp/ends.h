// SPDX-License-Identifier: Apache-2.0
// Two ends of a tunnel in one process, for the tests: keys by hand, packets in buffers, a generator that can be repeated.
#ifndef TESTS_UNIT_ESP_ENDS_H
#define TESTS_UNIT_ESP_ENDS_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "esp/ecn.h"
#include "esp/esp.h"
#include "esp/inner.h"
#include "esp/limits.h"

enum { ENDS_ROOM = 2048, ENDS_EFFECTS = 8, ENDS_SPI_A = 0x1000, ENDS_SPI_B = 0x2000 };
#define SECOND INT64_C(1000000000)

struct end {
	struct aead_engine *engine;
	struct esp *esp;
	struct esp_pair *pair;
};

struct ends {
	struct end a, b;
	struct esp_effect effect[ENDS_EFFECTS];
	struct esp_effects effects;
};

// One packet with its buffer.
struct held {
	struct esp_packet pk;
	uint8_t room[ENDS_ROOM];
};

static inline enum st test_random(void *arg, void *out, size_t n)
{
	uint64_t *state = arg;
	for (size_t i = 0; i < n; i++) {
		*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
		((uint8_t *)out)[i] = (uint8_t)(*state >> 56);
	}
	return ST_OK;
}

static inline struct addr test_addr(const char *ip, uint16_t port)
{
	char text[ADDR_TEXT];
	struct addr a = { 0 };
	(void)snprintf(text, sizeof text, strchr(ip, ':') ? "[%s]:%u" : "%s:%u", ip, port);
	assert_int_equal(addr_parse(text, &a), ST_OK);
	return a;
}

static inline struct selectors *test_selectors(const char *here, const char *there)
{
	struct prefix p[2] = { 0 };
	assert_int_equal(prefix_parse(here, &p[0]), ST_OK);
	assert_int_equal(prefix_parse(there, &p[1]), ST_OK);
	struct selector h = selector_of(&p[0]), t = selector_of(&p[1]);
	struct selectors *s = NULL;
	assert_int_equal(selectors_new(&h, 1, &t, 1, &s), ST_OK);
	return s;
}

static inline struct aead_secret test_secret(const struct aead_alg *alg, uint8_t which)
{
	static uint8_t bytes[2][AEAD_KEY_MAX + AEAD_INTEG_MAX + AEAD_SALT_MAX];
	for (size_t i = 0; i < sizeof bytes[0]; i++)
		bytes[which & 1][i] = (uint8_t)(which * 91 + i * 7);
	const uint8_t *b = bytes[which & 1];
	return (struct aead_secret){ span_of(b, alg->key), span_of(b + AEAD_KEY_MAX, alg->integ),
		                     span_of(b + AEAD_KEY_MAX + AEAD_INTEG_MAX, alg->salt) };
}

static inline struct end end_of(struct crypto *crypto, const struct aead_backend *backend, uint64_t *seed)
{
	struct end e = { 0 };
	assert_int_equal(aead_engine_new(backend, crypto, &e.engine), ST_OK);
	struct random random = { test_random, seed };
	assert_int_equal(esp_new(e.engine, random, &(struct esp_place){ 0 }, &e.esp), ST_OK);
	return e;
}

// `all`: what both sides may say, as selectors: IPv4 and IPv6 alike.
static inline struct selectors *selectors_any(void)
{
	struct selector any[2] = { { .last = { [0] = 0xff }, .port_last = 65535 }, { .port_last = 65535 } };
	memset(any[0].last, 0xff, 16);
	memset(any[1].first + 10, 0xff, 2);
	memset(any[1].last + 10, 0xff, 6);
	struct selectors *s = NULL;
	assert_int_equal(selectors_new(any, 2, any, 2, &s), ST_OK);
	return s;
}

static inline void ends_keys(struct ends *t, const struct aead_alg *alg, const struct esp_policy *policy, int64_t now)
{
	assert_int_equal(esp_add_as(t->a.esp, ENDS_SPI_A, 1, &t->a.pair), ST_OK);
	assert_int_equal(esp_add_as(t->b.esp, ENDS_SPI_B, 2, &t->b.pair), ST_OK);
	assert_int_equal(esp_set_policy(t->a.pair, policy, selectors_any()), ST_OK);
	assert_int_equal(esp_set_policy(t->b.pair, policy, selectors_any()), ST_OK);
	struct aead_secret ab = test_secret(alg, 0), ba = test_secret(alg, 1);
	assert_int_equal(esp_set_in(t->b.esp, t->b.pair, alg, &ab, now), ST_OK);
	assert_int_equal(esp_set_out(t->a.esp, t->a.pair, alg, &ab, ENDS_SPI_B, 0, now), ST_OK);
	assert_int_equal(esp_set_in(t->a.esp, t->a.pair, alg, &ba, now), ST_OK);
	assert_int_equal(esp_set_out(t->b.esp, t->b.pair, alg, &ba, ENDS_SPI_A, 0, now), ST_OK);
}

static inline void ends_init(struct ends *t, struct crypto *crypto, const struct aead_backend *a,
                             const struct aead_backend *b, uint64_t *seed)
{
	*t = (struct ends){ .a = end_of(crypto, a, seed), .b = end_of(crypto, b, seed) };
	t->effects = (struct esp_effects){ t->effect, 0, ENDS_EFFECTS };
}

static inline void ends_done(struct ends *t)
{
	struct end *all[] = { &t->a, &t->b };
	for (size_t i = 0; i < 2; i++) {
		esp_free(all[i]->esp);
		aead_engine_free(all[i]->engine);
	}
}

// A UDP packet of n octets of payload from 10.0.0.1 to 10.9.0.2, or their IPv6 likes.
static inline void held_udp(struct held *h, bool v6, size_t n)
{
	struct addr from = test_addr(v6 ? "2001:db8::1" : "10.0.0.1", 40000),
	            to = test_addr(v6 ? "2001:db8:9::2" : "10.9.0.2", 162);
	h->pk = (struct esp_packet){ .bytes = packet_of(h->room, sizeof h->room, ESP_HEADROOM) };
	uint8_t *p = packet_append(&h->pk.bytes, n);
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(i * 3 + n);
	assert_int_equal(inner_udp_put(&h->pk.bytes, &from, &to, (uint16_t)n), ST_OK);
}

// n octets as the payload of transport mode, or as what came from the net.
static inline void held_bytes(struct held *h, struct span bytes)
{
	h->pk = (struct esp_packet){ .bytes = packet_of(h->room, sizeof h->room, ESP_HEADROOM) };
	uint8_t *p = packet_append(&h->pk.bytes, bytes.n);
	assert_non_null(p);
	memcpy(p, bytes.p, bytes.n);
}

static inline enum st seal_one(struct ends *t, struct end *e, int64_t now, struct held *h)
{
	struct esp_packet *pk[] = { &h->pk };
	h->pk.pair = e->pair;
	size_t n = esp_seal(e->esp, now, pk, 1, &t->effects);
	assert_int_equal(n, h->pk.st == ST_OK);
	return h->pk.st;
}

static inline enum st open_one(struct ends *t, struct end *e, int64_t now, struct held *h)
{
	struct esp_packet *pk[] = { &h->pk };
	h->pk.pair = NULL;
	size_t n = esp_open(e->esp, now, pk, 1, &t->effects);
	assert_int_equal(n, h->pk.st == ST_OK);
	return h->pk.st;
}

#endif
