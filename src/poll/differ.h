// SPDX-License-Identifier: Apache-2.0
// What a device answered against what is known of it: notes of poll events, in the form that src/alarm reads. Every note names
// the device and, in `asked`, what asking came to ("ok" or why not). Beside that one note has one of
//
//	"serial", "model", "name", "location", "status", "errors", "supplies"    who it is and how it is
//	"alert": { "device", "index", "severity", "training", "group", "group_index", "location", "code", "description" }
//	"gone": ID, "seen": EVENT    an alarm that is in its table no more; it had not been told of after that event
//
// and there is no note where nothing differs.
#ifndef POLL_DIFFER_H
#define POLL_DIFFER_H

#include "base/hash.h"
#include "base/json.h"
#include "poll/result.h"
#include "poll/want.h"

// What was told of a device the last time, as keyed hashes: what does not change what is known (an alert that makes no alarm,
// a text that is cleaned further) is not told again and again. 0: nothing.
struct poll_told {
	uint64_t state, alerts;
};

// One note. false: it could not be taken, and is to be told the next time.
typedef bool poll_note_fn(void *arg, struct span note);

// `refusal`: why it was not asked at all, or NULL. Updates *told for what was taken.
void poll_differ(const struct poll_want *w, const struct poll_result *r, const char *refusal,
                 const struct hash_key *key, struct poll_told *told, poll_note_fn *note, void *arg);

#endif
