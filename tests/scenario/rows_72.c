// SPDX-License-Identifier: Apache-2.0
// IKE_SA_INIT (RFC 7296 1.2, 2.6, 2.23; RFC 8031): cookies, groups, values, NAT detection.
#include "rows.h"

// The linker counts for us (--wrap).
static unsigned dhs;

enum st __real_dh_new(struct crypto *crypto, const struct dh_group *group, struct dh **out);
enum st __wrap_dh_new(struct crypto *crypto, const struct dh_group *group, struct dh **out);
enum st __wrap_dh_new(struct crypto *crypto, const struct dh_group *group, struct dh **out)
{
	dhs++;
	return __real_dh_new(crypto, group, out);
}

// The answer in world_out(), in clear.
static struct ike_message answer(void)
{
	static uint8_t copy[2048];
	struct ike_message m;
	assert_int_equal(sends(), 1);
	struct span s = sent(0);
	memcpy(copy, s.p, s.n);
	assert_int_equal(ike_read_header(span_of(copy, s.n), &m), ST_OK);
	assert_int_equal(ike_read_clear(&m), ST_OK);
	ike_out_done(world_out());
	return m;
}

static void silent(void)
{
	assert_int_equal(world_out()->n, 0);
}

static void busy_collector(struct world *w, struct setting *s, uint64_t seed)
{
	s->config[COLL].cookie_from = 1;
	world_new(w, s, seed);
	struct stranger x = stranger_new(w, "203.0.113.9:4500");
	assert_int_equal(stranger_says(w, &x), ST_OK);
	ike_out_done(world_out());
}

static struct span cookie_for(struct world *w, const struct stranger *x)
{
	static uint8_t cookie[IKE_COOKIE_MAX];
	assert_int_equal(stranger_says(w, x), ST_IKE_COOKIE);
	struct ike_message m = answer();
	const struct ike_notify *n = ike_find_notify(&m, N_COOKIE);
	assert_non_null(n);
	assert_true(n->data.n <= IKE_COOKIE_MAX);
	memcpy(cookie, n->data.p, n->data.n);
	return span_of(cookie, n->data.n);
}

static void row_7_2_1_a_cookie_costs_neither_memory_nor_dh(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	busy_collector(&w, &s, 401);
	struct ike_counters before = *ike_counters(w.node[COLL].ike);
	dhs = 0;
	for (int i = 0; i < 500; i++) {
		struct stranger x = stranger_new(&w, "198.51.100.1:4500");
		assert_int_equal(stranger_says(&w, &x), ST_IKE_COOKIE);
		struct ike_message m = answer();
		assert_true(m.clear == P(NOTIFY) && m.spi_r == 0 && m.spi_i == x.spi && m.id == 0);
	}
	const struct ike_counters *c = ike_counters(w.node[COLL].ike);
	assert_true(c->sas == before.sas && c->half_open == before.half_open);
	assert_int_equal(dhs, 0);
	assert_int_equal(w.node[COLL].ike->due.n, 1);
	world_done(&w);
}

static void row_7_2_1_a_cookie_is_of_nonce_address_and_spi(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	busy_collector(&w, &s, 402);
	struct stranger x = stranger_new(&w, "198.51.100.1:4500");
	uint8_t cookie[IKE_COOKIE_MAX], nonce[32];
	struct span given = cookie_for(&w, &x);
	memcpy(cookie, given.p, given.n);
	x.cookie = span_of(cookie, given.n);
	struct stranger other_address = x, other_spi = x, other_nonce = x, shorter = x, other_port = x;
	other_address.path.remote.ip[15]++;
	other_spi.spi++;
	memcpy(nonce, x.nonce.p, 32);
	nonce[31]++;
	other_nonce.nonce = span_of(nonce, 32);
	shorter.cookie.n--;
	const struct stranger *const wrong[] = { &other_address, &other_spi, &other_nonce, &shorter };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_int_equal(stranger_says(&w, wrong[i]), ST_IKE_COOKIE);
		(void)answer();
	}
	for (size_t i = 0; i < x.cookie.n; i++) {
		cookie[i] ^= 1;
		assert_int_equal(stranger_says(&w, &x), ST_IKE_COOKIE);
		(void)answer();
		cookie[i] ^= 1;
	}
	other_port.path.remote.port++; // a NAT may do that between two datagrams
	assert_int_equal(stranger_says(&w, &other_port), ST_OK);
	ike_out_done(world_out());
	assert_int_equal(stranger_says(&w, &x), ST_OK);
	ike_out_done(world_out());
	world_done(&w);
}

