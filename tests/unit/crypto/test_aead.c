// SPDX-License-Identifier: Apache-2.0
// Every algorithm on every back end: vectors (McGrew and Viega's GCM cases 4 and 16, RFC 7634 appendix A; the rest, and
// those with an extended sequence number, made with Python's cryptography), each back end opening what the other sealed, each
// altered bit refused, batches of all algorithms mixed, and the vault's memory.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/aead.h"
#include "crypto/aead_vault.h"
#include "crypto/secret.h"
#include "hex.h"

enum { BACKENDS = 2, ROOM = 4096 };

static struct crypto *crypto;
static struct aead_engine *engines[BACKENDS];
static unsigned engine_count;

static const struct {
	const char *alg, *key, *integ, *salt, *head, *iv, *text, *high, *sealed; // sealed: text and tag
} rows[] = {
	{ "aes128gcm16", "feffe9928665731c6d6a8f9467308308", "", "cafebabe", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
	  "facedbaddecaf888",
	  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0d"
	  "e657"
	  "ba637b39",
	  NULL,
	  "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0a"
	  "ac97"
	  "3d58e0915bc94fbc3221a5db94fae95ae7121a47" },
	{ "aes256gcm16", "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "", "cafebabe",
	  "feedfacedeadbeeffeedfacedeadbeefabaddad2", "facedbaddecaf888",
	  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0d"
	  "e657"
	  "ba637b39",
	  NULL,
	  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba"
	  "7a0a"
	  "bcc9f66276fc6ece0f4e1768cddf8853bb2d551b" },
	{ "chacha20poly1305", "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f", "", "a0a1a2a3",
	  "0102030400000005", "1011121314151617",
	  "45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec100007362708090a0b0c0d0e0f10111213141516171819"
	  "1a1b"
	  "1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363701020204",
	  NULL,
	  "24039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c614ee8099d52844eb61aa95dfab4c02f72aa71e7c4c4f"
	  "64c9"
	  "befe2facc638e8f3cbec163fac469b502773f6fb94e664da9165b82829f641e076aaa8266b7fb0f7b11b369907e1ad43" },
#define TEXT "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define KEY16 "505152535455565758595a5b5c5d5e5f"
#define KEY32 KEY16 "606162636465666768696a6b6c6d6e6f"
#define INTEG20 "909192939495969798999a9b9c9d9e9fa0a1a2a3"
#define INTEG32 INTEG20 "a4a5a6a7a8a9aaabacadaeaf"
#define IV16 "303132333435363738393a3b3c3d3e3f"
#define HEAD "0102030400000005"
	{ "aes128gcm16", KEY16, "", "cafebabe", HEAD, "facedbaddecaf888", TEXT, "00000007",
	  "4fb4623a442f72914dcfd1b08d5adc31c909962e37ede017760fe013192041c274d36e4f50368a97c82b592a70fcfddc" },
	{ "aes256gcm16", KEY32, "", "cafebabe", HEAD, "facedbaddecaf888", TEXT, "00000007",
	  "f2d75f1f0cdefd74282806288b19a9b49cb95c133d11b3ef89c1dea6de662f2b3c8223ade1cdb2c4373583a26f487e43" },
	{ "chacha20poly1305", KEY32, "", "cafebabe", HEAD, "facedbaddecaf888", TEXT, "00000007",
	  "57ccebafdfa69f12869a9920ff06079ab2e30776236b23266315fe5d897d6a66e6add37fb3763c7bb6de120426cdabaf" },
	{ "aes128-sha256-128", KEY16, INTEG32, "", HEAD, IV16, TEXT, NULL,
	  "5838dfd36e857a4c41c55de6646568681cfe275014f197a28d525e7e28846c8583bfb047d1ea608106e2194712fa8118" },
	{ "aes128-sha256-128", KEY16, INTEG32, "", HEAD, IV16, TEXT, "00000007",
	  "5838dfd36e857a4c41c55de6646568681cfe275014f197a28d525e7e28846c8512f9a591e8cc488f515ae071ab17b390" },
	{ "aes256-sha256-128", KEY32, INTEG32, "", HEAD, IV16, TEXT, NULL,
	  "6087b6d469faf0ee1b66a204014d538e3d0ac3716666b50ba0a722f1fbd86a9088aa742a3880117d9928d565fe4f64c3" },
	{ "aes256-sha256-128", KEY32, INTEG32, "", HEAD, IV16, TEXT, "00000007",
	  "6087b6d469faf0ee1b66a204014d538e3d0ac3716666b50ba0a722f1fbd86a906c98f5be77536dcb09efecd2591c477e" },
	{ "aes128-sha1-96", KEY16, INTEG20, "", HEAD, IV16, TEXT, NULL,
	  "5838dfd36e857a4c41c55de6646568681cfe275014f197a28d525e7e28846c857d84cc48072f52f9c6218427" },
	{ "aes128-sha1-96", KEY16, INTEG20, "", HEAD, IV16, TEXT, "00000007",
	  "5838dfd36e857a4c41c55de6646568681cfe275014f197a28d525e7e28846c85df30458396004a295574b391" },
	{ "aes256-sha1-96", KEY32, INTEG20, "", HEAD, IV16, TEXT, NULL,
	  "6087b6d469faf0ee1b66a204014d538e3d0ac3716666b50ba0a722f1fbd86a90841e97d0a894319dce87f9a1" },
	{ "aes256-sha1-96", KEY32, INTEG20, "", HEAD, IV16, TEXT, "00000007",
	  "6087b6d469faf0ee1b66a204014d538e3d0ac3716666b50ba0a722f1fbd86a90644caa4a93067044f91f4cb6" },
};
enum { ROWS = sizeof rows / sizeof *rows };

