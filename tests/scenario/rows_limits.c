// SPDX-License-Identifier: Apache-2.0
// What somebody costs and gets who has proven nothing (ipsec.md 4): octets, memory, cookies, hints.
#include "pki.h"
#include "rows.h"

enum { HOSTILE = 20000 };

static uint8_t bytes[4096];

// A chain in which every payload may be as short as its own header.
static struct span short_init(struct world *w)
{
	static const uint8_t body[80];
	static const uint8_t types[] = { PAYLOAD_SA, PAYLOAD_KE, PAYLOAD_NONCE, PAYLOAD_NOTIFY, PAYLOAD_VENDOR };
	struct ike_writer c = ike_writer_of(bytes, sizeof bytes);
	unsigned several = world_random(w, 3);
	for (size_t i = 0; i < 3 + several; i++) {
		bool tight = world_random(w, 2);
		size_t n = tight ? 0 : world_random(w, sizeof body);
		enum ike_payload type = i < 3 ? types[i] : types[3 + world_random(w, 2)];
		ike_put(&c, type, span_of(body, type == PAYLOAD_NOTIFY && n < 4 ? 4 : n));
	}
	struct ike_header h = { 1 + world_random(w, 9), 0, 0, IKE_SA_INIT, IKE_FLAG_INITIATOR };
	ike_put_header(&c, &h);
	return wr_span(&c.w);
}

// Nearly right: another length, other bits, another exchange.
static struct span altered_init(struct world *w, const struct stranger *s)
{
	struct span init = stranger_init(s);
	size_t n = world_random(w, 4) ? init.n : IKE_HEADER + world_random(w, (uint32_t)(init.n - IKE_HEADER));
	memcpy(bytes, init.p, init.n);
	for (uint32_t k = world_random(w, 4); k > 0; k--)
		bytes[world_random(w, (uint32_t)n)] ^= (uint8_t)(1u << world_random(w, 8));
	if (world_random(w, 3) == 0)
		bytes[18] = (uint8_t)(IKE_SA_INIT + world_random(w, 4));
	struct wr length = wr_of(bytes + 24, 4);
	wr_be(&length, n, 4);
	return span_of(bytes, n);
}

static struct span hostile(struct world *w)
{
	struct stranger s = stranger_new(w, "198.51.100.1:4500");
	s.group = world_random(w, 2) ? s.group : 19;
	s.nonce.n = world_random(w, 33);
	s.critical = world_random(w, 8) ? 0 : 99;
	if (world_random(w, 4) == 0)
		s.offer.aeads = 1;
	return world_random(w, 3) ? altered_init(w, &s) : short_init(w);
}

static void an_unproven_answer_is_at_most_half_as_long_again(void **state)
{
	for (int crowded = 0; crowded < 2; crowded++) {
		struct world w;
		struct setting s = setting_plain();
		size_t answered[3] = { 0 };
		memset(s.config[COLL].token_secret, 7, 32);
		s.config[COLL].cookie_from = crowded ? 1 : 100000;
		world_new(&w, &s, 201);
		for (int i = 0; i < HOSTILE; i++) {
			struct ike_path path = { .local = w.node[COLL].address, .marked = true };
			assert_int_equal(addr_parse("198.51.100.1:4500", &path.remote), ST_OK);
			path.remote.ip[14] = (uint8_t)world_random(&w, 256);
			struct span said = hostile(&w);
			enum st st = tell(&w, COLL, &path, said);
			size_t n = 0;
			for (size_t k = 0; k < sends(); k++)
				n += sent(k).n;
			if (2 * n > 3 * said.n)
				fail_msg("%zu octets answered with %zu (%s)", said.n, n, st_name(st));
			answered[st == ST_OK ? 0 : st == ST_IKE_COOKIE ? 1 : 2] += n != 0;
			ike_out_done(world_out());
			w.now += IKE_SECOND / 8;
			ike_tick(w.node[COLL].ike, w.now, world_out());
			ike_out_done(world_out());
		}
		assert_true(answered[0] > 0 && answered[2] > HOSTILE / 20); // it did speak
		assert_true(!crowded || answered[1] > HOSTILE / 20);
		world_done(&w);
	}
}

