// SPDX-License-Identifier: Apache-2.0
// Sealing and opening: RFC 7634's packet in both directions, every suite on every back end in both modes, what is refused and
// that nothing changes by it, limits, the table of pairs.
#include "ends.h"

static struct crypto *crypto;
static uint64_t seed = 42;
static struct ends t;
static struct held one, two;

static const struct esp_policy tunnel = { .mode = ESP_TUNNEL }, tunnel_esn = { .mode = ESP_TUNNEL, .esn = true };

static size_t unhex(const char *text, uint8_t *out)
{
	size_t n = strlen(text) / 2;
	for (size_t i = 0; i < n; i++) {
		unsigned v = 0;
		assert_int_equal(sscanf(text + 2 * i, "%2x", &v), 1);
		out[i] = (uint8_t)v;
	}
	return n;
}

static void begin(const struct aead_backend *a, const struct aead_backend *b, enum aead_id id,
                  const struct esp_policy *policy)
{
	ends_init(&t, crypto, a, b, &seed);
	ends_keys(&t, aead_at(id), policy, 0);
}

static void rfc7634_both_ways(void **state)
{
	static const char packet[] = "45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec100007362708090a0b0"
	                             "c0d0e0f101112131415161718191a"
	                             "1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637";
	static const char sealed[] = "0102030400000005101112131415161724039428b97f417e3c13753a4f05087b67c352e6a7fab1b98"
	                             "2d466ef407ae5c614ee8099d528"
	                             "44eb61aa95dfab4c02f72aa71e7c4c4f64c9befe2facc638e8f3cbec163fac469b502773f6fb94e66"
	                             "4da9165b82829f641e076aaa826"
	                             "6b7fb0f7b11b369907e1ad43";
	uint8_t key[36], plain[200], wire[200];
	(void)unhex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3", key);
	size_t n = unhex(packet, plain), m = unhex(sealed, wire);
	const struct aead_alg *alg = aead_find("chacha20poly1305");
	struct aead_secret s = { span_of(key, 32), { 0 }, span_of(key + 32, 4) };
	for (unsigned i = 0; aead_backend(i); i++) {
		ends_init(&t, crypto, aead_backend(i), aead_backend(i), &seed);
		assert_int_equal(esp_add_as(t.a.esp, 0x01020304, 1, &t.a.pair), ST_OK);
		assert_int_equal(esp_set_policy(t.a.pair, &tunnel, selectors_any()), ST_OK);
		assert_int_equal(esp_set_out(t.a.esp, t.a.pair, alg, &s, 0x01020304, 4, 0), ST_OK);
		assert_int_equal(esp_set_in(t.a.esp, t.a.pair, alg, &s, 0), ST_OK);
		t.a.pair->out.iv = 0x1011121314151616;
		held_bytes(&one, span_of(plain, n));
		assert_int_equal(seal_one(&t, &t.a, 0, &one), ST_OK);
		assert_int_equal(one.pk.bytes.n, m);
		assert_memory_equal(one.pk.bytes.at, wire, m);
		held_bytes(&one, span_of(wire, m));
		assert_int_equal(open_one(&t, &t.a, 0, &one), ST_OK);
		assert_int_equal(one.pk.bytes.n, n);
		assert_memory_equal(one.pk.bytes.at, plain, n);
		assert_int_equal(one.pk.number, 5);
		assert_int_equal(one.pk.ip.protocol, IP_ICMP);
		ends_done(&t);
	}
}

