// SPDX-License-Identifier: Apache-2.0
// state.db: what the alarm fold made of the journal (alarm/rows.h), with the cursor in the same transaction. It can be
// computed again, so it is not synced at every commit: after a power loss it may be a little behind, never torn.
//
// One table for each of enum row_table, its columns those of row_info; all STRICT. Whoever follows the journal is its one
// writer; any number of readers, in any process.
#ifndef STORE_STATE_H
#define STORE_STATE_H

#include "alarm/fold.h"
#include "alarm/sender.h"
#include "base/json.h"

#define STATE_APPLICATION_ID 0x54524c53 // "TRLS"
#define STATE_VERSION 3
#define STATE_FILE "state.db"

enum state_limits {
	STATE_WAL_MAX = 32 << 20, // bytes the WAL keeps when it starts again
	STATE_WAL_PAGES = 4000,   // it is copied back at about so many pages
	STATE_CACHE_KIB = 16384,
	STATE_PRUNE_ROWS = 2000, // history dropped in one transaction
};

// Cleared alarms and the log of changes are kept so long after their end.
#define STATE_HISTORY_NS (INT64_C(90) * 86400 * 1000000000)

struct state;

// Opens or makes DIR/name. ST_DAMAGED, ST_NOT_OURS: state_set_aside helps. ST_NEWER, ST_BUSY, ST_DENIED, ST_DISK_FULL,
// ST_IO, each with a sentence in `why`.
enum st state_open(const char *dir, const char *name, struct state **out, struct text *why);
// For readers; changes nothing, and works beside the writer or after it. ST_NONE: there is none.
enum st state_open_reader(const char *dir, const char *name, struct state **out, struct text *why);
void state_close(struct state *s); // NULL is fine
// Renames the file to NAME.damaged, in place of an earlier one, so that state_open makes a new one.
enum st state_set_aside(const char *dir, const char *name, struct text *why);
// Removes the file if it is there.
enum st state_remove(const char *dir, const char *name);

// One transaction. state_put (a fold_visit_fn; arg is the state) puts a row in place of the one with its key. When
// something fails everything is taken back, and the same rows may be put again later.
enum st state_begin(struct state *s);
enum st state_put(void *arg, enum row_table t, const void *row);
enum st state_commit(struct state *s);
void state_rollback(struct state *s);
// Drops history older than STATE_HISTORY_NS before `now` (journal time), a step at a time. *more: call again.
enum st state_prune(struct state *s, int64_t now, bool *more);

// Readers who want one moment over several calls put them between these; keep it short.
enum st state_hold(struct state *s);
void state_let_go(struct state *s);

enum state_query {
	STATE_ALL,       // by the key
	STATE_LIVE,      // what the fold loads, given its own row's time as `arg`
	STATE_OPEN,      // alarms that are open, by id
	STATE_BY_ID,     // id (alarm, device, silence) is `arg`
	STATE_OF_ALARM,  // changes of alarm `arg`, oldest first
	STATE_OF_DEVICE, // readings and aliases of device `arg`
	STATE_SINCE,     // alarms open, or cleared at `arg` or later; changes at `arg` or later
};

// Visits rows; the row is good until the function returns. ST_NONE from it ends the visit with ST_OK, any other status but ST_OK
// ends it with that status.
enum st state_read(struct state *s, enum row_table t, enum state_query q, int64_t arg, fold_visit_fn *visit, void *to);
// The device that such an event's sender is now, also of an old event; 0: none is known, or the state is behind.
enum st state_device(struct state *s, const struct sender *w, int64_t *device);
// Whether several engines of a site speak from an address, given as a device's row has it.
enum st state_address_shared(struct state *s, struct span site, struct span ip, bool *shared);
// The fold's own row. ST_NONE: nothing was folded yet.
enum st state_fold_row(struct state *s, struct fold_row *out);
// Makes a fold of what is stored.
enum st state_load(struct state *s, const struct hash_key *key, struct fold **out);

// The canonical dump of two states, compared row by row in the order of their keys. Expired history counts in
// neither. ST_OK with *same, and when it is false the first difference in `difference`.
enum st state_compare(struct state *a, struct state *b, bool *same, struct text *difference);
// The dump itself: every row as a line (row_line), given one by one.
typedef bool state_line_fn(void *arg, const char *line);
enum st state_dump(struct state *s, state_line_fn *give, void *arg);

// Copies the whole state to DIR/name, durable when it returns; nothing stands under that name before it is whole.
enum st state_copy(struct state *s, const char *dir, const char *name);

// The sentence of the last failure.
const char *state_error(const struct state *s);

#endif
