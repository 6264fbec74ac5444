// SPDX-License-Identifier: Apache-2.0
// Addresses and prefixes: what is read, what is refused, and that text and the kernel's form come back as they went.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"

static const struct {
	const char *text; // as it is read
	const char *back; // as it is written, NULL: refused
} addresses[] = {
	{ "192.0.2.1:162", "192.0.2.1:162" },
	{ "0.0.0.0:0", "0.0.0.0:0" },
	{ "127.0.0.1:65535", "127.0.0.1:65535" },
	{ "[2001:db8::1]:2697", "[2001:db8::1]:2697" },
	{ "[2001:DB8:0:0::1]:2697", "[2001:db8::1]:2697" },
	{ "[::]:162", "[::]:162" },
	{ "[fe80::1%1]:162", "[fe80::1%1]:162" },
	{ "[fe80::1%lo]:162", "[fe80::1%1]:162" },
	{ "[::ffff:192.0.2.1]:162", "192.0.2.1:162" },
	{ "", NULL },
	{ "192.0.2.1", NULL },
	{ "192.0.2.1:", NULL },
	{ "192.0.2.1:65536", NULL },
	{ "192.0.2.1:123456", NULL },
	{ "192.0.2.1:-1", NULL },
	{ "192.0.2.1:+1", NULL },
	{ "192.0.2.1: 1", NULL },
	{ "192.0.2.1:162 ", NULL },
	{ "192.0.2.256:162", NULL },
	{ "192.0.2:162", NULL },
	{ "192.0.2.1%1:162", NULL },
	{ "2001:db8::1:162", NULL },
	{ "[2001:db8::1]", NULL },
	{ "[2001:db8::1:162", NULL },
	{ "2001:db8::1]:162", NULL },
	{ "[]:162", NULL },
	{ "[:162", NULL },
	{ ":162", NULL },
	{ "localhost:162", NULL },
	{ "[fe80::1%]:162", NULL },
	{ "[fe80::1%0]:162", NULL },
	{ "[fe80::1%-1]:162", NULL },
	{ "[fe80::1% 1]:162", NULL },
	{ "[fe80::1%4294967297]:162", NULL },
	{ "[fe80::1%nosuchdevice]:162", NULL },
	{ "[0000000000000000000000000000000000000000000000000000000000000000000000000000000000001]:1", NULL },
};

static void address_verdicts(void **state)
{
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
		struct addr a = { .port = 7 };
		enum st st = addr_parse(addresses[i].text, &a);
		char text[ADDR_TEXT];
		if (addresses[i].back) {
			assert_int_equal(st, ST_OK);
			assert_string_equal(addr_text(&a, text), addresses[i].back);
		} else {
			if (st != ST_SYNTAX)
				fail_msg("accepted: %s", addresses[i].text);
			assert_int_equal(a.port, 7); // outputs change only on success
		}
	}
}

static const struct {
	const char *prefix, *addr;
	bool holds;
} members[] = {
	{ "10.0.0.0/8", "10.255.255.255:1", true },
	{ "10.0.0.0/8", "11.0.0.0:1", false },
	{ "10.0.0.0/8", "[::a00:1]:1", false },
	{ "192.0.2.7", "192.0.2.7:1", true },
	{ "192.0.2.7/32", "192.0.2.6:1", false },
	{ "192.0.2.128/25", "192.0.2.129:1", true },
	{ "192.0.2.128/25", "192.0.2.127:1", false },
	{ "192.0.2.4/30", "192.0.2.7:1", true },
	{ "192.0.2.4/30", "192.0.2.8:1", false },
	{ "0.0.0.0/0", "203.0.113.9:1", true },
	{ "0.0.0.0/0", "[2001:db8::1]:1", false },
	{ "::/0", "[2001:db8::1]:1", true },
	{ "::/0", "[::]:1", true },
	{ "::/0", "203.0.113.9:1", false }, // every IPv6 address is not every address
	{ "2001:db8::/33", "[2001:db8:7fff::1]:1", true },
	{ "2001:db8::/33", "[2001:db8:8000::1]:1", false },
	{ "::1", "[::1]:1", true },
	{ "::1", "127.0.0.1:1", false },
	{ "::/64", "[::1]:1", true },
	{ "::/64", "203.0.113.9:1", false },
};

