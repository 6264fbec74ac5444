// SPDX-License-Identifier: Apache-2.0
// CREATE_CHILD_SA for the IKE SA itself, both roles and both at once (RFC 7296 1.3.2, 2.8.2, 2.18, 2.25.2). The pairs move
// to the SA that stays; the old one is deleted by whoever began the exchange that made it.
#include "ike/private.h"

void ike_rekey_request(struct ike_turn *t, const struct dh_group *group)
{
	struct ike_sa *sa = t->sa;
	struct ike *ike = t->ike;
	struct ike_writer w = ike_chain(ike);
	uint8_t octets[8];
	sa->want &= ~(1u << TASK_REKEY);
	enum st st = ike_nonce_draw(ike, &sa->task.nonce);
	if (st == ST_OK)
		st = dh_new(ike->c.crypto, group ? group : sa->suite.group, &sa->task.dh);
	if (st != ST_OK || !ike_spi_draw(ike, &sa->task.ike_spi)) {
		ike_task_done(sa);
		sa->want |= 1u << TASK_REKEY;
		sa->retry = t->now + IKE_RETRY;
		return;
	}
	struct wr spi = wr_of(octets, sizeof octets);
	wr_be(&spi, sa->task.ike_spi, 8);
	ike_put_ke(&w, dh_group_of(sa->task.dh)->wire, dh_public(sa->task.dh));
	ike_put(&w, PAYLOAD_NONCE, span_of(sa->task.nonce.at, sa->task.nonce.n));
	ike_put_offer(&w, PROTOCOL_IKE, &ike->sites[sa->site].c.ike, wr_span(&spi));
	ike_request(t, TASK_REKEY, IKE_CREATE_CHILD_SA, &w);
}

// An SA like the old one, with keys of its own. Its message IDs begin at 0.
static struct ike_sa *successor(struct ike_turn *t, bool initiator, uint64_t spi_here, const struct ike_suite *suite,
                                struct span shared, const struct ike_nonce *ni, const struct ike_nonce *nr)
{
	const struct ike_sa *old = t->sa;
	struct ike_turn other = *t;
	struct ike_sa *sa = ike_sa_new(t->ike, initiator, old->site, t->now, spi_here);
	if (!sa)
		return NULL;
	*(initiator ? &sa->spi_r : &sa->spi_i) = suite->spi;
	sa->state = IKE_UP;
	sa->path = old->path;
	sa->nat_here = old->nat_here;
	sa->nat_there = old->nat_there;
	sa->fragments = old->fragments;
	sa->mobike = old->mobike;
	sa->caller = old->caller;
	if (sa->caller &&
	    sa->mobike) // the hash of our address is another one now: learn it while it is the old address
		sa->want |= 1u << TASK_CHECK;
	sa->suite = *suite;
	memcpy(sa->address, old->address, sizeof sa->address);
	sa->rekeys = old->rekeys + 1;
	other.sa = sa;
	if (ike_derive(t->ike, sa, span_of(old->d, old->suite.prf->size), shared, ni, nr) != ST_OK) {
		ike_sa_end(&other);
		return NULL;
	}
	ike_sa_up(&other, true);
	ike_sa_schedule(t->ike, sa);
	return sa;
}

// The old one takes nothing new any more, and waits for its end; what it still wanted of its own is void.
static void retire(struct ike_turn *t, struct ike_sa *heir)
{
	struct ike_sa *sa = t->sa;
	ike_children_move(sa, heir);
	heir->want |= sa->want & (1u << TASK_CHILD_NEW);
	sa->want = 0;
	sa->soft = INT64_MAX;
	sa->hard = t->now + IKE_GONE;
	sa->theirs = NULL;
	t->replaced = true;
	ike_sa_schedule(t->ike, heir);
}

static bool busy_with_pairs(const struct ike_sa *sa)
{
	return sa->task.kind == TASK_CHILD_NEW || sa->task.kind == TASK_CHILD_REKEY ||
	       sa->task.kind == TASK_CHILD_DELETE || sa->want & 1u << TASK_DELETE || sa->theirs;
}

static enum st choose(struct ike_turn *t, struct ike_suite *suite, struct ike_ke *ke, struct ike_nonce *ni)
{
	const struct ike_site *site = &t->ike->sites[t->sa->site].c;
	enum st st = ike_nonce_take(t->m, ni);
	if (st == ST_OK)
		st = ike_read_ke(ike_body(t->m, PAYLOAD_KE), ke);
	if (st == ST_OK)
		st = ike_choose(ike_body(t->m, PAYLOAD_SA), PROTOCOL_IKE, &site->ike, ke->group, suite);
	if (st == ST_IKE_PROPOSAL)
		return ike_refuse(t, st, N_NO_PROPOSAL_CHOSEN);
	if (st != ST_OK || !suite->spi)
		return ike_refuse(t, st == ST_OK ? ST_IKE_PAYLOAD : st, N_INVALID_SYNTAX);
	return suite->group->wire == ke->group ? ST_OK : ike_refuse_group(t, suite->group);
}

static void put_answer(struct ike_turn *t, const struct ike_sa *heir, const struct dh *dh, const struct ike_nonce *nr)
{
	uint8_t octets[8];
	struct wr spi = wr_of(octets, sizeof octets);
	wr_be(&spi, heir->spi_r, 8);
	ike_put_token(t->ike, &t->reply, heir);
	ike_put_ke(&t->reply, dh_group_of(dh)->wire, dh_public(dh));
	ike_put(&t->reply, PAYLOAD_NONCE, span_of(nr->at, nr->n));
	ike_put_suite(&t->reply, PROTOCOL_IKE, &heir->suite, wr_span(&spi));
}

