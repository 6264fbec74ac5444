// SPDX-License-Identifier: Apache-2.0
#include "crypto/cert.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/scoped.h"
#include "crypto/cipher_private.h"
#include "crypto/digest.h"
#include "crypto/sign_private.h"

enum { SECURITY_LEVEL = 2 }; // of OpenSSL: 112 bits, so RSA of 2,048, and no SHA-1 in a chain

struct credential {
	atomic_uint holders;
	OSSL_LIB_CTX *lib;
	EVP_PKEY *key;
	X509 *cert[CERT_CHAIN_MAX];
	uint8_t *der[CERT_CHAIN_MAX];
	size_t size[CERT_CHAIN_MAX], n;
	uint8_t mark[CERT_MARK];
};

struct trust {
	atomic_uint holders;
	OSSL_LIB_CTX *lib;
	X509_STORE *store;
	size_t n;
	bool lists;
	uint8_t hint[CERT_CAS_MAX][CERT_HINT];
	unsigned long name[CERT_CAS_MAX];
	uint8_t mark[CERT_MARK];
};

static void bio_done(BIO **b)
{
	BIO_free(*b);
}

static void cert_done(X509 **c)
{
	X509_free(*c);
}

static void certs_done(STACK_OF(X509) * *s)
{
	sk_X509_pop_free(*s, X509_free);
}

static void context_done(X509_STORE_CTX **c)
{
	X509_STORE_CTX_free(*c);
}

static BIO *bio_of(struct span s)
{
	return s.n && s.n <= CERT_FILE_MAX ? BIO_new_mem_buf(s.p, (int)s.n) : NULL;
}

// After a read of PEM that gave nothing: whether nothing more was there.
static bool at_end(void)
{
	unsigned long e = ERR_peek_last_error();
	return ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_NO_START_LINE;
}

// The next certificate of a PEM file, in the library's context. NULL: no more, or a broken one (at_end).
static X509 *next_cert(OSSL_LIB_CTX *lib, BIO *from)
{
	ERR_clear_error();
	X509 *c = X509_new_ex(lib, NULL);
	if (c && PEM_read_bio_X509(from, &c, NULL, NULL))
		return c;
	X509_free(c);
	return NULL;
}

static X509_CRL *next_list(OSSL_LIB_CTX *lib, BIO *from)
{
	ERR_clear_error();
	X509_CRL *l = X509_CRL_new_ex(lib, NULL);
	if (l && PEM_read_bio_X509_CRL(from, &l, NULL, NULL))
		return l;
	X509_CRL_free(l);
	return NULL;
}

static X509 *read_cert(OSSL_LIB_CTX *lib, struct span der)
{
	const uint8_t *at = der.p;
	X509 *c = der.n && der.n <= UINT16_MAX ? X509_new_ex(lib, NULL) : NULL;
	if (c && d2i_X509(&c, &at, (long)der.n) && at == der.p + der.n)
		return c;
	X509_free(c);
	return NULL;
}

static void mark_of(struct span a, struct span b, uint8_t out[static CERT_MARK])
{
	struct digest d = digest_begin(&digest_sha256);
	digest_add(&d, span_of(&a.n, sizeof a.n));
	digest_add(&d, a);
	digest_add(&d, b);
	digest_end(&d, out);
}

// A key that is encrypted is not asked for a passphrase at a terminal.
static int no_passphrase(char *out, int n, int writing, void *arg)
{
	return -1;
}

static enum st read_own(struct credential *c, struct span certs)
{
	BIO *scoped(bio_done) from = bio_of(certs);
	size_t all = 0;
	for (X509 *x; from && (x = next_cert(c->lib, from));) {
		if (c->n == CERT_CHAIN_MAX) {
			X509_free(x);
			return ST_CERT_SYNTAX;
		}
		int n = i2d_X509(x, &c->der[c->n]);
		c->cert[c->n++] = x;
		if (n <= 0 || (all += (size_t)n) > CERT_OWN_MAX)
			return ST_CERT_SYNTAX;
		c->size[c->n - 1] = (size_t)n;
	}
	return c->n && at_end() ? ST_OK : ST_CERT_SYNTAX;
}

