// SPDX-License-Identifier: Apache-2.0
#include "snmp/engines.h"

#include <stdlib.h>

#include "crypto/secret.h"

enum { AGE_PART = 1024 }; // buckets looked at by one engines_age

static const int64_t SECOND = 1000000000;
static const int64_t DAY = 86400 * SECOND;

struct engines {
	struct engine **bucket;
	size_t mask, count, max;
	size_t hand, age_hand; // the next bucket to evict from, to age
	uint64_t evicted;
	struct hash_key key;
};

uint32_t engine_clock_time(const struct engine_clock *c, int64_t now)
{
	int64_t time = c->time + (now - c->at) / SECOND;
	return time < 0 ? 0 : time > USM_BOOTS_MAX ? USM_BOOTS_MAX : (uint32_t)time;
}

bool engine_clock_check(const struct engine_clock *c, int64_t now, uint32_t boots, uint32_t time,
                        struct engine_clock *after)
{
	bool newer = !c->known || boots > c->boots || (boots == c->boots && time > c->time);
	if (newer)
		*after = (struct engine_clock){ true, boots, time, now };
	if (boots == USM_BOOTS_MAX || (c->known && (boots < c->boots || c->boots == USM_BOOTS_MAX)))
		return false;
	return newer || time + USM_TIME_WINDOW >= engine_clock_time(c, now);
}

bool engine_clock_own(uint32_t own_boots, uint32_t own_time, uint32_t boots, uint32_t time)
{
	int64_t apart = (int64_t)own_time - time;
	return own_boots != USM_BOOTS_MAX && boots == own_boots && apart <= USM_TIME_WINDOW &&
	       apart >= -USM_TIME_WINDOW;
}

struct span engine_id(const struct engine *e)
{
	return span_of(e->id, e->id_n);
}

struct span engine_site(const struct engine *e)
{
	return span_of(e->site, e->site_n);
}

enum st engines_new(size_t max, struct hash_key key, struct engines **out)
{
	size_t buckets = 16;
	while (buckets < max)
		buckets *= 2;
	struct engines *t = calloc(1, sizeof *t);
	if (!t || !(t->bucket = calloc(buckets, sizeof *t->bucket))) {
		free(t);
		return ST_NO_MEMORY;
	}
	t->mask = buckets - 1;
	t->max = max;
	t->key = key;
	*out = t;
	return ST_OK;
}

static void key_free(struct engine_key *k)
{
	secret_wipe(k, sizeof *k);
	free(k);
}

static void engine_free(struct engine *e)
{
	while (e->keys) {
		struct engine_key *k = e->keys;
		e->keys = k->next;
		key_free(k);
	}
	free(e);
}

void engines_free(struct engines *t)
{
	if (!t)
		return;
	for (size_t i = 0; i <= t->mask; i++)
		while (t->bucket[i]) {
			struct engine *e = t->bucket[i];
			t->bucket[i] = e->next;
			engine_free(e);
		}
	free(t->bucket);
	free(t);
}

size_t engines_count(const struct engines *t)
{
	return t->count;
}

uint64_t engines_evicted(const struct engines *t)
{
	return t->evicted;
}

static uint64_t hash_of(const struct engines *t, const struct engine_name *name)
{
	struct hash h = hash_begin(&t->key);
	hash_add_field(&h, name->site);
	hash_add(&h, name->id);
	return hash_end(&h);
}

static bool same_family(const struct engine *a, const struct engine *b)
{
	return a->hash == b->hash && span_equal(engine_id(a), engine_id(b)) &&
	       span_equal(engine_site(a), engine_site(b));
}

struct engine *engine_sibling(const struct engine *e)
{
	struct engine *at = e->next;
	while (at && !same_family(at, e))
		at = at->next;
	return at;
}

struct engine *engines_find(const struct engines *t, const struct engine_name *name, struct engine **first)
{
	uint64_t hash = hash_of(t, name);
	*first = NULL;
	for (struct engine *e = t->bucket[hash & t->mask]; e; e = e->next) {
		if (e->hash != hash || !span_equal(engine_id(e), name->id) || !span_equal(engine_site(e), name->site))
			continue;
		if (!*first)
			*first = e;
		if (addr_same_ip(&e->addr, name->addr) && e->addr.scope == name->addr->scope)
			return e;
	}
	return NULL;
}

