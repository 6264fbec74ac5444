// SPDX-License-Identifier: Apache-2.0
// The intel-ipsec-mb back end (x86): AES-GCM by its direct calls, the others as jobs, of which it works on several at a
// time: HMAC gains by that what it lacks alone. The library only computes tags; comparing them, in constant time, is done
// here. One manager an engine, because it is not thread safe.
#include <assert.h>
#include <intel-ipsec-mb.h>
#include <stdlib.h>

#include "crypto/aead_private.h"
#include "crypto/secret.h"

enum {
	JOBS = 64,         // messages worked on at a time; half of what the library's queue takes
	AES_SCHEDULE = 60, // words of an expanded AES-256 key
	HMAC_BLOCK = 64,   // of SHA-1 and SHA-256
	CHAIN = 32,        // octets of SHA-256's chaining value; SHA-1's is shorter
	CACHE_LINE = 64,
	LANES = 16, // jobs that the widest processors work on at a time
	POWER = 16, // octets of a power of GCM's hash key, and of a round key
};

// What is kept of a key, by its kind. The library wants it aligned, and the vault's blocks are.
struct gcm_kept {
	_Alignas(16) struct gcm_key_data gcm;
};

struct chacha_kept {
	_Alignas(16) uint8_t key[32];
};

struct cbc_kept {
	_Alignas(16) uint32_t schedule[AES_SCHEDULE];
	_Alignas(16) uint8_t inner[CHAIN], outer[CHAIN];
};
static_assert(sizeof(struct gcm_kept) + sizeof(struct aead_key) <= VAULT_BLOCK_MAX,
              "a key fits into a block of the vault");

static_assert(AEAD_TAG_MAX == 16, "tags have 12 octets or 16");

// What a job needs until it is done.
struct slot {
	struct aead_op *op;
	uint8_t nonce[AEAD_NONCE], aad[12];
	uint8_t received[AEAD_TAG_MAX];
	uint8_t computed[32];
};

struct imb_engine {
	struct aead_engine head;
	IMB_MGR *mgr;
	struct gcm_context_data gcm;
	struct slot slots[JOBS];
};

static bool usable(void)
{
	return __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.2");
}

static void engine_free(struct aead_engine *engine)
{
	struct imb_engine *e = (struct imb_engine *)engine;
	if (e->mgr)
		free_mb_mgr(e->mgr);
	secret_wipe(e, sizeof *e);
	free(e);
}

static enum st engine_new(struct crypto *crypto, struct aead_engine **out)
{
	struct imb_engine *e = aligned_alloc(VAULT_ALIGN, (sizeof *e + VAULT_ALIGN - 1) / VAULT_ALIGN * VAULT_ALIGN);
	if (!e)
		return ST_NO_MEMORY;
	memset(e, 0, sizeof *e);
	e->mgr = alloc_mb_mgr(0);
	if (!e->mgr) {
		engine_free(&e->head);
		return ST_NO_MEMORY;
	}
	init_mb_mgr_auto(e->mgr, NULL);
	bool tested = !(e->mgr->features & IMB_FEATURE_SELF_TEST) || (e->mgr->features & IMB_FEATURE_SELF_TEST_PASS);
	if (imb_get_errno(e->mgr) != 0 || !tested) {
		engine_free(&e->head);
		return ST_SYSTEM;
	}
	*out = &e->head;
	return ST_OK;
}

static size_t kept(const struct aead_alg *alg)
{
	switch (alg->kind) {
	case AEAD_GCM:
		return sizeof(struct gcm_kept);
	case AEAD_CHACHA:
		return sizeof(struct chacha_kept);
	default:
		return sizeof(struct cbc_kept);
	}
}

// The chaining value behind one padded block of the key (RFC 2104); the key is no longer than a block.
static void hmac_chain(IMB_MGR *mgr, bool sha1, struct span key, uint8_t pad, uint8_t out[CHAIN])
{
	uint8_t block[HMAC_BLOCK];
	memset(block, pad, sizeof block);
	for (size_t i = 0; i < key.n; i++)
		block[i] ^= key.p[i];
	if (sha1)
		IMB_SHA1_ONE_BLOCK(mgr, block, out);
	else
		IMB_SHA256_ONE_BLOCK(mgr, block, out);
	secret_wipe(block, sizeof block);
}

static void cbc_init(IMB_MGR *mgr, const struct aead_key *key, struct cbc_kept *k, const struct aead_secret *s)
{
	_Alignas(16) uint32_t other[AES_SCHEDULE];
	void *seal = key->way == AEAD_SEAL ? k->schedule : other;
	void *open = key->way == AEAD_SEAL ? other : k->schedule;
	if (s->key.n == IMB_KEY_128_BYTES)
		IMB_AES_KEYEXP_128(mgr, s->key.p, seal, open);
	else
		IMB_AES_KEYEXP_256(mgr, s->key.p, seal, open);
	secret_wipe(other, sizeof other);
	bool sha1 = key->kind == AEAD_CBC_SHA1;
	hmac_chain(mgr, sha1, s->integ, 0x36, k->inner);
	hmac_chain(mgr, sha1, s->integ, 0x5c, k->outer);
}

