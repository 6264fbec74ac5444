// SPDX-License-Identifier: Apache-2.0
#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/scoped.h"
#include "crypto/sign_private.h"

// An exponent as long as the modulus, which only a forger has, makes a check of a signature cost thirty times as much.
enum { RSA_BITS_MIN = 2048, RSA_BITS_MAX = 8192, RSA_EXPONENT_BITS_MAX = 33 };

static const struct hash {
	enum sign_hash id;
	int nid;
	const char *name; // NULL: the whole of the data is signed (RFC 8420)
	uint8_t size;
} hashes_by_wish[] = {
	{ SIGN_SHA256, NID_sha256, "SHA2-256", 32 },
	{ SIGN_SHA384, NID_sha384, "SHA2-384", 48 },
	{ SIGN_SHA512, NID_sha512, "SHA2-512", 64 },
	{ SIGN_IDENTITY, NID_undef, NULL, 0 },
};
enum { HASHES = sizeof hashes_by_wish / sizeof *hashes_by_wish };

// AlgorithmIdentifiers, RFC 7427 appendix A and RFC 8420 appendix A. `length` is that of the salt (PSS).
enum scheme { ECDSA, RSA_PKCS1, RSA_PSS, ED25519 };
static const struct {
	enum scheme scheme;
	enum sign_hash hash;
	int nid;
} schemes[] = {
	{ ECDSA, SIGN_SHA256, NID_ecdsa_with_SHA256 },
	{ ECDSA, SIGN_SHA384, NID_ecdsa_with_SHA384 },
	{ ECDSA, SIGN_SHA512, NID_ecdsa_with_SHA512 },
	{ RSA_PKCS1, SIGN_SHA256, NID_sha256WithRSAEncryption },
	{ RSA_PKCS1, SIGN_SHA384, NID_sha384WithRSAEncryption },
	{ RSA_PKCS1, SIGN_SHA512, NID_sha512WithRSAEncryption },
	{ ED25519, SIGN_IDENTITY, NID_ED25519 },
};
enum { SCHEMES = sizeof schemes / sizeof *schemes };

static void algor_done(X509_ALGOR **a)
{
	X509_ALGOR_free(*a);
}

static void pss_done(RSA_PSS_PARAMS **p)
{
	RSA_PSS_PARAMS_free(*p);
}

static void number_done(BIGNUM **n)
{
	BN_free(*n);
}

static void context_done(EVP_MD_CTX **c)
{
	EVP_MD_CTX_free(*c);
}

static const struct hash *hash_of(enum sign_hash id)
{
	for (int i = 0; i < HASHES; i++)
		if (hashes_by_wish[i].id == id)
			return &hashes_by_wish[i];
	return NULL;
}

static bool is_curve(const EVP_PKEY *key, const char *name)
{
	char group[32];
	size_t n;
	return EVP_PKEY_get_group_name(key, group, sizeof group, &n) == 1 && strcmp(group, name) == 0;
}

static bool rsa_good(const EVP_PKEY *key)
{
	BIGNUM *scoped(number_done) e = NULL;
	int bits = EVP_PKEY_get_bits(key);
	return bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX &&
	       EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1 && BN_num_bits(e) <= RSA_EXPONENT_BITS_MAX;
}

bool sign_key_good(const EVP_PKEY *key)
{
	if (EVP_PKEY_is_a(key, "RSA"))
		return rsa_good(key);
	if (EVP_PKEY_is_a(key, "EC"))
		return is_curve(key, "prime256v1") || is_curve(key, "secp384r1");
	return EVP_PKEY_is_a(key, "ED25519");
}

static bool scheme_fits(enum scheme s, const EVP_PKEY *key)
{
	static const char *const kinds[] = {
		[ECDSA] = "EC", [RSA_PKCS1] = "RSA", [RSA_PSS] = "RSA", [ED25519] = "ED25519"
	};
	return EVP_PKEY_is_a(key, kinds[s]);
}

