// SPDX-License-Identifier: Apache-2.0
// A block that was given back is poisoned for AddressSanitizer, so that it sees who goes on using it.
#include "crypto/aead_vault.h"

#include <sanitizer/asan_interface.h>
#include <sys/mman.h>

#include "crypto/secret.h"

struct vault_block {
	struct vault_block *next;
};

// Stands at the beginning of each run of pages.
struct vault_pages {
	_Alignas(VAULT_ALIGN) struct vault_pages *next;
	size_t size;
};

static size_t rounded(size_t n)
{
	return (n + VAULT_ALIGN - 1) / VAULT_ALIGN * VAULT_ALIGN;
}

static bool vault_grow(struct vault *v)
{
	size_t size = v->pages ? VAULT_MORE : VAULT_FIRST;
	struct vault_pages *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return false;
	if (size == VAULT_MORE)
		(void)madvise(p, size, MADV_HUGEPAGE);
	(void)madvise(p, size, MADV_DONTDUMP);
	if (!v->plain && mlock(p, size) != 0)
		v->unlocked = true;
	p->next = v->pages;
	p->size = size;
	v->pages = p;
	v->at = (uint8_t *)(p + 1);
	v->end = (uint8_t *)p + size;
	return true;
}

void *vault_take(struct vault *v, size_t n)
{
	size_t size = rounded(n);
	if (size == 0 || size > VAULT_BLOCK_MAX)
		return NULL;
	struct vault_block **list = &v->free[size / VAULT_ALIGN - 1];
	struct vault_block *b = *list;
	if (b) {
		ASAN_UNPOISON_MEMORY_REGION(b, size);
		*list = b->next;
		b->next = NULL;
		return b;
	}
	if (size > (size_t)(v->end - v->at) && !vault_grow(v))
		return NULL;
	void *block = v->at;
	v->at += size;
	return block;
}

void vault_give(struct vault *v, void *block, size_t n)
{
	if (!block)
		return;
	secret_wipe(block, n);
	struct vault_block *b = block;
	struct vault_block **list = &v->free[rounded(n) / VAULT_ALIGN - 1];
	b->next = *list;
	*list = b;
	ASAN_POISON_MEMORY_REGION(b, rounded(n));
}

void vault_done(struct vault *v)
{
	while (v->pages) {
		struct vault_pages *next = v->pages->next;
		size_t size = v->pages->size;
		ASAN_UNPOISON_MEMORY_REGION(v->pages, size);
		secret_wipe(v->pages, size);
		munmap(v->pages, size);
		v->pages = next;
	}
	*v = (struct vault){ .plain = v->plain };
}
