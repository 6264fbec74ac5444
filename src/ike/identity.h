// SPDX-License-Identifier: Apache-2.0
// Identities (RFC 7296 3.5) from what people write.
#ifndef IKE_IDENTITY_H
#define IKE_IDENTITY_H

#include "crypto/cert.h"
#include "ike/payload.h"

struct ike_made_identity {
	uint8_t type;
	uint8_t octets[IKE_ID_MAX];
	size_t n;
};

// kind: fqdn, email, ip, dn (crypto/dn.h), key-id. ST_SYNTAX; ST_FULL: longer than IKE_ID_MAX.
enum st ike_make_identity(const char *kind, const char *text, struct ike_made_identity *out);
// "kind:text", or a plain host name.
enum st ike_parse_identity(const char *text, struct ike_made_identity *out);
struct ike_identity ike_identity_of(const struct ike_made_identity *made);

// As a certificate carries it (RFC 4945 3.1). false: none can, such as a key-id.
bool ike_cert_name(const struct ike_identity *id, struct cert_name *out);
// By what it is found and compared: its octets; of a distinguished name a mark that all its spellings have, which lies in `mark`.
// A name that cannot be read is what its octets are.
struct span ike_known_as(uint8_t type, struct span data, uint8_t mark[static DN_MARK]);

#endif