static void there_and_back(enum aead_id id, const struct esp_policy *policy)
{
	for (size_t n = 0; n < 200; n++) {
		struct end *from = n % 2 ? &t.a : &t.b, *to = n % 2 ? &t.b : &t.a;
		held_udp(&one, n % 3 == 0, n);
		if (policy->mode == ESP_TRANSPORT) {
			assert_true(packet_pull(&one.pk.bytes, n % 3 == 0 ? IPV6_HEAD : IPV4_HEAD));
			one.pk.next_header = IP_UDP;
		}
		one.pk.pad_to = n % 5 == 0 ? 300 : 0;
		uint8_t before[512];
		size_t size = one.pk.bytes.n;
		memcpy(before, one.pk.bytes.at, size);
		assert_int_equal(seal_one(&t, from, 7, &one), ST_OK);
		if (n % 5 == 0 && policy->pad_for_length && policy->mode == ESP_TUNNEL)
			assert_true(one.pk.bytes.n >= 300);
		else
			assert_int_equal(one.pk.bytes.n + 28, size + esp_overhead(aead_at(id), size, false));
		held_bytes(&two, packet_span(&one.pk.bytes));
		assert_int_equal(open_one(&t, to, 8, &two), ST_OK);
		assert_int_equal(two.pk.bytes.n, size);
		assert_memory_equal(two.pk.bytes.at, before, size);
		assert_int_equal(two.pk.ip.protocol, IP_UDP);
		assert_int_equal(two.pk.ip.to.port, 162);
		assert_true(two.pk.newest);
		assert_int_equal(to->pair->heard, 8);
		assert_int_equal(from->pair->sent, 7);
		held_bytes(&two, packet_span(&one.pk.bytes));
		assert_int_equal(open_one(&t, to, 9, &two), ST_ESP_REPLAY);
		assert_int_equal(to->pair->heard, 8);
	}
	assert_int_equal(t.a.pair->out.number, 100);
	assert_int_equal(esp_counters(t.b.esp)->by[ST_OK], 100);
	assert_int_equal(esp_counters(t.b.esp)->by[ST_ESP_REPLAY], 100);
	assert_int_equal(esp_counters(t.b.esp)->sealed, 100);
}

static void every_suite(void **state)
{
	for (unsigned a = 0; aead_backend(a); a++)
		for (unsigned b = 0; aead_backend(b); b++)
			for (enum aead_id id = 0; id < AEAD_COUNT; id++)
				for (int how = 0; how < 8; how++) {
					struct esp_policy policy = { .mode = how & 1 ? ESP_TRANSPORT : ESP_TUNNEL,
						                     .esn = how & 2,
						                     .pad_for_length = how & 4 };
					begin(aead_backend(a), aead_backend(b), id, &policy);
					there_and_back(id, &policy);
					ends_done(&t);
				}
}

// RFC 4303 2.6: numbered, authenticated, a sign of life, and dropped.
static void dummies(void **state)
{
	for (int transport = 0; transport < 2; transport++) {
		struct esp_policy policy = { .mode = transport ? ESP_TRANSPORT : ESP_TUNNEL, .pad_for_length = true };
		begin(aead_best(), aead_best(), AEAD_AES128_GCM16, &policy);
		held_bytes(&one, span_of("", 0));
		one.pk.next_header = IP_NO_NEXT;
		one.pk.pad_to = 500;
		assert_int_equal(seal_one(&t, &t.a, 1, &one), ST_OK);
		assert_true(one.pk.bytes.n > 500);
		held_bytes(&two, packet_span(&one.pk.bytes));
		assert_int_equal(open_one(&t, &t.b, 5, &two), ST_ESP_DUMMY);
		assert_int_equal(t.b.pair->heard, 5);
		assert_int_equal(t.b.pair->in.window.top, 1);
		assert_true(two.pk.newest);
		held_bytes(&two, packet_span(&one.pk.bytes));
		assert_int_equal(open_one(&t, &t.b, 6, &two), ST_ESP_REPLAY);
		ends_done(&t);
	}
}

// One altered bit anywhere: refused, and but for a count of failures the pair stays as it was.
static void every_bit(void **state)
{
	for (enum aead_id id = 0; id < AEAD_COUNT; id++) {
		begin(aead_best(), aead_best(), id, id % 2 ? &tunnel : &tunnel_esn);
		for (int i = 0; i < 3; i++) {
			held_udp(&one, false, 20);
			assert_int_equal(seal_one(&t, &t.a, 1, &one), ST_OK);
		}
		uint64_t bits[ESP_WINDOW / 64];
		struct esp_pair before = *t.b.pair;
		memcpy(bits, before.in.window.bits, sizeof bits);
		for (size_t bit = 0; bit < one.pk.bytes.n * 8; bit++) {
			held_bytes(&two, packet_span(&one.pk.bytes));
			two.pk.bytes.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
			enum st st = open_one(&t, &t.b, 2, &two);
			uint32_t spi = ENDS_SPI_B ^ (bit < 32 ? UINT32_C(1) << (bit / 8 * -8 + 24 + bit % 8) : 0);
			if (bit < 32)
				assert_int_equal(st, spi && spi < 256 ? ST_ESP_RESERVED : ST_ESP_SPI);
			else if (bit < 64)
				assert_true(st == ST_FORGED || st == ST_ESP_OLD || st == ST_ESP_ZERO);
			else
				assert_int_equal(st, ST_FORGED);
			before.forged = t.b.pair->forged;
			assert_memory_equal(&before, t.b.pair, sizeof before);
			assert_memory_equal(bits, before.in.window.bits, sizeof bits);
		}
		assert_true(t.b.pair->forged > 0);
		held_bytes(&two, packet_span(&one.pk.bytes));
		assert_int_equal(open_one(&t, &t.b, 2, &two), ST_OK);
		assert_int_equal(two.pk.number, 3);
		assert_int_equal(t.b.pair->forged, 0);
		for (uint32_t spi = 0; spi < 300; spi++) {
			held_bytes(&two, packet_span(&one.pk.bytes));
			ip_put32(two.pk.bytes.at, spi);
			assert_int_equal(open_one(&t, &t.b, 2, &two), spi && spi < 256 ? ST_ESP_RESERVED : ST_ESP_SPI);
		}
		ends_done(&t);
	}
}

