// SPDX-License-Identifier: Apache-2.0
// The object itself, its sites, and what its owner asks of it.
#include "ike/ike.h"

#include <stdlib.h>

#include "ike/private.h"

#define DEFAULT_IKE_LIFE (4 * 3600 * IKE_SECOND)
#define DEFAULT_CHILD_LIFE (3600 * IKE_SECOND)

static void fill_offer(struct ike_offer *o)
{
	if (!o->aeads)
		o->aeads = IKE_AEADS;
	if (!o->prfs)
		o->prfs = (1u << IKE_PRF_COUNT) - 1;
	if (!o->esn)
		o->esn = IKE_ESN_NO | IKE_ESN_YES;
}

static void fill_ike_offer(struct ike_offer *o)
{
	fill_offer(o);
	if (!o->groups)
		o->groups = IKE_NO_GROUP - 1;
}

enum st ike_new(const struct ike_config *config, struct ike **out)
{
	struct ike *ike = calloc(1, sizeof *ike);
	if (!ike)
		return ST_NO_MEMORY;
	ike->c = *config;
	ike->free_site = IKE_NO_SITE;
	for (size_t i = 0; i < IKE_BUCKETS; i++)
		ike->by_remote[i] = IKE_NO_SITE;
	fill_ike_offer(&ike->c.ike);
	if (!ike->c.port_natt)
		ike->c.port_natt = 4500;
	if (!ike->c.half_open)
		ike->c.half_open = IKE_HALF_OPEN;
	if (!ike->c.cookie_from)
		ike->c.cookie_from = IKE_COOKIE_FROM;
	if (ike->c.datagram < IKE_FRAGMENT_MIN)
		ike->c.datagram = IKE_DATAGRAM;
	ike->by_spi = calloc(IKE_BUCKETS, sizeof(struct ike_sa *));
	ike->by_start = calloc(IKE_BUCKETS, sizeof(struct ike_sa *));
	ike->by_in = calloc(IKE_BUCKETS, sizeof(struct ike_child *));
	enum st st = ike->by_spi && ike->by_start && ike->by_in ? ST_OK : ST_NO_MEMORY;
	if (st == ST_OK)
		st = random_bytes(config->random, &ike->hash, sizeof ike->hash);
	if (st == ST_OK)
		st = random_bytes(config->random, ike->nobody, sizeof ike->nobody);
	if (st == ST_OK)
		*out = ike;
	else
		ike_free(ike);
	return st;
}

void ike_free(struct ike *ike)
{
	if (!ike)
		return;
	struct ike_out out = { 0 };
	while (ike->due.n) {
		struct ike_turn t = ike_turn_of(ike, (struct ike_sa *)ike->due.at[0], 0, &out);
		ike_sa_end(&t);
	}
	ike_out_done(&out);
	for (uint32_t i = 0; i < ike->n_sites; i++)
		if (ike->sites[i].used)
			ike_site_leave(ike, i);
	free(ike->sites);
	free(ike->trusts);
	ike_heap_free(&ike->due);
	ike_heap_free(&ike->waiting);
	free(ike->by_spi);
	free(ike->by_start);
	free(ike->by_in);
	secret_wipe(ike, sizeof *ike);
	free(ike);
}

bool ike_psk_is_weak(struct span psk)
{
	return psk.n < IKE_PSK_WEAK;
}

static struct span copy(uint8_t **at, struct span s)
{
	uint8_t *to = *at;
	if (s.n)
		memcpy(to, s.p, s.n);
	*at += s.n;
	return span_of(to, s.n);
}

// Secrets first, so that they can be wiped together.
static bool copy_site(struct ike_site_state *s, const struct ike_site *c)
{
	size_t name = strlen(c->name ? c->name : "") + 1;
	s->copy = malloc(c->psk.n + c->ppk.n + c->ppk_id.n + c->local.data.n + c->remote.data.n + name);
	if (!s->copy)
		return false;
	uint8_t *at = s->copy;
	s->c = *c;
	s->c.psk = copy(&at, c->psk);
	s->c.ppk = copy(&at, c->ppk);
	s->c.ppk_id = copy(&at, c->ppk_id);
	s->c.local.data = copy(&at, c->local.data);
	s->c.remote.data = copy(&at, c->remote.data);
	memcpy(at, c->name ? c->name : "", name);
	s->c.name = (const char *)at;
	fill_ike_offer(&s->c.ike);
	fill_offer(&s->c.esp);
	if (!s->c.ike_life)
		s->c.ike_life = DEFAULT_IKE_LIFE;
	if (!s->c.child_life)
		s->c.child_life = DEFAULT_CHILD_LIFE;
	return true;
}

