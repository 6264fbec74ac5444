// SPDX-License-Identifier: Apache-2.0
// Captured packets by hand: every link type, IP version and oddity, and every prefix of each as what a short capture holds.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hex.h"
#include "cli/packet.h"

#define MACS "000102030405 060708090a0b "
#define V4_HEAD "45000020 00010000 4011 0000 "
#define V4_ADDRESSES "c0000201 c0000202 "
#define UDP "9c40 0a89 000c 0000 30020101 "
#define V4_UDP V4_HEAD V4_ADDRESSES UDP
#define V6_ADDRESSES "20010db8000000000000000000000001 20010db8000000000000000000000002 "
#define V6_UDP "60000000 000c 11 40 " V6_ADDRESSES UDP

enum {
	ETHERNET = 1,
	NULL_LINK = 0,
	LOOP = 108,
	RAW = 101,
	DLT_RAW_BSD = 12,
	DLT_RAW_OPEN = 14,
	SLL = 113,
	SLL2 = 276,
	V4 = 228,
	V6 = 229
};

static const struct {
	int link;
	const char *hex;
	enum packet_kind kind;
	const char *from, *to;
	size_t payload;
	bool cut;
} rows[] = {
	{ ETHERNET, MACS "0800 " V4_UDP, PACKET_UDP, "192.0.2.1:40000", "192.0.2.2:2697", 4, false },
	{ ETHERNET, MACS "86dd " V6_UDP, PACKET_UDP, "[2001:db8::1]:40000", "[2001:db8::2]:2697", 4, false },
	{ ETHERNET, MACS "8100 0007 0800 " V4_UDP, PACKET_UDP, "192.0.2.1:40000", "192.0.2.2:2697", 4, false },
	{ ETHERNET, MACS "88a8 0007 8100 0008 86dd " V6_UDP, PACKET_UDP, "[2001:db8::1]:40000", "[2001:db8::2]:2697", 4,
	  false },
	{ ETHERNET, MACS "0806 0001080006040001", PACKET_OTHER, NULL, NULL, 0, false },
	{ ETHERNET, MACS "0800 " V4_UDP "0000000000", PACKET_UDP, "192.0.2.1:40000", "192.0.2.2:2697", 4, false },
	{ SLL, "0000 0304 0006 000000000000 0000 0800 " V4_UDP, PACKET_UDP, "192.0.2.1:40000", "192.0.2.2:2697", 4,
	  false },
	{ SLL2, "86dd 0000 00000001 0304 00 06 0000000000000000 " V6_UDP, PACKET_UDP, "[2001:db8::1]:40000",
	  "[2001:db8::2]:2697", 4, false },
	{ NULL_LINK, "02000000 " V4_UDP, PACKET_UDP, "192.0.2.1:40000", "192.0.2.2:2697", 4, false },
	{ LOOP, "0000001e " V6_UDP, PACKET_UDP, "[2001:db8::1]:40000", "[2001:db8::2]:2697", 4, false },
	{ RAW, V4_UDP, PACKET_UDP, "192.0.2.1:40000", "192.0.2.2:2697", 4, false },
	{ DLT_RAW_BSD, V6_UDP, PACKET_UDP, "[2001:db8::1]:40000", "[2001:db8::2]:2697", 4, false },
	{ DLT_RAW_OPEN, V4_UDP, PACKET_UDP, "192.0.2.1:40000", "192.0.2.2:2697", 4, false },
	{ V4, V4_UDP, PACKET_UDP, "192.0.2.1:40000", "192.0.2.2:2697", 4, false },
	{ V6, V6_UDP, PACKET_UDP, "[2001:db8::1]:40000", "[2001:db8::2]:2697", 4, false },
	// options of IPv4; a header that is too short
	{ RAW, "47000028 00010000 4011 0000 " V4_ADDRESSES "9404000001010101 " UDP, PACKET_UDP, "192.0.2.1:40000",
	  "192.0.2.2:2697", 4, false },
	{ RAW, "44000020 00010000 4011 0000 " V4_ADDRESSES UDP, PACKET_BROKEN, NULL, NULL, 0, false },
	// fragments: the first, a later one, not to be fragmented (which is none)
	{ RAW, "45000020 00012000 4011 0000 " V4_ADDRESSES UDP, PACKET_FRAGMENT, NULL, NULL, 0, false },
	{ RAW, "45000020 00010010 4011 0000 " V4_ADDRESSES UDP, PACKET_FRAGMENT, NULL, NULL, 0, false },
	{ RAW, "45000020 00014000 4011 0000 " V4_ADDRESSES UDP, PACKET_UDP, "192.0.2.1:40000", "192.0.2.2:2697", 4,
	  false },
	{ RAW, "60000000 0014 2c 40 " V6_ADDRESSES "1100000100000001 " UDP, PACKET_FRAGMENT, NULL, NULL, 0, false },
	// extension headers: hop-by-hop (8 octets), routing (24), destination options; a TCP segment; ICMP
	{ RAW, "60000000 0014 00 40 " V6_ADDRESSES "1100010400000000 " UDP, PACKET_UDP, "[2001:db8::1]:40000",
	  "[2001:db8::2]:2697", 4, false },
	{ RAW,
	  "60000000 002c 2b 40 " V6_ADDRESSES
	  "3c02 0000 00000000 00000000 00000000 00000000 00000000 11000104 00000000 " UDP,
	  PACKET_UDP, "[2001:db8::1]:40000", "[2001:db8::2]:2697", 4, false },
	{ RAW, "45000028 00010000 4006 0000 " V4_ADDRESSES "9c40 00a2 00000000", PACKET_TCP, "192.0.2.1:40000",
	  "192.0.2.2:162", 0, false },
	{ RAW, "4500001c 00010000 4001 0000 " V4_ADDRESSES "08000000", PACKET_OTHER, NULL, NULL, 0, false },
	// lengths of UDP: more than was captured, less than the packet holds, less than its header
	{ RAW, V4_HEAD V4_ADDRESSES "9c40 0a89 0400 0000 30020101", PACKET_UDP, "192.0.2.1:40000", "192.0.2.2:2697", 4,
	  true },
	{ RAW, V4_HEAD V4_ADDRESSES "9c40 0a89 0009 0000 30020101", PACKET_UDP, "192.0.2.1:40000", "192.0.2.2:2697", 1,
	  false },
	{ RAW, V4_HEAD V4_ADDRESSES "9c40 0a89 0008 0000", PACKET_UDP, "192.0.2.1:40000", "192.0.2.2:2697", 0, false },
	{ RAW, V4_HEAD V4_ADDRESSES "9c40 0a89 0007 0000 30020101", PACKET_BROKEN, NULL, NULL, 0, false },
	{ RAW, "50000000", PACKET_OTHER, NULL, NULL, 0, false },
	{ 9999, V4_UDP, PACKET_OTHER, NULL, NULL, 0, false },
};

