// SPDX-License-Identifier: Apache-2.0
// The decision table, row by row and for each kind of listener, and then every short datagram of a small alphabet against
// the rules said once more in prose.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "encap/encap.h"

enum { OURS = 0xabcd0102 };

static bool known(void *arg, uint32_t spi)
{
	++*(int *)arg;
	return spi == OURS || spi == 77; // 77 is reserved: being in a table would not make it usable
}

// "I": an IKE header of 28 octets, an IKE_SA_INIT; otherwise hexadecimal.
static size_t build(const char *text, uint8_t *out)
{
	size_t n = 0;
	for (; *text; text++) {
		unsigned v = 0;
		if (*text == 'I') {
			static const uint8_t head[28] = { 1, 2, 3, 4, 5, 6, 7, 8, [17] = 0x20, [18] = 34, [27] = 28 };
			memcpy(out + n, head, 28);
			n += 28;
		} else {
			assert_int_equal(sscanf(text++, "%2x", &v), 1);
			out[n++] = (uint8_t)v;
		}
	}
	return n;
}

#define FLOATED                                                                                                        \
	{                                                                                                              \
		0                                                                                                      \
	}
#define LENIENT                                                                                                        \
	{                                                                                                              \
		.unmarked = true, .eight = true                                                                        \
	}
#define PLAIN                                                                                                          \
	{                                                                                                              \
		.plain = true                                                                                          \
	}
#define PLAIN8                                                                                                         \
	{                                                                                                              \
		.plain = true, .eight = true                                                                           \
	}
#define SPI "abcd0102"