static enum st read_key(struct credential *c, struct span key)
{
	BIO *scoped(bio_done) from = bio_of(key);
	c->key = from ? PEM_read_bio_PrivateKey_ex(from, NULL, no_passphrase, NULL, c->lib, NULL) : NULL;
	if (!c->key || !sign_key_good(c->key))
		return ST_CERT_KEY;
	return X509_check_private_key(c->cert[0], c->key) == 1 ? ST_OK : ST_FORGED;
}

enum st credential_new(const struct crypto *crypto, struct span certs, struct span key, struct credential **out)
{
	struct credential *c = calloc(1, sizeof *c);
	if (!c)
		return ST_NO_MEMORY;
	c->holders = 1;
	c->lib = crypto->lib;
	mark_of(certs, key, c->mark);
	enum st st = read_own(c, certs);
	if (st == ST_OK)
		st = read_key(c, key);
	ERR_clear_error();
	if (st == ST_OK)
		*out = c;
	else
		credential_free(c);
	return st;
}

struct credential *credential_keep(struct credential *c)
{
	atomic_fetch_add(&c->holders, 1);
	return c;
}

void credential_free(struct credential *c)
{
	if (!c || atomic_fetch_sub(&c->holders, 1) > 1)
		return;
	for (size_t i = 0; i < c->n; i++) {
		X509_free(c->cert[i]);
		OPENSSL_free(c->der[i]);
	}
	EVP_PKEY_free(c->key);
	free(c);
}

size_t credential_count(const struct credential *c)
{
	return c->n;
}

struct span credential_der(const struct credential *c, size_t i)
{
	return span_of(c->der[i], c->size[i]);
}

struct span credential_mark(const struct credential *c)
{
	return span_of(c->mark, sizeof c->mark);
}

// A time that cannot be read is long past.
static int64_t seconds(const ASN1_TIME *t)
{
	struct tm tm;
	return t && ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : INT64_MIN;
}

struct cert_life credential_life(const struct credential *c)
{
	struct cert_life life = { INT64_MIN, INT64_MAX };
	for (size_t i = 0; i < c->n; i++) {
		int64_t from = seconds(X509_get0_notBefore(c->cert[i])),
		        until = seconds(X509_get0_notAfter(c->cert[i]));
		life.from = from > life.from ? from : life.from;
		life.until = until < life.until ? until : life.until;
	}
	return life;
}

static bool is_subject(X509 *c, struct span der)
{
	uint8_t asked[DN_MARK], found[DN_MARK];
	const uint8_t *subject;
	size_t n;
	return X509_NAME_get0_der(X509_get_subject_name(c), &subject, &n) == 1 &&
	       dn_mark(span_of(subject, n), found) == ST_OK && dn_mark(der, asked) == ST_OK &&
	       memcmp(asked, found, sizeof asked) == 0;
}

// subjectAltName alone, whole, without wildcards (RFC 4945 3.1).
static bool is_named(X509 *c, const struct cert_name *name)
{
	const unsigned flags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_WILDCARDS;
	struct span v = name->value;
	if (!v.n || (name->kind != CERT_IP && name->kind != CERT_DN && memchr(v.p, 0, v.n)))
		return false;
	switch (name->kind) {
	case CERT_FQDN: // a dot in front would ask for any host below
		return v.p[0] != '.' && X509_check_host(c, (const char *)v.p, v.n, flags, NULL) == 1;
	case CERT_EMAIL:
		return X509_check_email(c, (const char *)v.p, v.n, flags) == 1;
	case CERT_IP:
		return X509_check_ip(c, v.p, v.n, flags) == 1;
	case CERT_DN:
		return is_subject(c, v);
	}
	return false;
}