static void every_length(void **state)
{
	for (enum aead_id id = 0; id < AEAD_COUNT; id++) {
		begin(aead_best(), aead_best(), id, &tunnel);
		held_udp(&one, true, 60);
		assert_int_equal(seal_one(&t, &t.a, 1, &one), ST_OK);
		for (size_t n = 0; n < one.pk.bytes.n; n++) {
			uint8_t *exact = malloc(n ? n : 1);
			memcpy(exact, one.pk.bytes.at, n);
			struct esp_packet pk = { .bytes = { exact, exact + n, exact, n } }, *list[] = { &pk };
			assert_int_equal(esp_open(t.b.esp, 2, list, 1, &t.effects), 0);
			const struct aead_alg *alg = aead_at(id);
			size_t around = 8 + (size_t)alg->iv + alg->tag;
			enum st want = n < around + 2              ? ST_ESP_SHORT
			               : (n - around) % alg->block ? ST_ESP_BLOCK
			                                           : ST_FORGED;
			assert_int_equal(pk.st, want);
			free(exact);
		}
		assert_int_equal(t.b.pair->in.window.top, 0);
		ends_done(&t);
	}
}

// What is wrong behind a good ICV: sealed by the peer itself, by hand, with this text.
static enum st open_text(const struct esp_policy *policy, struct span text, struct held *out)
{
	begin(aead_best(), aead_best(), AEAD_AES128_GCM16, policy);
	uint8_t m[1024] = { 0, 0, ENDS_SPI_B >> 8, 0, 0, 0, 0, 1, [15] = 1 };
	memcpy(m + 16, text.p, text.n);
	struct aead_op op = { t.a.pair->out.key, m, 8, (uint32_t)text.n, policy->esn, 0, ST_NONE };
	aead_seal(t.a.engine, &op, 1);
	held_bytes(out, span_of(m, 16 + text.n + 16));
	enum st st = open_one(&t, &t.b, 1, out);
	ends_done(&t);
	return st;
}

static void hostile_texts(void **state)
{
#define UDP "9c4000a200080000"
#define GOOD "4500001c00000000401166c60a0000010a090002" UDP
	static const struct {
		const char *text;
		enum st st;
	} rows[] = {
		{ GOOD "01020204", ST_OK },
		{ GOOD "0004", ST_OK },
		{ GOOD "0000000001020204", ST_OK }, // TFC padding
		{ GOOD "02010204", ST_ESP_PADDING },
		{ GOOD "01030204", ST_ESP_PADDING },
		{ GOOD "0102ff04", ST_ESP_PADDING },
		{ "0504", ST_ESP_PADDING },
		{ "02030304", ST_ESP_PADDING }, // would begin in the IV, which ends with 1
		{ "0004", ST_INNER_VERSION },
		{ "003b", ST_ESP_DUMMY },
		{ "01013b", ST_ESP_DUMMY },
		{ "02013b", ST_ESP_PADDING },
		{ GOOD "01020211", ST_ESP_NEXT_HEADER },
		{ GOOD "01020229", ST_ESP_NEXT_HEADER },
		{ GOOD "01020200", ST_ESP_NEXT_HEADER },
		{ "4500001d00000000401166c50a0000010a090002" UDP "01020204", ST_INNER_LENGTH },
		{ "4500001300000000401166cf0a0000010a090002" UDP "01020204", ST_INNER_LENGTH },
		{ "4400001c00000000401167c60a0000010a090002" UDP "01020204", ST_INNER_HEADER },
		{ "4500001c00000000401100000a0000010a090002" UDP "01020204", ST_INNER_CHECKSUM },
		{ "45000004", ST_INNER_LENGTH },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t text[512];
		size_t n = unhex(rows[i].text, text);
		enum st st = open_text(&tunnel, span_of(text, n), &one);
		if (st != rows[i].st)
			fail_msg("row %zu: %s, wanted %s", i, st_name(st), st_name(rows[i].st));
		if (st == ST_OK)
			assert_int_equal(one.pk.bytes.n, 28);
	}
}