enum st ike_answer_rekey(struct ike_turn *t)
{
	struct ike_sa *sa = t->sa;
	struct ike_suite suite = { 0 };
	struct ike_ke ke;
	struct ike_nonce ni, nr;
	uint8_t shared[DH_SHARED_MAX];
	ike_rekey_claim(t);
	if (busy_with_pairs(sa) || t->ike->sites[sa->site].up >= IKE_SITE_SAS)
		return ike_refuse(t, ST_IKE_LATER, N_TEMPORARY_FAILURE);
	enum st st = choose(t, &suite, &ke, &ni);
	if (st != ST_OK)
		return st;
	struct dh *dh = NULL;
	if (ike_nonce_draw(t->ike, &nr) != ST_OK || dh_new(t->ike->c.crypto, suite.group, &dh) != ST_OK)
		return ike_refuse(t, ST_SYSTEM, N_TEMPORARY_FAILURE);
	st = dh_shared(dh, ke.public, shared);
	struct ike_sa *heir = NULL;
	if (st == ST_OK)
		heir = successor(t, false, 0, &suite, span_of(shared, suite.group->shared), &ni, &nr);
	if (heir)
		put_answer(t, heir, dh, &nr);
	secret_wipe(shared, sizeof shared);
	dh_free(dh);
	if (!heir)
		return ike_refuse(t, ST_IKE_KEY, st == ST_OK ? N_TEMPORARY_FAILURE : N_INVALID_SYNTAX);
	if (sa->task.kind == TASK_REKEY) {
		sa->theirs = heir;
		sa->theirs_low = ike_lower(&ni, &nr);
	} else {
		retire(t, heir);
	}
	return ST_OK;
}

static struct ike_sa *take(struct ike_turn *t, struct ike_nonce *nr, enum st *why)
{
	const struct ike_site *site = &t->ike->sites[t->sa->site].c;
	struct ike_suite suite;
	struct ike_ke ke;
	uint8_t shared[DH_SHARED_MAX];
	enum st st = ike_nonce_take(t->m, nr);
	if (st == ST_OK)
		st = ike_read_ke(ike_body(t->m, PAYLOAD_KE), &ke);
	if (st == ST_OK)
		st = ike_accept(ike_body(t->m, PAYLOAD_SA), PROTOCOL_IKE, &site->ike, &suite);
	if (st == ST_OK && (!suite.spi || suite.group != dh_group_of(t->done.dh) || ke.group != suite.group->wire))
		st = ST_IKE_GROUP;
	if (st == ST_OK && dh_shared(t->done.dh, ke.public, shared) != ST_OK)
		st = ST_IKE_KEY;
	struct ike_sa *heir = NULL;
	if (st == ST_OK) {
		struct span secret = span_of(shared, suite.group->shared);
		heir = successor(t, true, t->done.ike_spi, &suite, secret, &t->done.nonce, nr);
	}
	if (heir)
		ike_take_token(heir, t->m);
	if (heir && ike_has_tokens(t->ike)) // RFC 6290 4.3: whoever asked tells its own afterwards
		heir->want |= 1u << TASK_TOKEN;
	secret_wipe(shared, sizeof shared);
	*why = st == ST_OK && !heir ? ST_NO_MEMORY : st;
	return heir;
}

// Made and not wanted: deleted by us, who asked for it.
static void drop(struct ike_turn *t, struct ike_sa *ours)
{
	struct ike_turn other = ike_turn_of(t->ike, ours, t->now, t->out);
	ours->want |= 1u << TASK_DELETE;
	ike_next(&other);
	ike_sa_schedule(t->ike, ours);
}

enum st ike_take_rekey(struct ike_turn *t)
{
	struct ike_sa *sa = t->sa;
	struct ike_nonce nr;
	enum st st;
	if (t->done.kind != TASK_REKEY)
		return ST_IKE_UNEXPECTED;
	struct ike_sa *ours = take(t, &nr, &st), *theirs = sa->theirs;
	if (!ours) {
		sa->soft = ike_retry_at(t);
		return st;
	}
	struct ike_low low = ike_lower(&t->done.nonce, &nr);
	if (t->done.lost) {
		drop(t, ours);
		t->end = true;
	} else if (theirs && ike_low_less(&low, &sa->theirs_low)) {
		drop(t, ours);
		retire(t, theirs);
	} else {
		retire(t, ours);
		sa->want |= 1u << TASK_DELETE;
	}
	return ST_OK;
}

enum st ike_rekey_refused(struct ike_turn *t, const struct dh_group *group)
{
	struct ike_sa *sa = t->sa;
	if (t->done.lost) {
		t->end = true;
	} else if (sa->theirs) { // theirs went through
		retire(t, sa->theirs);
	} else if (group) {
		ike_rekey_request(t, group);
		sa->task.moved = true;
	} else {
		sa->soft = ike_retry_at(t);
	}
	return ST_OK;
}

enum st ike_answer_later(struct ike_turn *t)
{
	return ike_refuse(t, ST_IKE_LATER, N_TEMPORARY_FAILURE);
}

// A request on an SA that the peer's rekey made while ours is under way: the peer has decided for it, so its pairs are here.
void ike_rekey_claim(struct ike_turn *t)
{
	if (!t->sa->rekeys || t->sa->take_id)
		return;
	for (struct ike_sa *sa = t->ike->sites[t->sa->site].sas; sa; sa = sa->next_of_site)
		if (sa->theirs == t->sa)
			ike_children_move(sa, t->sa);
}

// The peer deletes the SA before its answer to our rekey came: what it made in its own takes over, and what the answer
// makes will be deleted.
bool ike_rekey_lost(struct ike_turn *t)
{
	if (!t->sa->theirs || t->sa->task.kind != TASK_REKEY)
		return false;
	t->sa->task.lost = true;
	retire(t, t->sa->theirs);
	return true;
}