static void prefix_verdicts(void **state)
{
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		struct prefix p;
		struct addr a;
		assert_int_equal(prefix_parse(members[i].prefix, &p), ST_OK);
		assert_int_equal(addr_parse(members[i].addr, &a), ST_OK);
		if (prefix_holds(&p, &a) != members[i].holds)
			fail_msg("%s, %s", members[i].prefix, members[i].addr);
	}
	static const char *const refused[] = { "",
		                               "/8",
		                               "10.0.0.0/",
		                               "10.0.0.0/33",
		                               "10.0.0.1/8",
		                               "2001:db8::/129",
		                               "2001:db8::1/64",
		                               "10.0.0.0/8/8",
		                               "10.0.0.0/-1",
		                               "10.0.0.0/ 8",
		                               "10/8",
		                               "fe80::1%1",
		                               "fe80::%1/64",
		                               "any" };
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		struct prefix p = { .bits = 77 };
		if (prefix_parse(refused[i], &p) != ST_SYNTAX)
			fail_msg("accepted: %s", refused[i]);
		assert_int_equal(p.bits, 77);
	}
}

// Against bit by bit.
static void prefix_random_walk(void **state)
{
	srandom(3);
	for (int round = 0; round < 5000; round++) {
		struct prefix p = { .bits = (uint8_t)(random() % 129) };
		struct addr a = { 0 };
		for (size_t i = 0; i < 16; i++) {
			p.ip[i] = a.ip[i] = (uint8_t)random();
			if (p.bits < 8 * i + 8)
				p.ip[i] &= (uint8_t)(p.bits > 8 * i ? 0xff00 >> (p.bits - 8 * i) : 0);
		}
		bool same = true;
		size_t flip = (size_t)random() % 256;
		if (flip < 128)
			a.ip[flip / 8] ^= (uint8_t)(0x80 >> flip % 8);
		for (size_t bit = 0; bit < p.bits; bit++)
			same = same && (((p.ip[bit / 8] ^ a.ip[bit / 8]) << bit % 8 & 0x80) == 0);
		assert_int_equal(prefix_holds(&p, &a), same);
	}
}

static void the_kernel_form_comes_back(void **state)
{
	static const char *const texts[] = { "192.0.2.1:162", "[2001:db8::1]:2697", "[fe80::1%1]:1", "0.0.0.0:0" };
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		for (int as_v6 = 0; as_v6 < 2; as_v6++) {
			struct addr a;
			struct sockaddr_storage sa;
			char text[ADDR_TEXT];
			assert_int_equal(addr_parse(texts[i], &a), ST_OK);
			socklen_t n = addr_to_sockaddr(&a, as_v6, &sa);
			bool v4 = addr_is_v4(&a) && !as_v6;
			assert_int_equal(sa.ss_family, v4 ? AF_INET : AF_INET6);
			assert_int_equal(n, v4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
			struct addr back = addr_from_sockaddr((struct sockaddr *)&sa);
			assert_string_equal(addr_text(&back, text), texts[i]);
		}
	struct sockaddr_storage none = { .ss_family = AF_UNIX };
	struct addr a = addr_from_sockaddr((struct sockaddr *)&none);
	assert_false(addr_is_v4(&a));
	assert_int_equal(a.port, 0);
}

static void kinds_of_address(void **state)
{
	static const struct {
		const char *text;
		bool v4, loopback, any;
	} rows[] = {
		{ "127.0.0.1:1", true, true, false },  { "127.9.9.9:1", true, true, false },
		{ "128.0.0.1:1", true, false, false }, { "[::1]:1", false, true, false },
		{ "[::]:1", false, false, true },      { "0.0.0.0:1", true, false, true },
		{ "[1::]:1", false, false, false },    { "[::1:0:0:0]:1", false, false, false },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct addr a;
		assert_int_equal(addr_parse(rows[i].text, &a), ST_OK);
		assert_int_equal(addr_is_v4(&a), rows[i].v4);
		assert_int_equal(addr_is_loopback(&a), rows[i].loopback);
		assert_int_equal(addr_is_any(&a), rows[i].any);
	}
	struct addr a, b;
	assert_int_equal(addr_parse("[fe80::1%1]:1", &a), ST_OK);
	assert_int_equal(addr_parse("[fe80::1]:2", &b), ST_OK);
	assert_false(addr_same_ip(&a, &b)); // another link
	b.scope = 1;
	assert_true(addr_same_ip(&a, &b)); // ports do not matter
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(address_verdicts),   cmocka_unit_test(prefix_verdicts),
		cmocka_unit_test(prefix_random_walk), cmocka_unit_test(the_kernel_form_comes_back),
		cmocka_unit_test(kinds_of_address),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
