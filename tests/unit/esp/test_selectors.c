// SPDX-License-Identifier: Apache-2.0
// Traffic selectors: a verdict table for ranges, protocols, ports, ICMP, fragments and opaque ports; prefixes; and that the
// two families never meet.
#include "ends.h"

static struct selector range(const char *first, const char *last, uint8_t protocol, uint16_t from, uint16_t to)
{
	struct addr a = test_addr(first, 0), b = test_addr(last, 0);
	struct selector s = { .port_first = from, .port_last = to, .protocol = protocol };
	memcpy(s.first, a.ip, 16);
	memcpy(s.last, b.ip, 16);
	return s;
}

static struct ip_view view(const char *from, uint16_t sport, const char *to, uint16_t dport, uint8_t protocol)
{
	struct addr a = test_addr(from, sport), b = test_addr(to, dport);
	return (struct ip_view){
		.from = a, .to = b, .version = addr_is_v4(&a) ? 4 : 6, .protocol = protocol, .ports = protocol != 50
	};
}

static void verdicts(void **state)
{
	// Here: traps to one address, pings of a small network, and anything to one IPv6 address. There: two networks.
	const struct selector here[] = { range("10.9.0.2", "10.9.0.2", 17, 162, 162),
		                         range("10.9.0.0", "10.9.0.9", 1, 0x0800, 0x08ff),
		                         range("2001:db8::2", "2001:db8::2", 0, 0, 65535) };
	const struct selector there[] = { range("10.0.0.0", "10.0.0.255", 0, 0, 65535),
		                          range("2001:db8:1::", "2001:db8:1::ffff", 0, 0, 65535) };
	struct selectors *s = NULL;
	assert_int_equal(selectors_new(here, 3, there, 2, &s), ST_OK);
	assert_true(selectors_want_ports(s));
	const struct {
		struct ip_view v;
		enum st st;
	} rows[] = {
		{ view("10.0.0.1", 40000, "10.9.0.2", 162, 17), ST_OK },
		{ view("10.0.0.255", 40000, "10.9.0.2", 162, 17), ST_OK },
		{ view("10.0.1.0", 40000, "10.9.0.2", 162, 17), ST_ESP_SELECTOR },
		{ view("9.255.255.255", 40000, "10.9.0.2", 162, 17), ST_ESP_SELECTOR },
		{ view("10.0.0.1", 40000, "10.9.0.2", 161, 17), ST_ESP_SELECTOR },
		{ view("10.0.0.1", 40000, "10.9.0.2", 162, 6), ST_ESP_SELECTOR },
		{ view("10.0.0.1", 40000, "10.9.0.3", 162, 17), ST_ESP_SELECTOR },
		{ view("10.0.0.1", 0x0800, "10.9.0.3", 0x0800, 1), ST_OK },
		{ view("10.0.0.1", 0x0000, "10.9.0.3", 0x0000, 1), ST_ESP_SELECTOR },
		{ view("10.0.0.1", 0x0800, "10.9.0.10", 0x0800, 1), ST_ESP_SELECTOR },
		{ view("2001:db8:1::7", 5, "2001:db8::2", 6, 6), ST_OK },
		{ view("2001:db8:1::7", 0, "2001:db8::2", 0, 50), ST_OK },
		{ view("2001:db8:2::7", 5, "2001:db8::2", 6, 6), ST_ESP_SELECTOR },
		{ view("10.9.0.2", 162, "10.0.0.1", 40000, 17), ST_ESP_SELECTOR }, // the other way round
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(selectors_in(s, &rows[i].v), rows[i].st);
		struct ip_view back = rows[i].v;
		back.from = rows[i].v.to, back.to = rows[i].v.from;
		assert_int_equal(selectors_out(s, &back), rows[i].st);
	}
	struct ip_view part = view("10.0.0.1", 0, "10.9.0.2", 0, 17); // ports unseen: asked again when it is whole
	part.fragment = true, part.ports = false;
	assert_int_equal(selectors_in(s, &part), ST_OK);
	part.protocol = 6;
	assert_int_equal(selectors_in(s, &part), ST_ESP_SELECTOR);
	struct ip_view bare = view("10.0.0.1", 0, "10.9.0.2", 0, 17); // whole, but too short for ports
	bare.ports = false;
	assert_int_equal(selectors_in(s, &bare), ST_ESP_SELECTOR);
	struct ip_view transport = { .protocol = 17, .ports = true, .from.port = 1, .to.port = 162 };
	assert_int_equal(selectors_in_transport(s, &transport), ST_OK);
	transport.protocol = 1, transport.to.port = transport.from.port = 0;
	assert_int_equal(selectors_in_transport(s, &transport), ST_OK); // the third of here has any
	selectors_free(s);
}

