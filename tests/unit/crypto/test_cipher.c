// SPDX-License-Identifier: Apache-2.0
// AES-CFB128 against NIST SP 800-38A F.3.13 to F.3.17, DES-CBC against FIPS 81 B.2; then every length there and back:
// sealing runs on OpenSSL's mode, opening on ours, so each checks the other.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/cipher.h"
#include "hex.h"

static struct crypto *crypto;
static struct ciphers *ciphers;

#define NIST_IV "000102030405060708090a0b0c0d0e0f"
#define NIST_PLAIN                                                                                                     \
	"6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"                                             \
	"30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"

static const struct {
	const struct cipher_alg *alg;
	const char *key, *iv, *plain, *sealed;
} rows[] = {
	{ &cipher_aes128, "2b7e151628aed2a6abf7158809cf4f3c", NIST_IV, NIST_PLAIN,
	  "3b3fd92eb72dad20333449f8e83cfb4ac8a64537a0b3a93fcde3cdad9f1ce58b"
	  "26751f67a3cbb140b1808cf187a4f4dfc04b05357c5d1c0eeac4c66f9ff7f2e6" },
	{ &cipher_aes192, "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b", NIST_IV, NIST_PLAIN,
	  "cdc80d6fddf18cab34c25909c99a417467ce7f7f81173621961a2b70171d3d7a"
	  "2e1e8a1dd59b88b1c8e60fed1efac4c9c05f9f9ca9834fa042ae8fba584b09ff" },
	{ &cipher_aes256, "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", NIST_IV, NIST_PLAIN,
	  "dc7e84bfda79164b7ecd8486985d386039ffed143b28b1c832113c6331e5407b"
	  "df10132415e54b92a13ed0a8267ae2f975a385741ab9cef82031623d55b1e471" },
	{ &cipher_des, "0123456789abcdef", "1234567890abcdef", "4e6f77206973207468652074696d6520666f7220616c6c20",
	  "e5c7cdde872bf27c43e934008c389c0f683788499a7c05f6" },
};
enum { ROWS = sizeof rows / sizeof *rows, LONGEST = 1000 };

static void vectors(void **state)
{
	for (size_t i = 0; i < ROWS; i++) {
		uint8_t key[CIPHER_KEY_MAX], iv[CIPHER_IV_MAX], in[64], out[64 + CIPHER_BLOCK_MAX];
		assert_int_equal(unhex(rows[i].key, key), rows[i].alg->key);
		assert_int_equal(unhex(rows[i].iv, iv), rows[i].alg->iv);
		size_t n = unhex(rows[i].plain, in);
		assert_int_equal(cipher_seal(ciphers, rows[i].alg, key, iv, span_of(in, n), out), ST_OK);
		assert_hex(out, n, rows[i].sealed);
		n = unhex(rows[i].sealed, in);
		assert_int_equal(cipher_open(ciphers, rows[i].alg, key, iv, span_of(in, n), out), ST_OK);
		assert_hex(out, n, rows[i].plain);
	}
}

// Buffers of exactly the size the header promises, so that ASan sees one octet too many.
static void every_length(void **state)
{
	uint8_t key[CIPHER_KEY_MAX], iv[CIPHER_IV_MAX];
	memset(key, 0x42, sizeof key);
	memset(iv, 0x17, sizeof iv);
	for (size_t i = 0; i < ROWS; i++) {
		const struct cipher_alg *alg = rows[i].alg;
		for (size_t n = 0; n <= LONGEST; n++) {
			size_t sealed_n = cipher_sealed_size(alg, n);
			assert_true(sealed_n >= n && sealed_n < n + alg->multiple && sealed_n % alg->multiple == 0);
			uint8_t *plain = malloc(n + 1), *sealed = malloc(sealed_n + 1);
			uint8_t *opened = malloc(sealed_n + CIPHER_BLOCK_MAX);
			for (size_t k = 0; k < n; k++)
				plain[k] = (uint8_t)(k * 31 + n);
			assert_int_equal(cipher_seal(ciphers, alg, key, iv, span_of(plain, n), sealed), ST_OK);
			assert_int_equal(cipher_open(ciphers, alg, key, iv, span_of(sealed, sealed_n), opened), ST_OK);
			assert_memory_equal(opened, plain, n);
			for (size_t k = n; k < sealed_n; k++)
				assert_int_equal(opened[k], 0);
			free(plain);
			free(sealed);
			free(opened);
		}
	}
}

static void partial_blocks_refused(void **state)
{
	uint8_t key[8] = { 1 }, iv[8] = { 2 }, in[17] = { 0 }, out[17 + CIPHER_BLOCK_MAX];
	for (size_t n = 0; n <= sizeof in; n++)
		assert_int_equal(cipher_open(ciphers, &cipher_des, key, iv, span_of(in, n), out),
		                 n % 8 ? ST_DECRYPT : ST_OK);
}

static int setup(void **state)
{
	return crypto_init(&crypto) != ST_OK || ciphers_new(crypto, &ciphers) != ST_OK;
}

static int teardown(void **state)
{
	ciphers_free(ciphers);
	crypto_free(crypto);
	ciphers_free(NULL);
	crypto_free(NULL);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors),
		cmocka_unit_test(every_length),
		cmocka_unit_test(partial_blocks_refused),
	};
	return cmocka_run_group_tests_name("crypto: cipher", tests, setup, teardown);
}
