// SPDX-License-Identifier: Apache-2.0
// What somebody tries who has no key, or one of many: to learn what is not his, to make others pay, to use everything up.
#include "speak.h"

static bool has_token(struct span datagram)
{
	struct ike_message m;
	return ike_read_header(datagram, &m) == ST_OK && ike_read_clear(&m) == ST_OK &&
	       ike_find_notify(&m, N_QCD_TOKEN);
}

// A message as it would come from somebody who lost his SA: nothing in it is known to be true.
static struct span lost(struct ike_writer *w, uint64_t spi_i, uint64_t spi_r, uint8_t flags)
{
	static uint8_t room[256];
	static const uint8_t sealed[40];
	*w = ike_writer_of(room, sizeof room);
	ike_put(w, PAYLOAD_SK, span_of(sealed, sizeof sealed));
	struct ike_header h = { spi_i, spi_r, 0, IKE_INFORMATIONAL, flags };
	ike_put_header(w, &h);
	return wr_span(&w->w);
}

static void with_tokens(struct world *w, uint64_t seed)
{
	struct setting s = setting_plain();
	memset(s.config[COLL].token_secret, 7, 32);
	memset(s.config[SITE].token_secret, 8, 32);
	world_new(w, &s, seed);
	world_settle(w);
	assert_true(w->node[SITE].up);
}

// A token of RFC 6290 ends an SA at its peer. Whoever has seen the SPIs go by may not be told it while the SA lives, under
// whatever flags he asks; about an SA that nobody has here he is.
static void no_token_of_a_living_sa(void **state)
{
	struct world w;
	struct ike_writer words;
	with_tokens(&w, 1);
	for (int to = 0; to < NODES; to++) {
		const struct ike_sa *sa = sa_at(&w, to, IKE_UP);
		for (int flags = 0; flags <= IKE_FLAG_INITIATOR; flags += IKE_FLAG_INITIATOR) {
			(void)tell(&w, to, &sa->path, lost(&words, sa->spi_i, sa->spi_r, (uint8_t)flags));
			for (size_t i = 0; i < sends(); i++)
				assert_false(has_token(sent(i)));
			ike_out_done(world_out());
		}
		assert_int_equal(tell(&w, to, &sa->path, lost(&words, 1, 2, IKE_FLAG_INITIATOR)), ST_IKE_SPI);
		assert_int_equal(sends(), 1);
		assert_true(has_token(sent(0)));
		ike_out_done(world_out());
	}
	world_done(&w);
}

// What is answered to an address that proved nothing has at most three halves of what was asked with.
static void little_is_not_answered_with_much(void **state)
{
	struct world w;
	uint8_t room[256];
	size_t answered = 0;
	with_tokens(&w, 2);
	const struct ike_path path = sa_at(&w, COLL, IKE_UP)->path;
	for (size_t more = 0; more < 100; more += 3) {
		static const uint8_t nothing[100];
		struct ike_writer c = ike_writer_of(room, sizeof room);
		struct ike_header h = { 5, 0, 0, IKE_SA_INIT, IKE_FLAG_INITIATOR };
		ike_put(&c, PAYLOAD_VENDOR, span_of(nothing, more));
		ike_put(&c, PAYLOAD_NONCE, (struct span){ 0 });
		ike_put(&c, PAYLOAD_KE, (struct span){ 0 });
		ike_put(&c, PAYLOAD_SA, (struct span){ 0 });
		h.exchange = more % 2 ? IKE_SA_INIT : IKE_AUTH;
		h.spi_r = more % 2 ? 0 : 9;
		ike_put_header(&c, &h);
		w.node[COLL].ike->c.cookie_from = 0; // of everyone
		(void)tell(&w, COLL, &path, wr_span(&c.w));
		for (size_t i = 0; i < sends(); i++)
			assert_true(sent(i).n * IKE_AMPLIFY_DEN <= wr_span(&c.w).n * IKE_AMPLIFY_NUM);
		answered += sends();
		ike_out_done(world_out());
		w.now += IKE_SECOND;
	}
	assert_true(answered > 10);
	world_done(&w);
}