// Where there is one IPv4 range on each side and nothing else, the short form says all that the list says, at every edge, for packets
// with ports and without, whole and in parts.
static void brief_is_all(void **state)
{
	const struct selector here = range("10.9.0.2", "10.9.0.5", 0, 0, 65535),
	                      there = range("10.0.0.0", "10.255.255.255", 0, 0, 65535);
	static const char *const froms[] = { "9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0", "2001:db8::5" };
	static const char *const tos[] = { "10.9.0.1", "10.9.0.2", "10.9.0.5", "10.9.0.6", "2001:db8::5" };
	struct selectors *s = NULL;
	assert_int_equal(selectors_new(&here, 1, &there, 1, &s), ST_OK);
	const struct selectors_brief brief = selectors_brief(s);
	unsigned good = 0;
	for (size_t i = 0; i < 125; i++) {
		struct ip_view v = view(froms[i % 5], 1, tos[i / 5 % 5], 2, i / 25 == 0 ? 50 : 17);
		if ((v.version == 4) != (addr_is_v4(&v.to)))
			continue;
		v.fragment = i / 25 == 3;
		v.ports &= i / 25 < 3;
		bool sure = selectors_surely_in(&brief, &v);
		assert_int_equal(selectors_in(s, &v), sure ? ST_OK : ST_ESP_SELECTOR);
		good += sure;
	}
	assert_int_equal(good, 5 * 4);
	selectors_free(s);
}

// It is never sure of more than the list allows: beside ranges of a protocol, of ports, of IPv6, in any order.
static void brief_is_sure(void **state)
{
	const struct selector rows[] = {
		range("10.0.0.0", "10.0.0.9", 17, 0, 65535),
		range("10.0.0.0", "10.0.0.9", 0, 162, 162),
		range("::1", "::9", 0, 0, 65535),
		range("10.0.0.0", "10.0.0.9", 0, 65535, 0),
		range("10.0.0.5", "10.0.0.6", 0, 0, 65535),
	};
	enum { ROWS = sizeof rows / sizeof *rows };
	unsigned sure = 0;
	for (size_t i = 0; i < ROWS * ROWS * ROWS; i++) {
		const struct selector here[] = { rows[i % ROWS], rows[i / ROWS % ROWS] }, there = rows[i / ROWS / ROWS];
		struct selectors *s = NULL;
		assert_int_equal(selectors_new(here, 2, &there, 1, &s), ST_OK);
		const struct selectors_brief brief = selectors_brief(s);
		for (unsigned k = 0; k < 16 * 16; k++) {
			char from[16], to[16];
			(void)snprintf(from, sizeof from, k % 2 ? "10.0.0.%u" : "::%u", k % 16);
			(void)snprintf(to, sizeof to, k % 2 ? "10.0.0.%u" : "::%u", k / 16);
			struct ip_view v = view(from, 7, to, 7, 6);
			if (!selectors_surely_in(&brief, &v))
				continue;
			assert_int_equal(selectors_in(s, &v), ST_OK);
			sure++;
		}
		selectors_free(s);
	}
	assert_int_equal(sure,
	                 9 * 2); // 5 twice or once here, and there: two addresses here, of those there the odd one
	const struct selectors_brief none = selectors_brief(NULL);
	struct ip_view v = view("10.0.0.1", 7, "0.0.0.0", 7, 6);
	assert_false(selectors_surely_in(&none, &v));
}

