// SPDX-License-Identifier: Apache-2.0
// Chained under a keyed hash, since whoever sends chooses his port; and in one ring from the newest to the oldest.
#include "tunnel/flows.h"

#include <stdlib.h>

enum { NONE = FLOWS_MAX, SLOTS = FLOWS_MAX };

struct entry {
	struct flow flow;
	uint16_t chained;      // the next one in its slot
	uint16_t older, newer; // the ring goes through NONE, the entry behind the last
};

struct flows {
	struct hash_key key;
	unsigned n;
	uint16_t slot[SLOTS];
	struct entry at[FLOWS_MAX + 1];
};

enum st flows_new(const struct hash_key *key, struct flows **out)
{
	struct flows *f = calloc(1, sizeof *f);
	if (!f)
		return ST_NO_MEMORY;
	f->key = *key;
	for (unsigned i = 0; i < SLOTS; i++)
		f->slot[i] = NONE;
	f->at[NONE].older = f->at[NONE].newer = NONE;
	*out = f;
	return ST_OK;
}

void flows_free(struct flows *f)
{
	free(f);
}

static unsigned slot_of(const struct flows *f, const struct addr *peer, uint16_t service)
{
	struct hash h = hash_begin(&f->key);
	hash_add(&h, span_of(peer->ip, sizeof peer->ip));
	hash_add(&h, span_of(&peer->port, sizeof peer->port));
	hash_add(&h, span_of(&service, sizeof service));
	return hash_end(&h) % SLOTS;
}

static bool is(const struct flow *x, const struct addr *peer, uint16_t service)
{
	return x->service == service && x->peer.port == peer->port && addr_same_ip(&x->peer, peer);
}

static uint16_t find(const struct flows *f, const struct addr *peer, uint16_t service)
{
	uint16_t i = f->slot[slot_of(f, peer, service)];
	while (i != NONE && !is(&f->at[i].flow, peer, service))
		i = f->at[i].chained;
	return i;
}

static void take_out(struct flows *f, uint16_t i)
{
	struct entry *e = &f->at[i];
	f->at[e->newer].older = e->older;
	f->at[e->older].newer = e->newer;
}

static void put_newest(struct flows *f, uint16_t i)
{
	struct entry *e = &f->at[i], *ring = &f->at[NONE];
	e->newer = NONE;
	e->older = ring->older;
	f->at[ring->older].newer = i;
	ring->older = i;
}

static void unchain(struct flows *f, uint16_t i)
{
	const struct flow *x = &f->at[i].flow;
	uint16_t *link = &f->slot[slot_of(f, &x->peer, x->service)];
	while (*link != i)
		link = &f->at[*link].chained;
	*link = f->at[i].chained;
}

// A place for a new flow: one that was never used, or the oldest's.
static uint16_t place(struct flows *f)
{
	if (f->n < FLOWS_MAX)
		return (uint16_t)f->n++;
	uint16_t i = f->at[NONE].newer;
	take_out(f, i);
	unchain(f, i);
	return i;
}

uint16_t flows_heard(struct flows *f, const struct flow *what)
{
	uint16_t i = find(f, &what->peer, what->service);
	if (i == NONE) {
		uint16_t *slot = &f->slot[slot_of(f, &what->peer, what->service)];
		i = place(f);
		f->at[i].chained = *slot;
		*slot = i;
	} else {
		take_out(f, i);
	}
	f->at[i].flow = *what;
	put_newest(f, i);
	return i;
}

const struct flow *flows_masked(const struct flows *f, uint16_t number)
{
	return number < f->n && f->at[number].flow.masked ? &f->at[number].flow : NULL;
}

const struct flow *flows_of(const struct flows *f, const struct addr *peer, uint16_t service)
{
	uint16_t i = find(f, peer, service);
	return i != NONE && !f->at[i].flow.masked ? &f->at[i].flow : NULL;
}
