// SPDX-License-Identifier: Apache-2.0
// X.509 certificates (RFC 5280, RFC 4945) for IKEv2, by OpenSSL's verifier: our own with its private key, and what others are
// believed by: certification authorities, and their revocation lists. Both are counted references to what never changes,
// so that threads share them. A certificate that came from a peer never leaves this file: it is believed for one
// signature, or not at all.
#ifndef CRYPTO_CERT_H
#define CRYPTO_CERT_H

#include "crypto/crypto.h"
#include "crypto/dn.h"
#include "crypto/sign.h"

enum {
	CERT_CHAIN_MAX = 4,   // our own and those between it and its CA
	CERT_OWN_MAX = 12288, // octets of these together, in DER: they go into one message of IKE
	CERT_CAS_MAX = 16,    // in one file of CAs
	CERT_HINT = 20,       // octets by which a CA is named in CERTREQ (RFC 7296 3.7)
	CERT_MARK = 32,
	CERT_FILE_MAX = 1 << 22, // octets of a file of certificates, or of revocation lists
};

// What a certificate must say that its holder is called; a subjectAltName, or the whole subject.
enum cert_name_kind { CERT_FQDN, CERT_EMAIL, CERT_IP, CERT_DN };
struct cert_name {
	enum cert_name_kind kind;
	struct span value; // text, 4 or 16 octets, DER
};

struct credential;

// Certificates in PEM, ours first; a private key in PEM, not encrypted. ST_CERT_SYNTAX: no certificates, a broken one, or over a limit;
// ST_CERT_KEY: no key, or of a kind that cannot sign here; ST_FORGED: the key is another certificate's. ST_NO_MEMORY.
// The caller owns *out.
enum st credential_new(const struct crypto *crypto, struct span certs, struct span key, struct credential **out);
struct credential *credential_keep(struct credential *c);
void credential_free(struct credential *c); // NULL is fine
size_t credential_count(const struct credential *c);
struct span credential_der(const struct credential *c, size_t i);
bool credential_names(const struct credential *c, const struct cert_name *name);
// Every name of the certificate, for people.
void credential_text(const struct credential *c, struct text *out);
// Of what it was made from, so that a change is seen.
struct span credential_mark(const struct credential *c);
// Seconds since 1970 between which each certificate of it is valid.
struct cert_life {
	int64_t from, until;
};
struct cert_life credential_life(const struct credential *c);
// Signs with a hash that the peer takes. ST_SIGN_METHOD: none of `hashes` goes with our key.
enum st credential_sign(const struct credential *c, unsigned hashes, struct span data, uint8_t out[static SIGN_MAX],
                        size_t *n);

struct trust;

// CAs in PEM, at the top of a hierarchy or within one, or a certificate that its holder signed, for itself alone; revocation lists in
// PEM, or one in DER. lists NULL: none is asked for; otherwise each certificate below a CA needs a valid one of its
// issuer, and an empty file is none. // ST_CERT_SYNTAX: no CA, a broken one, or too many; ST_CERT_CHAIN: a certificate that vouches for nobody;
// ST_CERT_CRL: no list in there, or a broken one; ST_NO_MEMORY.
enum st trust_new(const struct crypto *crypto, struct span cas, const struct span *lists, struct trust **out);
struct trust *trust_keep(struct trust *t);
void trust_free(struct trust *t);
size_t trust_count(const struct trust *t);
const uint8_t *trust_hint(const struct trust *t, size_t i); // CERT_HINT octets
struct span trust_mark(const struct trust *t);
// Whether anybody can be believed by it at this time. ST_CERT_TIME: no CA is valid; ST_CERT_CRL: lists are asked for, and no valid
// one is of these CAs.
enum st trust_today(const struct trust *t, int64_t now);

// What a peer shows: its certificate and those above it, in DER, and a signature over `data`.
struct trust_claim {
	const struct span *certs;
	size_t n;
	struct cert_name name;
	struct span data, signature;
};

// Whom a peer names: who signed what it shows (CERT_SHOWN_MAX certificates, further ones are passed over), and its own subject.
enum { CERT_SHOWN_MAX = 8, CERT_SHOWN_OCTETS = 16384 }; // octets: together, and more is not read
struct cert_signers {
	unsigned long name[CERT_SHOWN_MAX + 1];
	size_t n;
};
void cert_signers_of(const struct trust *t, const struct trust_claim *claim, struct cert_signers *out);
// Whether a CA of `t` is among them; by a hash of 32 bits, so for the choice between trusts that are asked, and nothing that is relied
// on.
bool trust_signed(const struct trust *t, const struct cert_signers *s);

// now: seconds since 1970. ST_OK: whoever made the signature has the private key of a certificate that a CA of `t` vouches for
// today, and its name is that one. ST_CERT_SYNTAX (or over CERT_SHOWN_OCTETS), ST_CERT_KEY, ST_SIGN_METHOD, ST_FORGED, ST_CERT_CHAIN, ST_CERT_TIME,
// ST_CERT_REVOKED, ST_CERT_CRL, ST_CERT_NAME, in this order.
enum st trust_verify(const struct trust *t, int64_t now, const struct trust_claim *claim);

#endif