// An empty INIT would not pay for a cookie, a bare header not for a token: what they ask for is not given.
static void short_requests_get_short_answers(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	memset(s.config[COLL].token_secret, 7, 32);
	s.config[COLL].cookie_from = 1;
	world_new(&w, &s, 202);
	struct stranger x = stranger_new(&w, "198.51.100.1:4500");
	assert_int_equal(stranger_says(&w, &x), ST_OK);
	ike_out_done(world_out());
	for (size_t n = 0; n < 20; n++) {
		struct ike_writer c = words();
		ike_put(&c, PAYLOAD_NONCE, span_of(x.nonce.p, n));
		ike_put(&c, PAYLOAD_KE, (struct span){ 0 });
		ike_put(&c, PAYLOAD_SA, (struct span){ 0 });
		struct ike_header h = { 5, 0, 0, IKE_SA_INIT, IKE_FLAG_INITIATOR };
		ike_put_header(&c, &h);
		assert_int_equal(tell(&w, COLL, &x.path, wr_span(&c.w)),
		                 n < IKE_NONCE_MIN ? ST_IKE_NONCE : ST_IKE_COOKIE);
		assert_int_equal(sends(), n >= IKE_NONCE_MIN);
		ike_out_done(world_out());
	}
	for (size_t n = 0; n < 60; n++) {
		struct ike_writer c = words();
		static const uint8_t text[60];
		w.now += IKE_SECOND;
		ike_put(&c, PAYLOAD_SK, span_of(text, n));
		struct ike_header h = { 5, 6, 1, IKE_AUTH, IKE_FLAG_INITIATOR };
		ike_put_header(&c, &h);
		struct span said = wr_span(&c.w);
		assert_int_equal(tell(&w, COLL, &x.path, said), ST_IKE_SPI);
		struct ike_message m;
		assert_int_equal(ike_read_header(sent(0), &m), ST_OK);
		assert_int_equal(ike_read_clear(&m), ST_OK);
		assert_non_null(ike_find_notify(&m, N_INVALID_IKE_SPI));
		assert_true(2 * sent(0).n <= 3 * said.n);
		// Whatever a real peer sends in an encrypted payload pays for the token.
		assert_int_equal(ike_find_notify(&m, N_QCD_TOKEN) != NULL, said.n >= 51);
		ike_out_done(world_out());
	}
	world_done(&w);
}

static int64_t today(void *arg)
{
	return PKI_NOW;
}

static void equip(struct crypto *crypto, struct ike_site *site, int authorities)
{
	struct text certs = { 0 };
	for (int i = 0; i < authorities; i++) {
		struct pki ca = pki_make(&(struct pki_wish){ PKI_P256, .ca = true }, NULL);
		text_bytes(&certs, span_of(ca.cert.p, ca.cert.n));
		if (i == 0)
			assert_int_equal(credential_new(crypto, span_of(ca.cert.p, ca.cert.n),
			                                span_of(ca.key.p, ca.key.n), &site->credential),
			                 ST_OK);
		pki_done(&ca);
	}
	assert_int_equal(trust_new(crypto, span_of(certs.p, certs.n), NULL, &site->trust), ST_OK);
	text_done(&certs);
}