void engines_forget(struct engines *t, struct engine *e)
{
	struct engine **at = &t->bucket[e->hash & t->mask];
	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	t->count--;
	engine_free(e);
}

// The one heard longest ago among the next few; the hand goes round, so each engine has its turn.
static void evict_one(struct engines *t)
{
	struct engine *oldest = NULL;
	for (size_t seen = 0, i = 0; seen < V3_ENGINES_SAMPLE && i <= t->mask; i++) {
		for (struct engine *e = t->bucket[t->hand++ & t->mask]; e; e = e->next, seen++)
			if (!oldest || e->heard < oldest->heard)
				oldest = e;
	}
	if (!oldest)
		return;
	engines_forget(t, oldest);
	t->evicted++;
}

static void make_room(struct engines *t, struct engine *first)
{
	struct engine *oldest = first;
	size_t family = 0;
	for (struct engine *e = first; e; e = engine_sibling(e), family++)
		if (e->heard < oldest->heard)
			oldest = e;
	if (family >= V3_SIBLINGS_MAX) {
		engines_forget(t, oldest);
		t->evicted++;
	}
	if (t->count >= t->max)
		evict_one(t);
}

struct engine *engines_learn(struct engines *t, int64_t now, const struct engine_name *name)
{
	size_t site_n = name->site.n < V3_SITE_MAX ? name->site.n : V3_SITE_MAX;
	struct engine *e = calloc(1, sizeof *e + site_n), *first;
	if (!e)
		return NULL;
	engines_find(t, name, &first);
	make_room(t, first);
	e->hash = hash_of(t, name);
	e->addr = *name->addr;
	e->addr.port = 0;
	e->heard = now;
	e->id_n = (uint8_t)name->id.n;
	memcpy(e->id, name->id.p, name->id.n);
	e->site_n = (uint8_t)site_n;
	if (site_n)
		memcpy(e->site, name->site.p, site_n);
	e->next = t->bucket[e->hash & t->mask];
	t->bucket[e->hash & t->mask] = e;
	t->count++;
	return e;
}

void engines_age(struct engines *t, int64_t now)
{
	for (size_t i = 0; i < AGE_PART && i <= t->mask; i++) {
		struct engine **at = &t->bucket[t->age_hand++ & t->mask];
		while (*at) {
			struct engine *e = *at;
			if (now - e->heard <= V3_ENGINE_AGE_DAYS * DAY) {
				at = &e->next;
				continue;
			}
			*at = e->next;
			t->count--;
			engine_free(e);
		}
	}
}

void engines_walk(struct engines *t, void (*visit)(void *arg, struct engine *e), void *arg)
{
	for (size_t i = 0; i <= t->mask; i++)
		for (struct engine *e = t->bucket[i]; e; e = e->next)
			visit(arg, e);
}

struct engine_key *engine_key_find(const struct engine *e, const struct usm_entry *entry)
{
	struct engine_key *k = e->keys;
	while (k && k->entry != entry)
		k = k->next;
	return k;
}

void engine_key_used(struct engine *e, struct engine_key *k)
{
	struct engine_key **at = &e->keys;
	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	k->next = e->keys;
	e->keys = k;
}

struct engine_key *engine_key_keep(struct engine *e, const struct usm_entry *entry, const struct usm_keys *keys)
{
	struct engine_key *k = calloc(1, sizeof *k);
	if (!k)
		return NULL;
	*k = (struct engine_key){ .next = e->keys, .entry = entry, .serial = entry->serial, .keys = *keys };
	e->keys = k;
	for (size_t n = 1; n < V3_KEYS_PER_ENGINE && k->next; n++)
		k = k->next;
	if (k->next) {
		key_free(k->next);
		k->next = NULL;
	}
	return e->keys;
}

struct keep {
	const struct usm_users *users;
};

static void keep_users(void *arg, struct engine *e)
{
	const struct keep *keep = arg;
	for (struct engine_key **at = &e->keys; *at;) {
		struct engine_key *k = *at;
		k->entry = usm_users_same(keep->users, usm_entry_name(k->entry), k->serial);
		if (k->entry) {
			at = &k->next;
			continue;
		}
		*at = k->next;
		key_free(k);
	}
}

void engines_keep_users(struct engines *t, const struct usm_users *users)
{
	struct keep keep = { users };
	engines_walk(t, keep_users, &keep);
}
