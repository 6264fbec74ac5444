// SPDX-License-Identifier: Apache-2.0
// Whether journal.db and its WAL together still hold what was made durable.
#ifndef STORE_WAL_H
#define STORE_WAL_H

#include "base/json.h"
#include "base/status.h"

// Reads DIR/journal.db-wal, if there is one, and the size of DIR/journal.db; changes nothing. For a journal that nobody has
// open. ST_DAMAGED with a sentence in `why`, or ST_IO, ST_DENIED.
enum st wal_check(const char *dir, struct text *why);

#endif
