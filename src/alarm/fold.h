// SPDX-License-Identifier: Apache-2.0
// The fold: events of the journal in, the state of alarms and devices out. It knows no clock: its time is the time of the
// journal's blocks, and what a deadline does is done when the journal holds a tick about it. So the same journal makes the
// same rows, whoever reads it, whenever, and however often it was interrupted (tests/unit/alarm/test_property.c).
//
// Its owner (src/deliver) gives it the events one by one, stores the rows that changed together with the cursor, and
// writes a tick into the journal when a deadline has passed.
#ifndef ALARM_FOLD_H
#define ALARM_FOLD_H

#include "alarm/rows.h"
#include "base/hash.h"
#include "base/status.h"
#include "event/event.h"

struct fold;

// An empty fold, before the first event. `key`: for its hash tables only. NULL: out of memory.
struct fold *fold_new(const struct hash_key *key);
void fold_free(struct fold *f); // NULL is fine

// What was stored, before the first event: any rows of any table, a device before its aliases and alarms (as in
// enum row_table). Cleared alarms and changes may be left out where fold_wants says so. Then fold_loaded. Spans are copied.
enum st fold_load(struct fold *f, enum row_table t, const void *row);
enum st fold_loaded(struct fold *f);
// Whether this stored row still matters to the fold whose own row (ROW_FOLD) was stored as `of`.
bool fold_wants(const struct fold_row *of, enum row_table t, const void *row);

// The next event, with its id; `time` is that of its block. Ids must rise. ST_NO_MEMORY: the fold is of no use any more.
enum st fold_event(struct fold *f, const struct event *e, int64_t time);
// The device that told a printer's alert by the last event, whatever came of it, or 0.
int64_t fold_printer(const struct fold *f);
// The id that it has not seen yet, and its time.
uint64_t fold_next(const struct fold *f);
int64_t fold_time(const struct fold *f);
const struct rules_row *fold_rules(const struct fold *f);
// How many devices, and alarms that are open.
void fold_count(const struct fold *f, uint64_t *devices, uint64_t *open);

// Visits the rows that changed since fold_clean, each once; the first status that is not ST_OK ends it.
typedef enum st fold_visit_fn(void *arg, enum row_table t, const void *row);
enum st fold_changed(const struct fold *f, fold_visit_fn *visit, void *arg);
void fold_clean(struct fold *f); // they are stored

// A deadline that has passed at `now` and that no tick was made for: the note of the tick to write. false: none.
// fold_due_taken: the tick is on its way to the journal.
bool fold_due(struct fold *f, int64_t now, struct text *note);
void fold_due_taken(struct fold *f);

#endif