static enum st key_init(struct aead_engine *engine, struct aead_key *key, const struct aead_secret *s)
{
	IMB_MGR *mgr = ((struct imb_engine *)engine)->mgr;
	void *k = (uint8_t *)key - kept(key->alg);
	switch (key->kind) {
	case AEAD_GCM:
		if (s->key.n == IMB_KEY_128_BYTES)
			IMB_AES128_GCM_PRE(mgr, s->key.p, k);
		else
			IMB_AES256_GCM_PRE(mgr, s->key.p, k);
		break;
	case AEAD_CHACHA:
		memcpy(k, s->key.p, sizeof(struct chacha_kept));
		break;
	default:
		cbc_init(mgr, key, k, s);
	}
	return ST_OK;
}

static void key_done(struct aead_key *key)
{
}

static void fetch(const uint8_t *at, const uint8_t *end)
{
	for (; at < end; at += CACHE_LINE)
		__builtin_prefetch(at);
}

// A GCM key has its round keys in front, and behind them the powers of the hash key, of which a short text needs the last.
static void foresee(const struct aead_key *key, const struct aead_alg *alg, size_t text)
{
	const uint8_t *head = (const uint8_t *)key, *from = aead_kept(key, kept(alg));
	size_t rounds = (size_t)alg->key / 4 + 7;       // and one
	size_t powers = (text + POWER - 1) / POWER + 1; // and of the lengths
	size_t needed = (rounds + powers) * POWER;
	if (alg->kind != AEAD_GCM || needed > sizeof(struct gcm_kept)) {
		fetch(from, head);
		return;
	}
	fetch(from, from + rounds * POWER);
	fetch(head - powers * POWER, head + sizeof *key);
}

static size_t together(const struct aead_alg *alg)
{
	return alg->kind == AEAD_GCM ? 1 : LANES;
}

// In constant time: every octet goes into `differs`, and only that decides. Written out because secret_equal goes octet by
// octet, which is a quarter of what a small packet costs here.
static enum st tag_verdict(const struct aead_op *op, const uint8_t *computed)
{
	const uint8_t *received = aead_tag(op);
	uint64_t a, b;
	uint32_t c, d, e = 0, f = 0;
	memcpy(&a, computed, 8);
	memcpy(&b, received, 8);
	memcpy(&c, computed + 8, 4);
	memcpy(&d, received + 8, 4);
	if (op->key->alg->tag == AEAD_TAG_MAX) {
		memcpy(&e, computed + 12, 4);
		memcpy(&f, received + 12, 4);
	}
	uint64_t differs = (a ^ b) | (c ^ d) | (e ^ f);
	return differs ? ST_FORGED : ST_OK;
}

static void gcm_seal(struct imb_engine *e, struct aead_op *op)
{
	const struct gcm_kept *k = aead_kept(op->key, sizeof *k);
	uint8_t nonce[AEAD_NONCE], room[12];
	aead_nonce(op, nonce);
	struct span aad = aead_associated(op, room);
	uint8_t *text = aead_text(op);
	if (op->key->alg->key == IMB_KEY_128_BYTES)
		IMB_AES128_GCM_ENC(e->mgr, &k->gcm, &e->gcm, text, text, op->text, nonce, aad.p, aad.n, text + op->text,
		                   op->key->alg->tag);
	else
		IMB_AES256_GCM_ENC(e->mgr, &k->gcm, &e->gcm, text, text, op->text, nonce, aad.p, aad.n, text + op->text,
		                   op->key->alg->tag);
	op->st = ST_OK;
}

static void gcm_open(struct imb_engine *e, struct aead_op *op)
{
	const struct gcm_kept *k = aead_kept(op->key, sizeof *k);
	uint8_t nonce[AEAD_NONCE], room[12], computed[AEAD_TAG_MAX];
	aead_nonce(op, nonce);
	struct span aad = aead_associated(op, room);
	uint8_t *text = aead_text(op);
	if (op->key->alg->key == IMB_KEY_128_BYTES)
		IMB_AES128_GCM_DEC(e->mgr, &k->gcm, &e->gcm, text, text, op->text, nonce, aad.p, aad.n, computed,
		                   op->key->alg->tag);
	else
		IMB_AES256_GCM_DEC(e->mgr, &k->gcm, &e->gcm, text, text, op->text, nonce, aad.p, aad.n, computed,
		                   op->key->alg->tag);
	op->st = tag_verdict(op, computed);
}

