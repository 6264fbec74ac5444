// SPDX-License-Identifier: Apache-2.0
// Fragments: cut at random, shuffled, repeated, of many owners at once, and put together as they were; then overlap, lies
// about the end, endless ones, and the limits, under which one owner takes nothing from another.
#include "ends.h"
#include "esp/reassembly.h"

enum { BIG = 70000 };

static uint64_t seed = 11;

static uint64_t random64(void)
{
	uint64_t v;
	(void)test_random(&seed, &v, sizeof v);
	return v;
}

// A UDP packet with n octets of payload in a block of its own.
static struct span packet_new(bool v6, size_t n, uint16_t id)
{
	struct addr from = test_addr(v6 ? "2001:db8::1" : "10.0.0.1", 40000),
	            to = test_addr(v6 ? "2001:db8::2" : "10.0.0.2", 162);
	uint8_t *room = malloc(100 + n);
	struct packet p = packet_of(room, 100 + n, 100);
	(void)test_random(&seed, packet_append(&p, n), n);
	assert_int_equal(inner_udp_put(&p, &from, &to, id), ST_OK);
	memmove(room, p.at, p.n);
	return span_of(room, p.n);
}

static void span_free(struct span s)
{
	free((void *)(uintptr_t)s.p);
}

// One fragment of `whole`: payload octets from..from+n, as it would travel.
static struct span cut(struct span whole, size_t from, size_t n, uint32_t id, uint8_t *out)
{
	bool v6 = whole.p[0] >> 4 == 6;
	size_t header = v6 ? IPV6_HEAD : IPV4_HEAD, put = header;
	bool more = header + from + n < whole.n;
	memcpy(out, whole.p, header);
	if (v6) {
		out[put++] = out[6];
		out[6] = IP_FRAGMENT;
		out[put++] = 0;
		ip_put16(out + put, (uint32_t)from | more);
		ip_put32(out + put + 2, id);
		put += 6;
		ip_put16(out + 4, (uint32_t)(8 + n));
	} else {
		ip_put16(out + 2, (uint32_t)(header + n));
		ip_put16(out + 4, id);
		ip_put16(out + 6, (uint32_t)(from / 8) | (more ? 0x2000 : 0));
		ip_put16(out + 10, 0);
		ip_put16(out + 10, ip_checksum(ip_sum(0, span_of(out, header))));
	}
	memcpy(out + put, whole.p + header + from, n);
	return span_of(out, put + n);
}

static enum st add(struct reassembly *r, int64_t now, uint64_t owner, struct span fragment, struct span *out)
{
	struct ip_view v;
	enum st st = ip_parse(fragment, &v);
	if (st != ST_OK)
		return st;
	assert_true(v.fragment);
	uint8_t *exact = malloc(fragment.n); // views must not outlive the call
	memcpy(exact, fragment.p, fragment.n);
	assert_int_equal(ip_parse(span_of(exact, fragment.n), &v), ST_OK);
	st = reassembly_add(r, now, owner, span_of(exact, fragment.n), &v, out);
	free(exact);
	return st;
}

static bool same_packet(struct span a, struct span b, bool v6)
{
	if (a.n != b.n)
		return false;
	struct ip_view v, w;
	assert_int_equal(ip_parse(a, &v), ST_OK);
	assert_int_equal(ip_parse(b, &w), ST_OK);
	struct inner_udp u;
	assert_int_equal(inner_udp_take(&w, INNER_CHECK, &u), ST_OK);
	return v6 ? span_equal(a, b) : span_equal(v.payload, w.payload) && v.to.port == w.to.port && v.id == w.id;
}

struct piece {
	uint32_t from, n;
};

static size_t pieces_of(size_t payload, struct piece *out)
{
	size_t n = 0, at = 0, most = payload < 4000 ? 40 : 1600;
	while (at < payload) {
		size_t size = 8 * (1 + random64() % (most / 8));
		if (size > payload - at)
			size = payload - at;
		out[n++] = (struct piece){ (uint32_t)at, (uint32_t)size };
		at += size;
	}
	return n;
}

