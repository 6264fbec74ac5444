// SPDX-License-Identifier: Apache-2.0
// Bytes that must not leak: comparing them in constant time, wiping them so that the compiler cannot leave it out,
// and randomness. Code that needs randomness takes a `struct random`, so that a test can give its own.
#ifndef CRYPTO_SECRET_H
#define CRYPTO_SECRET_H

#include <stdbool.h>

#include "base/span.h"

// Equal length and equal bytes; the time taken depends on the lengths only.
bool secret_equal(struct span a, struct span b);
void secret_wipe(void *p, size_t n);

typedef enum st random_fn(void *arg, void *out, size_t n);

struct random {
	random_fn *fn;
	void *arg;
};

// The kernel's generator, getrandom(2). ST_SYSTEM with errno; never short.
struct random random_system(void);

static inline enum st random_bytes(struct random r, void *out, size_t n)
{
	return r.fn(r.arg, out, n);
}

#endif