static struct text octets_of(const char *hex)
{
	struct text t = { 0 };
	assert_true(hex_read(span_str(hex), 512, &t));
	return t;
}

static void verdicts(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct text octets = octets_of(rows[i].hex);
		struct packet p = packet_parse(rows[i].link, span_of(octets.p, octets.n));
		char from[ADDR_TEXT], to[ADDR_TEXT];
		bool same = p.kind == rows[i].kind && p.payload.n == rows[i].payload && p.cut == rows[i].cut;
		if (rows[i].from)
			same &= !strcmp(addr_text(&p.from, from), rows[i].from) &&
			        !strcmp(addr_text(&p.to, to), rows[i].to);
		if (!same)
			fail_msg("row %zu: kind %d, %zu octets, cut %d", i, p.kind, p.payload.n, p.cut);
		text_done(&octets);
	}
}

// Never more than there is: each prefix in a block of its own, for AddressSanitizer.
static void prefixes(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct text octets = octets_of(rows[i].hex);
		for (size_t n = 0; n < octets.n; n++) {
			uint8_t *copy = malloc(n ? n : 1);
			assert_non_null(copy);
			memcpy(copy, octets.p, n);
			struct packet p = packet_parse(rows[i].link, span_of(copy, n));
			if (p.kind == PACKET_UDP)
				assert_true(p.payload.n <= n &&
				            (!p.payload.n || p.payload.p + p.payload.n <= copy + n));
			free(copy);
		}
		text_done(&octets);
	}
}

static void links(void **state)
{
	static const int known[] = { 0, 1, 12, 14, 101, 108, 113, 228, 229, 276 };
	size_t at = 0;
	for (int link = -1; link < 400; link++) {
		bool listed = at < sizeof known / sizeof *known && known[at] == link;
		at += listed;
		assert_int_equal(packet_link_known(link), listed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(verdicts), cmocka_unit_test(prefixes),
		                            cmocka_unit_test(links) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