// Authorities make the answer longer than a compact request may have: its address is asked to prove itself first.
static void an_answer_that_is_too_long_waits_for_a_cookie(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	struct crypto *crypto;
	assert_int_equal(crypto_init(&crypto), ST_OK);
	equip(crypto, &s.site[COLL], IKE_AUTHORITIES_MAX);
	s.config[COLL].today = today;
	world_new(&w, &s, 207);
	struct stranger x = stranger_new(&w, "198.51.100.1:4500");
	x.offer = (struct ike_offer){ .aeads = 1u << AEAD_AES256_GCM16, .prfs = 1, .groups = 1 };
	x.notify = N_SIGNATURE_HASH_ALGORITHMS;
	x.data = span_of((const uint8_t[]){ 0, 2 }, 2);
	size_t asked = stranger_init(&x).n;
	(void)stranger_says(&w, &x);
	assert_int_equal(ike_counters(w.node[COLL].ike)->sas, 0);
	assert_true(sends() == 1 && 2 * sent(0).n <= 3 * asked);
	struct ike_message m;
	assert_int_equal(ike_read_header(sent(0), &m), ST_OK);
	assert_int_equal(ike_read_clear(&m), ST_OK);
	uint8_t cookie[IKE_COOKIE_MAX];
	assert_non_null(ike_find_notify(&m, N_COOKIE));
	struct span given = ike_find_notify(&m, N_COOKIE)->data;
	memcpy(cookie, given.p, given.n);
	ike_out_done(world_out());
	x.cookie = span_of(cookie, given.n);
	assert_int_equal(stranger_says(&w, &x), ST_OK);
	assert_true(sends() == 1 && sent(0).n > 300);
	ike_out_done(world_out());
	world_done(&w);
	trust_free(s.site[COLL].trust);
	credential_free(s.site[COLL].credential);
	crypto_free(crypto);
}

// What is kept until somebody has proven himself is not what he likes to send.
static void a_start_has_a_size(void **state)
{
	static const uint8_t filling[IKE_INIT_MAX];
	static uint8_t room[2 * IKE_INIT_MAX];
	struct world w;
	struct setting s = setting_plain();
	world_new(&w, &s, 210);
	for (size_t n = IKE_INIT_MAX - 1; n <= IKE_INIT_MAX + 1; n++) {
		struct stranger x = stranger_new(&w, "198.51.100.1:4500");
		struct span said = stranger_init(&x);
		struct ike_writer c = { wr_of(room, sizeof room), said.p[16] };
		wr_bytes(&c.w, span_of(said.p + IKE_HEADER, said.n - IKE_HEADER));
		ike_put(&c, PAYLOAD_VENDOR, span_of(filling, n - said.n - 4));
		struct ike_header h = { x.spi, 0, 0, IKE_SA_INIT, IKE_FLAG_INITIATOR };
		ike_put_header(&c, &h);
		assert_int_equal(wr_span(&c.w).n, n);
		assert_int_equal(tell(&w, COLL, &x.path, wr_span(&c.w)), n <= IKE_INIT_MAX ? ST_OK : ST_IKE_HEADER);
		assert_int_equal(sends(), n <= IKE_INIT_MAX);
		ike_out_done(world_out());
	}
	world_done(&w);
}

static void half_open_is_bounded_and_ends(void **state)
{
	enum { BOUND = 50 };
	struct world w;
	struct setting s = setting_plain();
	s.config[COLL].half_open = BOUND;
	s.config[COLL].cookie_from = 1000;
	world_new(&w, &s, 203);
	const struct ike_counters *c = ike_counters(w.node[COLL].ike);
	for (int i = 0; i < 4 * BOUND; i++) {
		struct stranger x = stranger_new(&w, "198.51.100.1:4500");
		x.path.remote.ip[14] = (uint8_t)(i >> 8);
		x.path.remote.ip[15] = (uint8_t)i;
		assert_int_equal(stranger_says(&w, &x), i < BOUND ? ST_OK : ST_IKE_FULL);
		assert_int_equal(sends(), i < BOUND);
		ike_out_done(world_out());
		assert_true(c->half_open <= BOUND && c->sas == c->half_open);
	}
	w.now += IKE_HALF_OPEN_LIFE - 1;
	ike_tick(w.node[COLL].ike, w.now, world_out());
	assert_int_equal(c->half_open, BOUND);
	w.now++;
	ike_tick(w.node[COLL].ike, w.now, world_out());
	assert_int_equal(c->half_open, 0);
	assert_int_equal(c->sas, 0);
	assert_int_equal(ike_due(w.node[COLL].ike), INT64_MAX);
	assert_int_equal(world_out()->n, 0);
	for (size_t i = 0; i < IKE_ADDRESS_BUCKETS; i++)
		assert_int_equal(w.node[COLL].ike->half_by_address[i], 0);
	world_settle(&w); // and there is room again
	rows_one_of_each(&w);
	world_done(&w);
}

