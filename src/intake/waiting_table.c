// SPDX-License-Identifier: Apache-2.0
// Items and sources in hash tables, sources also in a heap by what they hold. What the file lacks is listed, so that a save
// writes only what changed, and what came and went between two saves never reaches the disk.
#include "intake/waiting_table.h"

#include <stdlib.h>
#include <string.h>

#include "event/event.h"

// Address, scope, a hash of the site.
enum { WAITING_SOURCE_KEY = 28 };

struct waiting_source {
	struct waiting_source *next; // of the bucket
	uint8_t key[WAITING_SOURCE_KEY];
	uint64_t hash, heard;
	size_t place; // in the heap
	size_t weight;
	unsigned item_count;
	struct waiting_items items; // the one heard last stands last
};

const struct waiting_limits waiting_limits_usual = {
	.bytes = WAITING_BYTES,
	.source_bytes = WAITING_SOURCE_BYTES,
	.source_items = WAITING_SOURCE_ITEMS,
	.item_messages = WAITING_ITEM_MESSAGES,
};

enum st waiting_table_init(struct waiting_table *t, const struct waiting_limits *limits, const struct hash_key *key)
{
	*t = (struct waiting_table){ .limits = *limits, .key = *key, .next_item = 1, .next_message = 1 };
	TAILQ_INIT(&t->items);
	TAILQ_INIT(&t->unsaved_items);
	TAILQ_INIT(&t->unsaved_messages);
	TAILQ_INIT(&t->moving);
	t->items_by_key = calloc(WAITING_BUCKETS, sizeof(struct waiting_item *));
	t->sources = calloc(WAITING_BUCKETS, sizeof(struct waiting_source *));
	t->messages = calloc(WAITING_BUCKETS, sizeof(struct waiting_message *));
	if (t->items_by_key && t->sources && t->messages)
		return ST_OK;
	waiting_table_done(t);
	return ST_NO_MEMORY;
}

// The heap: a parent goes before its children. Fuller first, then who was not heard for longer.

static bool goes_before(const struct waiting_source *a, const struct waiting_source *b)
{
	return a->weight != b->weight ? a->weight > b->weight : a->heard < b->heard;
}

static void heap_put(struct waiting_table *t, struct waiting_source *s, size_t place)
{
	t->heap[place] = s;
	s->place = place;
}

static void heap_fix(struct waiting_table *t, struct waiting_source *s)
{
	size_t at = s->place;
	while (at && goes_before(s, t->heap[(at - 1) / 2])) {
		heap_put(t, t->heap[(at - 1) / 2], at);
		at = (at - 1) / 2;
	}
	for (;;) {
		size_t child = 2 * at + 1;
		if (child + 1 < t->source_count && goes_before(t->heap[child + 1], t->heap[child]))
			child++;
		if (child >= t->source_count || !goes_before(t->heap[child], s))
			break;
		heap_put(t, t->heap[child], at);
		at = child;
	}
	heap_put(t, s, at);
}

static bool heap_add(struct waiting_table *t, struct waiting_source *s)
{
	if (t->source_count == t->heap_room) {
		size_t room = t->heap_room ? 2 * t->heap_room : 64;
		struct waiting_source **more = reallocarray(t->heap, room, sizeof(struct waiting_source *));
		if (!more)
			return false;
		t->heap = more;
		t->heap_room = room;
	}
	heap_put(t, s, t->source_count++);
	heap_fix(t, s);
	return true;
}

static void heap_remove(struct waiting_table *t, struct waiting_source *s)
{
	struct waiting_source *last = t->heap[--t->source_count];
	if (last == s)
		return;
	heap_put(t, last, s->place);
	heap_fix(t, last);
}

// Sources.

// Sites may have the same addresses inside their tunnels.
static void source_key(const struct waiting_table *t, const struct waiting_item *i,
                       uint8_t out[static WAITING_SOURCE_KEY])
{
	enum { SUBNET = 8 };
	const struct addr *a = &i->peer;
	struct hash h = hash_begin(&t->key);
	hash_add_field(&h, i->site);
	uint64_t site = i->tunnelled ? hash_end(&h) : 0;
	memset(out, 0, WAITING_SOURCE_KEY);
	memcpy(out, a->ip, addr_is_v4(a) ? sizeof a->ip : SUBNET);
	memcpy(out + sizeof a->ip, &a->scope, sizeof a->scope);
	memcpy(out + sizeof a->ip + sizeof a->scope, &site, sizeof site);
}

