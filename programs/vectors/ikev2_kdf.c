// SPDX-License-Identifier: Apache-2.0
// ikev2-kdf: {"prf":"sha256","ni","nr","gir","gir_new","spii","spir","dkm_len","child_dkm_len"} (hex; lengths in octets)
// gives skeyseed, dkm, child_dkm, child_dkm_dh and skeyseed_rekey, RFC 7296 2.14, 2.17 and 2.18.
// prf-plus: {"prf","key","seed","length"} gives {"out"}, RFC 7296 2.13.
#include <stdlib.h>

#include "crypto/prf.h"
#include "vectors.h"

enum { OUT_MAX = 4096 };

static const struct digest_alg *alg_of(const struct request *request)
{
	static const struct digest_alg *const algs[] = { &digest_sha1, &digest_sha224, &digest_sha256, &digest_sha384,
		                                         &digest_sha512 };
	const char *name = request_string(request, "prf");
	for (size_t i = 0; name && i < sizeof algs / sizeof *algs; i++)
		if (strcmp(algs[i]->name, name) == 0)
			return algs[i];
	return NULL;
}

static void hex_member(struct json *j, const char *key, const uint8_t *octets, size_t n)
{
	struct text hex = { 0 };
	text_hex(&hex, span_of(octets, n));
	json_key_str(j, key, text_str(&hex));
	text_done(&hex);
}

enum { NI, NR, GIR, GIR_NEW, SPII, SPIR, PARTS };

static const char *derive(const struct digest_alg *alg, const struct span *p, size_t n, size_t child, struct json *j)
{
	static uint8_t out[OUT_MAX];
	uint8_t seed[DIGEST_MAX], both[2 * OUT_MAX], d[DIGEST_MAX];
	memcpy(both, p[NI].p, p[NI].n);
	memcpy(both + p[NI].n, p[NR].p, p[NR].n);
	struct span nonces = span_of(both, p[NI].n + p[NR].n), key = span_of(d, alg->size);
	prf(alg, nonces, &p[GIR], 1, seed);
	hex_member(j, "skeyseed", seed, alg->size);
	if (prf_plus(alg, span_of(seed, alg->size), (struct span[]){ nonces, p[SPII], p[SPIR] }, 3, out, n) != ST_OK)
		return "dkm_len is too long";
	memcpy(d, out, alg->size);
	hex_member(j, "dkm", out, n);
	if (prf_plus(alg, key, &nonces, 1, out, child) != ST_OK)
		return "child_dkm_len is too long";
	hex_member(j, "child_dkm", out, child);
	(void)prf_plus(alg, key, (struct span[]){ p[GIR_NEW], nonces }, 2, out, child);
	hex_member(j, "child_dkm_dh", out, child);
	prf(alg, key, (struct span[]){ p[GIR_NEW], nonces }, 2, seed);
	hex_member(j, "skeyseed_rekey", seed, alg->size);
	return NULL;
}

const char *vector_ikev2_kdf(struct crypto *crypto, const struct request *request, struct text *out)
{
	static const char *const names[PARTS] = { "ni", "nr", "gir", "gir_new", "spii", "spir" };
	const struct digest_alg *alg = alg_of(request);
	uint64_t n = 0, child = 0;
	size_t size;
	uint8_t *octets[PARTS] = { 0 };
	struct span parts[PARTS];
	const char *why = alg ? NULL : "prf is none of sha1 sha224 sha256 sha384 sha512";
	for (size_t i = 0; i < PARTS && !why; i++) {
		if (!request_hex(request, names[i], &octets[i], &size) || size > OUT_MAX)
			why = "a member is not hex";
		else
			parts[i] = span_of(octets[i], size);
	}
	if (!why && (!request_number(request, "dkm_len", &n) || !request_number(request, "child_dkm_len", &child)))
		why = "dkm_len or child_dkm_len is no number";
	if (!why && (n > OUT_MAX || child > OUT_MAX || n < alg->size))
		why = "dkm_len or child_dkm_len is out of range";
	if (!why) {
		struct json j = json_of(out);
		json_open(&j, '{');
		why = derive(alg, parts, n, child, &j);
		json_close(&j, '}');
	}
	for (size_t i = 0; i < PARTS; i++)
		free(octets[i]);
	return why;
}

const char *vector_prf_plus(struct crypto *crypto, const struct request *request, struct text *out)
{
	static uint8_t made[OUT_MAX];
	const struct digest_alg *alg = alg_of(request);
	uint64_t n = 0;
	size_t key_n = 0, seed_n = 0;
	uint8_t *key = NULL, *seed = NULL;
	const char *why = alg && request_number(request, "length", &n) && n <= OUT_MAX
	                          ? NULL
	                          : "prf is unknown, or length too long";
	if (!why && (!request_hex(request, "key", &key, &key_n) || !request_hex(request, "seed", &seed, &seed_n)))
		why = "key or seed is not hex";
	struct span s = span_of(seed, seed_n);
	if (!why && prf_plus(alg, span_of(key, key_n), &s, 1, made, n) != ST_OK)
		why = "length is over 255 blocks";
	if (!why) {
		struct json j = json_of(out);
		json_open(&j, '{');
		hex_member(&j, "out", made, n);
		json_close(&j, '}');
	}
	free(key);
	free(seed);
	return why;
}
