// SPDX-License-Identifier: Apache-2.0
// Hostile text behind a good ICV: the peer itself, or somebody who has its keys, seals whatever the input says, under a suite
// and a mode that the first octets choose. And the input as it is, as a packet from anybody: never taken.
#include <stdlib.h>
#include <string.h>

#include "esp/esp.h"
#include "esp/limits.h"
#include "fuzz.h"

enum { SPI = 0x1000, HEAD = 8 };

static struct crypto *crypto;
static struct aead_engine *engine;

static enum st zeros(void *arg, void *out, size_t n)
{
	memset(out, 1, n);
	return ST_OK;
}

static struct aead_secret secret_of(const struct aead_alg *alg)
{
	static const uint8_t bytes[AEAD_KEY_MAX] = { 5, 4, 3 };
	return (struct aead_secret){ span_of(bytes, alg->key), span_of(bytes, alg->integ), span_of(bytes, alg->salt) };
}

static struct esp *esp_of(const struct aead_alg *alg, const struct esp_policy *policy)
{
	const struct prefix all[] = { { .ip = { [10] = 0xff, [11] = 0xff }, .bits = 96 }, { .bits = 0 } };
	const struct selector any[] = { selector_of(&all[0]), selector_of(&all[1]) };
	struct selectors *selectors = NULL;
	struct esp *esp = NULL;
	struct esp_pair *pair = NULL;
	struct aead_secret s = secret_of(alg);
	fuzz_require(esp_new(engine, (struct random){ zeros, NULL }, &(struct esp_place){ 0 }, &esp) == ST_OK);
	fuzz_require(selectors_new(any, 2, any, 2, &selectors) == ST_OK);
	fuzz_require(esp_add_as(esp, SPI, 1, &pair) == ST_OK);
	fuzz_require(esp_set_policy(pair, policy, selectors) == ST_OK);
	fuzz_require(esp_set_in(esp, pair, alg, &s, 0) == ST_OK);
	return esp;
}

// Opens a packet that stands in a block of exactly its size.
static enum st open_exact(struct esp *esp, uint8_t *p, size_t n, uint8_t outer_tos)
{
	struct esp_packet pk = { .bytes = { p, p + n, p, n }, .outer_tos = outer_tos }, *list[] = { &pk };
	struct esp_effects none = { 0 };
	size_t kept = esp_open(esp, 1, list, 1, &none);
	fuzz_require(kept == (pk.st == ST_OK));
	if (pk.st == ST_OK) {
		fuzz_require(pk.bytes.at >= p && pk.bytes.at + pk.bytes.n <= p + n);
		fuzz_require(pk.ip.version == 0 || pk.ip.total == pk.bytes.n);
	}
	return pk.st;
}

static void sealed_by_the_peer(struct esp *esp, const struct aead_alg *alg, bool esn, struct span text,
                               uint8_t outer_tos)
{
	size_t around = HEAD + (size_t)alg->iv + alg->tag, whole = text.n / alg->block * alg->block;
	uint8_t *p = calloc(1, around + whole);
	struct aead_secret s = secret_of(alg);
	struct aead_key *key = NULL;
	fuzz_require(aead_key_new(engine, alg, AEAD_SEAL, &s, &key) == ST_OK);
	p[2] = SPI >> 8;
	p[7] = 1;
	if (whole)
		memcpy(p + HEAD + alg->iv, text.p, whole);
	struct aead_op op = { key, p, HEAD, (uint32_t)whole, esn, 0, ST_NONE };
	aead_seal(engine, &op, 1);
	enum st st = open_exact(esp, p, around + whole, outer_tos);
	fuzz_require(st != ST_FORGED || op.st != ST_OK);
	aead_key_free(engine, key);
	free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (!engine) {
		fuzz_require(crypto_init(&crypto) == ST_OK);
		fuzz_require(aead_engine_new(aead_best(), crypto, &engine) == ST_OK);
	}
	if (n < 2)
		return 0;
	const struct aead_alg *alg = aead_at(data[0] % AEAD_COUNT);
	struct esp_policy policy = { .mode = data[1] & 1 ? ESP_TRANSPORT : ESP_TUNNEL, .esn = data[1] & 2 };
	struct esp *esp = esp_of(alg, &policy);
	sealed_by_the_peer(esp, alg, policy.esn, span_of(data + 2, n - 2), data[1] >> 2 & 3);
	uint8_t *p = malloc(n);
	memcpy(p, data, n);
	fuzz_require(open_exact(esp, p, n, 0) != ST_OK);
	free(p);
	esp_free(esp);
	return 0;
}
