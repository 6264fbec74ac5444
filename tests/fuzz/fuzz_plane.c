// SPDX-License-Identifier: Apache-2.0
// A data plane that hears hostile datagrams, and hostile text sealed by a peer that has the keys, in tunnel and transport
// mode, while time passes, pairs go and there is no room. Whatever comes, every datagram ends in exactly one count.
//
// The input: an octet of choices, then steps: an octet (what, for whom, from where), two octets of length, the bytes.
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "tunnel/plane.h"

enum { SPI = 0x1000, HEAD = 8, AROUND = HEAD + 8 + 16, PAIRS = 2, STEPS_MAX = 200 };
enum step { STEP_RAW, STEP_SEALED, STEP_TIME, STEP_PAIR_DOWN, STEP_ROOM, STEP_SITE, STEPS };

static struct crypto *crypto;
static struct aead_engine *engine;

struct scene {
	struct plane *plane;
	bool room;
	uint64_t delivered, forwarded;
	int64_t now;
	uint32_t number[PAIRS];
};

static enum st ones(void *arg, void *out, size_t n)
{
	memset(out, 1, n);
	return ST_OK;
}

static size_t send_nothing(void *arg, const struct plane_out *out, size_t n)
{
	volatile uint8_t sum = 0;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < out[i].bytes.n; k++)
			sum = (uint8_t)(sum + out[i].bytes.p[k]);
	return n / 2;
}

static bool deliver(void *arg, const struct plane_udp *u)
{
	struct scene *s = arg;
	volatile uint8_t sum = 0;
	for (size_t i = 0; i < u->payload.n; i++)
		sum = (uint8_t)(sum + u->payload.p[i]);
	s->delivered += s->room;
	return s->room;
}

static size_t forward(void *arg, const struct plane_packet *p, size_t n)
{
	struct scene *s = arg;
	for (size_t i = 0; i < n; i++) {
		fuzz_require(packet_headroom(p[i].bytes) >= 16 && p[i].ip->total == p[i].bytes->n);
		memset(p[i].bytes->at - 16, 0, 16);
	}
	n -= n > 2; // the device does not take one
	s->forwarded += n;
	return n;
}

static void pair_up(struct scene *s, uint32_t which, bool transport, bool ports)
{
	struct ike_pair p = { .in = SPI + which, .out = SPI, .aead = aead_at(AEAD_AES128_GCM16), .send_now = true };
	struct ike_ts any = { .port_last = 65535 };
	memset(any.first + 10, 0xff, 2);
	memset(any.last + 10, 0xff, 6);
	if (ports) {
		any.protocol = IP_UDP;
		any.port_last = 1000;
	}
	p.transport = transport;
	p.here = p.there = (struct ike_ts_list){ .at = { any }, .n = 1 };
	const struct plane_way way = { .ends.peer.port = 1 };
	(void)plane_pair_up(s->plane, s->now, 0, &p, &way);
}

static void input(struct scene *s, struct span bytes, uint8_t from)
{
	uint8_t *p = malloc(bytes.n ? bytes.n : 1);
	if (bytes.n)
		memcpy(p, bytes.p, bytes.n);
	const struct udp_packet dg = { .bytes = span_of(p, bytes.n), .peer.port = (uint16_t)(1 + from % 3) };
	plane_input(s->plane, s->now, 0, &dg, 1);
	if (plane_held(s->plane)) {
		s->room = true; // the block goes
		plane_resume(s->plane, s->now);
	}
	fuzz_require(!plane_held(s->plane));
	plane_flush(s->plane, s->now);
	free(p);
}

static void input_sealed(struct scene *s, uint32_t which, struct span text, uint8_t from)
{
	static const uint8_t zero[AEAD_KEY_MAX];
	const struct aead_alg *alg = aead_at(AEAD_AES128_GCM16);
	const struct aead_secret secret = { span_of(zero, alg->key), { 0 }, span_of(zero, alg->salt) };
	struct aead_key *key = NULL;
	size_t whole = text.n / 4 * 4;
	uint8_t *p = calloc(1, AROUND + whole);
	fuzz_require(aead_key_new(engine, alg, AEAD_SEAL, &secret, &key) == ST_OK);
	p[2] = SPI >> 8;
	p[3] = (uint8_t)which;
	p[7] = (uint8_t)++s->number[which];
	if (whole)
		memcpy(p + HEAD + 8, text.p, whole);
	struct aead_op op = { key, p, HEAD, (uint32_t)whole, false, 0, ST_NONE };
	aead_seal(engine, &op, 1);
	input(s, span_of(p, AROUND + whole), from);
	aead_key_free(engine, key);
	free(p);
}

static void step(struct scene *s, uint8_t what, struct span bytes, uint8_t choices)
{
	uint32_t which = what >> 4 & 1;
	switch ((enum step)(what % STEPS)) {
	case STEP_RAW:
		input(s, bytes, what >> 5);
		break;
	case STEP_SEALED:
		input_sealed(s, which, bytes, what >> 5);
		break;
	case STEP_TIME:
		s->now += (int64_t)bytes.n * 1000000000;
		plane_tick(s->plane, s->now);
		break;
	case STEP_PAIR_DOWN:
		plane_pair_down(s->plane, s->now, SPI + which);
		s->number[which] = 0;
		pair_up(s, which, which, choices & 1);
		break;
	case STEP_ROOM:
		s->room = !s->room;
		break;
	case STEP_SITE:
		(void)plane_site_set(s->plane, 0, &(struct plane_site){ .name = "x", .ike = which });
		break;
	case STEPS:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (!engine) {
		fuzz_require(crypto_init(&crypto) == ST_OK);
		fuzz_require(aead_engine_new(aead_best(), crypto, &engine) == ST_OK);
	}
	struct rd r = rd_of(span_of(data, n));
	uint8_t choices = rd_u8(&r);
	struct scene s = { .room = true, .now = 1000000000 };
	const struct plane_config config = { .engine = engine, .random = { ones, NULL } };
	const struct plane_hooks hooks = {
		.arg = &s, .send = send_nothing, .deliver = deliver, .forward = choices & 2 ? forward : NULL
	};
	const struct addr inner = { .ip = { [10] = 0xff, 0xff, 10, 99, 2, 1 } };
	const uint16_t port = 162;
	const struct encap_rules rules = { .unmarked = choices & 4, .eight = choices & 8, .plain = choices & 16 };
	fuzz_require(plane_new(&config, &hooks, &s.plane) == ST_OK);
	fuzz_require(plane_set_inner(s.plane, &inner, 1) == ST_OK && plane_set_ports(s.plane, &port, 1) == ST_OK);
	fuzz_require(plane_set_listener(s.plane, 0, &rules) == ST_OK);
	fuzz_require(plane_site_set(s.plane, 0, &(struct plane_site){ .name = "x" }) == ST_OK);
	for (uint32_t i = 0; i < PAIRS; i++)
		pair_up(&s, i, i, choices & 1);
	for (int i = 0; i < STEPS_MAX && rd_left(&r) >= 3; i++) {
		uint8_t what = rd_u8(&r);
		size_t length = rd_u16(&r), left = rd_left(&r);
		step(&s, what, rd_take(&r, length < left ? length : left), choices);
		const struct plane_counters *c = plane_counters(s.plane);
		fuzz_require(plane_sum(c) == c->received && c->held == 0);
		fuzz_require(c->delivered == s.delivered && c->forwarded == s.forwarded);
	}
	plane_free(s.plane);
	return 0;
}