static struct waiting_source *source_get(struct waiting_table *t, const struct waiting_item *like)
{
	uint8_t key[WAITING_SOURCE_KEY];
	source_key(t, like, key);
	struct hash h = hash_begin(&t->key);
	hash_add(&h, span_of(key, sizeof key));
	uint64_t hash = hash_end(&h);
	struct waiting_source **at = &t->sources[hash % WAITING_BUCKETS];
	for (struct waiting_source *s = *at; s; s = s->next)
		if (memcmp(s->key, key, sizeof key) == 0)
			return s;
	struct waiting_source *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	memcpy(s->key, key, sizeof key);
	s->hash = hash;
	s->heard = t->heard;
	TAILQ_INIT(&s->items);
	if (!heap_add(t, s)) {
		free(s);
		return NULL;
	}
	s->next = *at;
	*at = s;
	return s;
}

static void source_drop_empty(struct waiting_table *t, struct waiting_source *s)
{
	if (s->item_count)
		return;
	struct waiting_source **at = &t->sources[s->hash % WAITING_BUCKETS];
	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	heap_remove(t, s);
	free(s);
}

// What the file has to forget. Room for it was made when it was saved, so this cannot fail.
static void forget(struct waiting_ids *ids, uint64_t id)
{
	ids->list[ids->n++] = id;
}

// Items.

static void item_changed(struct waiting_table *t, struct waiting_item *i)
{
	if (!i->changed)
		TAILQ_INSERT_TAIL(&t->unsaved_items, i, unsaved);
	i->changed = true;
}

static void message_changed(struct waiting_table *t, struct waiting_message *m)
{
	if (!m->changed)
		TAILQ_INSERT_TAIL(&t->unsaved_messages, m, unsaved);
	m->changed = true;
}

static void item_free(struct waiting_item *i)
{
	free(i->names);
	free(i);
}

static void item_drop(struct waiting_table *t, struct waiting_item *i)
{
	struct waiting_item **at = &t->items_by_key[i->hash % WAITING_BUCKETS];
	while (*at != i)
		at = &(*at)->next;
	*at = i->next;
	if (i->changed)
		TAILQ_REMOVE(&t->unsaved_items, i, unsaved);
	if (i->saved)
		forget(&t->dropped_items, i->id);
	TAILQ_REMOVE(&t->items, i, in_table);
	TAILQ_REMOVE(&i->source->items, i, in_source);
	t->item_count--;
	i->source->item_count--;
	source_drop_empty(t, i->source);
	item_free(i);
}

static uint64_t item_hash(const struct waiting_table *t, const struct waiting_item *i)
{
	struct hash h = hash_begin(&t->key);
	uint8_t rest[] = { i->version, (uint8_t)i->reason };
	hash_add(&h, span_of(i->peer.ip, sizeof i->peer.ip));
	hash_add(&h, span_of(&i->peer.scope, sizeof i->peer.scope));
	hash_add(&h, span_of(rest, sizeof rest));
	hash_add_field(&h, i->site);
	hash_add_field(&h, i->credential);
	hash_add_field(&h, i->engine);
	return hash_end(&h);
}

static bool item_same(const struct waiting_item *a, const struct waiting_item *b)
{
	return a->hash == b->hash && addr_same_ip(&a->peer, &b->peer) && a->version == b->version &&
	       a->reason == b->reason && span_equal(a->site, b->site) && span_equal(a->credential, b->credential) &&
	       span_equal(a->engine, b->engine);
}

// One allocation holds the three names.
static bool item_own(struct waiting_item *i)
{
	struct span *names[] = { &i->site, &i->credential, &i->engine };
	uint8_t *p = i->names = malloc(i->site.n + i->credential.n + i->engine.n + 1);
	if (!p)
		return false;
	for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
		if (names[k]->n)
			memcpy(p, names[k]->p, names[k]->n);
		names[k]->p = p;
		p += names[k]->n;
	}
	return true;
}

// Makes the item that `like` says, whose names are copied. NULL without memory.
static struct waiting_item *item_make(struct waiting_table *t, const struct waiting_item *like)
{
	struct waiting_source *s = source_get(t, like);
	struct waiting_item *i = malloc(sizeof *i);
	if (i)
		*i = *like;
	if (!s || !i || !item_own(i)) {
		free(i);
		if (s)
			source_drop_empty(t, s);
		return NULL;
	}
	struct waiting_item **at = &t->items_by_key[i->hash % WAITING_BUCKETS];
	i->source = s;
	i->next = *at;
	*at = i;
	TAILQ_INIT(&i->messages);
	TAILQ_INSERT_TAIL(&t->items, i, in_table);
	TAILQ_INSERT_TAIL(&s->items, i, in_source);
	s->item_count++;
	t->item_count++;
	return i;
}

static struct waiting_item *item_get(struct waiting_table *t, struct waiting_item *like)
{
	like->hash = item_hash(t, like);
	for (struct waiting_item *i = t->items_by_key[like->hash % WAITING_BUCKETS]; i; i = i->next)
		if (item_same(i, like))
			return i;
	struct waiting_item *i = item_make(t, like);
	if (i)
		i->id = t->next_item++;
	return i;
}

