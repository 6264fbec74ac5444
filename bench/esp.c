// SPDX-License-Identifier: Apache-2.0
// What the ESP engine costs beside the bare library call of the same back end: seal and open of packets of 64 and 1,400
// octets, in batches, and with one pair and 10,000. Prints one table; each figure is the best of several rounds, and both
// sides of a ratio are measured in turns, so that another load on the machine strikes both.
//
//     bench-esp [milliseconds a measurement [suite, of the best back end alone]]
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "esp/esp.h"
#include "esp/inner.h"
#include "esp/limits.h"

enum { ROUNDS = 7, SAMPLES = 20000, ROOM = 2048, PAIRS_MANY = 10000, HEAD = 8 };

struct rig {
	struct aead_engine *engine;
	struct esp *out, *in;
	struct esp_pair *from[PAIRS_MANY], *to[PAIRS_MANY];
	size_t pairs;
	struct aead_key *seal, *open;
	const struct aead_alg *alg;
	uint8_t plain[ROOM];
	size_t size;
	struct esp_packet packets[ESP_BATCH];
	struct aead_op ops[ESP_BATCH];
	uint64_t next; // which pair, at random
};

static uint8_t rooms[ESP_BATCH][ROOM];

static void require(enum st st)
{
	if (st == ST_OK)
		return;
	fprintf(stderr, "bench-esp: %s\n", st_text(st));
	exit(1);
}

static int64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static struct selectors *any(void)
{
	const struct prefix all = { .ip = { [10] = 0xff, [11] = 0xff }, .bits = 96 };
	const struct selector s = selector_of(&all);
	struct selectors *out = NULL;
	require(selectors_new(&s, 1, &s, 1, &out));
	return out;
}

static void rig_keys(struct rig *r, const struct aead_secret *s)
{
	static const struct esp_policy policy = { .mode = ESP_TUNNEL, .esn = true };
	for (size_t i = 0; i < r->pairs; i++) {
		require(esp_add(r->in, i, &r->to[i]));
		require(esp_add(r->out, i, &r->from[i]));
		require(esp_set_policy(r->to[i], &policy, any()));
		require(esp_set_policy(r->from[i], &policy, any()));
		require(esp_set_in(r->in, r->to[i], r->alg, s, 0));
		require(esp_set_out(r->out, r->from[i], r->alg, s, r->to[i]->spi, 0, 0));
	}
	require(aead_key_new(r->engine, r->alg, AEAD_SEAL, s, &r->seal));
	require(aead_key_new(r->engine, r->alg, AEAD_OPEN, s, &r->open));
}

static void rig_init(struct rig *r, struct crypto *crypto, const struct aead_backend *b, const struct aead_alg *alg,
                     size_t size, size_t pairs)
{
	static const uint8_t bytes[AEAD_KEY_MAX] = { 9, 8, 7 };
	const struct aead_secret s = { span_of(bytes, alg->key), span_of(bytes, alg->integ),
		                       span_of(bytes, alg->salt) };
	*r = (struct rig){ .alg = alg, .size = size, .pairs = pairs };
	require(aead_engine_new(b, crypto, &r->engine));
	require(esp_new(r->engine, random_system(), &(struct esp_place){ 0 }, &r->in));
	require(esp_new(r->engine, random_system(), &(struct esp_place){ 0 }, &r->out));
	rig_keys(r, &s);
	struct addr from, to;
	require(addr_parse("10.0.0.1:40000", &from));
	require(addr_parse("10.9.0.2:162", &to));
	struct packet p = packet_of(r->plain, ROOM, ESP_HEADROOM);
	(void)packet_append(&p, size - IPV4_HEAD - UDP_HEAD);
	require(inner_udp_put(&p, &from, &to, 1));
	memmove(r->plain, p.at, p.n);
}

static void rig_done(struct rig *r)
{
	aead_key_free(r->engine, r->seal);
	aead_key_free(r->engine, r->open);
	esp_free(r->in);
	esp_free(r->out);
	aead_engine_free(r->engine);
}

// Nanoseconds of one batch.
typedef int64_t batch_fn(struct rig *r);

static void fill(struct rig *r, struct esp_packet **list)
{
	for (size_t i = 0; i < ESP_BATCH; i++) {
		r->packets[i] = (struct esp_packet){ .bytes = packet_of(rooms[i], ROOM, ESP_HEADROOM) };
		memcpy(packet_append(&r->packets[i].bytes, r->size), r->plain, r->size);
		r->next = r->next * UINT64_C(6364136223846793005) + 1442695040888963407;
		r->packets[i].pair = r->from[(r->next >> 33) % r->pairs];
		list[i] = &r->packets[i];
	}
}

static int64_t engine_seal(struct rig *r)
{
	struct esp_packet *list[ESP_BATCH];
	struct esp_effects none = { 0 };
	fill(r, list);
	int64_t start = now_ns();
	size_t n = esp_seal(r->out, start, list, ESP_BATCH, &none);
	int64_t took = now_ns() - start;
	if (n != ESP_BATCH)
		require(list[n]->st);
	return took;
}

