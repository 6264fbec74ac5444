// SPDX-License-Identifier: Apache-2.0
#include "pki.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/dn.h"

// Whoever wants us to work has a short private exponent, and so a public one as long as the modulus.
static EVP_PKEY *slow_key(void)
{
	static const char *const names[] = { OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2,
		                             OSSL_PKEY_PARAM_RSA_N };
	BIGNUM *part[3] = { NULL }, *one = BN_new(), *d = BN_new(), *e = BN_new();
	BN_CTX *c = BN_CTX_new();
	EVP_PKEY *plain = EVP_RSA_gen(2048), *slow = NULL;
	for (int i = 0; i < 3; i++)
		assert_int_equal(EVP_PKEY_get_bn_param(plain, names[i], &part[i]), 1);
	BN_one(one);
	BN_set_word(d, 65537);
	BN_sub(part[0], part[0], one);
	BN_sub(part[1], part[1], one);
	BN_mul(e, part[0], part[1], c);
	assert_non_null(BN_mod_inverse(e, d, e, c));
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, part[2]);
	OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, e);
	OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_D, d);
	OSSL_PARAM *all = OSSL_PARAM_BLD_to_param(b);
	EVP_PKEY_CTX *k = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	assert_int_equal(EVP_PKEY_fromdata_init(k), 1);
	assert_int_equal(EVP_PKEY_fromdata(k, &slow, EVP_PKEY_KEYPAIR, all), 1);
	EVP_PKEY_CTX_free(k);
	OSSL_PARAM_free(all);
	OSSL_PARAM_BLD_free(b);
	EVP_PKEY_free(plain);
	BN_CTX_free(c);
	BIGNUM *numbers[] = { part[0], part[1], part[2], one, d, e };
	for (int i = 0; i < 6; i++)
		BN_free(numbers[i]);
	return slow;
}

static EVP_PKEY *new_key(enum pki_kind kind)
{
	switch (kind) {
	case PKI_P256:
		return EVP_EC_gen("P-256");
	case PKI_P384:
		return EVP_EC_gen("P-384");
	case PKI_ED25519:
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	case PKI_RSA:
		return EVP_RSA_gen(2048);
	case PKI_RSA_SHORT:
		return EVP_RSA_gen(1024);
	case PKI_RSA_SLOW:
		return slow_key();
	}
	return NULL;
}

static const EVP_MD *digest_for(EVP_PKEY *by, bool sha1)
{
	return EVP_PKEY_is_a(by, "ED25519") ? NULL : sha1 ? EVP_sha1() : EVP_sha256();
}

static struct text taken(BIO *b)
{
	struct text t = { 0 };
	char *at;
	long n = BIO_get_mem_data(b, &at);
	text_bytes(&t, span_of(at, (size_t)n));
	BIO_free(b);
	return t;
}

static void extend(X509 *c, X509 *by, int nid, const char *value)
{
	X509V3_CTX context;
	if (!value)
		return;
	X509V3_set_ctx(&context, by, c, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	assert_non_null(e);
	assert_int_equal(X509_add_ext(c, e, -1), 1);
	X509_EXTENSION_free(e);
}

static void name(X509 *c, const struct pki_wish *wish)
{
	uint8_t der[DN_MAX];
	size_t n;
	const uint8_t *at = der;
	assert_int_equal(dn_parse(wish->subject ? wish->subject : wish->ca ? "CN=ca" : "CN=leaf", der, &n), ST_OK);
	X509_NAME *subject = d2i_X509_NAME(NULL, &at, (long)n);
	assert_int_equal(X509_set_subject_name(c, subject), 1);
	X509_NAME_free(subject);
}

struct pki pki_make(const struct pki_wish *wish, const struct pki *by)
{
	static long serial;
	int64_t year = 365 * PKI_DAY;
	X509 *c = X509_new();
	EVP_PKEY *key = new_key(wish->kind), *signer = by ? by->pkey : key;
	X509 *issuer = by ? by->x509 : c;
	assert_non_null(key);
	X509_set_version(c, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(c), ++serial);
	ASN1_TIME_set(X509_getm_notBefore(c), (time_t)(PKI_NOW + (wish->from ? wish->from : -year)));
	ASN1_TIME_set(X509_getm_notAfter(c), (time_t)(PKI_NOW + (wish->until ? wish->until : year)));
	name(c, wish);
	X509_set_issuer_name(c, X509_get_subject_name(issuer));
	X509_set_pubkey(c, key);
	extend(c, issuer, NID_basic_constraints, wish->ca ? "critical,CA:TRUE" : NULL);
	extend(c, issuer, NID_key_usage, wish->ca ? "critical,keyCertSign,cRLSign" : wish->usage);
	extend(c, issuer, NID_subject_alt_name, wish->names);
	assert_true(X509_sign(c, signer, digest_for(signer, wish->sha1)) > 0);
	BIO *cert = BIO_new(BIO_s_mem()), *pem = BIO_new(BIO_s_mem());
	PEM_write_bio_X509(cert, c);
	PEM_write_bio_PrivateKey(pem, key, NULL, NULL, 0, NULL, NULL);
	return (struct pki){ taken(cert), taken(pem), c, key };
}

void pki_done(struct pki *p)
{
	X509_free(p->x509);
	EVP_PKEY_free(p->pkey);
	text_done(&p->cert);
	text_done(&p->key);
}

struct text pki_list(const struct pki *ca, int64_t until, const struct pki *const *revoked, size_t n)
{
	X509_CRL *list = X509_CRL_new();
	ASN1_TIME *t = ASN1_TIME_set(NULL, (time_t)(PKI_NOW - PKI_DAY));
	X509_CRL_set_version(list, X509_CRL_VERSION_2);
	X509_CRL_set_issuer_name(list, X509_get_subject_name(ca->x509));
	X509_CRL_set1_lastUpdate(list, t);
	for (size_t i = 0; i < n; i++) {
		X509_REVOKED *r = X509_REVOKED_new();
		X509_REVOKED_set_serialNumber(r, X509_get_serialNumber(revoked[i]->x509));
		X509_REVOKED_set_revocationDate(r, t);
		X509_CRL_add0_revoked(list, r);
	}
	ASN1_TIME_set(t, (time_t)(PKI_NOW + until));
	X509_CRL_set1_nextUpdate(list, t);
	ASN1_TIME_free(t);
	assert_true(X509_CRL_sign(list, ca->pkey, digest_for(ca->pkey, false)) > 0);
	BIO *out = BIO_new(BIO_s_mem());
	PEM_write_bio_X509_CRL(out, list);
	X509_CRL_free(list);
	return taken(out);
}

struct span pki_der(const struct pki *p)
{
	uint8_t *der = NULL;
	int n = i2d_X509(p->x509, &der);
	assert_true(n > 0);
	uint8_t *copy = malloc((size_t)n);
	memcpy(copy, der, (size_t)n);
	OPENSSL_free(der);
	return span_of(copy, (size_t)n);
}
