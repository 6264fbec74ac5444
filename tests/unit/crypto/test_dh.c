// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "crypto/dh.h"
#include "crypto/prf.h"

static void both_ends_agree(void **state)
{
	for (int id = 0; id < DH_COUNT; id++) {
		const struct dh_group *g = dh_at(id);
		struct dh *a, *b;
		uint8_t x[DH_SHARED_MAX], y[DH_SHARED_MAX];
		assert_int_equal(dh_new(*state, g, &a), ST_OK);
		assert_int_equal(dh_new(*state, g, &b), ST_OK);
		assert_int_equal(dh_public(a).n, g->public);
		assert_int_equal(dh_shared(a, dh_public(b), x), ST_OK);
		assert_int_equal(dh_shared(b, dh_public(a), y), ST_OK);
		assert_memory_equal(x, y, g->shared);
		dh_free(a);
		dh_free(b);
	}
}

// ipsec.md 7.2: public value range, point on curve, X25519 all-zero result refused, length exact.
static void bad_values_are_refused(void **state)
{
	for (int id = 0; id < DH_COUNT; id++) {
		const struct dh_group *g = dh_at(id);
		struct dh *d;
		uint8_t value[DH_PUBLIC_MAX + 1] = { 0 }, out[DH_SHARED_MAX];
		assert_int_equal(dh_new(*state, g, &d), ST_OK);
		assert_int_equal(dh_shared(d, span_of(value, g->public), out), ST_FORGED); // 0
		assert_int_equal(dh_shared(d, span_of(value, g->public - 1u), out), ST_SHORT);
		assert_int_equal(dh_shared(d, span_of(value, g->public + 1u), out), ST_SHORT);
		assert_int_equal(dh_shared(d, span_of(value, 0), out), ST_SHORT);
		value[id == DH_X25519 ? 0 : g->public - 1u] = 1; // of low order, off the curve, or 1
		assert_int_equal(dh_shared(d, span_of(value, g->public), out), ST_FORGED);
		memset(value, 0xff, sizeof value);
		if (id != DH_X25519)
			assert_int_equal(dh_shared(d, span_of(value, g->public), out), ST_FORGED);
		dh_free(d);
	}
}

static void only_listed_groups(void **state)
{
	int found = 0;
	for (unsigned wire = 0; wire < 65536; wire++)
		if (dh_find((uint16_t)wire))
			found++;
	assert_int_equal(found, DH_COUNT);
	assert_null(dh_by_name("modp1024"));
	assert_ptr_equal(dh_by_name("ecp384"), dh_find(20));
}

// prf+ against its definition: T1 = prf(K, S | 1), T2 = prf(K, T1 | S | 2).
static void prf_plus_by_definition(void **state)
{
	static const uint8_t seed[5] = "seed", key[4] = "key";
	const struct digest_alg *alg = &digest_sha384;
	uint8_t want[3 * DIGEST_MAX], got[3 * DIGEST_MAX], counter = 1;
	struct span s = span_of(seed, sizeof seed), k = span_of(key, sizeof key);
	prf(alg, k, (struct span[]){ s, span_of(&counter, 1) }, 2, want);
	counter = 2;
	prf(alg, k, (struct span[]){ span_of(want, alg->size), s, span_of(&counter, 1) }, 3, want + alg->size);
	struct span halves[] = { span_of(seed, 2), span_of(seed + 2, 3) };
	for (size_t n = 0; n <= 2u * alg->size; n++) {
		memset(got, 0xa5, sizeof got);
		assert_int_equal(prf_plus(alg, k, halves, 2, got, n), ST_OK);
		assert_memory_equal(got, want, n);
		assert_int_equal(got[n], 0xa5);
	}
	static uint8_t much[PRF_PLUS_MAX + 1];
	assert_int_equal(prf_plus(alg, k, halves, 2, much, 255u * alg->size), ST_OK);
	assert_int_equal(prf_plus(alg, k, halves, 2, much, 255u * alg->size + 1), ST_FULL);
}

static int start(void **state)
{
	struct crypto *c;
	enum st st = crypto_init(&c);
	*state = c;
	return st != ST_OK;
}

static int stop(void **state)
{
	crypto_free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ends_agree),
		cmocka_unit_test(bad_values_are_refused),
		cmocka_unit_test(only_listed_groups),
		cmocka_unit_test(prf_plus_by_definition),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
