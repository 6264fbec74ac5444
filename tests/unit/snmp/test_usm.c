// SPDX-License-Identifier: Apache-2.0
// The rows of algorithms, the IVs, and the security parameters on the wire: right ones, and every way they can lie.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../crypto/hex.h"
#include "snmp/usm.h"

static void lengths(void **state)
{
	static const struct {
		const char *name;
		size_t digest, mac;
	} rows[] = { { "md5", 16, 12 },    { "sha1", 20, 12 },   { "sha224", 28, 16 },
		     { "sha256", 32, 24 }, { "sha384", 48, 32 }, { "sha512", 64, 48 } };
	size_t i = 0;
	for (; i < sizeof rows / sizeof *rows; i++) {
		const struct usm_auth *a = usm_auth_at(i);
		assert_string_equal(a->digest->name, rows[i].name);
		assert_int_equal(a->digest->size, rows[i].digest);
		assert_int_equal(a->mac, rows[i].mac);
		assert_ptr_equal(usm_auth_by_name(rows[i].name), a);
	}
	assert_null(usm_auth_at(i));
	assert_null(usm_auth_by_name("sha3"));
	static const char *const privs[] = { "des", "aes128", "aes192", "aes256" };
	for (i = 0; i < sizeof privs / sizeof *privs; i++)
		assert_ptr_equal(usm_priv_by_name(privs[i]), usm_priv_at(i));
	assert_null(usm_priv_at(i));
	assert_null(usm_priv_by_name("AES"));
}

static void initialisation_vectors(void **state)
{
	uint8_t key[16], salt[8], iv[16];
	unhex("000102030405060708090a0b0c0d0e0f", key);
	usm_priv_by_name("aes256")->salt(7, 0x1122334455667788, salt);
	assert_hex(salt, sizeof salt, "1122334455667788");
	usm_priv_by_name("aes128")->iv(key, 0x01020304, 0x0a0b0c0d, salt, iv);
	assert_hex(iv, sizeof iv, "010203040a0b0c0d1122334455667788");
	usm_priv_by_name("des")->salt(7, 0x1122334455667788, salt);
	assert_hex(salt, sizeof salt, "0000000755667788");
	usm_priv_by_name("des")->iv(key, 1, 1, salt, iv);
	assert_hex(iv, 8, "08090a0c596b7987");
}

static void parameters_there_and_back(void **state)
{
	uint8_t engine[32], user[32], buffer[256];
	memset(engine, 0x80, sizeof engine);
	memset(user, 'u', sizeof user);
	static const size_t sizes[] = { 0, 1, 5, 32 };
	for (size_t i = 0; i < 4 * 4 * 4; i++) {
		struct usm_parameters in = { .engine = span_of(engine, sizes[i % 4]),
			                     .boots = i % 3 ? 0x7fffffff : 0,
			                     .time = (uint32_t)i * 0x1234567 & 0x7fffffff,
			                     .user = span_of(user, sizes[i / 4 % 4]),
			                     .auth = span_of(buffer, 3 * (i / 16)),
			                     .priv = span_of(user, i % 2 ? 8 : 0) },
		                      out;
		struct wr w = wr_of(buffer, sizeof buffer);
		uint8_t *digest = usm_parameters_write(&w, &in);
		assert_non_null(digest);
		struct span whole = wr_span(&w);
		assert_int_equal(whole.p[0], 0x04);
		assert_int_equal(usm_parameters_parse(span_of(whole.p + 2, whole.n - 2), &out), ST_OK);
		assert_true(span_equal(in.engine, out.engine) && span_equal(in.user, out.user));
		assert_true(span_equal(in.priv, out.priv) && out.auth.n == in.auth.n);
		assert_true(out.auth.n == 0 || out.auth.p == digest);
		assert_true(in.boots == out.boots && in.time == out.time);
	}
}

static void parameters_that_lie(void **state)
{
	static const struct {
		const char *what, *hex;
		enum st st;
	} rows[] = {
		{ "right", "300e0400020101020102040004000400", ST_OK },
		{ "nothing", "", ST_SECURITY_PARAMETERS },
		{ "not a sequence", "040e0400020101020102040004000400", ST_SECURITY_PARAMETERS },
		{ "a byte behind", "300e040002010102010204000400040000", ST_SECURITY_PARAMETERS },
		{ "one field more", "301004000201010201020400040004000400", ST_SECURITY_PARAMETERS },
		{ "one field less", "300c040002010102010204000400", ST_SECURITY_PARAMETERS },
		{ "outer length too long", "300f0400020101020102040004000400", ST_SECURITY_PARAMETERS },
		{ "inner length too long", "300e0400020101020102040004000401", ST_SECURITY_PARAMETERS },
		{ "length of 2^32-1", "300e0484ffffffff02010202040004", ST_SECURITY_PARAMETERS },
		{ "indefinite length", "308004000201010201020400040004000000", ST_SECURITY_PARAMETERS },
		{ "negative boots", "300e04000201ff020102040004000400", ST_SECURITY_PARAMETERS },
		{ "time of 2^31", "3012040002010102050080000000040004000400", ST_SECURITY_PARAMETERS },
		{ "a user of 33 octets",
		  "302f0400020101020102042175757575757575757575757575757575757575757575757575757575757575757504000400",
		  ST_SECURITY_PARAMETERS },
		{ "a user of 32 octets",
		  "302e04000201010201020420757575757575757575757575757575757575757575757575757575757575757504000400",
		  ST_OK },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t octets[128];
		size_t n = unhex(rows[i].hex, octets);
		struct usm_parameters out = { .boots = 77 };
		if (usm_parameters_parse(span_of(octets, n), &out) != rows[i].st)
			fail_msg("%s", rows[i].what);
		assert_int_equal(out.boots, rows[i].st == ST_OK ? 1 : 77);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths),
		cmocka_unit_test(initialisation_vectors),
		cmocka_unit_test(parameters_there_and_back),
		cmocka_unit_test(parameters_that_lie),
	};
	return cmocka_run_group_tests_name("snmp: usm", tests, NULL, NULL);
}
