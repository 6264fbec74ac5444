// SPDX-License-Identifier: Apache-2.0
// Certificates, keys and revocation lists made while a test runs, in PEM; what fails here fails the test.
#ifndef TESTS_CRYPTO_PKI_H
#define TESTS_CRYPTO_PKI_H

#include "base/json.h"

enum { PKI_DAY = 86400 };
#define PKI_NOW INT64_C(1800000000) // 2027-01-15

enum pki_kind { PKI_P256, PKI_P384, PKI_ED25519, PKI_RSA, PKI_RSA_SHORT, PKI_RSA_SLOW }; // slow: a long exponent

struct pki {
	struct text cert, key; // PEM
	void *x509, *pkey;     // the same, as the library has them
};

struct pki_wish {
	enum pki_kind kind;
	const char *subject; // as dn_parse takes it; NULL: "CN=" and what it is
	const char *names;   // subjectAltName in OpenSSL's words, "DNS:site1,email:a@b"; NULL: none
	const char *usage;   // keyUsage; NULL: none
	bool ca;
	bool sha1;           // signed with a hash that is none any more
	int64_t from, until; // seconds against PKI_NOW; both 0: a year around it
};

// `by` NULL: itself.
struct pki pki_make(const struct pki_wish *wish, const struct pki *by);
void pki_done(struct pki *p);
// What the CA has revoked: all that is given. until: seconds against PKI_NOW.
struct text pki_list(const struct pki *ca, int64_t until, const struct pki *const *revoked, size_t n);
// Its certificate in DER, to be freed.
struct span pki_der(const struct pki *p);

#endif