static void reselect(struct esp_pair *p, struct selectors *s)
{
	selectors_free(p->selectors);
	p->selectors = s;
	p->brief = selectors_brief(s);
}

static void selectors_and_ecn(void **state)
{
	begin(aead_best(), aead_best(), AEAD_AES256_GCM16, &tunnel);
	struct esp_pair *b = t.b.pair;
	reselect(b, test_selectors("10.9.0.0/24", "10.0.0.0/24"));
	held_udp(&one, false, 5);
	assert_int_equal(seal_one(&t, &t.a, 1, &one), ST_OK);
	assert_int_equal(open_one(&t, &t.b, 1, &one), ST_OK);
	held_udp(&one, true, 5);
	assert_int_equal(seal_one(&t, &t.a, 1, &one), ST_OK);
	assert_int_equal(open_one(&t, &t.b, 1, &one), ST_ESP_SELECTOR);
	reselect(b, test_selectors("10.9.0.0/24", "10.0.1.0/24"));
	held_udp(&one, false, 5);
	assert_int_equal(seal_one(&t, &t.a, 1, &one), ST_OK);
	assert_int_equal(open_one(&t, &t.b, 1, &one), ST_ESP_SELECTOR);
	reselect(b, selectors_any());
	for (int v6 = 0; v6 < 2; v6++)
		for (unsigned inner = 0; inner < 4; inner++)
			for (unsigned outer = 0; outer < 4; outer++) {
				held_udp(&one, v6, 5);
				ecn_write(one.pk.bytes.at, (uint8_t)(0xb8 | inner));
				assert_int_equal(seal_one(&t, &t.a, 1, &one), ST_OK);
				assert_int_equal(one.pk.outer_tos, 0xb8 | inner);
				held_bytes(&two, packet_span(&one.pk.bytes));
				two.pk.outer_tos = (uint8_t)outer;
				enum st st = open_one(&t, &t.b, 1, &two);
				uint8_t tos = 0;
				assert_int_equal(st, ecn_inner((uint8_t)inner, (uint8_t)outer, &tos));
				struct ip_view v = { 0 };
				if (st == ST_OK) {
					assert_int_equal(ip_parse(packet_span(&two.pk.bytes), &v), ST_OK);
					assert_int_equal(v.tos, 0xb8 | tos);
					assert_int_equal(two.pk.ip.tos, v.tos);
				} else {
					assert_true(inner == ECN_NOT && outer == ECN_CE);
				}
			}
	ends_done(&t);
}

// A batch of good, bad, repeated and foreign packets: the good ones in front, in order; each other counted by its reason.
static void batch(void **state)
{
	static struct held in[ESP_BATCH];
	struct esp_packet *pk[ESP_BATCH];
	begin(aead_best(), aead_best(), AEAD_AES128_SHA256_128, &tunnel_esn);
	for (size_t i = 0; i < ESP_BATCH; i++) {
		held_udp(&in[i], i % 2, i);
		pk[i] = &in[i].pk;
		pk[i]->pair = t.a.pair;
	}
	assert_int_equal(esp_seal(t.a.esp, 1, pk, ESP_BATCH, &t.effects), ESP_BATCH);
	for (size_t i = 0; i < ESP_BATCH; i++) {
		assert_ptr_equal(pk[i], &in[i].pk);
		assert_int_equal(pk[i]->number, i + 1);
		pk[i]->pair = NULL;
		if (i % 8 == 1)
			in[i].pk.bytes.at[20] ^= 1;
		else if (i % 8 == 2)
			in[i].pk.bytes.at[0] ^= 1;
		else if (i % 8 == 3)
			held_bytes(&in[i], packet_span(&in[i - 3].pk.bytes));
		else if (i % 8 == 4)
			in[i].pk.bytes.n = 7;
	}
	size_t n = esp_open(t.b.esp, 2, pk, ESP_BATCH, &t.effects);
	assert_int_equal(n, ESP_BATCH / 8 * 4);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(pk[i]->st, ST_OK);
	for (size_t i = 1; i < n; i++)
		assert_true(pk[i - 1]->number < pk[i]->number);
	const struct esp_counters *c = esp_counters(t.b.esp);
	assert_int_equal(c->by[ST_OK], n);
	assert_int_equal(c->by[ST_FORGED], ESP_BATCH / 8);
	assert_int_equal(c->by[ST_ESP_SPI], ESP_BATCH / 8);
	assert_int_equal(c->by[ST_ESP_REPLAY], ESP_BATCH / 8);
	assert_int_equal(c->by[ST_ESP_SHORT], ESP_BATCH / 8);
	ends_done(&t);
}

