// SPDX-License-Identifier: Apache-2.0
// Memory for expanded keys: pages that are never swapped out and never in a core dump, as far as the process may lock them
// (RLIMIT_MEMLOCK). Cut into blocks of a few sizes; a block that comes back is wiped and used again. One thread's.
#ifndef CRYPTO_AEAD_VAULT_H
#define CRYPTO_AEAD_VAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum vault_limits {
	VAULT_ALIGN = 64,       // blocks begin on a cache line: intel-ipsec-mb wants it of its keys
	VAULT_BLOCK_MAX = 2048, // octets; a larger one is refused
	VAULT_FIRST = 64 << 10, // octets taken from the system at first; they stay until the vault ends
	VAULT_MORE = 2 << 20,   // and each time after that: a huge page where the kernel gives one
};

struct vault_block;
struct vault_pages;

struct vault {
	struct vault_block *free[VAULT_BLOCK_MAX / VAULT_ALIGN];
	struct vault_pages *pages;
	uint8_t *at, *end; // not yet cut
	bool unlocked;     // at least once the pages could not be locked
	bool plain;        // set at first by who keeps no secrets in it: its pages are not locked
};

// A zeroed block, aligned to VAULT_ALIGN, or NULL. An empty struct vault is ready.
void *vault_take(struct vault *v, size_t n);
// Wipes it and keeps it for the next of its size. NULL is legal.
void vault_give(struct vault *v, void *block, size_t n);
// Wipes and returns everything.
void vault_done(struct vault *v);

#endif