static int64_t engine_open(struct rig *r)
{
	struct esp_packet *list[ESP_BATCH];
	struct esp_effects none = { 0 };
	(void)engine_seal(r);
	for (size_t i = 0; i < ESP_BATCH; i++) {
		list[i] = &r->packets[i];
		list[i]->pair = NULL;
	}
	int64_t start = now_ns();
	size_t n = esp_open(r->in, start, list, ESP_BATCH, &none);
	int64_t took = now_ns() - start;
	if (n != ESP_BATCH)
		require(list[n]->st);
	return took;
}

// The library's call alone over the same text, every packet under one key.
static void bare_ops(struct rig *r, const struct aead_key *key)
{
	size_t align = r->alg->block > 4 ? r->alg->block : 4, text = (r->size + 2 + align - 1) / align * align;
	for (size_t i = 0; i < ESP_BATCH; i++)
		r->ops[i] = (struct aead_op){ key, rooms[i] + 64, HEAD, (uint32_t)text, true, 0, ST_NONE };
}

static int64_t bare_seal(struct rig *r)
{
	bare_ops(r, r->seal);
	int64_t start = now_ns();
	aead_seal(r->engine, r->ops, ESP_BATCH);
	return now_ns() - start;
}

static int64_t bare_open(struct rig *r)
{
	(void)bare_seal(r);
	bare_ops(r, r->open);
	int64_t start = now_ns();
	aead_open(r->engine, r->ops, ESP_BATCH);
	int64_t took = now_ns() - start;
	require(r->ops[0].st);
	return took;
}

static int earlier(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

// Nanoseconds a packet: of the median batch in a stretch of time, so that a batch in which somebody else ran says nothing.
static double stretch(struct rig *r, batch_fn *fn, int64_t length)
{
	static int64_t took[SAMPLES];
	size_t n = 0;
	for (int64_t begun = now_ns(); n < SAMPLES && (n < 3 || now_ns() - begun < length);)
		took[n++] = fn(r);
	qsort(took, n, sizeof *took, earlier);
	return (double)took[n / 2] / ESP_BATCH;
}

static void compare(struct rig *a, batch_fn *fa, struct rig *b, batch_fn *fb, int64_t length, double best[2])
{
	best[0] = best[1] = 1e9;
	for (int i = 0; i < ROUNDS; i++) {
		double x = stretch(a, fa, length), y = stretch(b, fb, length);
		best[0] = x < best[0] ? x : best[0];
		best[1] = y < best[1] ? y : best[1];
	}
}

static void row(struct crypto *crypto, const struct aead_backend *b, const struct aead_alg *alg, size_t size,
                int64_t length)
{
	static struct rig r;
	double seal[2], open[2];
	rig_init(&r, crypto, b, alg, size, 1);
	compare(&r, engine_seal, &r, bare_seal, length, seal);
	compare(&r, engine_open, &r, bare_open, length, open);
	printf("%-9s %-18s %5zu  %6.0f %6.0f %5.2f  %6.0f %6.0f %5.2f\n", aead_backend_name(b), alg->name, size,
	       seal[0], seal[1], seal[0] / seal[1], open[0], open[1], open[0] / open[1]);
	fflush(stdout);
	rig_done(&r);
}

static void many(struct crypto *crypto, const struct aead_backend *b, const struct aead_alg *alg, size_t size,
                 int64_t length)
{
	static struct rig one, all;
	double seal[2], open[2];
	rig_init(&one, crypto, b, alg, size, 1);
	rig_init(&all, crypto, b, alg, size, PAIRS_MANY);
	compare(&all, engine_seal, &one, engine_seal, length, seal);
	compare(&all, engine_open, &one, engine_open, length, open);
	printf("%-9s %-18s %5zu  %6.0f %6.0f %5.2f  %6.0f %6.0f %5.2f\n", aead_backend_name(b), alg->name, size,
	       seal[0], seal[1], seal[0] / seal[1], open[0], open[1], open[0] / open[1]);
	fflush(stdout);
	rig_done(&one);
	rig_done(&all);
}

int main(int argc, char **argv)
{
	static const size_t sizes[] = { 64, 1400 };
	int64_t length = (argc > 1 ? atoi(argv[1]) : 20) * INT64_C(1000000);
	struct crypto *crypto = NULL;
	require(crypto_init(&crypto));
	puts("Nanoseconds a packet, batches of 64, tunnel mode, extended sequence numbers.\n");
	puts("                                    seal                  open");
	puts("back end  suite             octets  engine   bare ratio  engine   bare ratio");
	const struct aead_alg *only = argc > 2 ? aead_find(argv[2]) : NULL;
	for (unsigned i = 0; aead_backend(i) && (!only || i == 0); i++)
		for (enum aead_id id = 0; id < AEAD_COUNT; id++)
			for (size_t k = 0; k < 2; k++)
				if (!only || aead_at(id) == only)
					row(crypto, aead_backend(i), aead_at(id), sizes[k], length);
	puts("\n10,000 pairs, each packet of a random one, beside one");
	puts("back end  suite             octets  10,000    one ratio  10,000    one ratio");
	for (size_t k = 0; k < 2; k++)
		many(crypto, aead_best(), only ? only : aead_at(AEAD_AES128_GCM16), sizes[k], length);
	crypto_free(crypto);
	return 0;
}