static void no_room(void **state)
{
	begin(aead_best(), aead_best(), AEAD_AES128_SHA256_128, &tunnel);
	uint8_t room[200];
	for (size_t before = 0; before < 40; before++)
		for (size_t behind = 0; behind < 40; behind++) {
			held_udp(&one, false, 20);
			size_t n = one.pk.bytes.n;
			struct esp_packet pk = { .bytes = packet_of(room, before + n + behind, before),
				                 .pair = t.a.pair };
			memcpy(packet_append(&pk.bytes, n), one.pk.bytes.at, n);
			struct esp_packet *list[] = { &pk };
			uint64_t used = t.a.pair->out.number;
			size_t ok = esp_seal(t.a.esp, 1, list, 1, &t.effects);
			assert_int_equal(ok, before >= 24 && behind >= 14 + 2 + 16);
			assert_int_equal(pk.st, ok ? ST_OK : ST_FULL);
			assert_int_equal(t.a.pair->out.number, used + ok);
		}
	ends_done(&t);
}

static void numbers_end(void **state)
{
	begin(aead_best(), aead_best(), AEAD_AES128_GCM16, &tunnel);
	t.a.pair->out.number = UINT32_MAX - 3;
	static struct held in[5];
	struct esp_packet *pk[5];
	for (size_t i = 0; i < 5; i++) {
		held_udp(&in[i], false, 1);
		pk[i] = &in[i].pk;
		pk[i]->pair = t.a.pair;
	}
	assert_int_equal(esp_seal(t.a.esp, 1, pk, 5, &t.effects), 3);
	assert_int_equal(pk[2]->number, UINT32_MAX);
	assert_int_equal(pk[3]->st, ST_ESP_EXPIRED); // by the number before it
	assert_int_equal(pk[4]->st, ST_ESP_EXPIRED);
	assert_int_equal(t.effects.n, 2);
	assert_int_equal(t.effect[0].kind, ESP_REKEY);
	assert_int_equal(t.effect[1].kind, ESP_EXPIRED);
	held_udp(&one, false, 1);
	assert_int_equal(seal_one(&t, &t.a, 1, &one), ST_ESP_EXPIRED);
	ends_done(&t);
}

// Without extension another pair is wanted long before the numbers end.
static void row_7_3_6_without_esn_a_rekey_is_wanted_early(void **state)
{
	begin(aead_best(), aead_best(), AEAD_AES128_GCM16, &tunnel);
	t.a.pair->out.number = (UINT64_C(3) << 30) - 3;
	for (int i = 0; i < 5; i++) {
		held_udp(&one, false, 1);
		assert_int_equal(seal_one(&t, &t.a, 1, &one), ST_OK);
		assert_int_equal(t.effects.n, i >= 2);
	}
	assert_int_equal(t.effect[0].kind, ESP_REKEY);
	assert_true(UINT32_MAX - t.a.pair->out.number > UINT32_MAX / 5);
	ends_done(&t);
}

