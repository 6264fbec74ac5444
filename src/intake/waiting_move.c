// SPDX-License-Identifier: Apache-2.0
// Out of the room: what the policy allows goes to the journal, what it denies goes away.
#include <stdlib.h>

#include "event/event.h"
#include "intake/waiting_own.h"
#include "intake/worker.h"
#include "io/system.h"
#include "snmp/message.h"

// The worker that has the source's informs of the last minutes: the one that handed the message over, or after a restart the
// one that would have.
static unsigned owner_of(const struct waiting *w, const struct waiting_message *m)
{
	if (m->counted)
		return m->head.worker;
	return worker_owner(m->head.transport, &m->head.peer, w->worker_count);
}

struct late_call {
	struct intake_late late;
	enum st st;
};

static struct late_call late_of(const struct waiting_message *m)
{
	return (struct late_call){
		.late = { .meta = { .wall = m->head.received,
		                    .transport = m->head.transport,
		                    .site = m->item->site,
		                    .late = true,
		                    .again = m->restored,
		                    .from = { .peer = m->head.peer, .local = m->head.local, .listener = m->head.index },
		                    .listener = m->head.listener },
		          .bytes = span_of(m->bytes, m->n),
		          .waiting = m->id,
		          .counted = m->counted },
	};
}

static void would_take(struct worker *worker, void *arg)
{
	struct late_call *c = arg;
	c->late.meta.now = clock_monotonic();
	c->st = intake_would_take(worker_intake(worker), &c->late) ? ST_OK : ST_NONE;
}

// A message that only its time speaks against may be an old one that somebody sends again: an operator has to look at it.
static bool is_allowed(const struct waiting *w, const struct waiting_message *m)
{
	enum st why;
	size_t entries;
	const struct waiting_item *i = m->item;
	const struct policy_sender sender = { m->head.peer, m->head.listener,
		                              i->tunnelled ? i->site
		                                           : span_str(policy_site(w->policy, &m->head.peer)) };
	if (i->version != SNMP_V3)
		return policy_community(w->policy, i->credential, &sender, &why);
	if (i->reason == ST_TIME_WINDOW || !usm_users_find(w->policy->users, i->credential, &entries))
		return false;
	struct late_call c = late_of(m);
	worker_call(w->workers[owner_of(w, m)], would_take, &c);
	return c.st == ST_OK;
}

static void look_at(struct waiting *w, struct waiting_item *i, uint64_t next_id)
{
	struct waiting_message *m;
	bool allowed = false;
	TAILQ_FOREACH (m, &i->messages, in_item) {
		bool move = m->moving || is_allowed(w, m);
		if (move && !m->moving)
			waiting_table_move(&w->table, m, next_id);
		allowed |= move;
	}
	if (!allowed && policy_denied(w->policy, &i->peer, i->version, i->site, i->credential))
		waiting_table_deny(&w->table, i);
}

void waiting_look_through(struct waiting *w)
{
	uint64_t next_id = writer_state(w->writer).next_id;
	struct waiting_item *i = TAILQ_FIRST(&w->table.items), *next;
	w->sweep = false;
	for (; i && w->policy; i = next) {
		next = TAILQ_NEXT(i, in_table);
		look_at(w, i, next_id);
	}
}

void waiting_move_item(struct waiting *w, struct waiting_item *i)
{
	struct waiting_message *m;
	uint64_t next_id = writer_state(w->writer).next_id;
	TAILQ_FOREACH (m, &i->messages, in_item)
		if (!m->moving)
			waiting_table_move(&w->table, m, next_id);
}

static void put_late(struct worker *worker, void *arg)
{
	struct late_call *c = arg;
	c->late.meta.now = clock_monotonic();
	c->st = intake_late(worker_intake(worker), &c->late);
}

static enum st put(struct waiting *w, struct waiting_message *m)
{
	struct late_call c = late_of(m);
	unsigned owner = owner_of(w, m);
	worker_call(w->workers[owner], put_late, &c);
	if (c.st == ST_FULL)
		return ST_FULL;
	if (c.st != ST_OK && c.st != ST_REPLAY) {
		waiting_table_move(&w->table, m, 0);
		return ST_OK;
	}
	m->head.worker = (uint8_t)owner;
	m->put = true;
	m->end = c.late.end;
	return ST_OK;
}

static bool committed(const struct waiting *w, const struct waiting_message *m)
{
	return ring_freed(&worker_intake(w->workers[m->head.worker])->ring) >= m->end;
}

void waiting_move_on(struct waiting *w)
{
	struct waiting_message *m = TAILQ_FIRST(&w->table.moving), *next;
	enum st st = ST_OK;
	for (; m; m = next) {
		next = TAILQ_NEXT(m, in_moving);
		if (m->put && committed(w, m))
			waiting_table_remove(&w->table, m);
		else if (!m->put && !m->changed && !st)
			st = put(w, m);
	}
}

struct moved {
	uint64_t *ids;
	struct waiting_message **messages;
	size_t n;
};

static int compare_ids(const void *a, const void *b)
{
	const struct waiting_message *const *x = a, *const *y = b;
	return ((*x)->id > (*y)->id) - ((*x)->id < (*y)->id);
}

// The moving message of that id, or NULL; what was removed is NULL in the list, so it is searched by the ids beside it.
static struct waiting_message **moved_find(struct moved *all, uint64_t id)
{
	size_t low = 0, high = all->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (all->ids[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < all->n && all->ids[low] == id ? &all->messages[low] : NULL;
}

static bool moved_list(struct waiting *w, struct moved *all)
{
	struct waiting_message *m;
	all->ids = calloc(w->table.moving_count, sizeof *all->ids);
	all->messages = calloc(w->table.moving_count, sizeof(struct waiting_message *));
	if (!all->ids || !all->messages)
		return false;
	TAILQ_FOREACH (m, &w->table.moving, in_moving)
		all->messages[all->n++] = m;
	qsort(all->messages, all->n, sizeof(struct waiting_message *), compare_ids);
	for (size_t i = 0; i < all->n; i++)
		all->ids[i] = all->messages[i]->id;
	return true;
}

static void search_block(struct waiting *w, struct moved *all, struct span block)
{
	struct rd frames = rd_of(block);
	struct span record;
	struct event e;
	while (frame_next(&frames, &record)) {
		struct waiting_message **m;
		if (event_decode(record, &e) || !e.waiting || !(m = moved_find(all, e.waiting)) || !*m)
			continue;
		waiting_table_remove(&w->table, *m);
		*m = NULL;
	}
}

static enum st search(struct waiting *w, struct moved *all, struct text *why)
{
	struct journal_reader *r;
	struct journal_block b;
	uint64_t id = waiting_moving_since(w);
	enum st st = journal_reader_open(w->dir, &r, why);
	if (st)
		return st;
	while ((st = journal_read(r, id, &b)) == ST_OK) {
		search_block(w, all, b.frames);
		id = b.first + b.count;
	}
	journal_reader_close(r);
	if (st == ST_NONE)
		return ST_OK;
	text_printf(why, "cannot look in the journal for what had left the waiting room: %s; run trapline verify",
	            st_text(st));
	return st;
}

enum st waiting_find_moved(struct waiting *w, struct text *why)
{
	struct moved all = { 0 };
	enum st st = moved_list(w, &all) ? search(w, &all, why) : ST_NO_MEMORY;
	free(all.ids);
	free(all.messages);
	return st;
}
