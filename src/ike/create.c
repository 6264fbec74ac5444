// SPDX-License-Identifier: Apache-2.0
// CREATE_CHILD_SA for pairs, both roles: another pair, or one in place of an old one, with or without Diffie-Hellman, and
// both sides at once (RFC 7296 1.3.1, 1.3.3, 2.8, 2.25).
#include "ike/private.h"

void ike_child_request(struct ike_turn *t, struct ike_child *old, const struct dh_group *group)
{
	struct ike_sa *sa = t->sa;
	struct ike *ike = t->ike;
	struct ike_offer offer = ike->sites[sa->site].c.esp;
	struct ike_writer w = ike_chain(ike);
	if (old)
		old->want_rekey = false;
	else
		sa->want &= ~(1u << TASK_CHILD_NEW);
	for (int i = 0; i < DH_COUNT && !group; i++)
		if (offer.groups & 1u << i)
			group = dh_at(i);
	enum st st = ike_nonce_draw(ike, &sa->task.nonce);
	if (st == ST_OK && group)
		st = dh_new(ike->c.crypto, group, &sa->task.dh);
	sa->task.spi = st == ST_OK ? ike_spi_take(ike, sa->site) : 0;
	if (!sa->task.spi) {
		ike_task_done(sa);
		sa->retry = ike_retry_at(t);
		return;
	}
	sa->task.child = old ? old->in : 0;
	if (!offer.groups)
		offer.groups = IKE_NO_GROUP;
	ike_put_child_offer(t, &w, sa->task.spi, old, &offer);
	if (group)
		ike_put_ke(&w, group->wire, dh_public(sa->task.dh));
	ike_put(&w, PAYLOAD_NONCE, span_of(sa->task.nonce.at, sa->task.nonce.n));
	if (old)
		ike_put_notify_spi(&w, N_REKEY_SA, old->in, (struct span){ 0 });
	ike_request(t, old ? TASK_CHILD_REKEY : TASK_CHILD_NEW, IKE_CREATE_CHILD_SA, &w);
}

// The pair that a request names by the peer's inbound SPI; found: there is none such, or none was named.
static enum st named_pair(struct ike_turn *t, struct ike_child **old)
{
	const struct ike_notify *n = ike_find_notify(t->m, N_REKEY_SA);
	*old = NULL;
	if (!n)
		return ST_OK;
	struct rd r = rd_of(n->spi);
	uint32_t spi = rd_u32(&r);
	bool whole = n->protocol == PROTOCOL_ESP && rd_end(&r) == ST_OK;
	if (whole)
		*old = ike_child_find_out(t->sa, spi);
	if (!*old && whole)
		t->error_spi = spi; // RFC 7296 3.10.1
	if (!*old)
		return ike_refuse(t, ST_IKE_CHILD, N_CHILD_SA_NOT_FOUND);
	if ((*old)->deleting || (*old)->want_delete)
		return ike_refuse(t, ST_IKE_LATER, N_TEMPORARY_FAILURE);
	return ST_OK;
}

static size_t count(const struct ike_sa *sa)
{
	size_t n = 0;
	for (const struct ike_child *c = sa->children; c; c = c->next)
		n++;
	return n;
}

// What takes over from a pair carries at least what that one carries, in the same mode (RFC 7296 2.9.2). In transport mode the
// selectors are the ends' addresses, which a NAT may have changed.
static enum st keeps(const struct ike_child *old, const struct ike_child_plan *p)
{
	if (old->transport != p->transport)
		return ST_IKE_PROPOSAL;
	bool all = ike_ts_within(&old->here, &p->here) && ike_ts_within(&old->there, &p->there);
	return all || old->transport ? ST_OK : ST_IKE_TS;
}

static enum st refuse_plan(struct ike_turn *t, enum st st)
{
	if (st == ST_IKE_TS)
		return ike_refuse(t, st, N_TS_UNACCEPTABLE);
	return ike_refuse(t, st, st == ST_IKE_PROPOSAL ? N_NO_PROPOSAL_CHOSEN : N_INVALID_SYNTAX);
}

// Our half of Diffie-Hellman as responder; without a group there is nothing to do. The caller frees *dh.
static enum st answer_dh(struct ike_turn *t, const struct dh_group *group, const struct ike_ke *ke, struct dh **dh,
                         uint8_t *shared)
{
	if (!group)
		return ST_OK;
	if (ke->group != group->wire)
		return ike_refuse_group(t, group);
	enum st st = dh_new(t->ike->c.crypto, group, dh);
	if (st == ST_OK && dh_shared(*dh, ke->public, shared) != ST_OK)
		st = ST_IKE_KEY;
	return st == ST_OK ? st : ike_refuse(t, st, st == ST_IKE_KEY ? N_INVALID_SYNTAX : N_TEMPORARY_FAILURE);
}

