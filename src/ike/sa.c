// SPDX-License-Identifier: Apache-2.0
// The table of IKE SAs: by our own SPI, half-open ones by the request that made them, and all by when they are due.
#include <stdlib.h>

#include "ike/private.h"

uint64_t ike_spi_here(const struct ike_sa *sa)
{
	return sa->initiator ? sa->spi_i : sa->spi_r;
}

static struct ike_sa **bucket(const struct ike *ike, struct ike_sa **table, uint64_t key)
{
	struct hash h = hash_begin(&ike->hash);
	hash_add(&h, span_of(&key, sizeof key));
	return &table[hash_end(&h) % IKE_BUCKETS];
}

struct ike_sa *ike_sa_find(const struct ike *ike, uint64_t spi_here)
{
	struct ike_sa *sa = *bucket(ike, ike->by_spi, spi_here);
	while (sa && ike_spi_here(sa) != spi_here)
		sa = sa->next_spi;
	return sa;
}

struct ike_sa *ike_sa_started(const struct ike *ike, uint64_t tag)
{
	struct ike_sa *sa = *bucket(ike, ike->by_start, tag);
	while (sa && sa->start->tag != tag)
		sa = sa->next_start;
	return sa;
}

void ike_sa_index(struct ike *ike, struct ike_sa *sa)
{
	struct ike_sa **b = bucket(ike, ike->by_spi, ike_spi_here(sa));
	sa->next_spi = *b;
	*b = sa;
}

void ike_sa_index_start(struct ike *ike, struct ike_sa *sa)
{
	struct ike_sa **b = bucket(ike, ike->by_start, sa->start->tag);
	sa->next_start = *b;
	*b = sa;
}

static void unindex(struct ike *ike, struct ike_sa *sa)
{
	for (struct ike_sa **b = bucket(ike, ike->by_spi, ike_spi_here(sa)); *b; b = &(*b)->next_spi)
		if (*b == sa) {
			*b = sa->next_spi;
			break;
		}
}

static void unindex_start(struct ike *ike, struct ike_sa *sa)
{
	for (struct ike_sa **b = bucket(ike, ike->by_start, sa->start->tag); *b; b = &(*b)->next_start)
		if (*b == sa) {
			*b = sa->next_start;
			break;
		}
}

static void earlier(int64_t *due, int64_t at)
{
	if (at < *due)
		*due = at;
}

static int64_t due_of(const struct ike_sa *sa)
{
	int64_t due = sa->hard;
	bool busy = sa->task.kind != TASK_NONE, wants = sa->want != 0;
	if (busy)
		earlier(&due, sa->task.again);
	if (sa->state == IKE_HALF)
		earlier(&due, sa->born + IKE_HALF_OPEN_LIFE);
	if (sa->state != IKE_UP)
		return due;
	earlier(&due, sa->soft);
	if (sa->dpd && !busy)
		earlier(&due, sa->heard + sa->dpd);
	for (const struct ike_child *c = sa->children; c; c = c->next) {
		earlier(&due, c->soft);
		earlier(&due, c->hard);
		wants |= c->want_rekey || c->want_delete;
	}
	if (wants && !busy)
		earlier(&due, sa->retry);
	return due;
}

void ike_sa_schedule(struct ike *ike, struct ike_sa *sa)
{
	ike_heap_set(&ike->due, &sa->timer, due_of(sa));
}

// What it wanted could not be done now.
void ike_sa_put_off(struct ike *ike, struct ike_sa *sa, int64_t until)
{
	ike_heap_set(&ike->due, &sa->timer, until);
}

bool ike_spi_draw(struct ike *ike, uint64_t *spi)
{
	do
		if (random_bytes(ike->c.random, spi, sizeof *spi) != ST_OK)
			return false;
	while (*spi >> 32 == 0 || ike_sa_find(ike, *spi)); // its beginning is no marker (RFC 3948 2.2)
	return true;
}

struct ike_sa *ike_sa_new(struct ike *ike, bool initiator, uint32_t site, int64_t now, uint64_t spi)
{
	struct ike_sa *sa = spi || ike_spi_draw(ike, &spi) ? calloc(1, sizeof *sa) : NULL;
	if (!sa || !ike_heap_add(&ike->due, &sa->timer, INT64_MAX)) {
		free(sa);
		return NULL;
	}
	sa->initiator = sa->caller = initiator;
	*(initiator ? &sa->spi_i : &sa->spi_r) = spi;
	sa->site = IKE_NO_SITE;
	if (site != IKE_NO_SITE)
		ike_site_join(ike, sa, site);
	sa->born = sa->heard = now;
	sa->soft = sa->hard = INT64_MAX;
	sa->state = initiator ? IKE_INIT_SENT : IKE_FRESH;
	sa->why = ST_IKE_DELETED;
	ike_sa_index(ike, sa);
	ike->counters.sas++;
	return sa;
}

void ike_start_free(struct ike_start *s)
{
	if (!s)
		return;
	dh_free(s->dh);
	free(s->init_i.at);
	free(s->init_r.at);
	secret_wipe(s, sizeof *s);
	free(s);
}

void ike_task_free(struct ike_task *task)
{
	dh_free(task->dh);
	free(task->request.at);
	*task = (struct ike_task){ 0 };
}

void ike_task_done(struct ike_sa *sa)
{
	ike_task_free(&sa->task);
}

