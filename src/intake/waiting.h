// SPDX-License-Identifier: Apache-2.0
// The waiting room: its thread takes what the workers hand over, keeps it bounded and on disk, and moves to the journal what
// the policy allows by now. What waits is not in the journal and is never acknowledged.
//
// Allowing and denying are changes of the policy. After each the room looks through all that waits: what is allowed moves,
// what is denied goes. So what a crash interrupted goes on at the next start. A message moves in four steps:
//
//   1. durably marked as moving, with the id that the journal's next event has at least;
//   2. its worker verifies it under the policy, looks whether the same inform came again meanwhile, and puts the event
//      with the message's id into its ring;
//   3. the journal commits it;
//   4. it is removed from the room's file.
//
// At a start the journal is searched for the ids of messages that were marked: found, the message is removed; not found,
// it moves again. So there is one event, wherever the process dies.
#ifndef INTAKE_WAITING_H
#define INTAKE_WAITING_H

#include "base/json.h"
#include "intake/account.h"
#include "intake/policy.h"
#include "store/writer.h"

struct waiting;
struct waiting_item;
struct waiting_table;
struct worker;

struct waiting_options {
	const char *dir;
	struct hash_key key;
	struct worker *const *workers;
	unsigned worker_count;
};

// Opens DIR/waiting, reads it, and finds in the journal what had been moved. A damaged file is renamed and an empty room
// opened; `said` has a sentence about that, or about why it failed.
enum st waiting_open(const struct waiting_options *o, struct waiting **out, struct text *said);
// The smallest id that an event moved by an interrupted move may have; 0: nothing is moving.
uint64_t waiting_moving_since(const struct waiting *w);
// Starts the thread; the workers run.
enum st waiting_start(struct waiting *w, struct writer *writer);
// Takes what the workers handed over until now, saves, ends the thread. Workers and writer are still there.
void waiting_stop(struct waiting *w);
void waiting_free(struct waiting *w); // NULL is fine

// A worker put something into its ring. Cheap.
void waiting_wake(struct waiting *w);
// The policy that counts from now on; the old one may be freed afterwards. What waits is looked through soon.
void waiting_set_policy(struct waiting *w, const struct policy *p);

struct waiting_state {
	unsigned items, messages, moving;
	enum st st; // ST_OK, or why the file cannot be written now
	char why[256];
};
struct waiting_state waiting_state(struct waiting *w);
// Brings counts of waiting messages, per listener, up to date with what the room did with them. To be asked before the
// workers are, so that it never speaks of a message that they did not count yet: waiting_counts, workers, waiting_account.
struct waiting_gone {
	uint64_t evicted, denied, duplicate;
};
void waiting_counts(const struct waiting *w, struct waiting_gone *gone);
void waiting_account(const struct waiting_gone *gone, struct account *a);

// What an operator decides about, as a copy.
struct waiting_facts {
	uint64_t id;
	struct addr peer, listener;
	uint8_t version;
	uint8_t level;  // v3, enum usm_level
	bool tunnelled; // by its site's tunnel: the address is an inner one
	enum st reason;
	size_t site_n, credential_n;
	uint8_t site[256], credential[256];
	struct text message; // the oldest one that is kept
};
void waiting_facts_done(struct waiting_facts *f);
// ST_NONE: there is no such item. ST_NO_MEMORY. The caller frees what *out has: waiting_facts_done.
enum st waiting_find(struct waiting *w, uint64_t id, struct waiting_facts *out);
// Moves an item, whatever the policy's next change would do with it: its worker verifies it. Waits for everything that is
// moving, for `timeout` nanoseconds at most. ST_OK: nothing is moving any more; ST_BUSY: something still is (the journal
// cannot be written). ST_NONE: there was no such item.
enum st waiting_allow(struct waiting *w, uint64_t id, int64_t timeout);

// A list of the items as JSON objects, one a line; or one item with its messages (ST_NONE: there is none).
enum st waiting_list(struct waiting *w, struct text *out);
enum st waiting_show(struct waiting *w, uint64_t id, struct text *out);
// The same for a table that was read from the files of a stopped collector. `policy` (or NULL) gives labels.
void waiting_list_json(const struct waiting_table *t, const struct policy *policy, struct text *out);
void waiting_show_json(const struct waiting_item *i, const struct policy *policy, struct text *out);

#endif