// What an answered rekey of `old` means: the peer will delete it, or, with ours under way too, the nonces decide.
static void note_replaced(struct ike_turn *t, struct ike_child *old, uint32_t in, const struct ike_low *low)
{
	const struct ike_task *task = &t->sa->task;
	old->want_rekey = false;
	old->soft = INT64_MAX;
	if (task->kind == TASK_CHILD_REKEY && task->child == old->in) {
		old->theirs = in;
		old->theirs_low = *low;
	}
}

static enum st answer_plan(struct ike_turn *t, struct ike_child *old, const struct ike_child_plan *p,
                           const struct ike_ke *ke, const struct ike_nonce *ni)
{
	struct ike_nonce nr;
	struct dh *dh = NULL;
	uint8_t shared[DH_SHARED_MAX];
	enum st st = answer_dh(t, p->suite.group, ke, &dh, shared);
	if (st == ST_OK && ike_nonce_draw(t->ike, &nr) != ST_OK)
		st = ike_refuse(t, ST_SYSTEM, N_TEMPORARY_FAILURE);
	if (st == ST_OK) {
		uint32_t in = ike_spi_take(t->ike, t->sa->site);
		struct span secret = span_of(shared, p->suite.group ? p->suite.group->shared : 0);
		if (in && ike_child_up(t, p, in, false, secret, ni, &nr, old ? old->in : 0)) {
			struct ike_low low = ike_lower(ni, &nr);
			if (old)
				note_replaced(t, old, in, &low);
			ike_put_child_answer(t, p, in);
			if (dh)
				ike_put_ke(&t->reply, p->suite.group->wire, dh_public(dh));
			ike_put(&t->reply, PAYLOAD_NONCE, span_of(nr.at, nr.n));
		} else {
			ike_spi_give(t, in);
			st = ike_refuse(t, ST_NO_MEMORY, N_TEMPORARY_FAILURE);
		}
	}
	secret_wipe(shared, sizeof shared);
	dh_free(dh);
	return st;
}

enum st ike_answer_child(struct ike_turn *t)
{
	struct ike_sa *sa = t->sa;
	struct ike_child *old;
	struct ike_child_plan p;
	struct ike_nonce ni;
	struct ike_ke ke = { 0 };
	ike_rekey_claim(t);
	if (sa->task.kind == TASK_REKEY || sa->want & 1u << TASK_DELETE)
		return ike_refuse(t, ST_IKE_LATER, N_TEMPORARY_FAILURE);
	enum st st = ike_nonce_take(t->m, &ni);
	if (st == ST_OK && t->m->sealed & P(KE))
		st = ike_read_ke(ike_body(t->m, PAYLOAD_KE), &ke);
	if (st != ST_OK)
		return ike_refuse(t, st, N_INVALID_SYNTAX);
	st = named_pair(t, &old);
	if (st != ST_OK)
		return st;
	if (count(sa) >= IKE_CHILDREN_MAX)
		return ike_refuse(t, ST_FULL, N_NO_ADDITIONAL_SAS);
	st = ike_child_plan_of(t, false, ke.group, &p);
	if (st == ST_OK && old)
		st = keeps(old, &p);
	return st == ST_OK ? answer_plan(t, old, &p, &ke, &ni) : refuse_plan(t, st);
}

// Both sides rekeyed the same pair: of the two new ones, that whose exchange holds the lowest nonce goes, deleted by who
// asked for it; the old one is deleted by the other (RFC 7296 2.8.1).
static bool ours_loses(struct ike_turn *t, const struct ike_nonce *nr)
{
	struct ike_child *old = t->done.child ? ike_child_find(t->ike, t->done.child) : NULL;
	if (!old || !old->theirs || !ike_child_find(t->ike, old->theirs))
		return t->done.lost;
	struct ike_low ours = ike_lower(&t->done.nonce, nr);
	return ike_low_less(&ours, &old->theirs_low);
}

