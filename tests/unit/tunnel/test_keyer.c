// SPDX-License-Identifier: Apache-2.0
// The thread that owns IKE, and those that speak with it: calls of several threads at once are all done, and what strangers
// send takes no room from what our own pairs tell.
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ike/wire.h"
#include "tunnel/keyer.h"

enum { CALLERS = 4, CALLS = 500 };

static void act(void *arg, struct ike *ike, int64_t now, const struct ike_effect *e, size_t n)
{
}

static struct crypto *crypto;

static struct keyer *keyer(void)
{
	const struct ike_config c = { .crypto = crypto, .random = random_system() };
	const struct keyer_hooks hooks = { NULL, act };
	struct keyer *k;
	assert_int_equal(keyer_new(&c, 1, &hooks, &k), ST_OK);
	return k;
}

struct caller {
	struct keyer *k;
	unsigned done, wrong;
};

static void count(struct ike *ike, int64_t now, struct ike_out *out, void *arg)
{
	struct caller *c = arg;
	c->done++;
}

static void *call(void *arg)
{
	struct caller *c = arg;
	for (unsigned i = 1; i <= CALLS; i++) {
		keyer_call(c->k, count, c);
		c->wrong += c->done != i;
	}
	return NULL;
}

static void calls_of_several_threads(void **state)
{
	struct keyer *k = keyer();
	pthread_t threads[CALLERS];
	struct caller callers[CALLERS] = { 0 };
	assert_int_equal(keyer_start(k), ST_OK);
	for (int i = 0; i < CALLERS; i++) {
		callers[i].k = k;
		assert_int_equal(pthread_create(&threads[i], NULL, call, &callers[i]), 0);
	}
	for (int i = 0; i < CALLERS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(callers[i].done, CALLS);
		assert_int_equal(callers[i].wrong, 0);
	}
	keyer_free(k);
}

// One message of IKE, as far as its beginning tells: the first payload, the exchange.
static struct plane_tell said(uint8_t first, uint8_t exchange)
{
	static uint8_t bytes[1400];
	bytes[16] = first;
	bytes[18] = exchange;
	return (struct plane_tell){ .kind = PLANE_TELL_IKE, .bytes = span_of(bytes, sizeof bytes) };
}

static bool takes(struct keyer *k, struct plane_tell t)
{
	uint64_t lost = keyer_lost(k);
	keyer_tell(k, 0, &t);
	return keyer_lost(k) == lost;
}

// Requests to begin leave room for who has begun, and all of them for what our own pairs tell.
static void a_flood_leaves_room(void **state)
{
	struct keyer *k = keyer(); // it does not run: nobody takes anything out
	unsigned strangers = 0, others = 0;
	while (takes(k, said(PAYLOAD_SA, IKE_SA_INIT)))
		strangers++;
	assert_true(takes(k, said(PAYLOAD_NOTIFY, IKE_SA_INIT))); // a cookie
	assert_true(takes(k, said(PAYLOAD_SK, IKE_AUTH)));
	while (takes(k, said(PAYLOAD_SK, IKE_AUTH)))
		others++;
	assert_in_range(strangers, KEYER_STRANGERS / 1500 - 20, KEYER_STRANGERS / 1400);
	assert_in_range(others, (KEYER_RING - KEYER_STRANGERS - KEYER_OWN) / 1500 - 20, KEYER_STRANGERS / 1400);
	assert_false(takes(k, said(PAYLOAD_SA, IKE_SA_INIT)));
	for (int i = 0; i < 100; i++)
		assert_true(takes(k, (struct plane_tell){ .kind = PLANE_TELL_EXPIRED, .spi = 4711 }));
	assert_false(takes(k, said(PAYLOAD_SK, IKE_AUTH)));
	keyer_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(calls_of_several_threads),
		                            cmocka_unit_test(a_flood_leaves_room) };
	if (crypto_init(&crypto) != ST_OK)
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	crypto_free(crypto);
	return failed;
}
