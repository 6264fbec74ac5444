// SPDX-License-Identifier: Apache-2.0
#include "alarm/table.h"

#include <stdlib.h>

enum { SLOTS_FIRST = 64 };

void table_done(struct table *t)
{
	free(t->slots);
	*t = (struct table){ 0 };
}

static void link_node(struct table *t, struct node *n)
{
	struct node **slot = &t->slots[n->hash & t->mask];
	n->next = *slot;
	*slot = n;
}

static bool grow(struct table *t)
{
	size_t slots = t->slots ? 2 * (t->mask + 1) : SLOTS_FIRST;
	struct table wider = { .slots = calloc(slots, sizeof(struct node *)), .mask = slots - 1, .n = t->n };
	if (!wider.slots)
		return false;
	for (size_t i = 0; t->slots && i <= t->mask; i++) {
		for (struct node *n = t->slots[i]; n;) {
			struct node *next = n->next;
			link_node(&wider, n);
			n = next;
		}
	}
	free(t->slots);
	*t = wider;
	return true;
}

bool table_put(struct table *t, struct node *n)
{
	if ((!t->slots || t->n > t->mask) && !grow(t) && !t->slots)
		return false;
	link_node(t, n);
	t->n++;
	return true;
}

void table_remove(struct table *t, struct node *n)
{
	for (struct node **at = t->slots ? &t->slots[n->hash & t->mask] : NULL; at && *at; at = &(*at)->next) {
		if (*at == n) {
			*at = n->next;
			t->n--;
			return;
		}
	}
}

static struct node *same_hash(struct node *n, uint64_t hash)
{
	while (n && n->hash != hash)
		n = n->next;
	return n;
}

struct node *table_first(const struct table *t, uint64_t hash)
{
	return t->slots ? same_hash(t->slots[hash & t->mask], hash) : NULL;
}

struct node *table_next(const struct node *n)
{
	return same_hash(n->next, n->hash);
}

struct node *table_walk(const struct table *t, const struct node *n)
{
	if (n && n->next)
		return n->next;
	for (size_t i = n ? (n->hash & t->mask) + 1 : 0; t->slots && i <= t->mask; i++)
		if (t->slots[i])
			return t->slots[i];
	return NULL;
}