static void chacha_job(IMB_JOB *job, struct slot *s)
{
	const struct aead_op *op = s->op;
	const struct chacha_kept *k = aead_kept(op->key, sizeof *k);
	aead_nonce(op, s->nonce);
	struct span aad = aead_associated(op, s->aad);
	job->cipher_mode = IMB_CIPHER_CHACHA20_POLY1305;
	job->hash_alg = IMB_AUTH_CHACHA20_POLY1305;
	job->enc_keys = job->dec_keys = k->key;
	job->key_len_in_bytes = sizeof k->key;
	job->iv = s->nonce;
	job->iv_len_in_bytes = sizeof s->nonce;
	job->u.CHACHA20_POLY1305.aad = aad.p;
	job->u.CHACHA20_POLY1305.aad_len_in_bytes = aad.n;
	job->src = job->dst = aead_text(op);
	job->cipher_start_src_offset_in_bytes = job->hash_start_src_offset_in_bytes = 0;
	job->msg_len_to_hash_in_bytes = op->text;
}

// The HMAC is over one run of octets, so the high word of an extended sequence number takes the tag's place meanwhile.
static void cbc_job(IMB_JOB *job, struct slot *s)
{
	const struct aead_op *op = s->op;
	const struct cbc_kept *k = aead_kept(op->key, sizeof *k);
	bool sha1 = op->key->kind == AEAD_CBC_SHA1;
	uint32_t hashed = op->head + op->key->alg->iv + op->text;
	if (op->esn) {
		aead_put_high(aead_tag(op), op->high);
		hashed += 4;
	}
	job->cipher_mode = IMB_CIPHER_CBC;
	job->hash_alg = sha1 ? IMB_AUTH_HMAC_SHA_1 : IMB_AUTH_HMAC_SHA_256;
	job->enc_keys = job->dec_keys = k->schedule;
	job->key_len_in_bytes = op->key->alg->key;
	job->iv = aead_iv(op);
	job->iv_len_in_bytes = op->key->alg->iv;
	job->u.HMAC._hashed_auth_key_xor_ipad = k->inner;
	job->u.HMAC._hashed_auth_key_xor_opad = k->outer;
	job->src = op->at;
	job->dst = aead_text(op);
	job->cipher_start_src_offset_in_bytes = op->head + op->key->alg->iv;
	job->hash_start_src_offset_in_bytes = 0;
	job->msg_len_to_hash_in_bytes = hashed;
}

static void job_done(IMB_JOB *job)
{
	struct slot *s = job->user_data;
	struct aead_op *op = s->op;
	size_t tag = op->key->alg->tag;
	bool opens = op->key->way == AEAD_OPEN;
	memcpy(aead_tag(op), opens ? s->received : s->computed, tag);
	if (job->status != IMB_STATUS_COMPLETED)
		op->st = ST_SYSTEM;
	else
		op->st = opens ? tag_verdict(op, s->computed) : ST_OK;
}

static void job_submit(struct imb_engine *e, struct slot *s)
{
	struct aead_op *op = s->op;
	const struct aead_alg *alg = op->key->alg;
	bool opens = op->key->way == AEAD_OPEN;
	if (opens)
		memcpy(s->received, aead_tag(op), alg->tag);
	IMB_JOB *job = IMB_GET_NEXT_JOB(e->mgr);
	job->cipher_direction = opens ? IMB_DIR_DECRYPT : IMB_DIR_ENCRYPT;
	job->chain_order = opens ? IMB_ORDER_HASH_CIPHER : IMB_ORDER_CIPHER_HASH;
	job->msg_len_to_cipher_in_bytes = op->text;
	job->auth_tag_output = s->computed;
	job->auth_tag_output_len_in_bytes = alg->tag;
	job->user_data = s;
	if (alg->integ)
		cbc_job(job, s);
	else
		chacha_job(job, s);
	for (job = IMB_SUBMIT_JOB_NOCHECK(e->mgr); job; job = IMB_GET_COMPLETED_JOB(e->mgr))
		job_done(job);
}

static void chunk_run(struct imb_engine *e, struct aead_op *ops, size_t n)
{
	bool jobs = false;
	for (size_t i = 0; i < n; i++) {
		struct aead_op *op = &ops[i];
		bool opens = op->key->way == AEAD_OPEN;
		if (op->key->kind == AEAD_GCM) {
			if (opens)
				gcm_open(e, op);
			else
				gcm_seal(e, op);
		} else if (!aead_whole(op)) {
			op->st = opens ? ST_FORGED : ST_SYSTEM;
		} else {
			e->slots[i].op = op;
			job_submit(e, &e->slots[i]);
			jobs = true;
		}
	}
	if (!jobs)
		return;
	for (IMB_JOB *job = IMB_FLUSH_JOB(e->mgr); job; job = IMB_FLUSH_JOB(e->mgr))
		job_done(job);
}

static void run(struct aead_engine *engine, struct aead_op *ops, size_t n)
{
	for (size_t at = 0; at < n; at += JOBS)
		chunk_run((struct imb_engine *)engine, ops + at, n - at < JOBS ? n - at : JOBS);
}

const struct aead_backend aead_ipsecmb = {
	"ipsec-mb", usable, engine_new, engine_free, kept, key_init, key_done, foresee, together, run, run,
};