static struct aead_key *key_of(struct aead_engine *e, const struct aead_alg *alg, enum aead_way way, const char *key,
                               const char *integ, const char *salt)
{
	uint8_t k[AEAD_KEY_MAX], i[AEAD_INTEG_MAX], s[AEAD_SALT_MAX];
	struct aead_secret secret = { span_of(k, unhex(key, k)), span_of(i, unhex(integ, i)),
		                      span_of(s, unhex(salt, s)) };
	struct aead_key *out = NULL;
	assert_int_equal(aead_key_new(e, alg, way, &secret, &out), ST_OK);
	return out;
}

// A key of the algorithm's sizes, different for each `which`.
static struct aead_key *some_key(struct aead_engine *e, const struct aead_alg *alg, enum aead_way way, uint8_t which)
{
	uint8_t k[AEAD_KEY_MAX], i[AEAD_INTEG_MAX], s[AEAD_SALT_MAX];
	memset(k, which + 1, sizeof k);
	memset(i, which + 2, sizeof i);
	memset(s, which + 3, sizeof s);
	struct aead_secret secret = { span_of(k, alg->key), span_of(i, alg->integ), span_of(s, alg->salt) };
	struct aead_key *out = NULL;
	assert_int_equal(aead_key_new(e, alg, way, &secret, &out), ST_OK);
	assert_ptr_equal(aead_key_alg(out), alg);
	return out;
}

static void vectors(void **state)
{
	for (unsigned b = 0; b < engine_count; b++)
		for (size_t i = 0; i < ROWS; i++) {
			const struct aead_alg *alg = aead_find(rows[i].alg);
			uint8_t m[512], high[4] = { 0 };
			size_t head = unhex(rows[i].head, m), iv = unhex(rows[i].iv, m + head);
			size_t text = unhex(rows[i].text, m + head + iv);
			assert_int_equal(iv, alg->iv);
			if (rows[i].high)
				unhex(rows[i].high, high);
			struct aead_op op = { .at = m,
				              .head = (uint32_t)head,
				              .text = (uint32_t)text,
				              .esn = rows[i].high != NULL,
				              .high = high[3] };
			struct aead_key *seal =
			        key_of(engines[b], alg, AEAD_SEAL, rows[i].key, rows[i].integ, rows[i].salt);
			struct aead_key *open =
			        key_of(engines[b], alg, AEAD_OPEN, rows[i].key, rows[i].integ, rows[i].salt);
			op.key = seal;
			aead_seal(engines[b], &op, 1);
			assert_int_equal(op.st, ST_OK);
			assert_hex(m + head + iv, text + alg->tag, rows[i].sealed);
			op.key = open;
			aead_open(engines[b], &op, 1);
			assert_int_equal(op.st, ST_OK);
			assert_hex(m + head + iv, text, rows[i].text);
			aead_key_free(engines[b], seal);
			aead_key_free(engines[b], open);
		}
}

static size_t message_size(const struct aead_alg *alg, size_t head, size_t text)
{
	return head + alg->iv + text + alg->tag;
}

