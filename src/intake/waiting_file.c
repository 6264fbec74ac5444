// SPDX-License-Identifier: Apache-2.0
// The table and its file: read whole at the start, written by differences.
#include <stdlib.h>

#include "intake/waiting_table.h"

struct loading {
	struct waiting_table *table;
	bool full;
};

static bool load_one(void *arg, const struct room_item *item, const struct room_message *message)
{
	struct loading *l = arg;
	l->full = !waiting_table_restore(l->table, item, message);
	return !l->full;
}

// Whatever the file has may have to be forgotten before the next save; that must not need memory then.
static bool ids_reserve(struct waiting_ids *ids, size_t room)
{
	if (room <= ids->room)
		return true;
	uint64_t *more = reallocarray(ids->list, room, sizeof *more);
	if (!more)
		return false;
	ids->list = more;
	ids->room = room;
	return true;
}

static bool reserve(struct waiting_table *t)
{
	return ids_reserve(&t->dropped_items, t->item_count) && ids_reserve(&t->dropped_messages, t->message_count);
}

enum st waiting_load(struct waiting_table *t, struct room *r)
{
	struct loading l = { .table = t };
	enum st st = room_next(r, &t->next_item, &t->next_message);
	if (!st)
		st = room_read(r, load_one, &l);
	if (!st && (l.full || !reserve(t)))
		st = ST_NO_MEMORY;
	return st;
}

static void put_item(struct room *r, const struct waiting_item *i)
{
	struct room_item row = { .id = i->id,
		                 .count = i->count,
		                 .first = i->first,
		                 .last = i->last,
		                 .peer = i->peer,
		                 .version = i->version,
		                 .reason = i->reason,
		                 .site = i->site,
		                 .credential = i->credential,
		                 .engine = i->engine };
	room_put_item(r, &row);
}

static void put_message(struct room *r, const struct waiting_message *m)
{
	struct room_message row = { .id = m->id,
		                    .item = m->item->id,
		                    .moving = m->moving,
		                    .received = m->head.received,
		                    .peer = m->head.peer,
		                    .local = m->head.local,
		                    .listener = m->head.listener,
		                    .transport = m->head.transport,
		                    .bytes = span_of(m->bytes, m->n) };
	room_put_message(r, &row);
}

static void saved(struct waiting_table *t)
{
	struct waiting_item *i;
	struct waiting_message *m;
	t->dropped_items.n = t->dropped_messages.n = 0;
	TAILQ_FOREACH (i, &t->unsaved_items, unsaved) {
		i->saved = true;
		i->changed = false;
	}
	TAILQ_FOREACH (m, &t->unsaved_messages, unsaved) {
		m->saved = true;
		m->changed = false;
	}
	TAILQ_INIT(&t->unsaved_items);
	TAILQ_INIT(&t->unsaved_messages);
}

enum st waiting_save(struct waiting_table *t, struct room *r)
{
	struct waiting_item *i;
	struct waiting_message *m;
	if (!waiting_table_changed(t))
		return ST_OK;
	if (!reserve(t))
		return ST_NO_MEMORY;
	room_begin(r);
	for (size_t k = 0; k < t->dropped_items.n; k++)
		room_drop_item(r, t->dropped_items.list[k]);
	for (size_t k = 0; k < t->dropped_messages.n; k++)
		room_drop_message(r, t->dropped_messages.list[k]);
	TAILQ_FOREACH (i, &t->unsaved_items, unsaved)
		put_item(r, i);
	TAILQ_FOREACH (m, &t->unsaved_messages, unsaved)
		put_message(r, m);
	room_keep_next(r, t->next_item, t->next_message);
	enum st st = room_commit(r);
	if (!st)
		saved(t);
	return st;
}
