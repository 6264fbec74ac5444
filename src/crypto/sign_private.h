// SPDX-License-Identifier: Apache-2.0
// What cert.c asks of sign.c: keys stand in certificates and credentials, never alone.
#ifndef CRYPTO_SIGN_PRIVATE_H
#define CRYPTO_SIGN_PRIVATE_H

#include <openssl/evp.h>

#include "crypto/sign.h"

bool sign_key_good(const EVP_PKEY *key); // of a kind and size that we use
// ST_SIGN_METHOD: none of `hashes` goes with the key. ST_SYSTEM.
enum st sign_make(OSSL_LIB_CTX *lib, EVP_PKEY *key, unsigned hashes, struct span data, uint8_t out[static SIGN_MAX],
                  size_t *n);
// ST_SIGN_METHOD: an algorithm that is not ours, or not the key's. ST_FORGED.
enum st sign_check(OSSL_LIB_CTX *lib, EVP_PKEY *key, struct span data, struct span signature);

#endif