// Messages.

static void weigh(struct waiting_table *t, struct waiting_item *i, const struct waiting_message *m, bool add)
{
	size_t weight = m->n + WAITING_COST;
	i->weight = add ? i->weight + weight : i->weight - weight;
	i->source->weight = add ? i->source->weight + weight : i->source->weight - weight;
	t->weight = add ? t->weight + weight : t->weight - weight;
	heap_fix(t, i->source);
}

static uint64_t octets_hash(const struct waiting_table *t, struct span octets)
{
	struct hash h = hash_begin(&t->key);
	hash_add(&h, octets);
	return hash_end(&h);
}

static struct waiting_message *message_add(struct waiting_table *t, struct waiting_item *i,
                                           const struct waiting_head *head, struct span bytes)
{
	struct waiting_message *m = malloc(sizeof *m + bytes.n);
	if (!m)
		return NULL;
	*m = (struct waiting_message){ .item = i, .head = *head, .hash = octets_hash(t, bytes), .n = bytes.n };
	memcpy(m->bytes, bytes.p, bytes.n);
	m->next = t->messages[m->hash % WAITING_BUCKETS];
	t->messages[m->hash % WAITING_BUCKETS] = m;
	TAILQ_INSERT_TAIL(&i->messages, m, in_item);
	i->kept++;
	t->message_count++;
	weigh(t, i, m, true);
	return m;
}

static void pin(struct waiting_table *t, struct waiting_message *m)
{
	TAILQ_INSERT_TAIL(&t->moving, m, in_moving);
	t->moving_count++;
}

static void unpin(struct waiting_table *t, struct waiting_message *m)
{
	TAILQ_REMOVE(&t->moving, m, in_moving);
	t->moving_count--;
}

void waiting_table_remove(struct waiting_table *t, struct waiting_message *m)
{
	struct waiting_item *i = m->item;
	if (m->moving)
		unpin(t, m);
	else
		weigh(t, i, m, false);
	if (m->changed)
		TAILQ_REMOVE(&t->unsaved_messages, m, unsaved);
	if (m->saved)
		forget(&t->dropped_messages, m->id);
	struct waiting_message **at = &t->messages[m->hash % WAITING_BUCKETS];
	while (*at != m)
		at = &(*at)->next;
	*at = m->next;
	TAILQ_REMOVE(&i->messages, m, in_item);
	i->kept--;
	t->message_count--;
	explicit_bzero(m->bytes, m->n);
	free(m);
	if (!i->kept)
		item_drop(t, i);
}

void waiting_table_move(struct waiting_table *t, struct waiting_message *m, uint64_t moving)
{
	if (!m->moving && moving)
		pin(t, m);
	if (m->moving && !moving)
		unpin(t, m);
	if (!m->moving != !moving)
		weigh(t, m->item, m, !moving);
	m->moving = moving;
	m->put = false;
	message_changed(t, m);
}

// Limits.

static void evict(struct waiting_table *t, struct waiting_message *m)
{
	if (m->counted)
		t->counts[m->head.index].evicted++;
	waiting_table_remove(t, m);
}

static struct waiting_message *oldest(struct waiting_item *i)
{
	struct waiting_message *m = TAILQ_FIRST(&i->messages);
	while (m && m->moving)
		m = TAILQ_NEXT(m, in_item);
	return m;
}

// The largest item of a source, among equals the one heard before; NULL when everything is moving.
static struct waiting_item *largest(struct waiting_source *s)
{
	struct waiting_item *best = NULL, *i;
	TAILQ_FOREACH (i, &s->items, in_source)
		if (i->weight && (!best || i->weight > best->weight))
			best = i;
	return best;
}

// The messages of an item that may go, all of them; the item with the last.
static void evict_item(struct waiting_table *t, struct waiting_item *i)
{
	for (unsigned left = i->kept; left; left--) {
		struct waiting_message *m = oldest(i);
		if (!m)
			return;
		evict(t, m);
	}
}

static void limit_items(struct waiting_table *t, struct waiting_source *s)
{
	struct waiting_item *i = TAILQ_FIRST(&s->items), *next;
	for (; i && s->item_count > t->limits.source_items; i = next) {
		next = TAILQ_NEXT(i, in_source);
		if (next) // the one that was just heard stays, so the source does too
			evict_item(t, i);
	}
}

static void limit(struct waiting_table *t, struct waiting_item *i)
{
	struct waiting_source *s = i->source;
	if (i->kept > t->limits.item_messages && oldest(i))
		evict(t, oldest(i));
	limit_items(t, s);
	// A message is smaller than what a source may hold, so the source stays.
	while (s->weight > t->limits.source_bytes)
		evict(t, oldest(largest(s)));
	while (t->weight > t->limits.bytes)
		evict(t, oldest(largest(t->heap[0])));
}