static void limits(void **state)
{
	static const struct esp_policy rows[] = {
		{ .soft = { .packets = 3 }, .hard = { .packets = 5 } },
		{ .soft = { .bytes = 300 }, .hard = { .bytes = 500 } },
		{ .soft = { .time = 3 }, .hard = { .time = 5 } },
	};
	for (size_t i = 0; i < 3; i++) {
		begin(aead_best(), aead_best(), AEAD_AES128_GCM16, &rows[i]);
		for (int64_t k = 1; k <= 7; k++) { // 100 octets of text each
			held_udp(&one, false, 70);
			enum st st = seal_one(&t, &t.a, k, &one);
			assert_int_equal(st, k <= 5 ? ST_OK : ST_ESP_EXPIRED);
			if (st == ST_OK) {
				held_bytes(&two, packet_span(&one.pk.bytes));
				assert_int_equal(open_one(&t, &t.b, k, &two), ST_OK);
			} else {
				two.pk.bytes.n = 40;
			}
			assert_int_equal(t.effects.n, 2 * ((k >= 3) + (k >= 5)));
		}
		assert_int_equal(t.effect[0].kind, ESP_REKEY);
		assert_int_equal(t.effect[0].spi, ENDS_SPI_A);
		assert_int_equal(t.effect[0].owner, 1);
		assert_int_equal(t.effect[1].spi, ENDS_SPI_B);
		assert_int_equal(t.effect[2].kind, ESP_EXPIRED);
		assert_int_equal(t.effect[3].owner, 2);
		ends_done(&t);
	}
}

static void limits_by_tick(void **state)
{
	static const struct esp_policy policy = { .soft = { .time = 100 }, .hard = { .time = 200 } };
	begin(aead_best(), aead_best(), AEAD_AES128_GCM16, &policy);
	struct esp_pair *late = NULL;
	assert_int_equal(esp_add(t.a.esp, 3, &late), ST_OK);
	static const struct esp_policy later = { .soft = { .time = 130 } };
	assert_int_equal(esp_set_policy(late, &later, selectors_any()), ST_OK);
	struct aead_secret s = test_secret(aead_at(0), 3);
	assert_int_equal(esp_set_in(t.a.esp, late, aead_at(0), &s, 10), ST_OK);
	static const struct {
		int64_t now;
		size_t effects;
	} rows[] = { { 99, 0 }, { 100, 1 }, { 139, 1 }, { 140, 2 }, { 199, 2 }, { 200, 3 }, { 100000, 3 } };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		esp_tick(t.a.esp, rows[i].now, &t.effects);
		assert_int_equal(t.effects.n, rows[i].effects);
	}
	assert_int_equal(t.effect[1].owner, 3);
	held_udp(&one, false, 1);
	assert_int_equal(seal_one(&t, &t.a, 300, &one), ST_ESP_EXPIRED);
	held_udp(&one, false, 1);
	assert_int_equal(seal_one(&t, &t.b, 30, &one), ST_OK);
	assert_int_equal(open_one(&t, &t.a, 300, &one), ST_ESP_EXPIRED);
	struct esp_effects none = { 0 }; // no room: told with the next chance
	esp_tick(t.b.esp, 500, &none);
	t.effects.n = 0;
	esp_tick(t.b.esp, 501, &t.effects);
	assert_int_equal(t.effects.n, 2);
	ends_done(&t);
}

// RFC 3602 section 3: unpredictable, here at least never the same, over several refills of the pool. The counters count.
static void ivs(void **state)
{
	enum { N = 300 };
	static uint8_t seen[N][16];
	for (enum aead_id id = 0; id < AEAD_COUNT; id++) {
		begin(aead_best(), aead_best(), id, &tunnel);
		size_t n = aead_at(id)->iv;
		for (size_t i = 0; i < N; i++) {
			held_udp(&one, false, 1);
			assert_int_equal(seal_one(&t, &t.a, 1, &one), ST_OK);
			memcpy(seen[i], one.pk.bytes.at + 8, n);
			for (size_t k = 0; k < i; k++)
				assert_memory_not_equal(seen[k], seen[i], n);
			struct rd r = rd_of(span_of(seen[i], n));
			if (aead_at(id)->counter)
				assert_int_equal(rd_u64(&r), i + 1);
		}
		ends_done(&t);
	}
}

static enum st no_randomness(void *arg, void *out, size_t n)
{
	return *(bool *)arg ? ST_SYSTEM : test_random(&seed, out, n);
}

static void without_randomness(void **state)
{
	bool gone = false;
	struct random random = { no_randomness, &gone };
	ends_init(&t, crypto, aead_best(), aead_best(), &seed);
	esp_free(t.a.esp);
	assert_int_equal(esp_new(t.a.engine, random, &(struct esp_place){ 0 }, &t.a.esp), ST_OK);
	ends_keys(&t, aead_at(AEAD_AES128_SHA256_128), &tunnel, 0);
	gone = true;
	struct esp_pair *p = NULL;
	struct esp *other = NULL;
	assert_int_equal(esp_add(t.a.esp, 1, &p), ST_SYSTEM);
	assert_int_equal(esp_new(t.a.engine, random, &(struct esp_place){ 0 }, &other), ST_SYSTEM);
	held_udp(&one, false, 1);
	assert_int_equal(seal_one(&t, &t.a, 1, &one), ST_SYSTEM);
	assert_int_equal(t.a.pair->out.number, 0);
	ends_done(&t);
}