static const struct {
	const char *what;
	struct encap_rules rules;
	const char *datagram;
	enum encap_kind kind;
	enum encap_framing framing;
	enum st why;
} rows[] = {
	{ "empty keepalive", FLOATED, "", ENCAP_DROP, ENCAP_BARE, ST_ENCAP_EMPTY },
	{ "empty on 500", PLAIN, "", ENCAP_DROP, ENCAP_BARE, ST_ENCAP_EMPTY },
	{ "keepalive", FLOATED, "ff", ENCAP_DROP, ENCAP_BARE, ST_ENCAP_KEEPALIVE },
	{ "keepalive on 500", PLAIN, "ff", ENCAP_DROP, ENCAP_BARE, ST_ENCAP_KEEPALIVE },
	{ "one other byte", FLOATED, "fe", ENCAP_DROP, ENCAP_BARE, ST_ENCAP_RUNT },
	{ "two bytes", FLOATED, "ffff", ENCAP_DROP, ENCAP_BARE, ST_ENCAP_RUNT },
	{ "an SPI alone", FLOATED, SPI, ENCAP_DROP, ENCAP_BARE, ST_ENCAP_RUNT },
	{ "a marker alone", FLOATED, "00000000", ENCAP_DROP, ENCAP_BARE, ST_ENCAP_RUNT },
	{ "seven bytes", FLOATED, SPI "000000", ENCAP_DROP, ENCAP_BARE, ST_ENCAP_RUNT },
	{ "ESP", FLOATED, SPI "00000001", ENCAP_ESP, ENCAP_BARE, ST_OK },
	{ "ESP on 500 has no place", PLAIN, SPI "00000001", ENCAP_DROP, ENCAP_BARE, ST_ENCAP_NOT_IKE },
	{ "ESP of others", FLOATED, "abcd010300000001", ENCAP_DROP, ENCAP_BARE, ST_ESP_SPI },
	{ "reserved SPI 1", FLOATED, "0000000100000001", ENCAP_DROP, ENCAP_BARE, ST_ESP_RESERVED },
	{ "reserved SPI 77, in the table", FLOATED, "0000004d00000001", ENCAP_DROP, ENCAP_BARE, ST_ESP_RESERVED },
	{ "reserved SPI 255", FLOATED, "000000ff00000001", ENCAP_DROP, ENCAP_BARE, ST_ESP_RESERVED },
	{ "SPI 256", FLOATED, "0000010000000001", ENCAP_DROP, ENCAP_BARE, ST_ESP_SPI },
	{ "marked IKE", FLOATED, "00000000I", ENCAP_IKE, ENCAP_MARKER, ST_OK },
	{ "marked IKE, another exchange", FLOATED,
	  "00000000"
	  "0102030405060708010203040506070800202300000000010000001c",
	  ENCAP_IKE, ENCAP_MARKER, ST_OK },
	{ "marked IKE of another version is for IKE to answer", FLOATED,
	  "00000000"
	  "0102030405060708010203040506070800302200000000000000001c",
	  ENCAP_IKE, ENCAP_MARKER, ST_OK },
	{ "marked, one byte more than it says", FLOATED, "00000000I00", ENCAP_DROP, ENCAP_BARE, ST_ENCAP_NOT_IKE },
	{ "marked, too short for a header", FLOATED, "000000000102030405060708", ENCAP_DROP, ENCAP_BARE,
	  ST_ENCAP_NOT_IKE },
	{ "marked on 500", PLAIN, "00000000I", ENCAP_DROP, ENCAP_BARE, ST_ENCAP_NOT_IKE },
	{ "IKE on 500", PLAIN, "I", ENCAP_IKE, ENCAP_BARE, ST_OK },
	{ "IKE on 500, cut", PLAIN, "0102030405060708", ENCAP_DROP, ENCAP_BARE, ST_ENCAP_NOT_IKE },
	{ "no marker", LENIENT, "I", ENCAP_IKE, ENCAP_BARE, ST_OK },
	{ "no marker, switched off", FLOATED, "I", ENCAP_DROP, ENCAP_BARE, ST_ENCAP_UNMARKED },
	{ "no marker, not the length", LENIENT, "I00", ENCAP_DROP, ENCAP_BARE, ST_ESP_SPI },
	{ "no marker, a responder's SPI", LENIENT, "0102030405060708000000000000000100202200000000000000001c",
	  ENCAP_DROP, ENCAP_BARE, ST_ESP_SPI },
	{ "no marker, version 1", LENIENT, "0102030405060708000000000000000000102200000000000000001c", ENCAP_DROP,
	  ENCAP_BARE, ST_ESP_SPI },
	{ "no marker, another exchange", LENIENT, "0102030405060708000000000000000000202300000000000000001c",
	  ENCAP_DROP, ENCAP_BARE, ST_ESP_SPI },
	{ "no marker, message 1", LENIENT, "0102030405060708000000000000000000202200000000010000001c", ENCAP_DROP,
	  ENCAP_BARE, ST_ESP_SPI },
	{ "no marker, an SPI of ours", LENIENT, "abcd010205060708000000000000000000202200000000000000001c", ENCAP_ESP,
	  ENCAP_BARE, ST_OK },
	{ "eight zeros", LENIENT, "0000000000000000" SPI "00000001", ENCAP_ESP, ENCAP_EIGHT, ST_OK },
	{ "eight zeros on 500", PLAIN8, "0000000000000000" SPI "00000001", ENCAP_ESP, ENCAP_EIGHT, ST_OK },
	{ "eight zeros, switched off", FLOATED, "0000000000000000" SPI "00000001", ENCAP_DROP, ENCAP_EIGHT,
	  ST_ENCAP_ZEROS },
	{ "eight zeros, switched off on 500", PLAIN, "0000000000000000" SPI "00000001", ENCAP_DROP, ENCAP_EIGHT,
	  ST_ENCAP_ZEROS },
	{ "eight zeros, not ours", LENIENT,
	  "0000000000000000"
	  "abcd010300000001",
	  ENCAP_DROP, ENCAP_BARE, ST_ENCAP_NOT_IKE },
	{ "eight zeros, cut behind the SPI", LENIENT, "0000000000000000" SPI "000000", ENCAP_DROP, ENCAP_BARE,
	  ST_ENCAP_NOT_IKE },
	{ "eight zeros in front of IKE: its SPI begins with four", LENIENT,
	  "00000000"
	  "00000000"
	  "abcd0102"
	  "000000000000000000202200000000000000001c",
	  ENCAP_IKE, ENCAP_MARKER, ST_OK },
};

