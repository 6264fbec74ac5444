// SPDX-License-Identifier: Apache-2.0
// Distinguished names (X.501, RFC 5280 4.1.2.4) as identities: from text, to text, and a mark by which two are found to be
// the same although one spells its strings in another ASN.1 type, in capitals or with more blanks (RFC 5280 7.1).
#ifndef CRYPTO_DN_H
#define CRYPTO_DN_H

#include "base/json.h"
#include "base/span.h"

enum {
	DN_MAX = 256, // octets of a name in DER that we take or make
	DN_MARK = 32,
};

// Attributes in the order of the certificate, as `openssl x509 -noout -subject` and strongSwan print them:
// "C=NL, O=Shop, CN=site1"; a comma, a plus or a backslash in a value has a backslash before it. Writes DER.
// ST_SYNTAX: not so, or a type that nobody knows. ST_FULL.
enum st dn_parse(const char *text, uint8_t out[static DN_MAX], size_t *n);
// ST_SYNTAX: no name in DER, or one with a zero octet in a value.
enum st dn_mark(struct span der, uint8_t out[static DN_MARK]);
// In the form of dn_parse. ST_SYNTAX: as above; nothing was written.
enum st dn_text(struct span der, struct text *out);

#endif
