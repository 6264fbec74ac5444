// SPDX-License-Identifier: Apache-2.0
// The table of sites: by the identity of the peer, by when they start, and each with its SAs. With ten thousand of them
// neither a handshake nor a tick walks the others.
#include <stdlib.h>

#include "ike/identity.h"
#include "ike/private.h"

static uint32_t *bucket(struct ike *ike, const struct ike_identity *id)
{
	struct hash h = hash_begin(&ike->hash);
	uint8_t mark[DN_MARK];
	hash_add(&h, span_of(&id->type, sizeof id->type));
	hash_add(&h, ike_known_as(id->type, id->data, mark));
	return &ike->by_remote[hash_end(&h) % IKE_BUCKETS];
}

static bool more_room(struct ike *ike)
{
	uint32_t room = ike->room_sites ? ike->room_sites * 2 : 16;
	struct ike_site_state *sites = realloc(ike->sites, room * sizeof *sites);
	if (!sites)
		return false;
	ike->sites = sites;
	ike->room_sites = room;
	for (uint32_t i = 0; i < ike->n_sites; i++)
		if (sites[i].used)
			ike_heap_moved(&ike->waiting, &sites[i].timer);
	return true;
}

struct ike_site_state *ike_site_free(struct ike *ike, uint32_t *id)
{
	uint32_t i = ike->free_site;
	if (i == IKE_NO_SITE) {
		if (ike->n_sites == ike->room_sites && !more_room(ike))
			return NULL;
		i = ike->n_sites++;
		ike->sites[i] = (struct ike_site_state){ .next = IKE_NO_SITE };
		ike->free_site = i;
	}
	*id = i;
	return &ike->sites[i];
}

static void count_aeads(struct ike *ike, const struct ike_site *c, int by)
{
	for (int i = 0; i < AEAD_COUNT; i++)
		if (c->ike.aeads & 1u << i)
			ike->by_aead[i] += (uint32_t)by;
}

struct ike_offer ike_offer_of_all(const struct ike *ike)
{
	struct ike_offer o = ike->c.ike;
	for (int i = 0; i < AEAD_COUNT; i++)
		if (ike->by_aead[i])
			o.aeads |= (uint16_t)(1u << i);
	return o;
}

bool ike_site_enter(struct ike *ike, uint32_t id)
{
	struct ike_site_state *s = &ike->sites[id];
	if (s->c.trust && !ike_trust_enter(ike, s->c.trust))
		return false;
	if (!ike_heap_add(&ike->waiting, &s->timer, s->c.initiate ? INT64_MIN : INT64_MAX)) {
		if (s->c.trust)
			ike_trust_leave(ike, s->c.trust);
		return false;
	}
	if (s->c.trust) {
		trust_keep(s->c.trust);
		credential_keep(s->c.credential);
	}
	ike->free_site = s->next;
	uint32_t *b = bucket(ike, &s->c.remote);
	s->next = *b;
	*b = id;
	ike->n_ppk += s->c.ppk.n != 0;
	count_aeads(ike, &s->c, 1);
	s->used = true;
	return true;
}

void ike_site_leave(struct ike *ike, uint32_t id)
{
	struct ike_site_state *s = &ike->sites[id];
	uint32_t *b = bucket(ike, &s->c.remote);
	while (*b != id)
		b = &ike->sites[*b].next;
	*b = s->next;
	ike_heap_remove(&ike->waiting, &s->timer);
	ike->n_ppk -= s->c.ppk.n != 0;
	count_aeads(ike, &s->c, -1);
	if (s->c.trust)
		ike_trust_leave(ike, s->c.trust);
	trust_free(s->c.trust);
	credential_free(s->c.credential);
	if (s->copy)
		secret_wipe(s->copy, s->c.psk.n + s->c.ppk.n);
	free(s->copy);
	*s = (struct ike_site_state){ .next = ike->free_site };
	ike->free_site = id;
}

bool ike_same_identity(const struct ike_identity *a, const struct ike_identity *b)
{
	uint8_t x[DN_MARK], y[DN_MARK];
	return a->type == b->type && span_equal(ike_known_as(a->type, a->data, x), ike_known_as(b->type, b->data, y));
}

static bool suite_allowed(const struct ike_offer *o, const struct ike_suite *s)
{
	return o->aeads & 1u << s->aead->id && o->groups & 1u << s->group->id;
}

uint32_t ike_site_find(struct ike *ike, const struct ike_suite *suite, const struct ike_identity *peer,
                       const struct ike_identity *wish)
{
	uint32_t found = IKE_NO_SITE;
	for (uint32_t i = *bucket(ike, peer); i != IKE_NO_SITE; i = ike->sites[i].next) {
		const struct ike_site *c = &ike->sites[i].c;
		if (!ike_same_identity(&c->remote, peer) || !suite_allowed(&c->ike, suite))
			continue;
		bool wished = ike_same_identity(&c->local, wish);
		if (wished)
			return i;
		found = i;
	}
	return found;
}

struct ike_site_state *ike_site_of(struct ike *ike, const struct ike_sa *sa)
{
	return sa->site < ike->n_sites && ike->sites[sa->site].used ? &ike->sites[sa->site] : NULL;
}

void ike_site_join(struct ike *ike, struct ike_sa *sa, uint32_t site)
{
	struct ike_site_state *s = &ike->sites[site];
	sa->site = site;
	sa->next_of_site = s->sas;
	s->sas = sa;
}

void ike_site_part(struct ike *ike, struct ike_sa *sa)
{
	struct ike_sa **at = &ike->sites[sa->site].sas;
	while (*at != sa)
		at = &(*at)->next_of_site;
	*at = sa->next_of_site;
}