// `age` after it was given.
static enum st cookie_after(int64_t age, int64_t first, bool asked_between)
{
	struct world w;
	struct setting s = setting_plain();
	s.config[COLL].cookie_from = 1;
	world_new(&w, &s, 403);
	struct ike_turn keeper = ike_turn_of(w.node[COLL].ike, NULL, w.now, world_out());
	struct ike_sa *sa = ike_sa_new(keeper.ike, false, IKE_NO_SITE, w.now, 0);
	assert_non_null(sa);
	ike_count_half(keeper.ike, sa, true); // one that never ends, so that cookies are asked for throughout
	struct stranger other = stranger_new(&w, "203.0.113.9:4500");
	(void)cookie_for(&w, &other); // the secret is drawn now
	w.now += first;
	struct stranger x = stranger_new(&w, "198.51.100.1:4500");
	uint8_t cookie[IKE_COOKIE_MAX];
	struct span given = cookie_for(&w, &x);
	memcpy(cookie, given.p, given.n);
	x.cookie = span_of(cookie, given.n);
	for (int64_t end = w.now + age; asked_between && w.now + IKE_SECOND < end;) {
		static const uint8_t nonce[20];
		w.now += IKE_SECOND;
		struct stranger y = other;
		y.nonce = span_of(nonce, sizeof nonce);
		(void)cookie_for(&w, &y);
		age -= IKE_SECOND;
	}
	w.now += age;
	enum st st = stranger_says(&w, &x);
	ike_out_done(world_out());
	world_done(&w);
	return st;
}

static void row_7_2_1_the_secret_before_is_taken_an_older_one_is_not(void **state)
{
	for (int asked = 0; asked < 2; asked++) {
		assert_int_equal(cookie_after(IKE_SECOND, 0, asked), ST_OK);
		assert_int_equal(cookie_after(IKE_COOKIE_LIFE - 1, 0, asked), ST_OK);
		assert_int_equal(cookie_after(IKE_COOKIE_LIFE, 0, asked), ST_OK); // its secret is the one before now
		assert_int_equal(cookie_after(IKE_COOKIE_LIFE, IKE_COOKIE_LIFE - 1, asked), ST_OK);
		assert_int_equal(cookie_after(2 * IKE_COOKIE_LIFE - 1, 0, asked), ST_OK);
		assert_int_equal(cookie_after(2 * IKE_COOKIE_LIFE, 0, asked), ST_IKE_COOKIE);
		assert_int_equal(cookie_after(2 * IKE_COOKIE_LIFE, IKE_SECOND, asked), ST_IKE_COOKIE);
		assert_int_equal(cookie_after(600 * IKE_COOKIE_LIFE, 0, asked && 0), ST_IKE_COOKIE);
	}
}

// The version is one octet: when it comes round, the secret before is still known.
static void row_7_2_1_the_version_comes_round(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	busy_collector(&w, &s, 404);
	struct ike *ike = w.node[COLL].ike;
	struct stranger x = stranger_new(&w, "198.51.100.1:4500");
	uint8_t cookie[IKE_COOKIE_MAX];
	for (int i = 0; i < 600; i++) {
		uint8_t given[IKE_COOKIE_SIZE];
		struct ike_message m;
		struct span init = stranger_init(&x);
		assert_int_equal(ike_read_header(init, &m), ST_OK);
		assert_int_equal(ike_read_clear(&m), ST_OK);
		ike_cookie_make(ike, w.now, &m, &x.path, given);
		memcpy(cookie, given, sizeof given);
		w.now += IKE_COOKIE_LIFE;
		x.cookie = span_of(cookie, sizeof given);
		init = stranger_init(&x);
		assert_int_equal(ike_read_header(init, &m), ST_OK);
		assert_int_equal(ike_read_clear(&m), ST_OK);
		assert_true(ike_cookie_good(ike, w.now, &m, &x.path));
		x.cookie = (struct span){ 0 };
	}
	world_done(&w);
}

static void row_7_2_1_the_cookie_comes_first_and_the_rest_is_the_same(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	busy_collector(&w, &s, 405);
	overhear(&w, NULL);
	world_settle(&w);
	rows_one_of_each(&w);
	const struct heard *first = hear(SITE, IKE_SA_INIT, false, 0), *again = hear(SITE, IKE_SA_INIT, false, 1);
	assert_true(first && again && !hear(SITE, IKE_SA_INIT, false, 2));
	assert_int_equal(again->m.first, PAYLOAD_NOTIFY);
	assert_int_equal(again->m.notify[0].type, N_COOKIE);
	size_t cookie = 8 + again->m.notify[0].data.n;
	assert_int_equal(again->n, first->n + cookie);
	assert_memory_equal(again->bytes + IKE_HEADER + cookie, first->bytes + IKE_HEADER, first->n - IKE_HEADER);
	world_done(&w);
}

