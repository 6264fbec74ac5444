// SPDX-License-Identifier: Apache-2.0
// What crypto.c loads and cipher.c uses.
#ifndef CRYPTO_CIPHER_PRIVATE_H
#define CRYPTO_CIPHER_PRIVATE_H

#include <openssl/evp.h>
#include <openssl/provider.h>

#include "crypto/cipher.h"

struct crypto {
	OSSL_LIB_CTX *lib; // our own, so that no openssl.cnf changes what the process does
	OSSL_PROVIDER *standard, *legacy;
	EVP_CIPHER *seal[CIPHER_COUNT]; // the mode of the RFC
	EVP_CIPHER *open[CIPHER_COUNT]; // what cipher_open runs on: see there
};

#endif