static void verdicts(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t bytes[128];
		int asked = 0;
		size_t n = build(rows[i].datagram, bytes);
		uint8_t *exact = malloc(n ? n : 1);
		memcpy(exact, bytes, n);
		struct encap_known k = { known, &asked };
		struct encap_verdict v = encap_classify(&rows[i].rules, &k, span_of(exact, n));
		if (v.kind != rows[i].kind || v.why != rows[i].why || v.framing != rows[i].framing)
			fail_msg("%s: kind %d, %s, framing %d", rows[i].what, v.kind, st_name(v.why), v.framing);
		static const size_t skip[] = { 0, 4, 8 };
		if (v.kind == ENCAP_DROP) {
			assert_int_equal(v.body.n, 0);
		} else {
			assert_ptr_equal(v.body.p, exact + skip[v.framing]);
			assert_int_equal(v.body.n, n - skip[v.framing]);
		}
		free(exact);
	}
}

// What is told to whom is framed as it came, so that our own frames are classified as what they are.
static void frames(void **state)
{
	static const struct encap_rules lenient = LENIENT;
	for (enum encap_framing f = 0; f < ENCAP_FRAMINGS; f++) {
		uint8_t room[64], esp[8], ike[28];
		assert_int_equal(build(SPI "00000001", esp), 8);
		assert_int_equal(build("I", ike), 28);
		int asked = 0;
		struct encap_known k = { known, &asked };
		struct packet p = packet_of(room, sizeof room, ENCAP_FRAME_MAX);
		struct span body = f == ENCAP_MARKER ? span_of(ike, 28) : span_of(esp, 8);
		memcpy(packet_append(&p, body.n), body.p, body.n);
		assert_int_equal(encap_frame(&p, f), ST_OK);
		struct encap_verdict v = encap_classify(&lenient, &k, packet_span(&p));
		assert_int_equal(v.framing, f);
		assert_int_equal(v.kind, f == ENCAP_MARKER ? ENCAP_IKE : ENCAP_ESP);
		assert_true(span_equal(v.body, body));
	}
	uint8_t small[3];
	struct packet p = packet_of(small, sizeof small, 3);
	assert_int_equal(encap_frame(&p, ENCAP_MARKER), ST_FULL);
	assert_int_equal(encap_frame(&p, ENCAP_BARE), ST_OK);
}

// Every datagram of up to 16 octets made of words that matter: it never becomes ESP unless an SPI of ours stands where the
// framing says, and never IKE, which is longer.
static void short_ones(void **state)
{
	static const uint32_t words[] = { 0, 1, 255, 256, OURS, 0xffffffff };
	static const struct encap_rules rules[] = { FLOATED, LENIENT, PLAIN, PLAIN8 };
	enum { W = sizeof words / sizeof *words };
	for (size_t r = 0; r < 4; r++)
		for (size_t i = 0; i < W * W * W * W; i++)
			for (size_t n = 0; n <= 16; n++) {
				uint8_t d[16];
				size_t at[4] = { i % W, i / W % W, i / W / W % W, i / W / W / W };
				struct wr w = wr_of(d, sizeof d);
				for (int k = 3; k >= 0; k--)
					wr_be(&w, words[at[k]], 4);
				int asked = 0;
				struct encap_known k = { known, &asked };
				struct encap_verdict v = encap_classify(&rules[r], &k, span_of(d, n));
				bool bare = n >= 8 && words[at[0]] == OURS && !rules[r].plain;
				bool eight =
				        n == 16 && at[0] == 0 && at[1] == 0 && words[at[2]] == OURS && rules[r].eight;
				assert_int_equal(v.kind, bare || eight ? ENCAP_ESP : ENCAP_DROP);
				assert_int_equal(v.why == ST_OK, v.kind != ENCAP_DROP);
				assert_true(asked <= 3);
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts),
		cmocka_unit_test(frames),
		cmocka_unit_test(short_ones),
	};
	return cmocka_run_group_tests_name("encap", tests, NULL, NULL);
}