static void across_2_32(void **state)
{
	enum { N = 3000 };
	begin(aead_best(), aead_best(), AEAD_CHACHA20_POLY1305, &tunnel_esn);
	bool newest;
	t.a.pair->out.number = UINT32_MAX - N / 2;
	assert_int_equal(esp_window_mark(&t.b.pair->in.window, UINT32_MAX - N / 2, &newest), ST_OK);
	static struct held late;
	for (int i = 0; i < N; i++) {
		held_udp(&one, false, 10);
		assert_int_equal(seal_one(&t, &t.a, 1, &one), ST_OK);
		uint64_t number = one.pk.number;
		if (i % 100 == 0) {
			held_bytes(&late, packet_span(&one.pk.bytes));
			late.pk.number = number;
			continue;
		}
		assert_int_equal(open_one(&t, &t.b, 1, &one), ST_OK);
		assert_int_equal(one.pk.number, number);
		if (i % 100 == 50) {
			assert_int_equal(open_one(&t, &t.b, 1, &late), ST_OK);
			assert_false(late.pk.newest);
		}
	}
	assert_true(t.b.pair->in.window.top > UINT32_MAX);
	ends_done(&t);
}

// RFC 4303 appendix A3: after 2^32 numbers were lost the receiver finds the sender again, in a bounded number of packets.
static void out_of_step(void **state)
{
	for (uint64_t runs = 1; runs <= 3; runs++) {
		begin(aead_best(), aead_best(), AEAD_AES128_GCM16, &tunnel_esn);
		t.a.pair->out.number = (runs << 32) + 5;
		int tries = 0;
		enum st st = ST_FORGED;
		for (; st == ST_FORGED && tries < 1000; tries++) {
			held_udp(&one, false, 10);
			assert_int_equal(seal_one(&t, &t.a, 1, &one), ST_OK);
			st = open_one(&t, &t.b, 1, &one);
		}
		if (runs <= ESP_RESYNC_TRIES) {
			assert_int_equal(st, ST_OK);
			assert_int_equal(tries, ESP_RESYNC_EVERY + 1);
			assert_int_equal(one.pk.number >> 32, runs);
			assert_int_equal(esp_counters(t.b.esp)->resynced, 1);
			assert_int_equal(t.b.pair->in.window.top >> 32, runs);
		} else {
			assert_int_equal(st, ST_FORGED);
			assert_int_equal(t.b.pair->in.window.top, 0);
		}
		ends_done(&t);
	}
}

static void without_keys(void **state)
{
	ends_init(&t, crypto, aead_best(), aead_best(), &seed);
	assert_int_equal(esp_add_as(t.a.esp, ENDS_SPI_A, 1, &t.a.pair), ST_OK);
	held_udp(&one, false, 1);
	assert_int_equal(seal_one(&t, &t.a, 1, &one), ST_ESP_NO_SA);
	held_bytes(&one, span_of("\x00\x00\x10\x00\x00\x00\x00\x01", 8));
	assert_int_equal(open_one(&t, &t.a, 1, &one), ST_ESP_NO_SA);
	struct aead_secret s = test_secret(aead_at(0), 0);
	assert_int_equal(esp_set_policy(t.a.pair, &tunnel, NULL), ST_OK);
	assert_int_equal(esp_set_in(t.a.esp, t.a.pair, aead_at(0), &s, 0), ST_OK);
	assert_int_equal(esp_set_in(t.a.esp, t.a.pair, aead_at(0), &s, 0), ST_BUSY);
	assert_int_equal(esp_set_policy(t.a.pair, &tunnel, NULL), ST_BUSY);
	held_bytes(&one, span_of("\x00\x00\x10\x00\x00\x00\x00\x01", 8));
	assert_int_equal(open_one(&t, &t.a, 1, &one), ST_ESP_NO_SA); // no selectors: nothing may be said
	assert_int_equal(esp_set_out(t.a.esp, t.a.pair, aead_at(0), &s, 255, 0, 0), ST_ESP_RESERVED);
	s.key.n--;
	assert_int_equal(esp_set_out(t.a.esp, t.a.pair, aead_at(0), &s, 256, 0, 0), ST_SHORT);
	assert_null(t.a.pair->out.key);
	ends_done(&t);
}