// Between IKE_SA_INIT and IKE_AUTH a peer may come to another address: the count of the first one goes back.
static void half_open_by_address_comes_back_to_zero(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	world_new(&w, &s, 204);
	world_run(&w, 0);
	assert_int_equal(w.n_flight, 1);
	while (w.n_flight && ike_counters(w.node[COLL].ike)->half_open == 0)
		w.now += IKE_SECOND / 1000, world_run(&w, 0);
	struct ike_sa *half = sa_at(&w, COLL, IKE_HALF);
	struct addr first = half->path.remote, second;
	assert_int_equal(ike_half_at(w.node[COLL].ike, &first), 1);
	while (w.n_flight && !sa_find(&w, SITE, IKE_AUTH_SENT))
		w.now += IKE_SECOND / 1000, world_run(&w, 0);
	assert_int_equal(addr_parse("203.0.113.77:4500", &second), ST_OK);
	for (size_t i = 0; i < w.n_flight; i++)
		if (w.flight[i].to == COLL)
			w.flight[i].path.remote = second;
	w.nat_port = 0;
	world_settle(&w);
	rows_one_of_each(&w);
	assert_int_equal(ike_half_at(w.node[COLL].ike, &first), 0);
	assert_int_equal(ike_half_at(w.node[COLL].ike, &second), 0);
	world_done(&w);
}

static void cookies_of_one_address_spare_the_others(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	world_new(&w, &s, 205);
	for (int i = 0; i < 3 * IKE_COOKIE_ADDRESS; i++) {
		struct stranger x = stranger_new(&w, "198.51.100.1:4500");
		x.path.remote.port =
		        (uint16_t)(1000 + i); // many sites behind one NAT, or one that wants us to think so
		assert_int_equal(stranger_says(&w, &x), i < IKE_COOKIE_ADDRESS ? ST_OK : ST_IKE_COOKIE);
		ike_out_done(world_out());
	}
	for (int i = 0; i < IKE_COOKIE_FROM - IKE_COOKIE_ADDRESS; i++) {
		struct stranger x = stranger_new(&w, "203.0.113.1:4500");
		x.path.remote.ip[15] = (uint8_t)(i + 2);
		assert_int_equal(stranger_says(&w, &x), ST_OK);
		ike_out_done(world_out());
	}
	struct stranger last = stranger_new(&w, "192.0.2.200:4500");
	assert_int_equal(stranger_says(&w, &last), ST_IKE_COOKIE); // now everyone is asked
	ike_out_done(world_out());
	world_settle(&w); // and who answers comes in
	rows_one_of_each(&w);
	world_done(&w);
}

// Starts that end where they began leave nothing half-open, and have cost a Diffie-Hellman: they, too, bring cookies.
static void starts_that_fail_bring_cookies(void **state)
{
	static const uint8_t zeros[32];
	struct world w;
	struct setting s = setting_plain();
	world_new(&w, &s, 208);
	for (int second = 0; second < 3; second++) {
		for (int i = 0; i < 1000; i++) {
			struct stranger x = stranger_new(&w, "198.51.100.1:4500");
			x.path.remote.ip[14] = (uint8_t)(i >> 8);
			x.path.remote.ip[15] = (uint8_t)i;
			x.public = span_of(zeros, sizeof zeros);
			assert_int_equal(stranger_says(&w, &x), i < IKE_COOKIE_FROM ? ST_IKE_KEY : ST_IKE_COOKIE);
			ike_out_done(world_out());
			w.now += IKE_SECOND / 1000;
		}
		assert_int_equal(ike_counters(w.node[COLL].ike)->sas, 0);
	}
	world_settle(&w); // who answers a cookie comes in
	rows_one_of_each(&w);
	world_done(&w);
}