// Blocks of exactly the size the header promises, so that AddressSanitizer sees one octet too many (in what it can see).
static void every_length_across(void **state)
{
	for (enum aead_id id = 0; id < AEAD_COUNT; id++)
		for (unsigned b = 0; b < engine_count * 2; b++) {
			const struct aead_alg *alg = aead_at(id);
			struct aead_engine *from = engines[b % engine_count], *to = engines[b / 2 % engine_count];
			struct aead_key *seal = some_key(from, alg, AEAD_SEAL, id),
			                *open = some_key(to, alg, AEAD_OPEN, id);
			for (uint32_t n = alg->block == 1 ? 0 : alg->block; n < 700; n += alg->block) {
				size_t size = message_size(alg, 8, n);
				uint8_t *m = malloc(size);
				for (size_t i = 0; i < size; i++)
					m[i] = (uint8_t)(i * 7 + n);
				struct aead_op op = { seal, m, 8, n, n % 3 == 0, n, ST_NONE };
				aead_seal(from, &op, 1);
				assert_int_equal(op.st, ST_OK);
				op.key = open;
				aead_open(to, &op, 1);
				assert_int_equal(op.st, ST_OK);
				for (size_t i = 0; i < size - alg->tag; i++)
					assert_int_equal(m[i], (uint8_t)(i * 7 + n));
				free(m);
			}
			aead_key_free(from, seal);
			aead_key_free(to, open);
		}
}

static void every_bit_counts(void **state)
{
	for (unsigned b = 0; b < engine_count; b++)
		for (enum aead_id id = 0; id < AEAD_COUNT; id++) {
			const struct aead_alg *alg = aead_at(id);
			struct aead_key *seal = some_key(engines[b], alg, AEAD_SEAL, id);
			struct aead_key *open = some_key(engines[b], alg, AEAD_OPEN, id);
			uint8_t good[128] = { 1, 2, 3 }, m[128];
			struct aead_op op = { seal, good, 8, 48, true, 9, ST_NONE };
			aead_seal(engines[b], &op, 1);
			size_t size = message_size(alg, 8, 48);
			op.key = open;
			op.at = m;
			for (size_t bit = 0; bit < size * 8; bit++) {
				memcpy(m, good, sizeof m);
				m[bit / 8] ^= (uint8_t)(1 << bit % 8);
				uint8_t tag[AEAD_TAG_MAX];
				memcpy(tag, m + size - alg->tag, alg->tag);
				aead_open(engines[b], &op, 1);
				assert_int_equal(op.st, ST_FORGED);
				assert_memory_equal(tag, m + size - alg->tag, alg->tag);
			}
			memcpy(m, good, sizeof m);
			op.high = 10;
			aead_open(engines[b], &op, 1);
			assert_int_equal(op.st, ST_FORGED);
			memcpy(m, good, sizeof m);
			op.esn = false;
			aead_open(engines[b], &op, 1);
			assert_int_equal(op.st, ST_FORGED);
			memcpy(m, good, sizeof m);
			op.esn = true;
			op.high = 9;
			aead_open(engines[b], &op, 1);
			assert_int_equal(op.st, ST_OK);
			aead_key_free(engines[b], seal);
			aead_key_free(engines[b], open);
		}
}

// What one message at a time gives, a batch of all kinds gives too; the bad ones alone are refused.
static void batches(void **state)
{
	enum { N = 150, SIZE = 512 };
	static uint8_t alone[N][SIZE], batch[N][SIZE];
	for (unsigned b = 0; b < engine_count; b++) {
		struct aead_engine *e = engines[b];
		struct aead_key *seal[AEAD_COUNT], *open[AEAD_COUNT];
		for (enum aead_id id = 0; id < AEAD_COUNT; id++) {
			seal[id] = some_key(e, aead_at(id), AEAD_SEAL, id);
			open[id] = some_key(e, aead_at(id), AEAD_OPEN, id);
		}
		struct aead_op ops[N];
		for (uint32_t i = 0; i < N; i++) {
			memset(alone[i], (int)i, SIZE);
			memset(batch[i], (int)i, SIZE);
			ops[i] = (struct aead_op){
				seal[i * 5 % AEAD_COUNT], alone[i], 8, 16 * (1 + i % 20), i % 2, i, ST_NONE
			};
			aead_seal(e, &ops[i], 1);
			ops[i].at = batch[i];
		}
		aead_seal(e, ops, N);
		assert_memory_equal(alone, batch, sizeof batch);
		for (uint32_t i = 0; i < N; i++) {
			assert_int_equal(ops[i].st, ST_OK);
			ops[i].key = open[i * 5 % AEAD_COUNT];
			batch[i][3] ^= i % 11 == 0;
		}
		aead_open(e, ops, N);
		for (uint32_t i = 0; i < N; i++)
			assert_int_equal(ops[i].st, i % 11 == 0 ? ST_FORGED : ST_OK);
		for (enum aead_id id = 0; id < AEAD_COUNT; id++) {
			aead_key_free(e, seal[id]);
			aead_key_free(e, open[id]);
		}
	}
}

