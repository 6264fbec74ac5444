// SPDX-License-Identifier: Apache-2.0
#include "crypto/prf.h"

#include "crypto/secret.h"

static void keyed(const struct hmac_key *k, struct span before, const struct span *parts, size_t n, struct span after,
                  uint8_t *out)
{
	struct digest d = hmac_begin(k);
	digest_add(&d, before);
	for (size_t i = 0; i < n; i++)
		digest_add(&d, parts[i]);
	digest_add(&d, after);
	hmac_end(k, &d, out);
	secret_wipe(&d, sizeof d);
}

void prf(const struct digest_alg *alg, struct span key, const struct span *parts, size_t n, uint8_t *out)
{
	struct hmac_key k = hmac_key_of(alg, key);
	keyed(&k, (struct span){ 0 }, parts, n, (struct span){ 0 }, out);
	secret_wipe(&k, sizeof k);
}

enum st prf_plus(const struct digest_alg *alg, struct span key, const struct span *parts, size_t n, uint8_t *out,
                 size_t size)
{
	if (size > 255u * alg->size)
		return ST_FULL;
	struct hmac_key k = hmac_key_of(alg, key);
	uint8_t block[DIGEST_MAX];
	struct span before = { 0 };
	uint8_t counter = 1;
	for (size_t done = 0; done < size; done += alg->size, counter++) {
		keyed(&k, before, parts, n, span_of(&counter, 1), block);
		memcpy(out + done, block, size - done < alg->size ? size - done : alg->size);
		before = span_of(block, alg->size);
	}
	secret_wipe(block, sizeof block);
	secret_wipe(&k, sizeof k);
	return ST_OK;
}
