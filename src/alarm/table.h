// SPDX-License-Identifier: Apache-2.0
// A hash table of things that hold their own link. It never owns them, and nothing may depend on its order: the hash is keyed
// per process.
#ifndef ALARM_TABLE_H
#define ALARM_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct node {
	struct node *next;
	uint64_t hash;
};

struct table {
	struct node **slots;
	size_t mask, n; // mask + 1 slots, none before the first table_put
};

void table_done(struct table *t);
// Adds a node whose hash is set. false: out of memory, not added.
bool table_put(struct table *t, struct node *n);
void table_remove(struct table *t, struct node *n);
// The nodes with this hash, one after the other; NULL at the end.
struct node *table_first(const struct table *t, uint64_t hash);
struct node *table_next(const struct node *n);
// All nodes, in no order: begin with NULL.
struct node *table_walk(const struct table *t, const struct node *n);

#endif