static void part_blocks(void **state)
{
	for (unsigned b = 0; b < engine_count; b++)
		for (enum aead_id id = 0; id < AEAD_COUNT; id++) {
			const struct aead_alg *alg = aead_at(id);
			if (alg->block == 1)
				continue;
			struct aead_key *seal = some_key(engines[b], alg, AEAD_SEAL, 0);
			struct aead_key *open = some_key(engines[b], alg, AEAD_OPEN, 0);
			for (uint32_t n = 0; n < 33; n++) {
				uint8_t m[128] = { 0 };
				struct aead_op op = { seal, m, 8, n, false, 0, ST_NONE };
				aead_seal(engines[b], &op, 1);
				assert_int_equal(op.st, n && n % 16 == 0 ? ST_OK : ST_SYSTEM);
				op.key = open;
				aead_open(engines[b], &op, 1);
				assert_int_equal(op.st, n && n % 16 == 0 ? ST_OK : ST_FORGED);
			}
			aead_key_free(engines[b], seal);
			aead_key_free(engines[b], open);
		}
}

static void wrong_sizes(void **state)
{
	uint8_t bytes[64] = { 0 };
	for (enum aead_id id = 0; id < AEAD_COUNT; id++) {
		const struct aead_alg *alg = aead_at(id);
		assert_ptr_equal(aead_find(alg->name), alg);
		for (int part = 0; part < 3; part++) {
			struct aead_secret s = { span_of(bytes, alg->key), span_of(bytes, alg->integ),
				                 span_of(bytes, alg->salt) };
			struct span *which[] = { &s.key, &s.integ, &s.salt };
			which[part]->n++;
			struct aead_key *k = NULL;
			assert_int_equal(aead_key_new(engines[0], alg, AEAD_SEAL, &s, &k), ST_SHORT);
			assert_null(k);
		}
	}
	assert_null(aead_find("aes128gcm8"));
}

static void vault(void **state)
{
	struct vault v = { 0 };
	uint8_t *blocks[200];
	for (size_t i = 0; i < 200; i++) {
		size_t n = 1 + i * 10;
		blocks[i] = vault_take(&v, n);
		assert_non_null(blocks[i]);
		assert_int_equal((uintptr_t)blocks[i] % VAULT_ALIGN, 0);
		for (size_t k = 0; k < n; k++)
			assert_int_equal(blocks[i][k], 0);
		memset(blocks[i], 0x5a, n);
	}
	for (size_t i = 0; i < 200; i++)
		for (size_t k = 0; k < 1 + i * 10; k++)
			assert_int_equal(blocks[i][k], 0x5a);
	vault_give(&v, blocks[50], 501);
	uint8_t *again = vault_take(&v, 512);
	assert_ptr_equal(again, blocks[50]);
	for (size_t k = 0; k < 512; k++)
		assert_int_equal(again[k], 0);
	assert_null(vault_take(&v, 0));
	assert_null(vault_take(&v, VAULT_BLOCK_MAX + 1));
	vault_give(&v, NULL, 1);
	vault_done(&v);
	assert_null(v.pages);
}

static int setup(void **state)
{
	if (crypto_init(&crypto) != ST_OK)
		return 1;
	for (unsigned i = 0; aead_backend(i); i++) {
		if (aead_engine_new(aead_backend(i), crypto, &engines[engine_count++]) != ST_OK)
			return 1;
		print_message("# back end: %s\n", aead_backend_name(aead_backend(i)));
	}
	return aead_best() == NULL;
}

static int teardown(void **state)
{
	for (unsigned i = 0; i < engine_count; i++)
		aead_engine_free(engines[i]);
	aead_engine_free(NULL);
	crypto_free(crypto);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors),     cmocka_unit_test(every_length_across),
		cmocka_unit_test(batches),     cmocka_unit_test(every_bit_counts),
		cmocka_unit_test(part_blocks), cmocka_unit_test(wrong_sizes),
		cmocka_unit_test(vault),
	};
	return cmocka_run_group_tests_name("crypto: aead", tests, setup, teardown);
}
