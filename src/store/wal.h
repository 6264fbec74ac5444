// SPDX-License-Identifier: Apache-2.0
// Whether journal.db and its WAL together still hold what was made durable.
#ifndef STORE_WAL_H
#define STORE_WAL_H

#include <stdint.h>

#include "base/json.h"
#include "base/status.h"

// Reads DIR/journal.db-wal, if there is one, and the size of DIR/journal.db; changes nothing. For a journal that nobody has
// open. *bytes: how much of the WAL counts. ST_DAMAGED with a sentence in `why`, or ST_IO, ST_DENIED.
enum st wal_check(const char *dir, uint64_t *bytes, struct text *why);

// Writes the first `bytes` of the WAL again as they are and makes them and DIR durable, whatever an earlier process was told.
enum st wal_renew(const char *dir, uint64_t bytes, struct text *why);

#endif