// Somebody asks for another cookie, or another group, for ever.
static enum st ask_again(struct world *w, struct ike_sa *site, int round, bool cookies, bool groups)
{
	struct ike_writer c = words();
	uint8_t cookie = (uint8_t)round, group[2] = { 0, site->start->group->id == DH_P256 ? 31 : 19 };
	if (cookies && (!groups || round % 2))
		ike_put_notify(&c, N_COOKIE, span_of(&cookie, 1));
	else
		ike_put_notify(&c, N_INVALID_KE_PAYLOAD, span_of(group, 2));
	struct ike_header h = { site->spi_i, 0, 0, IKE_SA_INIT, IKE_FLAG_RESPONSE };
	ike_put_header(&c, &h);
	return tell(w, SITE, &site->path, wr_span(&c.w));
}

static void loops(bool cookies, bool groups)
{
	struct world w;
	struct setting s = setting_plain();
	s.site[SITE].ike.groups = 1u << DH_X25519 | 1u << DH_P256;
	world_new(&w, &s, 406);
	w.cut = true;
	world_run(&w, 0);
	struct ike_sa *site = sa_at(&w, SITE, IKE_INIT_SENT);
	unsigned sent_again = 0;
	for (int i = 0; i < 100; i++) {
		enum st st = ask_again(&w, site, i, cookies, groups);
		assert_int_equal(sends(), st == ST_OK);
		sent_again += st == ST_OK;
		ike_out_done(world_out());
	}
	assert_int_equal(sent_again, IKE_INIT_ROUNDS);
	world_done(&w);
}

static void row_7_2_1_cookies_and_groups_do_not_alternate_for_ever(void **state)
{
	loops(true, false);
	loops(true, true);
}

static void row_7_2_2_groups_do_not_alternate_for_ever(void **state)
{
	loops(false, true);
}

// Not offered, the one that was used, none at all (CVE-2014-9221), or malformed: nothing happens.
static void row_7_2_2_only_a_group_that_was_offered(void **state)
{
	static const struct {
		uint8_t data[3], n;
	} rows[] = {
		{ { 0, 14 }, 2 }, { { 0, 20 }, 2 }, { { 0, 31 }, 2 },    { { 4, 1 }, 2 },       { { 0, 0 }, 2 },
		{ { 0 }, 0 },     { { 19 }, 1 },    { { 0, 19, 0 }, 3 }, { { 0xff, 0xff }, 2 },
	};
	struct world w;
	struct setting s = setting_plain();
	s.site[SITE].ike.groups = 1u << DH_X25519 | 1u << DH_P256;
	world_new(&w, &s, 407);
	w.cut = true;
	world_run(&w, 0);
	struct ike_sa *site = sa_at(&w, SITE, IKE_INIT_SENT);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ike_writer c = words();
		ike_put_notify(&c, N_INVALID_KE_PAYLOAD, span_of(rows[i].data, rows[i].n));
		struct ike_header h = { site->spi_i, 0, 0, IKE_SA_INIT, IKE_FLAG_RESPONSE };
		ike_put_header(&c, &h);
		assert_int_equal(tell(&w, SITE, &site->path, wr_span(&c.w)), ST_IKE_GROUP);
		silent();
		assert_int_equal(site->start->group->id, DH_X25519);
	}
	w.cut = false;
	world_settle(&w);
	rows_one_of_each(&w);
	world_done(&w);
}

static void row_7_2_2_the_group_is_remembered(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	s.config[COLL].ike.groups = s.site[COLL].ike.groups = 1u << DH_P384;
	world_new(&w, &s, 408);
	overhear(&w, NULL);
	world_run(&w, 0);
	w.now += 6000000;
	w.node[COLL].ike->c.cookie_from = 0; // from here on it asks for cookies, too
	world_settle(&w);
	rows_one_of_each(&w);
	uint16_t groups[4] = { 0 };
	size_t n = hear_count(SITE, IKE_SA_INIT, false);
	assert_true(n >= 2 && n <= 4);
	for (size_t i = 0; i < n; i++) {
		struct ike_ke ke;
		assert_int_equal(ike_read_ke(ike_body(&hear(SITE, IKE_SA_INIT, false, i)->m, PAYLOAD_KE), &ke), ST_OK);
		groups[i] = ke.group;
	}
	assert_int_equal(groups[0], 31);
	assert_int_equal(groups[n - 1], 20);
	for (size_t i = 1; i < n; i++)
		assert_true(groups[i] == 20 || groups[i - 1] == 31); // never back
	world_done(&w);
}