static void shuffled(void **state)
{
	static struct piece pieces[8192];
	static uint8_t wire[BIG];
	struct reassembly *r = NULL;
	assert_int_equal(reassembly_new(&r), ST_OK);
	for (int round = 0; round < 1500; round++) {
		bool v6 = round % 2;
		size_t size = round % 50 == 0 ? 65507 - random64() % 3000 : 9 + random64() % 3000;
		struct span whole = packet_new(v6, size, (uint16_t)round);
		size_t n = pieces_of(whole.n - (v6 ? IPV6_HEAD : IPV4_HEAD), pieces);
		if (n < 2 || n > REASSEMBLY_FRAGMENTS) {
			span_free(whole);
			continue;
		}
		for (size_t i = n - 1; i > 0; i--) {
			size_t k = random64() % (i + 1);
			struct piece swap = pieces[i];
			pieces[i] = pieces[k], pieces[k] = swap;
		}
		struct span out = { 0 };
		for (size_t i = 0; i < n; i++) {
			enum st st = add(r, 0, 5, cut(whole, pieces[i].from, pieces[i].n, (uint32_t)round, wire), &out);
			assert_int_equal(st, i == n - 1 ? ST_OK : ST_FRAGMENT);
			if (i < n - 1 && random64() % 4 == 0) // an exact repetition
				assert_int_equal(
				        add(r, 0, 5,
				            span_of(wire,
				                    cut(whole, pieces[i].from, pieces[i].n, (uint32_t)round, wire).n),
				            &out),
				        ST_FRAGMENT);
		}
		assert_true(same_packet(whole, out, v6));
		assert_int_equal(reassembly_held(r), 0);
		span_free(whole);
	}
	assert_int_equal(reassembly_evicted(r), 0);
	reassembly_free(r);
}

// The same addresses and the same id from many owners: they never meet.
static void owners_apart(void **state)
{
	enum { OWNERS = 40, PARTS = 5 };
	static uint8_t wire[BIG];
	struct reassembly *r = NULL;
	assert_int_equal(reassembly_new(&r), ST_OK);
	struct span whole[OWNERS], out;
	for (size_t i = 0; i < OWNERS; i++)
		whole[i] = packet_new(i % 2, 992, 77);
	for (uint32_t part = 0; part < PARTS; part++)
		for (uint64_t i = 0; i < OWNERS; i++) {
			enum st st = add(r, 0, i, cut(whole[i], part * 200, 200, 77, wire), &out);
			assert_int_equal(st, part == PARTS - 1 ? ST_OK : ST_FRAGMENT);
			if (st == ST_OK)
				assert_true(same_packet(whole[i], out, i % 2));
		}
	for (size_t i = 0; i < OWNERS; i++)
		span_free(whole[i]);
	reassembly_free(r);
}

static void spoilt(void **state)
{
	static const struct {
		const char *what;
		struct {
			uint32_t from, n;
			bool changed; // other octets than the packet's
		} parts[3];
		enum st last;
	} rows[] = {
		{ "overlap behind",
		  { { 0, 200, false }, { 192, 200, false }, { 400, 600, false } },
		  ST_FRAGMENT_OVERLAP },
		{ "overlap in front",
		  { { 192, 200, false }, { 0, 200, false }, { 400, 600, false } },
		  ST_FRAGMENT_OVERLAP },
		{ "inside", { { 0, 400, false }, { 192, 8, false }, { 400, 600, false } }, ST_FRAGMENT_OVERLAP },
		{ "around", { { 192, 8, false }, { 0, 400, false }, { 400, 600, false } }, ST_FRAGMENT_OVERLAP },
		{ "the same place, other octets",
		  { { 0, 200, false }, { 0, 200, true }, { 200, 800, false } },
		  ST_FRAGMENT_OVERLAP },
	};
	static uint8_t wire[BIG];
	for (int v6 = 0; v6 < 2; v6++)
		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
			struct reassembly *r = NULL;
			assert_int_equal(reassembly_new(&r), ST_OK);
			struct span whole = packet_new(v6, 992, 1), out;
			enum st st = ST_FRAGMENT;
			for (size_t k = 0; k < 3; k++) {
				assert_int_equal(st, k < 2 ? ST_FRAGMENT : rows[i].last);
				struct span f = cut(whole, rows[i].parts[k].from, rows[i].parts[k].n, 1, wire);
				wire[f.n - 1] ^= rows[i].parts[k].changed;
				st = add(r, 0, 5, f, &out);
			}
			if (st != rows[i].last)
				fail_msg("%s: %s", rows[i].what, st_name(st));
			assert_int_equal(reassembly_held(r), 0); // nothing is kept but the memory of it
			assert_int_equal(reassembly_tick(r, REASSEMBLY_SECONDS * SECOND), 0);
			assert_int_equal(add(r, REASSEMBLY_SECONDS * SECOND, 5, cut(whole, 0, 200, 1, wire), &out),
			                 ST_FRAGMENT);
			span_free(whole);
			reassembly_free(r);
		}
}

