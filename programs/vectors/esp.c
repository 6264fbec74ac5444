// SPDX-License-Identifier: Apache-2.0
// esp-seal: {"suite":"aes128gcm16","key":"hex","salt":"hex","spi":4096,"seq":1,"esn":false,"mode":"tunnel","packet":"hex"}
// gives {"packet":"hex"}, from the SPI to the ICV. esp-open takes that as `packet` and gives {"next_header":4,
// "payload":"hex"}. Either gives {"refused":"reason"} where the engine would drop the packet.
//
// CBC suites want `integ_key` instead of `salt`. `mode` is tunnel when absent. Numbers are JSON integers, or strings of hex.
// Sealing: `next_header` may be left out in tunnel mode, `iv` always (a counter: the sequence number); `pad_to` asks for TFC
// padding. Opening: `seq` is the packet's whole number, which with `esn` says the high word that is not sent; an SPI
// other than `spi` is refused. `backend` names one of the back ends.
#include <stdlib.h>
#include <string.h>

#include "crypto/aead.h"
#include "crypto/secret.h"
#include "esp/esp.h"
#include "esp/limits.h"
#include "vectors.h"

struct esp_request {
	const struct aead_alg *alg;
	const struct aead_backend *backend;
	struct esp_policy policy;
	struct aead_secret secret;
	struct span iv, packet;
	uint64_t spi, seq, next_header, pad_to;
	bool has_spi;
	uint8_t *octets[5]; // what the spans view; freed at the end
	size_t owned;
};

static const char *take_hex(const struct request *request, const char *key, struct esp_request *q, struct span *out)
{
	if (!request_has(request, key))
		return NULL;
	size_t n = 0;
	if (!request_hex(request, key, &q->octets[q->owned], &n))
		return "a value is not hex";
	*out = span_of(q->octets[q->owned++], n);
	return NULL;
}

static const char *take_octets(const struct request *request, struct esp_request *q)
{
	const struct {
		const char *key;
		struct span *to;
	} rows[] = {
		{ "key", &q->secret.key }, { "integ_key", &q->secret.integ }, { "salt", &q->secret.salt },
		{ "iv", &q->iv },          { "packet", &q->packet },
	};
	const char *why = NULL;
	for (size_t i = 0; i < sizeof rows / sizeof *rows && !why; i++)
		why = take_hex(request, rows[i].key, q, rows[i].to);
	return why;
}

static const char *take_numbers(const struct request *request, struct esp_request *q)
{
	const struct {
		const char *key;
		uint64_t *to, most;
	} rows[] = {
		{ "spi", &q->spi, UINT32_MAX },
		{ "seq", &q->seq, UINT64_MAX },
		{ "next_header", &q->next_header, 255 },
		{ "pad_to", &q->pad_to, IP_TOTAL_MAX },
	};
	q->has_spi = request_has(request, "spi");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (request_has(request, rows[i].key) &&
		    (!request_number(request, rows[i].key, rows[i].to) || *rows[i].to > rows[i].most))
			return "spi, seq, next_header or pad_to is no number, or too large";
	return NULL;
}

static const char *take_names(const struct request *request, struct esp_request *q)
{
	const char *suite = request_string(request, "suite"), *mode = request_string(request, "mode");
	const char *backend = request_string(request, "backend");
	q->alg = suite ? aead_find(suite) : NULL;
	if (!q->alg)
		return "suite is unknown";
	if (mode && strcmp(mode, "tunnel") != 0 && strcmp(mode, "transport") != 0)
		return "mode is neither tunnel nor transport";
	unsigned i = 0;
	while (backend && aead_backend(i) && strcmp(aead_backend_name(aead_backend(i)), backend) != 0)
		i++;
	q->backend = aead_backend(i);
	if (!q->backend)
		return "backend is not there";
	q->policy = (struct esp_policy){ .mode = mode && strcmp(mode, "transport") == 0 ? ESP_TRANSPORT : ESP_TUNNEL,
		                         .esn = request_true(request, "esn"),
		                         .pad_for_length = true };
	return NULL;
}

static const char *read_request(const struct request *request, struct esp_request *q)
{
	const char *why = take_names(request, q);
	if (!why)
		why = take_numbers(request, q);
	if (!why)
		why = take_octets(request, q);
	if (!why &&
	    (q->secret.key.n != q->alg->key || q->secret.integ.n != q->alg->integ || q->secret.salt.n != q->alg->salt))
		why = "key, integ_key or salt has not the length that the suite wants";
	if (!why && q->iv.n && q->iv.n != q->alg->iv)
		why = "iv has not the length that the suite wants";
	return why;
}

// Gives the IV that the request names, again and again.
static enum st given_iv(void *arg, void *out, size_t n)
{
	const struct span *iv = arg;
	for (size_t i = 0; i < n; i++)
		((uint8_t *)out)[i] = iv->n ? iv->p[i % iv->n] : (uint8_t)(i * 73);
	return ST_OK;
}