bool credential_names(const struct credential *c, const struct cert_name *name)
{
	return is_named(c->cert[0], name);
}

static void put_names(struct text *out, const GENERAL_NAMES *names)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		int kind;
		const ASN1_STRING *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &kind);
		if (kind != GEN_DNS && kind != GEN_EMAIL)
			continue;
		text_add(out, kind == GEN_DNS ? ", fqdn " : ", email ");
		text_clean(out, span_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)));
	}
}

void credential_text(const struct credential *c, struct text *out)
{
	const uint8_t *subject;
	size_t n;
	text_add(out, "dn ");
	if (X509_NAME_get0_der(X509_get_subject_name(c->cert[0]), &subject, &n) == 1)
		(void)dn_text(span_of(subject, n), out);
	GENERAL_NAMES *names = X509_get_ext_d2i(c->cert[0], NID_subject_alt_name, NULL, NULL);
	put_names(out, names);
	GENERAL_NAMES_free(names);
}

enum st credential_sign(const struct credential *c, unsigned hashes, struct span data, uint8_t out[static SIGN_MAX],
                        size_t *n)
{
	enum st st = sign_make(c->lib, c->key, hashes, data, out, n);
	ERR_clear_error();
	return st;
}

// SHA-1 over the SubjectPublicKeyInfo: a name for it, nothing that is relied on (RFC 7296 3.7).
static bool hint_of(X509 *ca, uint8_t out[static CERT_HINT])
{
	uint8_t *der = NULL;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(ca), &der);
	if (n <= 0)
		return false;
	digest_of(&digest_sha1, span_of(der, (size_t)n), out);
	OPENSSL_free(der);
	return true;
}

static unsigned long hash_of(OSSL_LIB_CTX *lib, const X509_NAME *name)
{
	return X509_NAME_hash_ex(name, lib, NULL, NULL);
}

static enum st read_cas(struct trust *t, struct span cas)
{
	BIO *scoped(bio_done) from = bio_of(cas);
	for (X509 *c; from && (c = next_cert(t->lib, from)); t->n++) {
		bool vouches = X509_check_ca(c) > 0 || X509_self_signed(c, 0) == 1;
		bool good = t->n < CERT_CAS_MAX && hint_of(c, t->hint[t->n]) && X509_STORE_add_cert(t->store, c) == 1;
		if (good)
			t->name[t->n] = hash_of(t->lib, X509_get_subject_name(c));
		X509_free(c);
		if (!vouches || !good)
			return vouches ? ST_CERT_SYNTAX : ST_CERT_CHAIN;
	}
	return t->n && at_end() ? ST_OK : ST_CERT_SYNTAX;
}

static bool add_list(struct trust *t, X509_CRL *list)
{
	bool good = list && X509_STORE_add_crl(t->store, list) == 1;
	X509_CRL_free(list);
	t->lists |= good;
	return good;
}

static enum st read_lists(struct trust *t, struct span lists)
{
	BIO *scoped(bio_done) from = bio_of(lists);
	while (from && add_list(t, next_list(t->lib, from)))
		;
	if (t->lists)
		return at_end() ? ST_OK : ST_CERT_CRL;
	const uint8_t *at = lists.p;
	X509_CRL *list = from ? X509_CRL_new_ex(t->lib, NULL) : NULL;
	if (list && d2i_X509_CRL(&list, &at, (long)lists.n))
		(void)add_list(t, list);
	return t->lists ? ST_OK : ST_CERT_CRL;
}

enum st trust_new(const struct crypto *crypto, struct span cas, const struct span *lists, struct trust **out)
{
	struct trust *t = calloc(1, sizeof *t);
	if (!t)
		return ST_NO_MEMORY;
	t->holders = 1;
	t->lib = crypto->lib;
	t->store = X509_STORE_new();
	mark_of(cas, lists ? *lists : (struct span){ 0 }, t->mark);
	enum st st = t->store ? read_cas(t, cas) : ST_NO_MEMORY;
	if (st == ST_OK && lists)
		st = read_lists(t, *lists);
	ERR_clear_error();
	if (st == ST_OK)
		*out = t;
	else
		trust_free(t);
	return st;
}