static struct ip_view fragment_view(struct span payload, uint32_t id, uint32_t offset, bool more)
{
	return (struct ip_view){ .from = test_addr("10.0.0.1", 0),
		                 .to = test_addr("10.0.0.2", 0),
		                 .version = 4,
		                 .protocol = IP_UDP,
		                 .header = 20,
		                 .total = 20 + (uint32_t)payload.n,
		                 .payload = payload,
		                 .id = id,
		                 .offset = offset,
		                 .more = more,
		                 .fragment = true };
}

static void lies_about_the_end(void **state)
{
	static const struct {
		uint32_t from, n;
		bool more;
		enum st st;
	} rows[][2] = {
		{ { 800, 8, false, ST_FRAGMENT }, { 1600, 8, true, ST_FRAGMENT_MALFORMED } },
		{ { 1600, 8, true, ST_FRAGMENT }, { 800, 8, false, ST_FRAGMENT_MALFORMED } },
		{ { 800, 8, false, ST_FRAGMENT }, { 1600, 8, false, ST_FRAGMENT_MALFORMED } },
		{ { 1600, 8, false, ST_FRAGMENT }, { 800, 8, false, ST_FRAGMENT_MALFORMED } },
		{ { 800, 8, false, ST_FRAGMENT }, { 808, 8, true, ST_FRAGMENT_MALFORMED } },
		{ { 65528, 7, false, ST_FRAGMENT }, { 0, 8, true, ST_FRAGMENT } },
	};
	uint8_t packet[20 + 8] = { 0x45 };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct reassembly *r = NULL;
		assert_int_equal(reassembly_new(&r), ST_OK);
		for (size_t k = 0; k < 2; k++) {
			struct span out, all = span_of(packet, 20 + rows[i][k].n);
			struct ip_view v =
			        fragment_view(span_of(packet + 20, rows[i][k].n), 1, rows[i][k].from, rows[i][k].more);
			assert_int_equal(reassembly_add(r, 0, 1, all, &v, &out), rows[i][k].st);
		}
		reassembly_free(r);
	}
	// With headers the whole would be longer than a packet can be.
	struct reassembly *r = NULL;
	static uint8_t big[BIG] = { 0x45 };
	assert_int_equal(reassembly_new(&r), ST_OK);
	struct span out;
	struct ip_view first = fragment_view(span_of(big + 20, 65520), 1, 0, true),
	               last = fragment_view(span_of(big, 8), 1, 65520, false);
	assert_int_equal(reassembly_add(r, 0, 1, span_of(big, 65540), &first, &out), ST_FRAGMENT);
	assert_int_equal(reassembly_add(r, 0, 1, span_of(big, 28), &last, &out), ST_FRAGMENT_MALFORMED);
	reassembly_free(r);
}

// A datagram without end, in the smallest pieces.
static void endless(void **state)
{
	struct reassembly *r = NULL;
	assert_int_equal(reassembly_new(&r), ST_OK);
	uint8_t packet[28] = { 0x45 };
	struct span out;
	for (uint32_t i = 0; i < 8000; i++) {
		struct ip_view v = fragment_view(span_of(packet + 20, 8), 1, i * 8, true);
		enum st st = reassembly_add(r, 0, 1, span_of(packet, 28), &v, &out);
		assert_int_equal(st, i < REASSEMBLY_FRAGMENTS ? ST_FRAGMENT : ST_FRAGMENT_LIMIT);
		assert_true(reassembly_held(r) <= REASSEMBLY_FRAGMENTS * (REASSEMBLY_FRAGMENT_COST + 28));
	}
	assert_int_equal(reassembly_held(r), 0);
	reassembly_free(r);
}