// Whoever asks about SAs that nobody has takes no answer from others who lost theirs.
static void hints_are_shared_by_address(void **state)
{
	struct world w;
	struct ike_writer words;
	with_tokens(&w, 8);
	struct ike_path path = sa_at(&w, COLL, IKE_UP)->path;
	for (int i = 0; i < 10; i++) {
		const struct span asked = lost(&words, 1, 2, IKE_FLAG_INITIATOR);
		for (int k = 0; k < 2 * IKE_HINTS_PER_SECOND; k++) {
			(void)tell(&w, COLL, &path, asked);
			assert_int_equal(sends(), k < IKE_HINTS_PER_SECOND);
			ike_out_done(world_out());
		}
		path.remote.ip[13]++;
	}
	for (int i = 0; i < IKE_HINTS_ALL; i++) {
		path.remote.ip[14] = (uint8_t)(i >> 8);
		path.remote.ip[15] = (uint8_t)i;
		(void)tell(&w, COLL, &path, lost(&words, 1, 2, IKE_FLAG_INITIATOR));
		if (i == IKE_HINTS_ALL - 1)
			assert_int_equal(sends(), 0);
		ike_out_done(world_out());
	}
	w.now += IKE_SECOND;
	(void)tell(&w, COLL, &path, lost(&words, 1, 2, IKE_FLAG_INITIATOR));
	assert_int_equal(sends(), 1);
	world_done(&w);
}

// One address may have at most as many half open as there is room left, so it never has all: the next one finds some.
static void one_address_does_not_have_all(void **state)
{
	enum { ROOM = 40 };
	struct world w;
	struct setting s = setting_plain();
	s.site[SITE].initiate = false;
	s.config[COLL].half_open = ROOM;
	world_new(&w, &s, 3);
	const struct ike_counters *c = ike_counters(w.node[COLL].ike);
	for (int i = 0; i < 3 * ROOM; i++) {
		struct stranger greedy = stranger_new(&w, "192.0.2.66:4500");
		uint8_t cookie[64];
		(void)stranger_says(&w, &greedy);
		struct ike_message m;
		assert_int_equal(sends() == 1 ? ike_read_header(sent(0), &m) : ST_NONE, sends() == 1 ? ST_OK : ST_NONE);
		if (sends() == 1 && ike_read_clear(&m) == ST_OK &&
		    ike_find_notify(&m, N_COOKIE)) { // he really is there
			struct span data = ike_find_notify(&m, N_COOKIE)->data;
			memcpy(cookie, data.p, data.n);
			greedy.cookie = span_of(cookie, data.n);
			ike_out_done(world_out());
			(void)stranger_says(&w, &greedy);
		}
		ike_out_done(world_out());
	}
	assert_int_equal(c->half_open, ROOM / 2);
	struct stranger other = stranger_new(&w, "192.0.2.67:4500");
	assert_int_equal(stranger_says(&w, &other), ST_OK);
	assert_int_equal(c->half_open, ROOM / 2 + 1);
	ike_out_done(world_out());
	world_run(&w, 40);
	assert_int_equal(c->half_open, 0);
	world_done(&w);
}

// All of an IPv6 /64 is one address: whoever has one of them has all.
static void a_64_is_one_address(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	s.site[SITE].initiate = false;
	world_new(&w, &s, 4);
	static const char *const addresses[] = { "[2001:db8::1]:4500", "[2001:db8::2]:4500", "[2001:db8:0:1::1]:4500" };
	struct addr a[3];
	for (int i = 0; i < 3; i++)
		assert_int_equal(addr_parse(addresses[i], &a[i]), ST_OK);
	struct stranger one = stranger_new(&w, addresses[0]);
	assert_int_equal(stranger_says(&w, &one), ST_OK);
	assert_int_equal(ike_half_at(w.node[COLL].ike, &a[0]), 1);
	assert_int_equal(ike_half_at(w.node[COLL].ike, &a[1]), 1);
	assert_int_equal(ike_half_at(w.node[COLL].ike, &a[2]), 0);
	world_done(&w);
}

static uint8_t kept[2048];
static size_t kept_n;

// The first IKE_AUTH of the site is held back.
static bool hold_auth(struct world *w, int from, uint8_t *bytes, size_t *n)
{
	struct ike_message m;
	if (ike_read_header(span_of(bytes + IKE_MARKER, *n - IKE_MARKER), &m) != ST_OK || m.exchange != IKE_AUTH ||
	    from != SITE)
		return true;
	kept_n = *n - IKE_MARKER;
	assert_true(kept_n <= sizeof kept);
	memcpy(kept, bytes + IKE_MARKER, kept_n);
	return false;
}

