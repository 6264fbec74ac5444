// SPDX-License-Identifier: Apache-2.0
// Digests and HMAC against RFC 2202 (MD5, SHA-1) and RFC 4231 (SHA-2) test cases 2 and 6, and the split of one message
// into pieces, which must not matter.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/digest.h"
#include "hex.h"

static const struct {
	const struct digest_alg *alg;
	const char *abc;      // digest of "abc"
	const char *jefe;     // HMAC, test case 2
	const char *long_key; // HMAC, key of 131 octets 0xaa: longer than any block
} rows[] = {
	{ &digest_md5, "900150983cd24fb0d6963f7d28e17f72", "750c783e6ab0b503eaa86e310a5db738",
	  "bfecaf4efff90a3a668f3922fec3762d" },
	{ &digest_sha1, "a9993e364706816aba3e25717850c26c9cd0d89d", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
	  "90d0dace1c1bdc957339307803160335bde6df2b" },
	{ &digest_sha224, "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
	  "a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44",
	  "95e9a0db962095adaebe9b2d6f0dbce2d499f112f2d2b7273fa6870e" },
	{ &digest_sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
	  "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
	{ &digest_sha384,
	  "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
	  "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
	  "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952" },
	{ &digest_sha512,
	  "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	  "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
	  "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
	  "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
	  "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
	  "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598" },
};
enum { ROWS = sizeof rows / sizeof *rows };

static void hmac_of(const struct digest_alg *alg, struct span key, struct span message, uint8_t *out)
{
	struct hmac_key k = hmac_key_of(alg, key);
	struct digest d = hmac_begin(&k);
	digest_add(&d, message);
	hmac_end(&k, &d, out);
}

static void vectors(void **state)
{
	uint8_t out[DIGEST_MAX], key[131];
	memset(key, 0xaa, sizeof key);
	for (size_t i = 0; i < ROWS; i++) {
		const struct digest_alg *alg = rows[i].alg;
		digest_of(alg, span_str("abc"), out);
		assert_hex(out, alg->size, rows[i].abc);
		hmac_of(alg, span_str("Jefe"), span_str("what do ya want for nothing?"), out);
		assert_hex(out, alg->size, rows[i].jefe);
		hmac_of(alg, span_of(key, sizeof key),
		        span_str("Test Using Larger Than Block-Size Key - Hash Key First"), out);
		assert_hex(out, alg->size, rows[i].long_key);
	}
}

static void pieces(void **state)
{
	uint8_t message[700], whole[DIGEST_MAX], split[DIGEST_MAX];
	for (size_t i = 0; i < sizeof message; i++)
		message[i] = (uint8_t)(i * 13);
	for (size_t i = 0; i < ROWS; i++) {
		struct hmac_key k = hmac_key_of(rows[i].alg, span_str("a key"));
		for (size_t at = 0; at <= sizeof message; at++) {
			struct digest d = hmac_begin(&k);
			digest_add(&d, span_of(message, at));
			struct digest copy = d; // a running digest is a value
			digest_add(&copy, span_of(message + at, sizeof message - at));
			hmac_end(&k, &copy, at ? split : whole);
			if (at)
				assert_memory_equal(split, whole, rows[i].alg->size);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors),
		cmocka_unit_test(pieces),
	};
	return cmocka_run_group_tests_name("crypto: digest", tests, NULL, NULL);
}
