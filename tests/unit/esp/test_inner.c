// SPDX-License-Identifier: Apache-2.0
// Inner UDP and ICMP: taken out, put in, answered in place, and what is refused. Checksums of both kinds of IP.
#include "ends.h"

static struct held h, o;

static struct ip_view parsed(const struct held *of)
{
	struct ip_view v;
	assert_int_equal(ip_parse(packet_span(&of->pk.bytes), &v), ST_OK);
	return v;
}

static void udp_there_and_back(void **state)
{
	for (int v6 = 0; v6 < 2; v6++)
		for (size_t n = 0; n < 300; n++) {
			held_udp(&h, v6, n);
			struct ip_view v = parsed(&h);
			struct inner_udp u;
			assert_int_equal(inner_udp_take(&v, INNER_CHECK, &u), ST_OK);
			assert_int_equal(u.payload.n, n);
			for (size_t i = 0; i < n; i++)
				assert_int_equal(u.payload.p[i], (uint8_t)(i * 3 + n));
			assert_int_equal(u.from.port, 40000);
			assert_int_equal(u.to.port, 162);
			for (size_t bit = 0; bit < 8 * (UDP_HEAD + n) && n < 20; bit++) {
				uint8_t *at = h.pk.bytes.at + v.header + bit / 8;
				*at ^= (uint8_t)(1 << bit % 8);
				enum st st = inner_udp_take(&v, INNER_CHECK, &u);
				assert_int_equal(st, bit / 16 == 2 ? ST_INNER_LENGTH : ST_INNER_CHECKSUM);
				*at ^= (uint8_t)(1 << bit % 8);
			}
		}
}

static void udp_lengths(void **state)
{
	struct inner_udp u;
	for (uint32_t length = 0; length < 64; length++) {
		held_udp(&h, false, 20);
		struct ip_view v = parsed(&h);
		ip_put16(h.pk.bytes.at + IPV4_HEAD + 4, length);
		enum st st = inner_udp_take(&v, INNER_CHECK, &u);
		assert_int_equal(st, length == 28 ? ST_OK : ST_INNER_LENGTH);
		st = inner_udp_take(&v, INNER_COVERED, &u); // padded for length in transport mode
		assert_int_equal(st, length >= 8 && length <= 28 ? ST_OK : ST_INNER_LENGTH);
		if (st == ST_OK)
			assert_int_equal(u.payload.n, length - 8);
	}
	for (size_t n = 0; n < UDP_HEAD; n++) {
		struct ip_view v = { .protocol = IP_UDP, .payload = span_of(h.room, n) };
		assert_int_equal(inner_udp_take(&v, INNER_COVERED, &u), ST_INNER_LENGTH);
	}
}

// RFC 768: none over IPv4; RFC 8200 8.1: it has to be there over IPv6. RFC 3948 3.1.2: in transport mode it says nothing.
static void udp_without_checksum(void **state)
{
	for (int v6 = 0; v6 < 2; v6++) {
		held_udp(&h, v6, 20);
		struct ip_view v = parsed(&h);
		struct inner_udp u;
		ip_put16(h.pk.bytes.at + v.header + 6, 0);
		assert_int_equal(inner_udp_take(&v, INNER_CHECK, &u), v6 ? ST_INNER_CHECKSUM : ST_OK);
		assert_int_equal(inner_udp_take(&v, INNER_COVERED, &u), ST_OK);
		ip_put16(h.pk.bytes.at + v.header + 6, 0x1234);
		assert_int_equal(inner_udp_take(&v, INNER_COVERED, &u), ST_OK);
	}
	// A sum that comes to 0 is sent as ffff: found by trying payloads.
	for (uint32_t k = 0; k < 65536; k++) {
		uint8_t payload[2] = { (uint8_t)(k >> 8), (uint8_t)k };
		struct addr a = test_addr("10.0.0.1", 1), b = test_addr("10.0.0.2", 2);
		held_bytes(&h, span_of(payload, 2));
		assert_int_equal(inner_udp_put(&h.pk.bytes, &a, &b, 0), ST_OK);
		const uint8_t *sum = h.pk.bytes.at + IPV4_HEAD + 6;
		assert_true(sum[0] || sum[1]);
		struct ip_view v = parsed(&h);
		struct inner_udp u;
		assert_int_equal(inner_udp_take(&v, INNER_CHECK, &u), ST_OK);
	}
}

// Transport mode: the payload alone, who said it to whom put in by the caller; the ports stay those of the payload.
static void transport_payloads(void **state)
{
	for (int v6 = 0; v6 < 2; v6++) {
		held_udp(&h, v6, 20);
		struct ip_view whole = parsed(&h), v = { .protocol = IP_UDP, .payload = whole.payload };
		ip_read_ports(IP_UDP, v.payload, &v);
		ip_set_ends(&v, &whole.from, &whole.to);
		struct inner_udp u;
		assert_int_equal(v.version, v6 ? 6 : 4);
		assert_int_equal(inner_udp_take(&v, INNER_CHECK, &u), ST_OK);
		assert_int_equal(u.to.port, 162);
		assert_true(addr_same_ip(&u.from, &whole.from));
		struct addr natted = test_addr(v6 ? "2001:db8:77::1" : "203.0.113.1", 0);
		ip_set_ends(&v, &natted, &whole.to);
		assert_int_equal(inner_udp_take(&v, INNER_CHECK, &u), ST_INNER_CHECKSUM);
		assert_int_equal(inner_udp_take(&v, INNER_COVERED, &u), ST_OK);
	}
}