struct trust *trust_keep(struct trust *t)
{
	atomic_fetch_add(&t->holders, 1);
	return t;
}

void trust_free(struct trust *t)
{
	if (!t || atomic_fetch_sub(&t->holders, 1) > 1)
		return;
	X509_STORE_free(t->store);
	free(t);
}

size_t trust_count(const struct trust *t)
{
	return t->n;
}

const uint8_t *trust_hint(const struct trust *t, size_t i)
{
	return t->hint[i];
}

struct span trust_mark(const struct trust *t)
{
	return span_of(t->mark, sizeof t->mark);
}

static bool is_valid(const ASN1_TIME *from, const ASN1_TIME *until, int64_t now)
{
	return seconds(from) <= now && (!until || now <= seconds(until)); // a list may have no end
}

static bool is_issuer(const X509_CRL *list, X509_OBJECT *o)
{
	const X509 *ca = X509_OBJECT_get0_X509(o);
	return ca && X509_NAME_cmp(X509_get_subject_name(ca), X509_CRL_get_issuer(list)) == 0;
}

static bool is_listed(STACK_OF(X509_OBJECT) * all, X509_CRL *list, int64_t now)
{
	bool ours = false;
	for (int i = 0; i < sk_X509_OBJECT_num(all); i++)
		ours |= is_issuer(list, sk_X509_OBJECT_value(all, i));
	return ours && is_valid(X509_CRL_get0_lastUpdate(list), X509_CRL_get0_nextUpdate(list), now);
}

enum st trust_today(const struct trust *t, int64_t now)
{
	STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(t->store);
	bool ca = false, listed = !t->lists;
	for (int i = 0; i < sk_X509_OBJECT_num(all); i++) {
		X509_OBJECT *o = sk_X509_OBJECT_value(all, i);
		const X509 *c = X509_OBJECT_get0_X509(o);
		X509_CRL *list = X509_OBJECT_get0_X509_CRL(o);
		ca |= c && is_valid(X509_get0_notBefore(c), X509_get0_notAfter(c), now);
		listed |= list && is_listed(all, list, now);
	}
	return !ca ? ST_CERT_TIME : listed ? ST_OK : ST_CERT_CRL;
}

static enum st why_not(int error)
{
	switch (error) {
	case X509_V_ERR_CERT_NOT_YET_VALID:
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return ST_CERT_TIME;
	case X509_V_ERR_CERT_REVOKED:
		return ST_CERT_REVOKED;
	case X509_V_ERR_UNABLE_TO_GET_CRL:
	case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
	case X509_V_ERR_CRL_SIGNATURE_FAILURE:
	case X509_V_ERR_CRL_NOT_YET_VALID:
	case X509_V_ERR_CRL_HAS_EXPIRED:
	case X509_V_ERR_CRL_PATH_VALIDATION_ERROR:
		return ST_CERT_CRL;
	case X509_V_ERR_EE_KEY_TOO_SMALL:
	case X509_V_ERR_CA_KEY_TOO_SMALL:
	case X509_V_ERR_CA_MD_TOO_WEAK:
		return ST_CERT_KEY;
	case X509_V_ERR_OUT_OF_MEM:
		return ST_NO_MEMORY;
	default:
		return ST_CERT_CHAIN;
	}
}

// Whoever is believed needs no list of somebody above.
static int judge(int good, X509_STORE_CTX *c)
{
	int error = X509_STORE_CTX_get_error(c);
	bool top = X509_STORE_CTX_get_error_depth(c) == sk_X509_num(X509_STORE_CTX_get0_chain(c)) - 1;
	return good || (top && (error == X509_V_ERR_UNABLE_TO_GET_CRL || error == X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER));
}

