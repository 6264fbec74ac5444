// SPDX-License-Identifier: Apache-2.0
// INFORMATIONAL, both roles (RFC 7296 1.4): deletes, the check of life, and MOBIKE's address update (RFC 4555 3.5).
#include "ike/private.h"

static void put_move(struct ike_turn *t, struct ike_writer *w)
{
	struct ike_sa *sa = t->sa;
	(void)random_bytes(t->ike->c.random, sa->task.echo, sizeof sa->task.echo);
	ike_put_notify(w, N_COOKIE2, span_of(sa->task.echo, sizeof sa->task.echo));
	ike_put_nat(w, sa->spi_i, sa->spi_r, &sa->path);
	ike_put_notify(w, N_UPDATE_SA_ADDRESSES, (struct span){ 0 });
}

void ike_info_request(struct ike_turn *t, enum ike_task_kind kind, uint32_t child)
{
	struct ike_sa *sa = t->sa;
	struct ike_writer w = ike_chain(t->ike);
	struct ike_child *c = child ? ike_child_find(t->ike, child) : NULL;
	sa->want &= ~(1u << kind);
	if (kind == TASK_DELETE) {
		ike_put_delete(&w, 0);
	} else if (c) {
		c->deleting = true;
		c->want_delete = false;
		sa->task.child = child;
		ike_put_delete(&w, child);
	} else if (kind == TASK_TOKEN) {
		ike_put_token(t->ike, &w, sa);
	} else if (kind == TASK_MOVE) {
		put_move(t, &w);
	} else if (sa->mobike) { // a plain peer is asked with an empty message
		ike_put_nat(&w, sa->spi_i, sa->spi_r, &sa->path);
	}
	ike_request(t, kind, IKE_INFORMATIONAL, &w);
	if (kind == TASK_PROBE)
		ike_send(t, &sa->probe, span_of(sa->task.request.at, sa->task.request.n));
}

static void delete_pair(struct ike_turn *t, uint32_t spi)
{
	struct ike_child *c = ike_child_find_out(t->sa, spi);
	if (!c)
		return;
	if (!c->deleting) // crossing deletes are answered without the pair (RFC 7296 1.4.1)
		ike_put_delete(&t->reply, c->in);
	if (t->sa->task.kind == TASK_CHILD_REKEY && t->sa->task.child == c->in && c->theirs)
		t->sa->task.lost = true;
	ike_child_down(t, c, ST_IKE_DELETED);
}

// The side that keeps a site up asks for another pair when the last one went.
static void want_pair(struct ike_turn *t, int64_t when)
{
	struct ike_sa *sa = t->sa;
	const struct ike_site_state *s = ike_site_of(t->ike, sa);
	if (!s || !s->c.initiate || s->c.childless || sa->children || sa->state != IKE_UP || t->end)
		return;
	sa->want |= 1u << TASK_CHILD_NEW;
	sa->retry = when;
}

static enum st take_deletes(struct ike_turn *t)
{
	struct ike_delete first;
	bool ends =
	        t->m->n_deletes && ike_read_delete(t->m->deletes[0], &first) == ST_OK && first.protocol == PROTOCOL_IKE;
	if (!ends)
		ike_rekey_claim(t);
	for (size_t i = 0; i < t->m->n_deletes; i++) {
		struct ike_delete d;
		if (ike_read_delete(t->m->deletes[i], &d) != ST_OK)
			return ike_refuse(t, ST_IKE_PAYLOAD, N_INVALID_SYNTAX);
		if (d.protocol == PROTOCOL_IKE && !ike_rekey_lost(t))
			t->end = true;
		for (size_t k = 0; k < d.n; k++)
			delete_pair(t, d.spi[k]);
	}
	if (t->m->n_deletes)
		want_pair(t, t->now + IKE_SECOND);
	return ST_OK;
}

enum st ike_answer_info(struct ike_turn *t)
{
	struct ike_sa *sa = t->sa;
	const struct ike_notify *echo = ike_find_notify(t->m, N_COOKIE2);
	ike_take_token(sa, t->m);
	if (ike_find_notify(t->m, N_AUTHENTICATION_FAILED)) {
		sa->why = ST_IKE_PROOF;
		t->end = true;
	}
	enum st st = take_deletes(t);
	if (st != ST_OK)
		return st;
	bool moves = ike_find_notify(t->m, N_UPDATE_SA_ADDRESSES) && sa->mobike && !sa->caller;
	if (moves)
		ike_follow(t, t->path);
	if (ike_find_notify(t->m, N_NAT_DETECTION_SOURCE_IP)) {
		if (moves || !sa->mobike)
			(void)ike_see_nat(sa, t->m, t->path);
		ike_put_nat(&t->reply, sa->spi_i, sa->spi_r, t->path);
	}
	if (echo && echo->data.n >= 8 && echo->data.n <= 64)
		ike_put_notify(&t->reply, N_COOKIE2, echo->data);
	return ST_OK;
}

// As the initiator behind a NAT: when the peer sees us at another address than before, it is told so at once (RFC 4555 3.8).
static void see_mapping(struct ike_turn *t)
{
	struct ike_sa *sa = t->sa;
	const struct ike_notify *n = ike_find_notify(t->m, N_NAT_DETECTION_DESTINATION_IP);
	if (!n || n->data.n != sizeof sa->seen_there)
		return;
	bool changed = sa->has_seen && memcmp(sa->seen_there, n->data.p, n->data.n) != 0;
	memcpy(sa->seen_there, n->data.p, n->data.n);
	sa->has_seen = true;
	if (changed && sa->caller && sa->mobike && t->done.kind != TASK_MOVE)
		sa->want |= 1u << TASK_MOVE;
}

enum st ike_take_info(struct ike_turn *t)
{
	struct ike_child *c = t->done.child ? ike_child_find(t->ike, t->done.child) : NULL;
	if (t->done.kind == TASK_CHILD_DELETE && c && c->sa == t->sa) {
		ike_child_down(t, c, ST_IKE_DELETED);
		want_pair(t, t->now);
	}
	if (t->done.kind == TASK_MOVE) {
		const struct ike_notify *echo = ike_find_notify(t->m, N_COOKIE2);
		if (!echo || !span_equal(echo->data, span_of(t->done.echo, sizeof t->done.echo)))
			return ST_IKE_COOKIE;
	}
	see_mapping(t);
	return ST_OK;
}
