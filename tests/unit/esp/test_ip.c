// SPDX-License-Identifier: Apache-2.0
// IP headers: what is read, what is refused, checksums against the plainest sum, DSCP and ECN.
#include "ends.h"

static uint64_t seed = 7;

static uint64_t random64(void)
{
	uint64_t v;
	(void)test_random(&seed, &v, sizeof v);
	return v;
}

// The sum as RFC 1071 says it: words of 16 bits, one by one.
static uint16_t slow_checksum(struct span a, struct span b)
{
	uint32_t sum = 0;
	for (int part = 0; part < 2; part++) {
		struct span s = part ? b : a;
		for (size_t i = 0; i < s.n; i++)
			sum += i % 2 ? s.p[i] : (uint32_t)s.p[i] << 8;
	}
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void checksums(void **state)
{
	uint8_t bytes[1500];
	for (int round = 0; round < 3000; round++) {
		size_t n = random64() % sizeof bytes, at = random64() % 8;
		if (n < at)
			continue;
		(void)test_random(&seed, bytes, n);
		if (round % 3 == 0)
			memset(bytes, 0xff, n);
		size_t even = random64() % (n - at + 1) & ~(size_t)1;
		struct span a = span_of(bytes + at, even), b = span_of(bytes + at + even, n - at - even);
		assert_int_equal(ip_checksum(ip_sum(ip_sum(0, a), b)), slow_checksum(a, b));
	}
	struct addr from = test_addr("192.0.2.1", 0), to = test_addr("198.51.100.9", 0);
	const uint8_t pseudo[] = { 192, 0, 2, 1, 198, 51, 100, 9, 0, 17, 0x12, 0x34 };
	assert_int_equal(ip_checksum(ip_pseudo_sum(&from, &to, 17, 0x1234)),
	                 slow_checksum(span_of(pseudo, 12), (struct span){ 0 }));
	from = test_addr("2001:db8::1", 0), to = test_addr("2001:db8::2", 0);
	uint8_t pseudo6[40] = { [34] = 0x12, [35] = 0x34, [39] = 58 };
	memcpy(pseudo6, from.ip, 16);
	memcpy(pseudo6 + 16, to.ip, 16);
	assert_int_equal(ip_checksum(ip_pseudo_sum(&from, &to, 58, 0x1234)),
	                 slow_checksum(span_of(pseudo6, 40), (struct span){ 0 }));
}

static void headers(void **state)
{
	for (int v6 = 0; v6 < 2; v6++) {
		struct held h;
		held_udp(&h, v6, 33);
		struct ip_view v;
		assert_int_equal(ip_parse(packet_span(&h.pk.bytes), &v), ST_OK);
		assert_int_equal(v.version, v6 ? 6 : 4);
		assert_int_equal(v.protocol, IP_UDP);
		assert_int_equal(v.total, h.pk.bytes.n);
		assert_int_equal(v.header, v6 ? 40 : 20);
		assert_int_equal(v.payload.n, 41);
		assert_int_equal(v.from.port, 40000);
		assert_int_equal(v.to.port, 162);
		assert_true(v.ports && !v.fragment && v.ttl == IP_HOPS && v.dont_fragment == v6);
		struct addr to = test_addr(v6 ? "2001:db8:9::2" : "10.9.0.2", 0);
		assert_true(addr_same_ip(&v.to, &to));
		for (size_t n = 0; n < h.pk.bytes.n; n++) { // every cut, in a block of its own
			uint8_t *exact = malloc(n ? n : 1);
			memcpy(exact, h.pk.bytes.at, n);
			assert_int_equal(ip_parse(span_of(exact, n), &v), n ? ST_INNER_LENGTH : ST_INNER_VERSION);
			free(exact);
		}
		h.pk.bytes.n += 7; // TFC padding is not looked at
		assert_int_equal(ip_parse(packet_span(&h.pk.bytes), &v), ST_OK);
		assert_int_equal(v.payload.n, 41);
	}
}

// Builds an IPv6 packet: its next header, then octets as they are.
static struct span v6_of(uint8_t *out, uint8_t next, const uint8_t *rest, size_t n)
{
	struct addr from = test_addr("2001:db8::1", 0), to = test_addr("2001:db8::2", 0);
	memset(out, 0, 40);
	out[0] = 0x60;
	ip_put16(out + 4, (uint32_t)n);
	out[6] = next;
	memcpy(out + 8, from.ip, 16);
	memcpy(out + 24, to.ip, 16);
	memcpy(out + 40, rest, n);
	return span_of(out, 40 + n);
}

static void extension_headers(void **state)
{
	uint8_t p[2048];
	struct ip_view v;
	const uint8_t options[] = { 17, 0, 1, 4, 0, 0, 0, 0, 0x9c, 0x40, 0, 162, 0, 8, 0, 0 };
	assert_int_equal(ip_parse(v6_of(p, 0, options, sizeof options), &v), ST_OK);
	assert_int_equal(v.protocol, IP_UDP);
	assert_int_equal(v.header, 48);
	assert_int_equal(v.to.port, 162);
	const uint8_t long_options[] = { 17, 9, 1, 4, 0, 0, 0, 0 };
	assert_int_equal(ip_parse(v6_of(p, 60, long_options, sizeof long_options), &v), ST_INNER_HEADER);
	// An atomic fragment is a whole packet; a real one stops the reading, with the place that names it.
	const uint8_t atomic[] = { 17, 0, 0, 0, 1, 2, 3, 4, 0x9c, 0x40, 0, 162, 0, 8, 0, 0 };
	assert_int_equal(ip_parse(v6_of(p, 44, atomic, sizeof atomic), &v), ST_OK);
	assert_true(!v.fragment && v.ports && v.protocol == IP_UDP);
	const uint8_t part[] = { 44, 0, 1, 4, 0, 0, 0, 0, 17, 0, 0x05, 0x69, 1, 2, 3, 4, 1, 2, 3, 4, 5, 6, 7, 8 };
	assert_int_equal(ip_parse(v6_of(p, 60, part, sizeof part), &v), ST_OK);
	assert_true(v.fragment && v.more && !v.ports);
	assert_int_equal(v.offset, 0x568);
	assert_int_equal(v.id, 0x01020304);
	assert_int_equal(v.named, 40);
	assert_int_equal(v.header, 56);
	assert_int_equal(ip_parse(v6_of(p, 60, part, sizeof part - 1), &v),
	                 ST_FRAGMENT_MALFORMED);                                       // not whole units of 8
	assert_int_equal(ip_parse(v6_of(p, 60, part, 16), &v), ST_FRAGMENT_MALFORMED); // empty
	const uint8_t last[] = { 17, 0, 0xff, 0xf8, 1, 2, 3, 4, 1, 2, 3, 4, 5, 6, 7, 8 };
	assert_int_equal(ip_parse(v6_of(p, 44, last, sizeof last), &v), ST_FRAGMENT_MALFORMED); // ends behind 65,535
	assert_int_equal(ip_parse(v6_of(p, 44, last, sizeof last - 1), &v), ST_OK);
	uint8_t chain[8 * (IP_HEADERS_MAX + 1) + 8] = { 0 };
	for (int i = 0; i <= IP_HEADERS_MAX; i++)
		chain[8 * i] = 60;
	assert_int_equal(ip_parse(v6_of(p, 60, chain, sizeof chain), &v), ST_INNER_HEADER);
	chain[8 * (IP_HEADERS_MAX - 1)] = IP_UDP;
	assert_int_equal(ip_parse(v6_of(p, 60, chain, sizeof chain), &v), ST_OK);
	struct span s = v6_of(p, 17, chain, 8); // mapped: it would pass for IPv4 elsewhere
	memset(p + 8, 0, 10);
	memset(p + 18, 0xff, 2);
	assert_int_equal(ip_parse(s, &v), ST_INNER_ADDRESS);
}

static void ports(void **state)
{
	const uint8_t four[] = { 8, 3, 0, 7 };
	static const struct {
		uint8_t protocol;
		size_t n;
		bool ports;
		uint16_t from, to;
	} rows[] = { { IP_UDP, 4, true, 0x803, 7 },
		     { IP_TCP, 4, true, 0x803, 7 },
		     { IP_SCTP, 4, true, 0x803, 7 },
		     { IP_DCCP, 4, true, 0x803, 7 },
		     { IP_UDPLITE, 4, true, 0x803, 7 },
		     { IP_ICMP, 4, true, 0x803, 0x803 },
		     { IP_ICMPV6, 2, true, 0x803, 0x803 },
		     { IP_UDP, 3, false, 0, 0 },
		     { IP_ICMP, 1, false, 0, 0 },
		     { 50, 4, false, 0, 0 },
		     { IP_TCP, 0, false, 0, 0 } };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ip_view v = { .from.port = 9, .to.port = 9 };
		ip_read_ports(rows[i].protocol, span_of(four, rows[i].n), &v);
		assert_int_equal(v.ports, rows[i].ports);
		assert_int_equal(v.from.port, rows[i].from);
		assert_int_equal(v.to.port, rows[i].to);
	}
}

