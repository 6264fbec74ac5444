// SPDX-License-Identifier: Apache-2.0
// Super-packets cut into packets and put together again: what was cut is right by itself (checked by esp/ip.h and byte by byte),
// what is put together is what was cut; a row ends where it has to.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "esp/limits.h"
#include "tunnel/offload.h"

enum { ROOM = 70000, PACKETS = 64, SLOT = 4096 };

static uint64_t seed = 7;

static uint32_t draw(uint32_t below)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(seed >> 33) % below;
}

struct big {
	uint8_t memory[ROOM];
	struct packet p;
	struct offload_head head;
	size_t upper, payload;
};

static struct addr address(bool v6, uint8_t last)
{
	struct addr a = { .ip = { [10] = 0xff, 0xff, 10, 99, 1, last } };
	if (v6)
		a = (struct addr){ .ip = { 0x20, 1, 0xd, 0xb8, [15] = last } };
	return a;
}

// A super-packet as the kernel hands it over: the upper checksum holds the pseudo header's sum.
static void make(struct big *b, bool v6, bool udp, size_t data, uint16_t size, size_t options)
{
	size_t upper = udp ? 8 : 20 + options;
	struct addr from = address(v6, 1), to = address(v6, 2);
	b->p = packet_of(b->memory, ROOM, 128);
	uint8_t *at = packet_append(&b->p, upper + data);
	for (size_t i = 0; i < upper + data; i++)
		at[i] = (uint8_t)draw(256);
	if (udp) {
		ip_put16(at + 4, (uint32_t)(upper + data));
	} else {
		at[12] = (uint8_t)(upper / 4 << 4);
		at[13] = 0x18; // ACK, PSH
	}
	size_t sum = udp ? 6 : 16;
	uint64_t pseudo = ip_pseudo_sum(&from, &to, udp ? IP_UDP : IP_TCP, upper + data);
	ip_put16(at + sum, (uint16_t)~ip_checksum(pseudo));
	assert_int_equal(ip_push(&b->p, &from, &to, udp ? IP_UDP : IP_TCP, 0, 77), ST_OK);
	b->upper = v6 ? 40 : 20;
	b->payload = b->upper + upper;
	b->head = (struct offload_head){ .flags = OFFLOAD_NEEDS_SUM,
		                         .kind = udp  ? OFFLOAD_UDP
		                                 : v6 ? OFFLOAD_TCP6
		                                      : OFFLOAD_TCP4,
		                         .header = (uint16_t)b->payload,
		                         .size = size,
		                         .sum_from = (uint16_t)b->upper,
		                         .sum_at = (uint16_t)sum };
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void assert_right(const struct big *b, const struct packet *p, size_t from, bool last)
{
	struct ip_view v;
	assert_int_equal(ip_parse(packet_span(p), &v), ST_OK); // the IPv4 header's checksum too
	assert_int_equal(v.total, p->n);
	struct span upper = span_of(p->at + b->upper, p->n - b->upper);
	assert_int_equal(ip_checksum(ip_sum(ip_pseudo_sum(&v.from, &v.to, v.protocol, upper.n), upper)), 0);
	assert_memory_equal(p->at + b->payload, b->p.at + b->payload + from, p->n - b->payload);
	if (v.protocol != IP_TCP)
		return;
	assert_int_equal(get32(upper.p + 4), get32(b->p.at + b->upper + 4) + (uint32_t)from);
	assert_int_equal(upper.p[13], last ? 0x18 : 0x10);
}

static uint8_t slots[PACKETS][SLOT];
static struct packet cut[PACKETS];

static size_t cut_all(struct big *b)
{
	struct offload_split s;
	size_t n = 0, from = 0;
	enum st st;
	assert_int_equal(offload_split(&s, &b->head, packet_span(&b->p)), ST_OK);
	for (;; n++) {
		struct packet p = packet_of(slots[n % PACKETS], SLOT, 64);
		if (!offload_next(&s, &p, &st))
			break;
		assert_true(n < PACKETS);
		assert_int_equal(st, ST_OK);
		cut[n] = p;
		size_t data = p.n - b->payload;
		assert_right(b, &p, from, from + data == b->p.n - b->payload);
		from += data;
	}
	assert_int_equal(from, b->p.n - b->payload);
	return n;
}

static void test_there_and_back(void **state)
{
	static struct big b;
	for (int i = 0; i < 3000; i++) {
		bool v6 = draw(2), udp = draw(2);
		uint16_t size = (uint16_t)(1 + draw(1400));
		size_t data = 1 + draw((uint32_t)size * 60 < 60000 ? (uint32_t)size * 60 : 60000);
		make(&b, v6, udp, data, size, udp ? 0 : 4 * draw(4));
		size_t n = cut_all(&b);
		assert_int_equal(n, (data + size - 1) / size);
		struct offload_join j = { .udp = true };
		for (size_t k = 0; k < n; k++) {
			struct ip_view v;
			assert_int_equal(ip_parse(packet_span(&cut[k]), &v), ST_OK);
			assert_true(offload_take(&j, &cut[k], &v));
		}
		offload_finish(&j);
		assert_int_equal(j.n, n);
		if (n > 1)
			assert_memory_equal(&j.head, &b.head, sizeof b.head);
		static uint8_t whole[ROOM];
		size_t at = 0;
		for (int k = 1; k <= j.n; k++) {
			memcpy(whole + at, j.parts[k].iov_base, j.parts[k].iov_len);
			at += j.parts[k].iov_len;
		}
		assert_int_equal(at, b.p.n);
		if (n > 1)
			assert_memory_equal(whole, b.p.at, b.p.n);
	}
}

// Each breaks the row in the middle: it is not taken, and may begin another.
static void test_rows_end(void **state)
{
	static struct big b;
	static const struct {
		size_t offset; // from the upper header; SIZE_MAX: of the IP header, see below
		uint8_t flip;
		bool repair; // the checksum is made right again
	} breaks[] = { { 0, 1, true },  { 7, 1, true },  { 11, 1, true },  { 12, 1, true },
		       { 13, 2, true }, { 15, 1, true }, { 17, 1, false }, { 30, 1, false } };
	for (size_t i = 0; i < sizeof breaks / sizeof *breaks; i++) {
		make(&b, false, false, 3000, 1000, 0);
		assert_int_equal(cut_all(&b), 3);
		uint8_t *upper = cut[1].at + b.upper;
		upper[breaks[i].offset] ^= breaks[i].flip;
		struct ip_view v;
		assert_int_equal(ip_parse(packet_span(&cut[1]), &v), ST_OK);
		struct span all = span_of(upper, cut[1].n - b.upper);
		if (breaks[i].repair) {
			ip_put16(upper + 16, 0);
			ip_put16(upper + 16, ip_checksum(ip_sum(ip_pseudo_sum(&v.from, &v.to, IP_TCP, all.n), all)));
		}
		struct offload_join j = { 0 };
		struct ip_view first;
		assert_int_equal(ip_parse(packet_span(&cut[0]), &first), ST_OK);
		assert_true(offload_take(&j, &cut[0], &first));
		assert_false(offload_take(&j, &cut[1], &v));
		offload_finish(&j);
		assert_int_equal(j.head.kind, OFFLOAD_NONE);
	}
}

// What IPv6 says of a flow is the sender's to choose for each packet, and has no checksum.
static void test_flow_labels(void **state)
{
	static struct big b;
	for (int i = 0; i < 2; i++) {
		make(&b, true, i, 3000, 1000, 0);
		assert_int_equal(cut_all(&b), 3);
		cut[1].at[3] ^= 1;
		struct ip_view first, v;
		struct offload_join j = { .udp = true };
		assert_int_equal(ip_parse(packet_span(&cut[0]), &first), ST_OK);
		assert_int_equal(ip_parse(packet_span(&cut[1]), &v), ST_OK);
		assert_true(offload_take(&j, &cut[0], &first));
		assert_false(offload_take(&j, &cut[1], &v));
	}
}

static void test_lies(void **state)
{
	static struct big b;
	struct offload_split s;
	make(&b, false, false, 3000, 1000, 0);
	struct offload_head h = b.head;
	h.size = 0;
	assert_int_equal(offload_split(&s, &h, packet_span(&b.p)), ST_INNER_PROTOCOL);
	h = b.head;
	h.kind = OFFLOAD_UDP;
	assert_int_equal(offload_split(&s, &h, packet_span(&b.p)), ST_INNER_PROTOCOL);
	h = b.head;
	h.sum_from = 65535;
	assert_int_equal(offload_split(&s, &h, packet_span(&b.p)), ST_INNER_LENGTH);
	b.p.at[b.upper + 12] = 0xf0; // a TCP header of 60 octets is there; of 16 is not
	assert_int_equal(offload_split(&s, &b.head, packet_span(&b.p)), ST_OK);
	b.p.at[b.upper + 12] = 0x40;
	assert_int_equal(offload_split(&s, &b.head, packet_span(&b.p)), ST_INNER_LENGTH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_rows_end),
		cmocka_unit_test(test_flow_labels),
		cmocka_unit_test(test_lies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