// Of IPv6 the first half: whoever has one address of a /64 has all of them.
size_t ike_address_bucket(const struct ike *ike, const struct addr *a)
{
	struct hash h = hash_begin(&ike->hash);
	hash_add(&h, span_of(a->ip, addr_is_v4(a) ? sizeof a->ip : sizeof a->ip / 2));
	return hash_end(&h) % IKE_ADDRESS_BUCKETS;
}

void ike_count_half(struct ike *ike, struct ike_sa *sa, bool half)
{
	if (half == sa->counted_half)
		return;
	if (half)
		sa->half_at = (uint16_t)ike_address_bucket(ike, &sa->path.remote);
	uint16_t *n = &ike->half_by_address[sa->half_at];
	sa->counted_half = half;
	*n = (uint16_t)(*n + (half ? 1 : -1));
	ike->counters.half_open += half ? 1 : -1;
}

unsigned ike_half_at(const struct ike *ike, const struct addr *a)
{
	return ike->half_by_address[ike_address_bucket(ike, a)];
}

static void leave_site(struct ike_turn *t, struct ike_sa *sa)
{
	struct ike_site_state *s = ike_site_of(t->ike, sa);
	if (!s)
		return;
	ike_site_part(t->ike, sa);
	if (sa->counted_up && --s->up == 0)
		ike_tell(t, (struct ike_effect){ .kind = IKE_SITE_DOWN, .site = sa->site, .why = sa->why });
	if (!s->sas && s->c.initiate) {
		if (!sa->counted_up)
			ike_tell(t, (struct ike_effect){ .kind = IKE_SITE_FAILED, .site = sa->site, .why = sa->why });
		int64_t wait = IKE_AGAIN_FIRST << (s->failures < 6 ? s->failures : 6);
		ike_heap_set(&t->ike->waiting, &s->timer, t->now + (wait < IKE_AGAIN_MAX ? wait : IKE_AGAIN_MAX));
		s->failures++;
	}
}

// An answer that must not see this SA again: whoever waits for it as the other half of a collision.
static void forget_twin(struct ike *ike, const struct ike_sa *sa)
{
	for (struct ike_sa *other = ike->sites[sa->site].sas; other; other = other->next_of_site)
		if (other->theirs == sa)
			other->theirs = NULL;
}

void ike_sa_end(struct ike_turn *t)
{
	struct ike *ike = t->ike;
	struct ike_sa *sa = t->sa;
	while (sa->children)
		ike_child_down(t, sa->children, sa->why);
	if (sa->task.spi)
		ike_spi_give(t, sa->task.spi);
	if (sa->start && sa->start->spi)
		ike_spi_give(t, sa->start->spi);
	ike_count_half(ike, sa, false);
	if (sa->start && sa->start->tag)
		unindex_start(ike, sa);
	unindex(ike, sa);
	ike_heap_remove(&ike->due, &sa->timer);
	if (sa->counted_up)
		forget_twin(ike, sa);
	leave_site(t, sa);
	ike_start_free(sa->start);
	ike_task_done(sa);
	ike_parts_free(sa->parts[0]);
	ike_parts_free(sa->parts[1]);
	free(sa->answer.at);
	aead_key_free(ike->c.engine, sa->seal);
	aead_key_free(ike->c.engine, sa->open);
	secret_wipe(sa, sizeof *sa);
	free(sa);
	ike->counters.sas--;
	t->sa = NULL;
}

int64_t ike_jitter(struct ike *ike, int64_t life)
{
	uint16_t r = 0;
	(void)random_bytes(ike->c.random, &r, sizeof r);
	return life / 10 * 9 - life / 10 * r / UINT16_MAX;
}

int64_t ike_retry_at(const struct ike_turn *t)
{
	uint16_t r = 0;
	(void)random_bytes(t->ike->c.random, &r, sizeof r);
	return t->now + IKE_RETRY + IKE_RETRY * r / UINT16_MAX;
}

// A site that comes again and again without saying that it lost what it had (INITIAL_CONTACT): the one that was silent for
// longest goes.
static void end_oldest(struct ike_turn *t)
{
	struct ike_turn other = *t;
	other.sa = NULL;
	for (struct ike_sa *sa = t->ike->sites[t->sa->site].sas; sa; sa = sa->next_of_site)
		if (sa != t->sa && sa->counted_up && (!other.sa || sa->heard <= other.sa->heard))
			other.sa = sa;
	if (other.sa)
		ike_sa_end(&other);
}

// Authenticated: what was needed for that goes, and the site is up.
void ike_sa_up(struct ike_turn *t, bool again)
{
	struct ike_sa *sa = t->sa;
	struct ike_site_state *s = &t->ike->sites[sa->site];
	ike_count_half(t->ike, sa, false);
	if (sa->start && sa->start->tag)
		unindex_start(t->ike, sa);
	ike_start_free(sa->start);
	sa->start = NULL;
	secret_wipe(sa->pi, sizeof sa->pi);
	secret_wipe(sa->pr, sizeof sa->pr);
	sa->dpd = s->c.dpd;
	sa->heard = t->now;
	sa->soft = t->now + ike_jitter(t->ike, s->c.ike_life);
	sa->hard = t->now + s->c.ike_life;
	sa->counted_up = true;
	s->failures = 0;
	ike_heap_set(&t->ike->waiting, &s->timer, INT64_MAX);
	if (s->up++ >= IKE_SITE_SAS && !again)
		end_oldest(t);
	if (s->up == 1 && !again) {
		struct ike_effect e = { .kind = IKE_SITE_UP, .site = sa->site, .path = sa->path };
		memcpy(e.address, sa->address, sizeof e.address);
		ike_tell(t, e);
	}
}
