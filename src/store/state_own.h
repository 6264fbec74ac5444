// SPDX-License-Identifier: Apache-2.0
// What the files of state.db share. Private to src/store.
#ifndef STORE_STATE_OWN_H
#define STORE_STATE_OWN_H

#include "store/folder.h"
#include "store/sql.h"
#include "store/state.h"

struct state {
	sqlite3 *db;
	sqlite3_stmt *begin, *commit, *rollback, *put[ROW_TABLES];
	sqlite3_stmt *alias; // made when it is first asked
	char path[FOLDER_PATH];
	struct text error;
};

// Keeps the sentence of a failure.
enum st state_fail(struct state *s, const char *doing, int rc);
// Fills the row struct from a statement whose columns are those of the table; its spans are good until the next step.
void state_take_row(sqlite3_stmt *s, enum row_table t, void *row);
// Adds the columns, quoted and with commas: "id", "state", ...
void state_columns(enum row_table t, struct text *out);

#endif