static void not_udp(void **state)
{
	struct inner_udp u;
	held_udp(&h, false, 20);
	struct ip_view v = parsed(&h);
	v.protocol = IP_TCP;
	assert_int_equal(inner_udp_take(&v, INNER_CHECK, &u), ST_INNER_PROTOCOL);
	v = parsed(&h);
	v.fragment = true;
	assert_int_equal(inner_udp_take(&v, INNER_CHECK, &u), ST_FRAGMENT);
	struct addr v4 = test_addr("10.0.0.1", 1), v6 = test_addr("2001:db8::1", 1);
	held_bytes(&h, span_of("x", 1));
	assert_int_equal(inner_udp_put(&h.pk.bytes, &v4, &v6, 0), ST_INNER_ADDRESS);
	struct packet tight = packet_of(h.room, 100, 27);
	assert_int_equal(inner_udp_put(&tight, &v4, &v4, 0), ST_FULL);
	assert_int_equal(tight.n, 0);
	tight = packet_of(h.room, 100, 28);
	assert_int_equal(inner_udp_put(&tight, &v4, &v4, 0), ST_OK);
}

static void held_echo(struct held *to, bool v6, size_t n)
{
	struct addr from = test_addr(v6 ? "2001:db8::1" : "10.0.0.1", 0),
	            dst = test_addr(v6 ? "2001:db8:9::2" : "10.9.0.2", 0);
	struct inner_echo echo = { .id = 0x1234, .sequence = 7 };
	to->pk = (struct esp_packet){ .bytes = packet_of(to->room, sizeof to->room, ESP_HEADROOM) };
	memset(packet_append(&to->pk.bytes, n), 0xa5, n);
	assert_int_equal(inner_echo_put(&to->pk.bytes, &from, &dst, &echo), ST_OK);
}

static void echoes(void **state)
{
	for (int v6 = 0; v6 < 2; v6++)
		for (size_t n = 0; n < 200; n++) {
			held_echo(&h, v6, n);
			struct ip_view v = parsed(&h);
			struct addr from = v.from, to = v.to;
			struct inner_echo e;
			assert_int_equal(inner_echo_take(&v, &e), ST_OK);
			assert_true(!e.answer && e.id == 0x1234 && e.sequence == 7 && e.data.n == n);
			assert_int_equal(inner_echo_answer(&h.pk.bytes, &v), ST_OK);
			v = parsed(&h);
			assert_true(addr_same_ip(&v.from, &to) && addr_same_ip(&v.to, &from));
			assert_int_equal(inner_echo_take(&v, &e), ST_OK);
			assert_true(e.answer && e.id == 0x1234 && e.sequence == 7 && e.data.n == n);
			for (size_t i = 0; i < n; i++)
				assert_int_equal(e.data.p[i], 0xa5);
			assert_int_equal(inner_echo_answer(&h.pk.bytes, &v), ST_INNER_ICMP); // answers are not answered
		}
}