static void any_ipv6_is_not_ipv4(void **state)
{
	struct selector any6 = { .port_last = 65535 };
	memset(any6.last, 0xff, 16);
	struct selectors *s = NULL;
	assert_int_equal(selectors_new(&any6, 1, &any6, 1, &s), ST_OK);
	struct ip_view v4 = view("10.0.0.1", 1, "10.9.0.2", 2, 17), v6 = view("2001:db8::1", 1, "2001:db8::2", 2, 17);
	assert_int_equal(selectors_in(s, &v4), ST_ESP_SELECTOR);
	assert_int_equal(selectors_in(s, &v6), ST_OK);
	assert_false(selectors_want_ports(s));
	selectors_free(s);
}

static void opaque(void **state)
{
	struct selector o = range("10.0.0.0", "10.255.255.255", 0, 65535, 0);
	struct selectors *s = NULL;
	assert_int_equal(selectors_new(&o, 1, &o, 1, &s), ST_OK);
	struct ip_view v = view("10.0.0.1", 1, "10.9.0.2", 2, 17);
	assert_int_equal(selectors_in(s, &v), ST_ESP_SELECTOR);
	v.ports = false;
	assert_int_equal(selectors_in(s, &v), ST_OK);
	selectors_free(s);
}

static void refused(void **state)
{
	struct selectors *s = NULL;
	struct selector many[ESP_SELECTORS_MAX + 1];
	for (size_t i = 0; i <= ESP_SELECTORS_MAX; i++)
		many[i] = range("10.0.0.0", "10.0.0.1", 0, 0, 65535);
	assert_int_equal(selectors_new(many, ESP_SELECTORS_MAX, many, 1, &s), ST_FULL);
	assert_int_equal(selectors_new(many, SIZE_MAX, many, 2, &s), ST_FULL);
	assert_int_equal(selectors_new(many, ESP_SELECTORS_MAX, many, 0, &s), ST_OK);
	struct ip_view v = view("10.0.0.1", 1, "10.0.0.1", 2, 17);
	assert_int_equal(selectors_in(s, &v), ST_ESP_SELECTOR); // nobody there
	selectors_free(s);
	s = NULL;
	const struct selector wrong[] = { range("10.0.0.2", "10.0.0.1", 0, 0, 65535),
		                          range("10.0.0.1", "2001:db8::", 0, 0, 65535),
		                          range("10.0.0.1", "10.0.0.1", 0, 5, 4) };
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(selectors_new(&wrong[i], 1, many, 1, &s), ST_INNER_ADDRESS);
	assert_null(s);
	selectors_free(NULL);
}

static void prefixes(void **state)
{
	static const char *const texts[] = { "10.0.0.0/8", "192.0.2.128/25", "192.0.2.1/32",
		                             "0.0.0.0/0",  "2001:db8::/61",  "::/0" };
	uint64_t seed = 3;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct prefix p;
		assert_int_equal(prefix_parse(texts[i], &p), ST_OK);
		struct selector one = selector_of(&p);
		struct selectors *s = NULL;
		assert_int_equal(selectors_new(&one, 1, &one, 1, &s), ST_OK);
		for (int k = 0; k < 2000; k++) {
			struct addr a = { 0 };
			(void)test_random(&seed, a.ip, 16);
			if (k % 2)
				memset(a.ip, 0, 10), memset(a.ip + 10, 0xff, 2);
			unsigned keep = k % 129; // the first bits of the prefix, so that some are inside
			for (unsigned b = 0; b < keep; b++)
				a.ip[b / 8] =
				        (uint8_t)((a.ip[b / 8] & ~(0x80 >> b % 8)) | (p.ip[b / 8] & 0x80 >> b % 8));
			struct ip_view v = { .from = a, .to = a, .version = addr_is_v4(&a) ? 4 : 6 };
			assert_int_equal(selectors_in(s, &v) == ST_OK, prefix_holds(&p, &a));
		}
		selectors_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts),      cmocka_unit_test(brief_is_all),
		cmocka_unit_test(brief_is_sure), cmocka_unit_test(any_ipv6_is_not_ipv4),
		cmocka_unit_test(opaque),        cmocka_unit_test(refused),
		cmocka_unit_test(prefixes),
	};
	return cmocka_run_group_tests_name("esp: selectors", tests, NULL, NULL);
}
