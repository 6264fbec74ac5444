// SPDX-License-Identifier: Apache-2.0
// What the files of the waiting room share with each other and with nobody else.
#ifndef INTAKE_WAITING_OWN_H
#define INTAKE_WAITING_OWN_H

#include <pthread.h>

#include "intake/waiting.h"
#include "intake/waiting_table.h"
#include "store/bell.h"

typedef void waiting_call_fn(struct waiting *w, void *arg);

struct waiting {
	// The room's thread only (or nobody's, while it does not run).
	struct waiting_table table;
	struct room *room;
	const struct policy *policy;
	struct writer *writer;
	bool sweep;         // the policy changed: look through everything
	int64_t save_due;   // monotonic; 0: nothing to save
	int64_t save_after; // not earlier than this, so that a flood does not keep the disk busy
	uint64_t at[INTAKE_WORKERS];

	struct worker *workers[INTAKE_WORKERS];
	unsigned worker_count;
	char *dir;
	struct bell bell;
	pthread_t thread;
	bool running;
	pthread_mutex_t lock; // of the call and the state
	pthread_cond_t called;
	waiting_call_fn *call;
	void *call_arg;
	struct waiting_state state;
};

// Runs fn(w, arg) on the room's thread and waits for it; directly when the thread does not run.
void waiting_call(struct waiting *w, waiting_call_fn *fn, void *arg);
// Saves now what changed.
void waiting_save_now(struct waiting *w);

// waiting_move.c. Marks what is allowed, removes what is denied.
void waiting_look_through(struct waiting *w);
// Marks an item because an operator said so.
void waiting_move_item(struct waiting *w, struct waiting_item *i);
// One step of what is moving: puts what is marked durably, removes what is committed.
void waiting_move_on(struct waiting *w);
// Removes what the journal holds already.
enum st waiting_find_moved(struct waiting *w, struct text *why);

#endif