static bool kept_already(const struct waiting_table *t, const struct waiting_item *i, struct span bytes)
{
	const struct waiting_message *m = t->messages[octets_hash(t, bytes) % WAITING_BUCKETS];
	while (m && !(m->item == i && span_equal(span_of(m->bytes, m->n), bytes)))
		m = m->next;
	return m;
}

static void item_heard(struct waiting_table *t, struct waiting_item *i, const struct waiting_head *head)
{
	i->source->heard = ++t->heard;
	heap_fix(t, i->source);
	TAILQ_REMOVE(&i->source->items, i, in_source);
	TAILQ_INSERT_TAIL(&i->source->items, i, in_source);
	if (i->count++ == 0)
		i->first = head->received;
	i->last = head->received;
	i->peer = head->peer;
	item_changed(t, i);
}

void waiting_table_add(struct waiting_table *t, const struct waiting_head *head, struct span site, struct span bytes)
{
	struct waiting_hint hint;
	waiting_look(bytes, &hint);
	struct waiting_item like = { .peer = head->peer,
		                     .version = hint.version,
		                     .reason = head->reason,
		                     .tunnelled = head->transport == TRANSPORT_ESP,
		                     .site = site,
		                     .credential = hint.credential,
		                     .engine = hint.engine };
	struct waiting_item *i = item_get(t, &like);
	bool again = i && hint.again && kept_already(t, i, bytes);
	struct waiting_message *m = i && !again ? message_add(t, i, head, bytes) : NULL;
	if (m) {
		m->id = t->next_message++;
		m->counted = true;
		message_changed(t, m);
	}
	if (m || again)
		item_heard(t, i, head);
	else if (i && !i->kept)
		item_drop(t, i);
	if (m)
		limit(t, i);
	else if (again)
		t->counts[head->index].duplicate++;
	else
		t->counts[head->index].evicted++;
}

bool waiting_table_restore(struct waiting_table *t, const struct room_item *item, const struct room_message *message)
{
	struct waiting_item *i = TAILQ_LAST(&t->items, waiting_items);
	struct waiting_item like = { .id = item->id,
		                     .count = item->count,
		                     .first = item->first,
		                     .last = item->last,
		                     .peer = item->peer,
		                     .version = item->version,
		                     .reason = item->reason,
		                     .tunnelled = message->transport == TRANSPORT_ESP,
		                     .site = item->site,
		                     .credential = item->credential,
		                     .engine = item->engine,
		                     .saved = true };
	struct waiting_head head = { .received = message->received,
		                     .peer = message->peer,
		                     .local = message->local,
		                     .listener = message->listener,
		                     .reason = item->reason,
		                     .transport = message->transport };
	like.hash = item_hash(t, &like);
	if (!i || i->id != item->id) {
		i = item_make(t, &like);
		if (!i)
			return false;
		i->source->heard = ++t->heard;
	}
	struct waiting_message *m = message_add(t, i, &head, message->bytes);
	if (!m) {
		if (!i->kept)
			item_drop(t, i);
		return false;
	}
	m->id = message->id;
	m->saved = true;
	if (message->moving) {
		m->moving = message->moving;
		m->restored = true;
		weigh(t, i, m, false);
		pin(t, m);
	}
	return true;
}

struct waiting_item *waiting_table_find(struct waiting_table *t, uint64_t id)
{
	struct waiting_item *i;
	TAILQ_FOREACH (i, &t->items, in_table)
		if (i->id == id)
			return i;
	return NULL;
}

void waiting_table_deny(struct waiting_table *t, struct waiting_item *i)
{
	for (unsigned left = i->kept; left; left--) {
		struct waiting_message *m = TAILQ_FIRST(&i->messages);
		if (m->counted)
			t->counts[m->head.index].denied++;
		waiting_table_remove(t, m);
	}
}

bool waiting_table_changed(const struct waiting_table *t)
{
	return !TAILQ_EMPTY(&t->unsaved_items) || !TAILQ_EMPTY(&t->unsaved_messages) || t->dropped_items.n ||
	       t->dropped_messages.n;
}

void waiting_table_done(struct waiting_table *t)
{
	for (struct waiting_item *i = TAILQ_FIRST(&t->items); i; i = TAILQ_FIRST(&t->items))
		waiting_table_remove(t, TAILQ_FIRST(&i->messages));
	free(t->items_by_key);
	free(t->sources);
	free(t->messages);
	free(t->heap);
	free(t->dropped_items.list);
	free(t->dropped_messages.list);
	*t = (struct waiting_table){ 0 };
}
