// SPDX-License-Identifier: Apache-2.0
// Rows kept in memory by their key: what state.db is to the fold, without a file.
#ifndef TESTS_ALARM_MODEL_H
#define TESTS_ALARM_MODEL_H

#include "alarm/fold.h"

struct kept {
	uint64_t hash;
	void *row;
	struct kept *next;
};

struct model_table {
	struct kept **slots;
	size_t slots_n, n;
};

struct model {
	struct model_table tables[ROW_TABLES];
};

void model_done(struct model *m);
// Puts a row in place of the one with its key: a fold_visit_fn, arg is the model.
enum st model_put(void *arg, enum row_table t, const void *row);
void model_copy(struct model *to, const struct model *from);
// Stores what changed, and cleans the fold.
void model_store(struct model *m, struct fold *f);
// A fold made of the rows.
struct fold *model_load(const struct model *m, const struct hash_key *key);
// Drops rows that the fold does not want any more.
void model_prune(struct model *m);
// Whether both hold the same rows; prints the first difference.
bool model_same(const struct model *a, const struct model *b, bool quiet);
// The row with this number (or the first), NULL: none.
const void *model_row(const struct model *m, enum row_table t, int64_t id);
size_t model_count(const struct model *m, enum row_table t);

#endif
