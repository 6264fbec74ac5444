// SPDX-License-Identifier: Apache-2.0
// The table of sites against a slow look over all of them, on a random walk: who is found, and who is due to start.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "ike/private.h"

enum { SITES = 300, NAMES = 60, STEPS = 20000 };

struct model {
	bool used, initiate, ppk;
	unsigned local, remote;
	uint16_t aeads;
};

static uint64_t seed = 11;

static uint32_t draw(uint32_t below)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % below;
}

static enum st bytes(void *arg, void *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((uint8_t *)out)[i] = (uint8_t)draw(256);
	return ST_OK;
}

static struct ike_identity named(unsigned n, char room[16])
{
	snprintf(room, 16, "name%u", n);
	return (struct ike_identity){ n % 2 ? ID_FQDN : ID_KEY_ID, span_str(room) };
}

static void add(struct ike *ike, struct model *models)
{
	char local[16], remote[16];
	struct model m = { true, draw(2), draw(4) == 0, draw(3), draw(NAMES), (uint16_t)(1 + draw(3)) };
	struct ike_site site = { .name = "x", .psk = span_str("a key of some length"), .initiate = m.initiate };
	uint32_t id;
	site.local = named(m.local, local);
	site.remote = named(m.remote, remote);
	site.ike.aeads = m.aeads;
	if (m.ppk)
		site.ppk = site.ppk_id = span_str("p");
	assert_int_equal(ike_add_site(ike, &site, &id), ST_OK);
	assert_true(id < SITES && !models[id].used);
	models[id] = m;
}

static void check_find(struct ike *ike, const struct model *models)
{
	char local[16], remote[16];
	unsigned l = draw(4), r = draw(NAMES + 5);
	const struct ike_suite suite = { .aead = aead_at(draw(2)), .group = dh_at(0) };
	struct ike_identity peer = named(r, remote), wish = named(l, local);
	bool any = false, wished = false;
	for (unsigned i = 0; i < SITES; i++) {
		bool fits = models[i].used && models[i].remote == r && models[i].aeads & 1u << suite.aead->id;
		any |= fits;
		wished |= fits && models[i].local == l;
	}
	uint32_t id = ike_site_find(ike, &suite, &peer, &wish);
	assert_int_equal(any, id != IKE_NO_SITE);
	if (!any)
		return;
	assert_true(models[id].used && models[id].remote == r && models[id].aeads & 1u << suite.aead->id);
	assert_int_equal(wished, models[id].local == l);
}

static void random_walk(void **state)
{
	static struct model models[SITES];
	struct ike_config c = { .random = { bytes, NULL } };
	struct ike_out out = { 0 };
	struct ike *ike;
	unsigned n = 0;
	assert_int_equal(ike_new(&c, &ike), ST_OK);
	for (int step = 0; step < STEPS; step++) {
		uint32_t i = draw(SITES), initiators = 0, ppks = 0;
		if (draw(2) && n < SITES - 1) {
			add(ike, models);
			n++;
		} else if (models[i].used) {
			ike_remove_site(ike, 0, i, &out);
			models[i].used = false;
			n--;
		}
		for (i = 0; i < SITES; i++) {
			initiators += models[i].used && models[i].initiate;
			ppks += models[i].used && models[i].ppk;
		}
		assert_int_equal(ike_due(ike) == INT64_MIN, initiators != 0);
		assert_int_equal(ike->n_ppk, ppks);
		check_find(ike, models);
	}
	assert_int_equal(out.n, 0);
	ike_out_done(&out);
	ike_free(ike);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(random_walk) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