static void hints_are_limited(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	world_new(&w, &s, 206);
	for (int second = 0; second < 3; second++) {
		unsigned n = 0;
		for (int i = 0; i < 1000; i++) {
			struct stranger x = stranger_new(&w, "198.51.100.1:4500");
			x.critical = i % 3 == 0 ? 99 : 0;
			struct span said = stranger_init(&x);
			memcpy(bytes, said.p, said.n);
			if (i % 3 == 1)
				bytes[17] = 0x30;
			if (i % 3 == 2)
				bytes[18] = IKE_AUTH;
			assert_int_not_equal(tell(&w, COLL, &x.path, span_of(bytes, said.n)), ST_OK);
			n += (unsigned)sends();
			ike_out_done(world_out());
			w.now += IKE_SECOND / 1000;
		}
		assert_int_equal(n, IKE_HINTS_PER_SECOND);
	}
	world_done(&w);
}

// A peer that asks for one pair after another gets so many and no more, and keeps what it has.
static void an_ike_sa_has_a_few_pairs(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	rows_up(&w, &s, 209);
	struct ike_sa *coll = sa_at(&w, COLL, IKE_UP), *site = sa_at(&w, SITE, IKE_UP);
	const struct ike_offer offer = { .aeads = 1u << AEAD_AES256_GCM16, .groups = IKE_NO_GROUP, .esn = IKE_ESN_NO };
	for (uint8_t i = 1; i < 2 * IKE_CHILDREN_MAX; i++) {
		const uint8_t spi[4] = { 1, 2, 3, i }, nonce[32] = { i };
		struct ike_writer c = words();
		ike_put_ts(&c, PAYLOAD_TSR, &site->children->there);
		ike_put_ts(&c, PAYLOAD_TSI, &site->children->here);
		ike_put(&c, PAYLOAD_NONCE, span_of(nonce, sizeof nonce));
		ike_put_offer(&c, PROTOCOL_ESP, &offer, span_of(spi, sizeof spi));
		overhear(&w, NULL);
		enum st st = say(&w, COLL, site, IKE_CREATE_CHILD_SA, false, coll->take_id, &c);
		assert_int_equal(st, i < IKE_CHILDREN_MAX ? ST_OK : ST_FULL);
		world_effects(&w, COLL);
		const struct ike_message *m = &hear(COLL, IKE_CREATE_CHILD_SA, true, 0)->m;
		assert_int_equal(ike_find_notify(m, N_NO_ADDITIONAL_SAS) != NULL, st == ST_FULL);
		assert_int_equal(ike_counters(w.node[COLL].ike)->pairs,
		                 i < IKE_CHILDREN_MAX ? i + 1 : IKE_CHILDREN_MAX);
	}
	assert_int_equal(world_pairs(&w, COLL), IKE_CHILDREN_MAX);
	assert_true(w.node[COLL].up);
	world_done(&w);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(an_unproven_answer_is_at_most_half_as_long_again),
	cmocka_unit_test(short_requests_get_short_answers),
	cmocka_unit_test(an_answer_that_is_too_long_waits_for_a_cookie),
	cmocka_unit_test(a_start_has_a_size),
	cmocka_unit_test(half_open_is_bounded_and_ends),
	cmocka_unit_test(half_open_by_address_comes_back_to_zero),
	cmocka_unit_test(cookies_of_one_address_spare_the_others),
	cmocka_unit_test(starts_that_fail_bring_cookies),
	cmocka_unit_test(hints_are_limited),
	cmocka_unit_test(an_ike_sa_has_a_few_pairs),
};
const struct rows rows_limits = { tests, sizeof tests / sizeof *tests };