static EVP_MD_CTX *begin(OSSL_LIB_CTX *lib, EVP_PKEY *key, enum scheme scheme, const struct hash *hash, bool verify)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	EVP_PKEY_CTX *p = NULL;
	int good = !c       ? 0
	           : verify ? EVP_DigestVerifyInit_ex(c, &p, hash->name, lib, NULL, key, NULL)
	                    : EVP_DigestSignInit_ex(c, &p, hash->name, lib, NULL, key, NULL);
	if (good > 0 && scheme == RSA_PSS)
		good = EVP_PKEY_CTX_set_rsa_padding(p, RSA_PKCS1_PSS_PADDING) > 0 &&
		       EVP_PKEY_CTX_set_rsa_pss_saltlen(p, RSA_PSS_SALTLEN_DIGEST) > 0;
	if (good > 0)
		return c;
	EVP_MD_CTX_free(c);
	return NULL;
}

// With our hash the salt is as long as the digest (RFC 8247 3.1).
static int put_pss(const struct hash *hash, uint8_t *out, size_t room)
{
	RSA_PSS_PARAMS *scoped(pss_done) pss = RSA_PSS_PARAMS_new();
	X509_ALGOR *scoped(algor_done) whole = X509_ALGOR_new();
	ASN1_STRING *inner = NULL, *outer = NULL;
	if (!pss || !whole)
		return 0;
	pss->hashAlgorithm = X509_ALGOR_new();
	pss->maskGenAlgorithm = X509_ALGOR_new();
	pss->saltLength = ASN1_INTEGER_new();
	if (!pss->hashAlgorithm || !pss->maskGenAlgorithm || !pss->saltLength ||
	    !X509_ALGOR_set0(pss->hashAlgorithm, OBJ_nid2obj(hash->nid), V_ASN1_NULL, NULL) ||
	    !ASN1_item_pack(pss->hashAlgorithm, ASN1_ITEM_rptr(X509_ALGOR), &inner) ||
	    !ASN1_INTEGER_set(pss->saltLength, hash->size))
		return 0;
	X509_ALGOR_set0(pss->maskGenAlgorithm, OBJ_nid2obj(NID_mgf1), V_ASN1_SEQUENCE, inner);
	if (!ASN1_item_pack(pss, ASN1_ITEM_rptr(RSA_PSS_PARAMS), &outer))
		return 0;
	X509_ALGOR_set0(whole, OBJ_nid2obj(NID_rsassaPss), V_ASN1_SEQUENCE, outer);
	int n = i2d_X509_ALGOR(whole, NULL);
	return n > 0 && (size_t)n <= room ? i2d_X509_ALGOR(whole, &out) : 0;
}

static int put_plain(enum scheme scheme, const struct hash *hash, uint8_t *out, size_t room)
{
	X509_ALGOR *scoped(algor_done) a = X509_ALGOR_new();
	int nid = NID_undef;
	for (int i = 0; i < SCHEMES; i++)
		if (schemes[i].scheme == scheme && schemes[i].hash == hash->id)
			nid = schemes[i].nid;
	if (!a || !X509_ALGOR_set0(a, OBJ_nid2obj(nid), scheme == RSA_PKCS1 ? V_ASN1_NULL : V_ASN1_UNDEF, NULL))
		return 0;
	int n = i2d_X509_ALGOR(a, NULL);
	return n > 0 && (size_t)n <= room ? i2d_X509_ALGOR(a, &out) : 0;
}

// The hash that suits the strength of the key, else the first that the peer takes.
static const struct hash *choose(const EVP_PKEY *key, unsigned hashes)
{
	bool ed = EVP_PKEY_is_a(key, "ED25519");
	enum sign_hash best = ed ? SIGN_IDENTITY : is_curve(key, "secp384r1") ? SIGN_SHA384 : SIGN_SHA256;
	if (hashes & SIGN_HASH(best))
		return hash_of(best);
	for (int i = 0; !ed && i < HASHES; i++)
		if (hashes & SIGN_HASH(hashes_by_wish[i].id) && hashes_by_wish[i].name)
			return &hashes_by_wish[i];
	return NULL;
}