enum st ike_add_site(struct ike *ike, const struct ike_site *site, uint32_t *id)
{
	if (!site->local.type || site->local.data.n > IKE_ID_MAX || site->remote.data.n > IKE_ID_MAX ||
	    site->ppk_id.n > IKE_ID_MAX - 1 || !site->trust != !site->credential || (site->trust && !ike->c.today))
		return ST_SHORT;
	uint32_t i;
	struct ike_site_state *s = ike_site_free(ike, &i);
	if (!s || !copy_site(s, site))
		return ST_NO_MEMORY;
	if (!ike_site_enter(ike, i)) {
		secret_wipe(s->copy, s->c.psk.n + s->c.ppk.n);
		free(s->copy);
		return ST_NO_MEMORY;
	}
	*id = i;
	return ST_OK;
}

static void act(struct ike *ike, struct ike_sa *sa, int64_t now, struct ike_out *out)
{
	struct ike_turn t = ike_turn_of(ike, sa, now, out);
	ike_next(&t);
	ike_sa_schedule(ike, sa);
}

void ike_close(struct ike *ike, int64_t now, uint32_t site, struct ike_out *out)
{
	for (struct ike_sa *sa = site < ike->n_sites ? ike->sites[site].sas : NULL; sa; sa = sa->next_of_site) {
		sa->want |= 1u << TASK_DELETE;
		act(ike, sa, now, out);
	}
}

void ike_remove_site(struct ike *ike, int64_t now, uint32_t id, struct ike_out *out)
{
	if (id >= ike->n_sites || !ike->sites[id].used)
		return;
	ike->sites[id].c.initiate = false;
	ike_close(ike, now, id, out);
	while (ike->sites[id].sas) {
		struct ike_turn t = ike_turn_of(ike, ike->sites[id].sas, now, out);
		ike_sa_end(&t);
	}
	ike_site_leave(ike, id);
}

void ike_heard(struct ike *ike, int64_t now, uint32_t spi)
{
	struct ike_child *c = ike_child_find(ike, spi);
	if (!c || c->sa->heard >= now)
		return;
	c->sa->heard = now;
	ike_sa_schedule(ike, c->sa);
}

void ike_rekey(struct ike *ike, int64_t now, uint32_t spi, struct ike_out *out)
{
	struct ike_child *c = ike_child_find(ike, spi);
	if (!c || c->deleting || c->soft == INT64_MAX)
		return;
	c->soft = INT64_MAX;
	c->want_rekey = true;
	act(ike, c->sa, now, out);
}

static struct ike_sa *live(const struct ike *ike, uint32_t site)
{
	struct ike_sa *sa = site < ike->n_sites ? ike->sites[site].sas : NULL;
	while (sa && sa->state != IKE_UP)
		sa = sa->next_of_site;
	return sa;
}

void ike_rekey_site(struct ike *ike, int64_t now, uint32_t site, struct ike_out *out)
{
	struct ike_sa *sa = live(ike, site);
	if (!sa)
		return;
	sa->want |= 1u << TASK_REKEY;
	act(ike, sa, now, out);
}

void ike_probe(struct ike *ike, int64_t now, uint32_t spi, const struct ike_path *path, struct ike_out *out)
{
	struct ike_child *c = ike_child_find(ike, spi);
	if (!c)
		return;
	c->sa->probe = *path;
	c->sa->probe.marked = c->sa->path.marked;
	if (c->sa->task.kind &&
	    c->sa->task.request.n) { // whichever is under way asks there too; its answer says the same
		struct ike_turn t = ike_turn_of(ike, c->sa, now, out);
		ike_send(&t, &c->sa->probe, span_of(c->sa->task.request.at, c->sa->task.request.n));
		return;
	}
	c->sa->want |= 1u << TASK_PROBE;
	act(ike, c->sa, now, out);
}

const struct ike_counters *ike_counters(const struct ike *ike)
{
	return &ike->counters;
}

bool ike_look(const struct ike *ike, uint32_t site, struct ike_view *out)
{
	const struct ike_sa *sa = live(ike, site);
	if (!sa)
		return false;
	*out = (struct ike_view){ .path = sa->path, .suite = sa->suite, .initiator = sa->initiator, .since = sa->born };
	out->spi_here = ike_spi_here(sa);
	out->spi_there = sa->initiator ? sa->spi_r : sa->spi_i;
	out->nat_here = sa->nat_here;
	out->nat_there = sa->nat_there;
	out->mobike = sa->mobike;
	out->fragments = sa->fragments;
	out->rekeys = sa->rekeys;
	for (const struct ike_child *c = sa->children; c; c = c->next)
		out->pairs++;
	return true;
}
