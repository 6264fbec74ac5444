// SPDX-License-Identifier: Apache-2.0
#include "crypto/secret.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <sys/random.h>

bool secret_equal(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || CRYPTO_memcmp(a.p, b.p, a.n) == 0);
}

void secret_wipe(void *p, size_t n)
{
	OPENSSL_cleanse(p, n);
}

static enum st system_random(void *arg, void *out, size_t n)
{
	uint8_t *at = out;
	while (n) {
		ssize_t got = getrandom(at, n, 0);
		if (got < 0 && errno != EINTR)
			return ST_SYSTEM;
		if (got > 0) {
			at += got;
			n -= (size_t)got;
		}
	}
	return ST_OK;
}

struct random random_system(void)
{
	return (struct random){ system_random, NULL };
}