static void bad_echoes(void **state)
{
	struct inner_echo e;
	for (int v6 = 0; v6 < 2; v6++) {
		held_echo(&h, v6, 9);
		struct ip_view v = parsed(&h);
		for (size_t bit = 0; bit < v.payload.n * 8; bit++) {
			h.pk.bytes.at[v.header + bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_equal(inner_echo_take(&v, &e), ST_INNER_CHECKSUM);
			h.pk.bytes.at[v.header + bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		for (size_t n = 0; n < ICMP_HEAD; n++) {
			struct ip_view cut = v;
			cut.payload.n = n;
			assert_int_equal(inner_echo_take(&cut, &e), ST_INNER_LENGTH);
		}
		v.fragment = true;
		assert_int_equal(inner_echo_answer(&h.pk.bytes, &v), ST_FRAGMENT);
	}
	held_udp(&h, false, 9);
	struct ip_view v = parsed(&h);
	assert_int_equal(inner_echo_answer(&h.pk.bytes, &v), ST_INNER_PROTOCOL);
	static const char *const nobody[] = { "224.0.0.1", "255.255.255.255", "0.0.0.0", "127.0.0.1", "ff02::1", "::",
		                              "::1" };
	for (size_t i = 0; i < sizeof nobody / sizeof *nobody; i++) {
		bool v6 = strchr(nobody[i], ':');
		struct addr from = test_addr(nobody[i], 0), to = test_addr(v6 ? "2001:db8::1" : "10.0.0.1", 0);
		held_bytes(&h, span_of("ping", 4));
		assert_int_equal(inner_echo_put(&h.pk.bytes, &from, &to, &(struct inner_echo){ 0 }), ST_OK);
		v = parsed(&h);
		assert_int_equal(inner_echo_answer(&h.pk.bytes, &v), ST_INNER_ADDRESS);
	}
}

// Options in front of the request do not stand in front of the answer.
static void echo_behind_options(void **state)
{
	held_echo(&h, false, 5);
	struct packet *p = &h.pk.bytes;
	uint8_t head[IPV4_HEAD];
	memcpy(head, p->at, IPV4_HEAD);
	assert_true(packet_pull(p, IPV4_HEAD));
	memset(packet_push(p, 4), 1, 4);
	memcpy(packet_push(p, IPV4_HEAD), head, IPV4_HEAD);
	p->at[0] = 0x46;
	ip_put16(p->at + 2, (uint32_t)p->n);
	ip_put16(p->at + 10, 0);
	ip_put16(p->at + 10, ip_checksum(ip_sum(0, span_of(p->at, 24))));
	struct ip_view v = parsed(&h);
	assert_int_equal(v.header, 24);
	assert_int_equal(inner_echo_answer(p, &v), ST_OK);
	v = parsed(&h);
	assert_int_equal(v.header, 20);
	assert_int_equal(p->n, IPV4_HEAD + ICMP_HEAD + 5);
}

static void too_big(void **state)
{
	struct addr us4 = test_addr("10.9.0.2", 0), us6 = test_addr("2001:db8:9::2", 0);
	held_udp(&h, false, 1400);
	struct ip_view v = parsed(&h);
	o.pk.bytes = packet_of(o.room, sizeof o.room, ESP_HEADROOM);
	assert_int_equal(inner_too_big(&o.pk.bytes, &us4, packet_span(&h.pk.bytes), &v, 1300),
	                 ST_INNER_ICMP); // may be cut
	v.dont_fragment = true;
	assert_int_equal(inner_too_big(&o.pk.bytes, &us6, packet_span(&h.pk.bytes), &v, 1300), ST_INNER_ADDRESS);
	assert_int_equal(inner_too_big(&o.pk.bytes, &us4, packet_span(&h.pk.bytes), &v, 1300), ST_OK);
	struct ip_view e = parsed(&o);
	assert_int_equal(e.protocol, IP_ICMP);
	assert_int_equal(e.from.port, 0x0304);
	assert_int_equal(e.payload.n, 8 + 28);
	assert_int_equal(e.payload.p[6] << 8 | e.payload.p[7], 1300);
	assert_memory_equal(e.payload.p + 8, h.pk.bytes.at, 28);
	assert_true(addr_same_ip(&e.to, &v.from));
	assert_int_equal(ip_checksum(ip_sum(0, e.payload)), 0);
	held_udp(&h, true, 1400);
	v = parsed(&h);
	o.pk.bytes = packet_of(o.room, sizeof o.room, ESP_HEADROOM);
	assert_int_equal(inner_too_big(&o.pk.bytes, &us6, packet_span(&h.pk.bytes), &v, 1300), ST_OK);
	e = parsed(&o);
	assert_int_equal(o.pk.bytes.n, 1280);
	assert_int_equal(e.from.port, 0x0200);
	assert_int_equal(ip_checksum(ip_sum(ip_pseudo_sum(&e.from, &e.to, IP_ICMPV6, e.payload.n), e.payload)), 0);
	o.pk.bytes = packet_of(o.room, 200, ESP_HEADROOM);
	assert_int_equal(inner_too_big(&o.pk.bytes, &us6, packet_span(&h.pk.bytes), &v, 1300), ST_FULL);
	v.offset = 8, v.fragment = true;
	assert_int_equal(inner_too_big(&o.pk.bytes, &us6, packet_span(&h.pk.bytes), &v, 1300), ST_INNER_ICMP);
	held_echo(&h, true, 1400); // about a ping something may be said, about an error not
	v = parsed(&h);
	o.pk.bytes = packet_of(o.room, sizeof o.room, ESP_HEADROOM);
	assert_int_equal(inner_too_big(&o.pk.bytes, &us6, packet_span(&h.pk.bytes), &v, 1300), ST_OK);
	h.pk.bytes.at[IPV6_HEAD] = 1;
	o.pk.bytes = packet_of(o.room, sizeof o.room, ESP_HEADROOM);
	assert_int_equal(inner_too_big(&o.pk.bytes, &us6, packet_span(&h.pk.bytes), &v, 1300), ST_INNER_ICMP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(udp_there_and_back),
		cmocka_unit_test(udp_lengths),
		cmocka_unit_test(udp_without_checksum),
		cmocka_unit_test(transport_payloads),
		cmocka_unit_test(not_udp),
		cmocka_unit_test(echoes),
		cmocka_unit_test(bad_echoes),
		cmocka_unit_test(echo_behind_options),
		cmocka_unit_test(too_big),
	};
	return cmocka_run_group_tests_name("esp: inner", tests, NULL, NULL);
}