// less: the new one does not carry what the old one does, which goes on until it is asked again.
static void settle_pairs(struct ike_turn *t, struct ike_child *fresh, bool loses, bool less)
{
	struct ike_child *old = t->done.child ? ike_child_find(t->ike, t->done.child) : NULL;
	fresh->want_delete = loses;
	if (!old)
		return;
	if (!loses)
		old->want_delete = true;
	old->theirs = 0;
	old->soft = less ? ike_retry_at(t) : INT64_MAX;
}

enum st ike_take_child(struct ike_turn *t)
{
	struct ike_child_plan p;
	struct ike_nonce nr;
	struct ike_ke ke = { 0 };
	uint8_t shared[DH_SHARED_MAX];
	if (t->done.kind != TASK_CHILD_NEW && t->done.kind != TASK_CHILD_REKEY)
		return ST_IKE_UNEXPECTED;
	enum st st = ike_nonce_take(t->m, &nr);
	if (st == ST_OK)
		st = ike_child_accept(t, false, &p);
	if (st == ST_OK && t->m->sealed & P(KE))
		st = ike_read_ke(ike_body(t->m, PAYLOAD_KE), &ke);
	const struct dh_group *group = st == ST_OK ? p.suite.group : NULL;
	if (group && (!t->done.dh || dh_group_of(t->done.dh) != group || ke.group != group->wire))
		st = ST_IKE_GROUP;
	else if (group && dh_shared(t->done.dh, ke.public, shared) != ST_OK)
		st = ST_IKE_KEY;
	struct ike_child *c = NULL, *old = t->done.child ? ike_child_find(t->ike, t->done.child) : NULL;
	bool less = st == ST_OK && old && keeps(old, &p) != ST_OK;
	if (st == ST_OK) {
		struct span secret = span_of(shared, group ? group->shared : 0);
		p.quiet = less || ours_loses(t, &nr);
		c = ike_child_up(t, &p, t->done.spi, true, secret, &t->done.nonce, &nr, t->done.child);
		st = c ? ST_OK : ST_NO_MEMORY;
	}
	secret_wipe(shared, sizeof shared);
	if (c)
		settle_pairs(t, c, p.quiet, less);
	else
		ike_spi_give(t, t->done.spi);
	return st;
}

// The group that a refusal names, when we asked with another one and have not been told before.
static const struct dh_group *named_group(const struct ike_turn *t, const struct ike_offer *mine)
{
	const struct ike_notify *n = ike_find_notify(t->m, N_INVALID_KE_PAYLOAD);
	struct rd r = rd_of(n ? n->data : (struct span){ 0 });
	const struct dh_group *g = dh_find(rd_u16(&r));
	if (!n || rd_end(&r) != ST_OK || !g || t->done.moved || !t->done.dh || dh_group_of(t->done.dh) == g ||
	    !(mine->groups & 1u << g->id))
		return NULL;
	return g;
}

static enum st pair_refused(struct ike_turn *t)
{
	struct ike_sa *sa = t->sa;
	const struct ike_site *site = &t->ike->sites[sa->site].c;
	struct ike_child *old = t->done.child ? ike_child_find(t->ike, t->done.child) : NULL;
	const struct dh_group *group = named_group(t, &site->esp);
	ike_spi_give(t, t->done.spi);
	if (group) {
		ike_child_request(t, old, group);
		sa->task.moved = true;
		return ST_OK;
	}
	sa->retry = ike_retry_at(t);
	if (old && ike_find_notify(t->m, N_CHILD_SA_NOT_FOUND)) {
		ike_child_down(t, old, ST_IKE_CHILD);
		if (!sa->children)
			sa->want |= 1u << TASK_CHILD_NEW;
	} else if (old && !old->theirs && old->soft != INT64_MAX) {
		old->want_rekey = true;
	} else if (old && !old->theirs) {
		old->soft = sa->retry; // asked again until it expires
	} else if (!old && !sa->children) {
		sa->want |= 1u << TASK_CHILD_NEW;
	}
	if (old && ike_child_find(t->ike, t->done.child))
		old->theirs = 0;
	return ST_OK;
}

enum st ike_take_refusal(struct ike_turn *t)
{
	if (!ike_find_error(t->m))
		return ST_IKE_PAYLOADS;
	if (t->done.kind == TASK_CHILD_NEW || t->done.kind == TASK_CHILD_REKEY)
		return pair_refused(t);
	return t->done.kind == TASK_REKEY ? ike_rekey_refused(t, named_group(t, &t->ike->sites[t->sa->site].c.ike))
	                                  : ST_IKE_UNEXPECTED;
}