static void table(void **state)
{
	enum { N = 10000 };
	struct end e = { 0 };
	assert_int_equal(aead_engine_new(aead_best(), crypto, &e.engine), ST_OK);
	struct random random = { test_random, &seed };
	assert_int_equal(esp_new(e.engine, random, &(struct esp_place){ 4, 2 }, &e.esp), ST_FULL);
	assert_int_equal(esp_new(e.engine, random, &(struct esp_place){ 3, 2 }, &e.esp), ST_OK);
	static struct esp_pair *all[N];
	struct esp_pair *p = NULL;
	assert_int_equal(esp_add_as(e.esp, 0, 0, &p), ST_ESP_RESERVED);
	assert_int_equal(esp_add_as(e.esp, 255, 0, &p), ST_ESP_RESERVED);
	assert_int_equal(esp_add_as(e.esp, 256, 0, &p), ST_ESP_SPI);
	assert_int_equal(esp_add_as(e.esp, 259, 0, &p), ST_OK);
	assert_int_equal(esp_add_as(e.esp, 259, 0, &p), ST_BUSY);
	esp_remove(e.esp, p);
	assert_null(esp_find(e.esp, 259));
	for (uint64_t i = 0; i < N; i++) {
		assert_int_equal(esp_add(e.esp, i, &all[i]), ST_OK);
		assert_int_equal(all[i]->spi & 3, 3);
		assert_true(all[i]->spi > 255);
	}
	assert_int_equal(esp_pairs(e.esp), N);
	for (size_t i = 0; i < N; i += 3) {
		uint32_t spi = all[i]->spi;
		esp_remove(e.esp, all[i]);
		all[i] = NULL;
		assert_null(esp_find(e.esp, spi));
	}
	for (size_t i = 0; i < N; i++)
		if (all[i]) {
			assert_ptr_equal(esp_find(e.esp, all[i]->spi), all[i]);
			assert_int_equal(all[i]->owner, i);
		}
	esp_remove(e.esp, NULL);
	assert_null(esp_find(e.esp, 0));
	assert_true(sizeof(struct esp_pair) + ESP_WINDOW / 8 < 1024); // of the 4 KB that an idle pair may cost
	esp_free(e.esp);
	esp_free(NULL);
	aead_engine_free(e.engine);
}

static void sizes(void **state)
{
	for (enum aead_id id = 0; id < AEAD_COUNT; id++)
		for (int v6 = 0; v6 < 2; v6++)
			for (size_t mtu = 0; mtu < 1600; mtu++) {
				size_t most = esp_inner_mtu(aead_at(id), mtu, v6);
				if (most)
					assert_true(most + esp_overhead(aead_at(id), most, v6) <= mtu);
				assert_true(most + 1 + esp_overhead(aead_at(id), most + 1, v6) > mtu);
			}
	assert_int_equal(esp_inner_mtu(aead_find("aes128gcm16"), 1500, false), 1438);
}

static int setup(void **state)
{
	return crypto_init(&crypto) != ST_OK;
}

static int teardown(void **state)
{
	crypto_free(crypto);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc7634_both_ways),
		cmocka_unit_test(every_suite),
		cmocka_unit_test(dummies),
		cmocka_unit_test(every_bit),
		cmocka_unit_test(every_length),
		cmocka_unit_test(hostile_texts),
		cmocka_unit_test(selectors_and_ecn),
		cmocka_unit_test(batch),
		cmocka_unit_test(no_room),
		cmocka_unit_test(numbers_end),
		cmocka_unit_test(row_7_3_6_without_esn_a_rekey_is_wanted_early),
		cmocka_unit_test(limits),
		cmocka_unit_test(limits_by_tick),
		cmocka_unit_test(across_2_32),
		cmocka_unit_test(ivs),
		cmocka_unit_test(without_randomness),
		cmocka_unit_test(out_of_step),
		cmocka_unit_test(without_keys),
		cmocka_unit_test(table),
		cmocka_unit_test(sizes),
	};
	return cmocka_run_group_tests_name("esp", tests, setup, teardown);
}