// IKE_AUTH from another address than IKE_SA_INIT: what was counted for the one is not taken off the other.
static void half_open_is_counted_where_it_began(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	struct addr first, second;
	world_new(&w, &s, 5);
	w.tap = hold_auth;
	struct ike *coll = w.node[COLL].ike;
	assert_int_equal(addr_parse("192.0.2.1:1", &first), ST_OK);
	assert_int_equal(addr_parse("192.0.2.99:1", &second), ST_OK);
	world_settle(&w);
	assert_int_equal(ike_half_at(coll, &first), 1);
	struct ike_path path = sa_at(&w, COLL, IKE_HALF)->path;
	memcpy(path.remote.ip, second.ip, sizeof second.ip);
	assert_int_equal(tell(&w, COLL, &path, span_of(kept, kept_n)), ST_OK);
	world_effects(&w, COLL);
	assert_int_equal(ike_counters(coll)->half_open, 0);
	assert_int_equal(ike_half_at(coll, &first), 0);
	assert_int_equal(ike_half_at(coll, &second), 0);
	world_done(&w);
}

// A site that comes again and again and never says that it lost what it had: the oldest go.
static void a_site_has_a_few_sas(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	world_new(&w, &s, 6);
	world_settle(&w);
	struct ike *site = w.node[SITE].ike;
	for (int i = 0; i < 3 * IKE_SITE_SAS; i++) {
		uint32_t id;
		assert_int_equal(ike_add_site(site, &s.site[SITE], &id), ST_OK);
		site->sites[id].up = 1; // so it does not say INITIAL_CONTACT
		world_settle(&w);
		assert_true(ike_counters(w.node[COLL].ike)->sas <= IKE_SITE_SAS);
		assert_true(ike_counters(w.node[COLL].ike)->pairs <= IKE_SITE_SAS);
	}
	assert_int_equal(ike_counters(w.node[COLL].ike)->sas, IKE_SITE_SAS);
	assert_true(w.node[COLL].up);
	assert_int_equal(w.node[COLL].downs, 0);
	assert_true(world_traffic(&w));
	world_done(&w);
}

static void rekey_ike(struct world *w, int which, struct ike_out *out)
{
	ike_rekey_site(w->node[which].ike, w->now, w->node[which].site, out);
}

static bool no_deletes(struct world *w, int from, uint8_t *bytes, size_t *n)
{
	struct ike_message m;
	return ike_read_header(span_of(bytes + IKE_MARKER, *n - IKE_MARKER), &m) != ST_OK ||
	       m.exchange != IKE_INFORMATIONAL || from != SITE;
}

// The same of one that makes new ones out of the one it has, and deletes none: it has to wait until they are gone.
static void a_site_rekeys_a_few_times(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	s.site[SITE].dpd = s.site[COLL].dpd = 0;
	s.site[SITE].no_mobike = true;
	world_new(&w, &s, 7);
	world_settle(&w);
	w.tap = no_deletes;
	for (int i = 0; i < 2 * IKE_SITE_SAS; i++) {
		world_act(&w, SITE, rekey_ike);
		world_settle(&w);
		assert_true(ike_counters(w.node[COLL].ike)->sas <= IKE_SITE_SAS);
	}
	assert_int_equal(ike_counters(w.node[COLL].ike)->sas, IKE_SITE_SAS);
	w.tap = NULL;
	world_run(&w, 200);
	assert_int_equal(ike_counters(w.node[COLL].ike)->sas, 1);
	assert_int_equal(w.node[COLL].downs, 0);
	assert_true(world_traffic(&w));
	world_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_token_of_a_living_sa),     cmocka_unit_test(little_is_not_answered_with_much),
		cmocka_unit_test(hints_are_shared_by_address), cmocka_unit_test(one_address_does_not_have_all),
		cmocka_unit_test(a_64_is_one_address),         cmocka_unit_test(half_open_is_counted_where_it_began),
		cmocka_unit_test(a_site_has_a_few_sas),        cmocka_unit_test(a_site_rekeys_a_few_times),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