// Everything of both families.
static enum st any_selectors(struct selectors **out)
{
	const struct prefix prefixes[] = { { .ip = { [10] = 0xff, [11] = 0xff }, .bits = 96 }, { .bits = 0 } };
	const struct selector any[] = { selector_of(&prefixes[0]), selector_of(&prefixes[1]) };
	return selectors_new(any, 2, any, 2, out);
}

struct bench {
	struct aead_engine *engine;
	struct esp *esp;
	struct esp_pair *pair;
	struct esp_packet packet;
	uint8_t *room;
};

static enum st bench_make(struct bench *b, struct crypto *crypto, struct esp_request *q)
{
	enum st st = aead_engine_new(q->backend, crypto, &b->engine);
	if (st == ST_OK)
		st = esp_new(b->engine, (struct random){ given_iv, &q->iv }, &(struct esp_place){ 0 }, &b->esp);
	if (st == ST_OK)
		st = esp_add_as(b->esp, (uint32_t)q->spi, 0, &b->pair);
	struct selectors *selectors = NULL;
	if (st == ST_OK)
		st = any_selectors(&selectors);
	if (st == ST_OK)
		st = esp_set_policy(b->pair, &q->policy, selectors);
	size_t room = ESP_HEADROOM + q->packet.n + q->pad_to + ESP_TAILROOM;
	b->room = st == ST_OK ? malloc(room) : NULL;
	if (st == ST_OK && !b->room)
		st = ST_NO_MEMORY;
	if (st != ST_OK)
		return st;
	b->packet = (struct esp_packet){ .bytes = packet_of(b->room, room, ESP_HEADROOM), .pair = b->pair };
	uint8_t *p = packet_append(&b->packet.bytes, q->packet.n);
	if (q->packet.n)
		memcpy(p, q->packet.p, q->packet.n);
	return ST_OK;
}

static void bench_done(struct bench *b)
{
	esp_free(b->esp);
	aead_engine_free(b->engine);
	free(b->room);
}

static enum st seal(struct bench *b, const struct esp_request *q)
{
	enum st st = esp_set_out(b->esp, b->pair, q->alg, &q->secret, (uint32_t)q->spi, q->seq - 1, 0);
	if (st != ST_OK)
		return st;
	struct rd r = rd_of(q->iv);
	if (q->alg->counter && q->iv.n)
		b->pair->out.iv = rd_u64(&r) - 1;
	b->packet.next_header = (uint8_t)q->next_header;
	b->packet.pad_to = (uint32_t)q->pad_to;
	struct esp_effects none = { 0 };
	struct esp_packet *pk = &b->packet;
	(void)esp_seal(b->esp, 0, &pk, 1, &none);
	return pk->st;
}

static enum st open_packet(struct bench *b, const struct esp_request *q)
{
	enum st st = esp_set_in(b->esp, b->pair, q->alg, &q->secret, 0);
	bool newest;
	if (st == ST_OK && q->policy.esn && q->seq > 1)
		st = esp_window_mark(&b->pair->in.window, q->seq - 1, &newest);
	if (st != ST_OK)
		return st;
	struct esp_effects none = { 0 };
	struct esp_packet *pk = &b->packet;
	pk->pair = NULL;
	(void)esp_open(b->esp, 0, &pk, 1, &none);
	return pk->st == ST_ESP_DUMMY ? ST_OK : pk->st; // it is shown for what it is: next header 59
}

static void say_hex(struct json *j, const char *key, struct span octets)
{
	struct text hex = { 0 };
	text_hex(&hex, octets);
	json_key_str(j, key, text_str(&hex));
	text_done(&hex);
}

typedef enum st work_fn(struct bench *b, const struct esp_request *q);

static void answer(struct crypto *crypto, struct esp_request *q, work_fn *work, const char *key, struct text *out)
{
	struct bench b = { 0 };
	enum st st = bench_make(&b, crypto, q);
	if (st == ST_OK)
		st = work(&b, q);
	struct json j = json_of(out);
	json_open(&j, '{');
	if (st != ST_OK) {
		json_key_str(&j, "refused", st_name(st));
	} else {
		if (work == open_packet)
			json_key_uint(&j, "next_header", b.packet.next_header);
		say_hex(&j, key, packet_span(&b.packet.bytes));
	}
	json_close(&j, '}');
	bench_done(&b);
}

static const char *run(struct crypto *crypto, const struct request *request, work_fn *work, const char *key,
                       struct text *out)
{
	struct esp_request q = { .seq = work == open_packet ? 0 : 1 };
	const char *why = read_request(request, &q);
	struct rd r = rd_of(q.packet);
	if (!why && !q.has_spi && work == open_packet)
		q.spi = rd_u32(&r);
	if (!why)
		answer(crypto, &q, work, key, out);
	for (size_t i = 0; i < q.owned; i++)
		free(q.octets[i]);
	return why;
}

const char *vector_esp_seal(struct crypto *crypto, const struct request *request, struct text *out)
{
	return run(crypto, request, seal, "packet", out);
}

const char *vector_esp_open(struct crypto *crypto, const struct request *request, struct text *out)
{
	return run(crypto, request, open_packet, "payload", out);
}