enum st sign_make(OSSL_LIB_CTX *lib, EVP_PKEY *key, unsigned hashes, struct span data, uint8_t out[static SIGN_MAX],
                  size_t *n)
{
	const struct hash *hash = choose(key, hashes);
	enum scheme scheme = EVP_PKEY_is_a(key, "RSA") ? RSA_PSS : EVP_PKEY_is_a(key, "EC") ? ECDSA : ED25519;
	if (!hash)
		return ST_SIGN_METHOD;
	enum { ALGORITHM_MAX = 80 };
	int name = scheme == RSA_PSS ? put_pss(hash, out + 1, ALGORITHM_MAX)
	                             : put_plain(scheme, hash, out + 1, ALGORITHM_MAX);
	EVP_MD_CTX *scoped(context_done) c = name ? begin(lib, key, scheme, hash, false) : NULL;
	size_t size = SIGN_MAX - 1 - (size_t)name;
	if (!c || EVP_DigestSign(c, out + 1 + name, &size, data.p, data.n) <= 0)
		return ST_SYSTEM;
	out[0] = (uint8_t)name;
	*n = 1 + (size_t)name + size;
	return ST_OK;
}

// NULL, or an explicit NULL, where an algorithm has no parameters.
static bool is_plain(const X509_ALGOR *a, int *nid)
{
	const ASN1_OBJECT *object;
	int type;
	X509_ALGOR_get0(&object, &type, NULL, a);
	*nid = OBJ_obj2nid(object);
	return type == V_ASN1_UNDEF || type == V_ASN1_NULL;
}

static const struct hash *hash_named(const X509_ALGOR *a)
{
	int nid;
	if (!a || !is_plain(a, &nid))
		return NULL;
	for (int i = 0; i < HASHES; i++)
		if (hashes_by_wish[i].name && hashes_by_wish[i].nid == nid)
			return &hashes_by_wish[i];
	return NULL;
}

// One hash for both, its salt as long: what RFC 8247 3.1 wants, and the defaults with SHA-1 are none of it.
static const struct hash *read_pss(const ASN1_STRING *sequence)
{
	const RSA_PSS_PARAMS *pss = NULL;
	RSA_PSS_PARAMS *scoped(pss_done) owned = ASN1_item_unpack(sequence, ASN1_ITEM_rptr(RSA_PSS_PARAMS));
	pss = owned;
	const struct hash *hash = pss ? hash_named(pss->hashAlgorithm) : NULL;
	if (!hash || !pss->maskGenAlgorithm || !pss->saltLength || ASN1_INTEGER_get(pss->saltLength) != hash->size ||
	    (pss->trailerField && ASN1_INTEGER_get(pss->trailerField) != 1))
		return NULL;
	const ASN1_OBJECT *object;
	const void *value;
	int type;
	X509_ALGOR_get0(&object, &type, &value, pss->maskGenAlgorithm);
	if (OBJ_obj2nid(object) != NID_mgf1 || type != V_ASN1_SEQUENCE)
		return NULL;
	X509_ALGOR *scoped(algor_done) mask = ASN1_item_unpack(value, ASN1_ITEM_rptr(X509_ALGOR));
	return hash_named(mask) == hash ? hash : NULL;
}

static const struct hash *read_algorithm(struct span der, enum scheme *scheme)
{
	const uint8_t *at = der.p;
	X509_ALGOR *scoped(algor_done) a = der.n ? d2i_X509_ALGOR(NULL, &at, (long)der.n) : NULL;
	const ASN1_OBJECT *object;
	const void *value;
	int nid, type;
	if (!a || at != der.p + der.n)
		return NULL;
	X509_ALGOR_get0(&object, &type, &value, a);
	*scheme = RSA_PSS;
	if (OBJ_obj2nid(object) == NID_rsassaPss)
		return type == V_ASN1_SEQUENCE ? read_pss(value) : NULL;
	if (!is_plain(a, &nid))
		return NULL;
	for (int i = 0; i < SCHEMES; i++)
		if (schemes[i].nid == nid) {
			*scheme = schemes[i].scheme;
			return hash_of(schemes[i].hash);
		}
	return NULL;
}

enum st sign_check(OSSL_LIB_CTX *lib, EVP_PKEY *key, struct span data, struct span signature)
{
	struct rd r = rd_of(signature);
	struct span name = rd_take(&r, rd_u8(&r)), value = rd_rest(&r);
	enum scheme scheme;
	const struct hash *hash = r.bad ? NULL : read_algorithm(name, &scheme);
	if (!hash || !scheme_fits(scheme, key))
		return ST_SIGN_METHOD;
	EVP_MD_CTX *scoped(context_done) c = begin(lib, key, scheme, hash, true);
	if (!c)
		return ST_NO_MEMORY;
	return EVP_DigestVerify(c, value.p, value.n, data.p, data.n) == 1 ? ST_OK : ST_FORGED;
}
