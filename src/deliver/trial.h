// SPDX-License-Identifier: Apache-2.0
// What other rules would have made of the same events: two folds beside each other, in memory, from nothing on. Ticks that the
// journal holds are taken as they come; an alarm's own deadlines (it expires, it is steady again) are met by the time of the
// events, since under other rules they are others.
#ifndef DELIVER_TRIAL_H
#define DELIVER_TRIAL_H

#include "alarm/fold.h"

struct trial;

// `before` and `after`: compiled lists (alarm/rules.h). ST_NO_MEMORY; ST_SYNTAX when either cannot be compiled.
enum st trial_new(const struct hash_key *key, struct span before, struct span after, struct trial **out);
void trial_free(struct trial *t); // NULL is fine

// The next event; ids must rise. Rules among them are passed over. ST_NO_MEMORY.
enum st trial_event(struct trial *t, const struct event *e, int64_t time);
// All events of DIR's journal from a time on. *events: how many there were. ST_NONE: there is no journal. `why` says the rest.
enum st trial_journal(struct trial *t, const char *dir, int64_t since, uint64_t *events, struct text *why);

// An alarm that is not the same: `before` NULL: only the new rules raise it; `after` NULL: only the old ones do. Good as long as
// the trial.
struct trial_difference {
	const struct alarm_row *before, *after;
};
// Calls back in the order of ids; returns how many there were.
size_t trial_differences(const struct trial *t, void (*fn)(void *arg, const struct trial_difference *d), void *arg);
// How many alarms were raised by the old and by the new rules.
void trial_count(const struct trial *t, size_t *before, size_t *after);

#endif