static void row_7_2_3_values_that_are_none_are_refused(void **state)
{
	static uint8_t zeros[256], ones[256], point[256], one[256];
	memset(ones, 0xff, sizeof ones);
	memset(point, 0x35, sizeof point); // on no curve
	one[255] = 1;
	static const struct {
		uint16_t group, n;
		const uint8_t *value;
	} rows[] = {
		{ 31, 32, zeros },  { 31, 31, point }, { 31, 33, point },  { 31, 0, point },
		{ 19, 64, zeros },  { 19, 64, point }, { 19, 63, point },  { 19, 65, point },
		{ 19, 64, ones },   { 20, 96, zeros }, { 20, 96, point },  { 20, 97, point },
		{ 14, 256, zeros }, { 14, 256, ones }, { 14, 255, point }, { 14, 256, one },
	};
	struct world w;
	struct setting s = setting_plain();
	world_new(&w, &s, 409);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct stranger x = stranger_new(&w, "198.51.100.1:4500");
		x.group = rows[i].group;
		x.public = span_of(rows[i].value, rows[i].n);
		assert_int_equal(stranger_says(&w, &x), ST_IKE_KEY);
		struct ike_message m = answer();
		assert_non_null(ike_find_notify(&m, N_INVALID_SYNTAX));
		assert_int_equal(ike_counters(w.node[COLL].ike)->sas, 0);
	}
	world_done(&w);
}

// In an answer, which anybody can send: it changes nothing, and the real one still comes.
static void row_7_2_3_nor_from_the_responder(void **state)
{
	static const uint8_t zeros[32];
	struct world w;
	struct setting s = setting_plain();
	world_new(&w, &s, 410);
	w.cut = true;
	world_run(&w, 0);
	struct ike_sa *site = sa_at(&w, SITE, IKE_INIT_SENT);
	struct ike_suite suite = {
		aead_at(AEAD_AES256_GCM16), ike_prf_at(IKE_PRF_SHA256), dh_at(DH_X25519), false, 1, 0
	};
	for (uint16_t group = 19; group <= 31; group += 12) {
		struct ike_writer c = words();
		ike_put_nat(&c, site->spi_i, 5, &site->path);
		ike_put(&c, PAYLOAD_NONCE, span_of(zeros, sizeof zeros));
		ike_put_ke(&c, group, span_of(zeros, sizeof zeros));
		ike_put_suite(&c, PROTOCOL_IKE, &suite, (struct span){ 0 });
		struct ike_header h = { site->spi_i, 5, 0, IKE_SA_INIT, IKE_FLAG_RESPONSE };
		ike_put_header(&c, &h);
		assert_int_equal(tell(&w, SITE, &site->path, wr_span(&c.w)), group == 31 ? ST_IKE_KEY : ST_IKE_GROUP);
		silent();
		assert_int_equal(site->state, IKE_INIT_SENT);
		assert_int_equal(site->spi_r, 0);
	}
	w.cut = false;
	world_settle(&w);
	rows_one_of_each(&w);
	world_done(&w);
}

static void want_hash(const struct heard *h, const struct addr *to, bool v4)
{
	uint8_t octets[34], want[20];
	struct wr w = wr_of(octets, sizeof octets);
	wr_be(&w, to->port, 2);
	wr_bytes(&w, span_of(to->ip + (v4 ? 12 : 0), v4 ? 4 : 16));
	wr_be(&w, h->m.spi_r, 8);
	wr_be(&w, h->m.spi_i, 8);
	digest_of(&digest_sha1, wr_span(&w), want);
	const struct ike_notify *n = ike_find_notify(&h->m, N_NAT_DETECTION_DESTINATION_IP);
	assert_non_null(n);
	assert_int_equal(n->data.n, 20);
	assert_memory_equal(n->data.p, want, 20);
}

