// SPDX-License-Identifier: Apache-2.0
// The cryptographic library as an object: made once by the main thread before the process locks itself in (OpenSSL
// loads its legacy provider, where DES lives, from a file), then shared read-only by every thread.
#ifndef CRYPTO_CRYPTO_H
#define CRYPTO_CRYPTO_H

#include "base/status.h"

struct crypto;

// Loads what the process will ever need. ST_SYSTEM when a provider or an algorithm cannot be had (Debian: libssl3
// carries ossl-modules/legacy.so), ST_NO_MEMORY. The caller owns *out: crypto_free.
enum st crypto_init(struct crypto **out);
void crypto_free(struct crypto *c);

#endif
