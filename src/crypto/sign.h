// SPDX-License-Identifier: Apache-2.0
// Digital signatures as IKEv2 carries them (RFC 7427 3, RFC 8420): one octet of length, an AlgorithmIdentifier in DER, the
// signature. ECDSA on P-256 and P-384, Ed25519, RSA of 2,048 to 8,192 bits with a short exponent, by PSS or PKCS #1
// v1.5; SHA-1 never.
#ifndef CRYPTO_SIGN_H
#define CRYPTO_SIGN_H

#include "base/span.h"

// IANA's "IKEv2 Hash Algorithms", and sets of them.
enum sign_hash { SIGN_SHA256 = 2, SIGN_SHA384 = 3, SIGN_SHA512 = 4, SIGN_IDENTITY = 5 };
#define SIGN_HASH(id) (1u << (id))
enum { SIGN_HASHES = 1u << SIGN_SHA256 | 1u << SIGN_SHA384 | 1u << SIGN_SHA512 | 1u << SIGN_IDENTITY };

enum { SIGN_MAX = 1 + 80 + 1024 }; // octets of the whole: RSA of up to 8,192 bits

#endif