static void row_7_2_4_hashes_of_spis_address_and_port(void **state)
{
	static const char *const at[][NODES] = { { "10.1.0.2:4500", "192.0.2.2:2797" },
		                                 { "[2001:db8::2]:4500", "[2001:db8::1]:4500" } };
	for (int i = 0; i < 2; i++) {
		struct world w;
		struct setting s = setting_plain();
		assert_int_equal(addr_parse(at[i][SITE], &s.site[SITE].path.local), ST_OK);
		assert_int_equal(addr_parse(at[i][COLL], &s.site[SITE].path.remote), ST_OK);
		world_new(&w, &s, 411);
		w.nat_port = 0;
		overhear(&w, NULL);
		world_settle(&w);
		rows_one_of_each(&w);
		const struct heard *q = hear(SITE, IKE_SA_INIT, false, 0), *a = hear(COLL, IKE_SA_INIT, true, 0);
		assert_true(q->m.spi_r == 0 && a->m.spi_r != 0);
		want_hash(q, &s.site[SITE].path.remote, i == 0);
		want_hash(a, &s.site[SITE].path.local, i == 0);
		world_done(&w);
	}
}

static void sources(bool one_is_right)
{
	struct world w;
	struct setting s = setting_plain();
	world_new(&w, &s, 412);
	struct stranger x = stranger_new(&w, "198.51.100.1:4500");
	struct ike_writer c = words();
	struct ike_path theirs = { x.path.remote, x.path.local, true }, turned = { x.path.local, x.path.remote, true };
	uint8_t hash[20];
	ike_put_nat(&c, x.spi, 0, &turned); // its destination is where the stranger stands
	memcpy(hash, c.w.at + 8 + 20 + 8 + (one_is_right ? 0 : 1), one_is_right ? 20 : 19);
	c = words();
	ike_put_nat(&c, x.spi, 0, &theirs);
	for (int i = 0; i < 3; i++) {
		uint8_t other[20] = { (uint8_t)i };
		ike_put_notify(&c, N_NAT_DETECTION_SOURCE_IP, span_of(i == 1 ? hash : other, 20));
	}
	ike_put(&c, PAYLOAD_NONCE, x.nonce);
	ike_put_ke(&c, x.group, x.public);
	ike_put_offer(&c, PROTOCOL_IKE, &x.offer, (struct span){ 0 });
	struct ike_header h = { x.spi, 0, 0, IKE_SA_INIT, IKE_FLAG_INITIATOR };
	ike_put_header(&c, &h);
	assert_int_equal(tell(&w, COLL, &x.path, wr_span(&c.w)), ST_OK);
	ike_out_done(world_out());
	assert_int_equal(sa_at(&w, COLL, IKE_HALF)->nat_there, !one_is_right);
	assert_false(sa_at(&w, COLL, IKE_HALF)->nat_here);
	world_done(&w);
}

static void row_7_2_4_several_sources_are_legal(void **state)
{
	sources(true);
	sources(false);
}

static void row_7_2_4_other_ports_do_not_float(void **state)
{
	static const uint16_t ports[] = { 2797, 2746, 4500, 501, 14500 };
	for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
		struct world w;
		struct setting s = setting_plain();
		struct ike_view v;
		s.site[SITE].path.local.port = 40000;
		s.site[SITE].path.remote.port = ports[i];
		rows_up(&w, &s, 413);
		assert_true(ike_look(w.node[SITE].ike, w.node[SITE].site, &v));
		assert_int_equal(v.path.remote.port, ports[i]);
		assert_int_equal(v.path.local.port, 40000);
		assert_true(v.path.marked);
		world_done(&w);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(row_7_2_1_a_cookie_costs_neither_memory_nor_dh),
	cmocka_unit_test(row_7_2_1_a_cookie_is_of_nonce_address_and_spi),
	cmocka_unit_test(row_7_2_1_the_secret_before_is_taken_an_older_one_is_not),
	cmocka_unit_test(row_7_2_1_the_version_comes_round),
	cmocka_unit_test(row_7_2_1_the_cookie_comes_first_and_the_rest_is_the_same),
	cmocka_unit_test(row_7_2_1_cookies_and_groups_do_not_alternate_for_ever),
	cmocka_unit_test(row_7_2_2_groups_do_not_alternate_for_ever),
	cmocka_unit_test(row_7_2_2_only_a_group_that_was_offered),
	cmocka_unit_test(row_7_2_2_the_group_is_remembered),
	cmocka_unit_test(row_7_2_3_values_that_are_none_are_refused),
	cmocka_unit_test(row_7_2_3_nor_from_the_responder),
	cmocka_unit_test(row_7_2_4_hashes_of_spis_address_and_port),
	cmocka_unit_test(row_7_2_4_several_sources_are_legal),
	cmocka_unit_test(row_7_2_4_other_ports_do_not_float),
};
const struct rows rows_72 = { tests, sizeof tests / sizeof *tests };