// Ten thousand beginnings of one owner, and of a hundred: another's datagram under way is finished all the same.
static void one_against_others(void **state)
{
	static uint8_t wire[BIG], packet[1420] = { 0x45 };
	for (uint64_t attackers = 1; attackers <= 12; attackers += 11) {
		struct reassembly *r = NULL;
		assert_int_equal(reassembly_new(&r), ST_OK);
		struct span whole = packet_new(true, 1992, 9), out;
		assert_int_equal(add(r, 0, 1000, cut(whole, 0, 1000, 9, wire), &out), ST_FRAGMENT);
		for (uint32_t i = 0; i < 10000; i++) {
			struct ip_view v = fragment_view(span_of(packet + 20, 1400), i, 0, true);
			assert_int_equal(reassembly_add(r, i, i % attackers, span_of(packet, 1420), &v, &out),
			                 ST_FRAGMENT);
			assert_true(reassembly_held(r) <= REASSEMBLY_BYTES);
		}
		assert_int_equal(reassembly_evicted(r), 10000 - attackers * REASSEMBLY_PER_OWNER);
		assert_int_equal(add(r, 0, 1000, cut(whole, 1000, 1000, 9, wire), &out), ST_OK);
		assert_true(same_packet(whole, out, true));
		span_free(whole);
		reassembly_free(r);
	}
}

// Full in datagrams and full in octets: whoever holds most pays, and never more is held than may be.
static void full(void **state)
{
	static uint8_t packet[BIG] = { 0x45 };
	for (size_t n = 1000; n <= 60000; n += 59000) {
		struct reassembly *r = NULL;
		assert_int_equal(reassembly_new(&r), ST_OK);
		struct span out;
		for (uint32_t i = 0; i < 400; i++) {
			struct ip_view v = fragment_view(span_of(packet + 20, n), i, 0, true);
			assert_int_equal(reassembly_add(r, i, i / 5, span_of(packet, 20 + n), &v, &out), ST_FRAGMENT);
			assert_true(reassembly_held(r) <= REASSEMBLY_BYTES);
		}
		assert_true(reassembly_evicted(r) > 0);
		size_t left = reassembly_tick(r, REASSEMBLY_SECONDS * SECOND + 400);
		assert_int_equal(left + reassembly_evicted(r), 400);
		assert_int_equal(reassembly_held(r), 0);
		reassembly_free(r);
	}
}

static void time_and_forgetting(void **state)
{
	static uint8_t wire[BIG];
	struct reassembly *r = NULL;
	assert_int_equal(reassembly_new(&r), ST_OK);
	struct span whole = packet_new(false, 992, 1), out;
	assert_int_equal(add(r, 0, 1, cut(whole, 0, 200, 1, wire), &out), ST_FRAGMENT);
	assert_int_equal(add(r, 5 * SECOND, 2, cut(whole, 0, 200, 1, wire), &out), ST_FRAGMENT);
	assert_int_equal(reassembly_tick(r, REASSEMBLY_SECONDS * SECOND - 1), 0);
	assert_int_equal(reassembly_tick(r, REASSEMBLY_SECONDS * SECOND), 1);
	assert_int_equal(reassembly_tick(r, REASSEMBLY_SECONDS * SECOND), 0);
	reassembly_forget(r, 2);
	assert_int_equal(reassembly_held(r), 0);
	assert_int_equal(add(r, 6 * SECOND, 2, cut(whole, 200, 800, 1, wire), &out), ST_FRAGMENT); // alone again
	reassembly_free(r);
	reassembly_free(NULL);
	span_free(whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shuffled), cmocka_unit_test(owners_apart),
		cmocka_unit_test(spoilt),   cmocka_unit_test(lies_about_the_end),
		cmocka_unit_test(endless),  cmocka_unit_test(one_against_others),
		cmocka_unit_test(full),     cmocka_unit_test(time_and_forgetting),
	};
	return cmocka_run_group_tests_name("esp: reassembly", tests, NULL, NULL);
}