static enum st check_chain(const struct trust *t, int64_t now, X509 *leaf, STACK_OF(X509) * between)
{
	X509_STORE_CTX *scoped(context_done) c = X509_STORE_CTX_new_ex(t->lib, NULL);
	if (!c || X509_STORE_CTX_init(c, t->store, leaf, between) != 1)
		return ST_NO_MEMORY;
	X509_VERIFY_PARAM *how = X509_STORE_CTX_get0_param(c);
	X509_VERIFY_PARAM_set_time(how, (time_t)now);
	X509_VERIFY_PARAM_set_auth_level(how, SECURITY_LEVEL);
	X509_VERIFY_PARAM_set_flags(how, X509_V_FLAG_PARTIAL_CHAIN); // up to whom we believe, no further
	X509_STORE_CTX_set_verify_cb(c, judge);
	if (t->lists)
		X509_VERIFY_PARAM_set_flags(how, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	return X509_verify_cert(c) == 1 ? ST_OK : why_not(X509_STORE_CTX_get_error(c));
}

static STACK_OF(X509) * read_between(OSSL_LIB_CTX *lib, const struct trust_claim *claim)
{
	STACK_OF(X509) *between = sk_X509_new_null();
	for (size_t i = 1; between && i < claim->n; i++) {
		X509 *c = read_cert(lib, claim->certs[i]);
		if (c && sk_X509_push(between, c))
			continue;
		X509_free(c);
		sk_X509_pop_free(between, X509_free);
		between = NULL;
	}
	return between;
}

static bool is_readable(const struct trust_claim *claim)
{
	size_t all = 0;
	for (size_t i = 0; i < claim->n && all <= CERT_SHOWN_OCTETS; i++)
		all += claim->certs[i].n;
	return claim->n && all <= CERT_SHOWN_OCTETS;
}

void cert_signers_of(const struct trust *t, const struct trust_claim *claim, struct cert_signers *out)
{
	out->n = 0;
	size_t n = !is_readable(claim) ? 0 : claim->n < CERT_SHOWN_MAX ? claim->n : CERT_SHOWN_MAX;
	for (size_t i = 0; i < n; i++) {
		X509 *scoped(cert_done) c = read_cert(t->lib, claim->certs[i]);
		if (c && i == 0)
			out->name[out->n++] = hash_of(t->lib, X509_get_subject_name(c));
		if (c)
			out->name[out->n++] = hash_of(t->lib, X509_get_issuer_name(c));
	}
	ERR_clear_error();
}

bool trust_signed(const struct trust *t, const struct cert_signers *s)
{
	for (size_t i = 0; i < t->n; i++)
		for (size_t k = 0; k < s->n; k++)
			if (t->name[i] == s->name[k])
				return true;
	return false;
}

// The signature first: whoever has no key of the certificate that is shown learns nothing about what we trust.
static enum st verify(const struct trust *t, int64_t now, const struct trust_claim *claim)
{
	X509 *scoped(cert_done) leaf = is_readable(claim) ? read_cert(t->lib, claim->certs[0]) : NULL;
	STACK_OF(X509) * scoped(certs_done) between = leaf ? read_between(t->lib, claim) : NULL;
	EVP_PKEY *key = between ? X509_get0_pubkey(leaf) : NULL;
	if (!key)
		return ST_CERT_SYNTAX;
	if (!sign_key_good(key) || !(X509_get_key_usage(leaf) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)))
		return ST_CERT_KEY;
	enum st st = sign_check(t->lib, key, claim->data, claim->signature);
	if (st == ST_OK)
		st = check_chain(t, now, leaf, between);
	if (st == ST_OK && !is_named(leaf, &claim->name))
		st = ST_CERT_NAME;
	return st;
}

enum st trust_verify(const struct trust *t, int64_t now, const struct trust_claim *claim)
{
	enum st st = verify(t, now, claim);
	ERR_clear_error();
	return st;
}
