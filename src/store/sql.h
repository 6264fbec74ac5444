// SPDX-License-Identifier: Apache-2.0
// The few things that every SQLite connection of this folder needs: opening it the same way, preparing, and turning a
// result code with its errno into a status and a sentence. Only src/store may include sqlite3.h.
#ifndef STORE_SQL_H
#define STORE_SQL_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/status.h"

enum sql_limits {
	SQL_BUSY_MS = 2000, // how long a connection waits for another one that recovers the WAL
};

// ST_DISK_FULL, ST_IO, ST_DAMAGED, ST_NOT_OURS, ST_DENIED, ST_BUSY, ST_NO_MEMORY, or ST_OK. `db` may be NULL. Both look at errno
// when SQLite did not keep it: call them directly after what failed.
enum st sql_status(sqlite3 *db, int rc);
// "disk I/O error (fsync; Input/output error)": what SQLite and the system say of the last error on `db`.
void sql_sentence(sqlite3 *db, int rc, struct text *out);

// Opens a connection for one thread. `flags`: SQLITE_OPEN_READWRITE or SQLITE_OPEN_READONLY, maybe SQLITE_OPEN_URI.
// On failure *db may still be set, so that sql_sentence can be asked; sql_close it.
int sql_open(const char *path, int flags, sqlite3 **db);
// Read-only, of a file that nobody writes: for a reader who may not make the -shm file of a database that has no WAL now.
int sql_open_immutable(const char *path, sqlite3 **db);
void sql_close(sqlite3 **db);
int sql_prepare(sqlite3 *db, const char *text, sqlite3_stmt **out);
void sql_finish(sqlite3_stmt **s);
// Steps a statement that gives no row and resets it. errno is that of the step.
int sql_run(sqlite3_stmt *s);
// Steps a statement that gives one integer and resets it; *out changes only on SQLITE_ROW.
int sql_int(sqlite3_stmt *s, int64_t *out);

// The one integer that a query gives; *out stays when there is no row.
int sql_number(sqlite3 *db, const char *text, int64_t *out);

// Whose file it is, and whether anything is in it.
struct sql_identity {
	int64_t application, version, tables;
};
int sql_identify(sqlite3 *db, struct sql_identity *out);

#endif