static void pushing(void **state)
{
	struct held h;
	struct addr v4 = test_addr("192.0.2.1", 0), v6 = test_addr("2001:db8::1", 0);
	held_bytes(&h, span_of("12345678", 8));
	assert_int_equal(ip_push(&h.pk.bytes, &v4, &v6, 17, 0, 0), ST_INNER_ADDRESS);
	struct packet tight = packet_of(h.room, 64, 39);
	assert_int_equal(ip_push(&tight, &v6, &v6, 17, 0, 0), ST_FULL);
	assert_int_equal(tight.n, 0);
	struct packet huge = { h.room, h.room, h.room + 40, IP_TOTAL_MAX - 19 };
	assert_int_equal(ip_push(&huge, &v4, &v4, 17, 0, 0), ST_FULL);
	assert_int_equal(ip_push(&h.pk.bytes, &v4, &v4, 99, 0xb9, 0xabcd), ST_OK);
	struct ip_view v;
	assert_int_equal(ip_parse(packet_span(&h.pk.bytes), &v), ST_OK);
	assert_int_equal(v.tos, 0xb9);
	assert_int_equal(v.id, 0xabcd);
	assert_int_equal(v.protocol, 99);
}

// RFC 6040 figure 4 once more, as its text says it.
static void ecn(void **state)
{
	for (unsigned inner = 0; inner < 4; inner++)
		for (unsigned outer = 0; outer < 4; outer++) {
			uint8_t out = 0xff;
			enum st st = ecn_inner((uint8_t)(0x40 | inner), (uint8_t)(0x80 | outer), &out);
			if (inner == ECN_NOT && outer == ECN_CE) {
				assert_int_equal(st, ST_ESP_ECN);
				assert_int_equal(out, 0xff);
				continue;
			}
			unsigned want = inner;
			if (inner != ECN_NOT && outer == ECN_CE)
				want = ECN_CE;
			if (inner == ECN_ECT0 && outer == ECN_ECT1)
				want = ECN_ECT1;
			assert_int_equal(st, ST_OK);
			assert_int_equal(out, 0x40 | want); // the DSCP stays the inner one
		}
	for (int v6 = 0; v6 < 2; v6++)
		for (unsigned tos = 0; tos < 256; tos++) {
			struct held h;
			struct ip_view v;
			held_udp(&h, v6, tos);
			ecn_write(h.pk.bytes.at, (uint8_t)tos);
			assert_int_equal(ip_parse(packet_span(&h.pk.bytes), &v), ST_OK); // its checksum holds
			assert_int_equal(v.tos, tos);
			assert_int_equal(ecn_outer((uint8_t)tos), tos);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checksums), cmocka_unit_test(headers), cmocka_unit_test(extension_headers),
		cmocka_unit_test(ports),     cmocka_unit_test(pushing), cmocka_unit_test(ecn),
	};
	return cmocka_run_group_tests_name("esp: ip", tests, NULL, NULL);
}
