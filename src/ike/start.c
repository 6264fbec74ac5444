// SPDX-License-Identifier: Apache-2.0
// IKE_SA_INIT (RFC 7296 1.2), both roles: suite, Diffie-Hellman, nonces, NAT detection, COOKIE and INVALID_KE in any order.
#include <stdlib.h>

#include "ike/private.h"

enum st ike_nonce_draw(struct ike *ike, struct ike_nonce *n)
{
	n->n = IKE_NONCE_OURS;
	return random_bytes(ike->c.random, n->at, n->n);
}

enum st ike_nonce_take(const struct ike_message *m, struct ike_nonce *n)
{
	struct span s = ike_body(m, PAYLOAD_NONCE);
	if (s.n < IKE_NONCE_MIN || s.n > IKE_NONCE_MAX)
		return ST_IKE_NONCE;
	n->n = (uint16_t)s.n;
	memcpy(n->at, s.p, s.n);
	return ST_OK;
}

// The group in INVALID_KE_PAYLOAD (RFC 7296 1.3).
enum st ike_refuse_group(struct ike_turn *t, const struct dh_group *wanted)
{
	t->error_data[0] = (uint8_t)(wanted->wire >> 8);
	t->error_data[1] = (uint8_t)wanted->wire;
	t->error_n = 2;
	return ike_refuse(t, ST_IKE_GROUP, N_INVALID_KE_PAYLOAD);
}

static void see_supported(struct ike_sa *sa, const struct ike_message *m)
{
	sa->fragments = ike_find_notify(m, N_IKEV2_FRAGMENTATION_SUPPORTED);
	sa->peer_childless = ike_find_notify(m, N_CHILDLESS_IKEV2_SUPPORTED);
	sa->start->peer_hashes = ike_read_hashes(m);
	sa->start->peer_ppk = ike_find_notify(m, N_USE_PPK);
}

// Shared secret, then every key of the SA. The peer's value is as it came.
static enum st agree(struct ike_turn *t, const struct dh *dh, struct span public, const struct ike_nonce *ni,
                     const struct ike_nonce *nr)
{
	uint8_t shared[DH_SHARED_MAX];
	enum st st = dh_shared(dh, public, shared);
	if (st == ST_OK)
		st = ike_derive(t->ike, t->sa, (struct span){ 0 }, span_of(shared, dh_group_of(dh)->shared), ni, nr);
	else
		st = ST_IKE_KEY;
	secret_wipe(shared, sizeof shared);
	return st;
}

static void put_init(struct ike_turn *t, struct ike_writer *w, const struct ike_nonce *nonce, bool ppk, bool signs)
{
	const struct ike_sa *sa = t->sa;
	if (signs)
		ike_put_hashes(w);
	if (ppk)
		ike_put_notify(w, N_USE_PPK, (struct span){ 0 });
	ike_put_notify(w, N_IKEV2_FRAGMENTATION_SUPPORTED, (struct span){ 0 });
	ike_put_nat(w, sa->spi_i, sa->spi_r, &sa->path);
	ike_put(w, PAYLOAD_NONCE, span_of(nonce->at, nonce->n));
	ike_put_ke(w, dh_group_of(sa->start->dh)->wire, dh_public(sa->start->dh));
}

enum st ike_answer_init(struct ike_turn *t)
{
	struct ike_sa *sa = t->sa;
	struct ike_start *s = sa->start;
	struct ike_ke ke;
	enum st st = ike_read_ke(ike_body(t->m, PAYLOAD_KE), &ke);
	if (st == ST_OK)
		st = ike_nonce_take(t->m, &s->ni);
	const struct ike_offer taken = ike_offer_of_all(t->ike);
	if (st == ST_OK)
		st = ike_choose(ike_body(t->m, PAYLOAD_SA), PROTOCOL_IKE, &taken, ke.group, &sa->suite);
	if (st == ST_IKE_PROPOSAL)
		return ike_refuse(t, st, N_NO_PROPOSAL_CHOSEN);
	if (st != ST_OK)
		return st;
	if (sa->suite.group->wire != ke.group)
		return ike_refuse_group(t, sa->suite.group);
	if (!ike_see_nat(sa, t->m, t->path))
		return ike_refuse(t, ST_IKE_NO_NAT_T, N_NO_PROPOSAL_CHOSEN);
	st = ike_nonce_draw(t->ike, &s->nr);
	if (st == ST_OK)
		st = dh_new(t->ike->c.crypto, sa->suite.group, &s->dh);
	if (st == ST_OK)
		st = agree(t, s->dh, ke.public, &s->ni, &s->nr);
	if (st != ST_OK)
		return st == ST_IKE_KEY ? ike_refuse(t, st, N_INVALID_SYNTAX) : st;
	if (!ike_keep(&s->init_i, t->m->whole))
		return ST_NO_MEMORY;
	see_supported(sa, t->m);
	ike_put_notify(&t->reply, N_CHILDLESS_IKEV2_SUPPORTED, (struct span){ 0 });
	if (t->ike->n_trusts && s->peer_hashes)
		ike_put_authorities(&t->reply, t->ike->trusts, t->ike->n_trusts);
	put_init(t, &t->reply, &s->nr, s->peer_ppk && t->ike->n_ppk, t->ike->n_trusts && s->peer_hashes);
	ike_put_suite(&t->reply, PROTOCOL_IKE, &sa->suite, (struct span){ 0 });
	return t->reply.w.full ? ST_FULL : ST_OK;
}

// Builds the request anew: the first, or after COOKIE and INVALID_KE; its message ID stays 0.
enum st ike_start_send(struct ike_turn *t)
{
	struct ike_sa *sa = t->sa;
	struct ike_start *s = sa->start;
	const struct ike_site *site = &t->ike->sites[sa->site].c;
	struct ike_writer w = ike_chain(t->ike);
	put_init(t, &w, &s->ni, site->ppk.n, site->trust);
	ike_put_offer(&w, PROTOCOL_IKE, &site->ike, (struct span){ 0 });
	if (s->cookie_n)
		ike_put_notify(&w, N_COOKIE, span_of(s->cookie, s->cookie_n));
	struct ike_header h = { sa->spi_i, 0, 0, IKE_SA_INIT, IKE_FLAG_INITIATOR };
	ike_put_header(&w, &h);
	struct span whole = wr_span(&w.w);
	if (!whole.n || !ike_keep(&s->init_i, whole) || !ike_keep(&sa->task.request, whole))
		return ST_NO_MEMORY;
	sa->task.kind = TASK_START;
	sa->task.exchange = IKE_SA_INIT;
	sa->task.tries = 1;
	sa->task.again = t->now + IKE_FIRST_WAIT;
	ike_send(t, &sa->path, whole);
	return ST_OK;
}

enum st ike_site_start(struct ike_turn *t, uint32_t site)
{
	struct ike *ike = t->ike;
	const struct ike_site *c = &ike->sites[site].c;
	t->sa = ike_sa_new(ike, true, site, t->now, 0);
	if (!t->sa)
		return ST_NO_MEMORY;
	struct ike_sa *sa = t->sa;
	sa->path = c->path;
	sa->path.marked = c->path.remote.port != 500;
	sa->start = calloc(1, sizeof *sa->start);
	enum st st = sa->start ? ike_nonce_draw(ike, &sa->start->ni) : ST_NO_MEMORY;
	for (int i = 0; st == ST_OK && i < DH_COUNT && !sa->start->group; i++)
		if (c->ike.groups & 1u << i)
			sa->start->group = dh_at(i);
	if (st == ST_OK)
		st = dh_new(ike->c.crypto, sa->start->group, &sa->start->dh);
	if (st == ST_OK)
		st = ike_start_send(t);
	if (st == ST_OK)
		ike_sa_schedule(ike, sa);
	else
		ike_sa_end(t);
	return st;
}

// On port 500 the next message goes to 4500, marked (RFC 7296 2.23); on every other port it stays.
static void go_on(struct ike_turn *t)
{
	struct ike_sa *sa = t->sa;
	if (sa->path.remote.port != 500)
		return;
	sa->path.remote.port = 4500;
	sa->path.local.port = t->ike->c.port_natt;
	sa->path.marked = true;
}

enum st ike_take_init(struct ike_turn *t)
{
	struct ike_sa *sa = t->sa;
	struct ike_start *s = sa->start;
	struct ike_ke ke;
	struct ike_suite suite;
	enum st st = ike_read_ke(ike_body(t->m, PAYLOAD_KE), &ke);
	if (st == ST_OK)
		st = ike_nonce_take(t->m, &s->nr);
	if (st == ST_OK)
		st = ike_accept(ike_body(t->m, PAYLOAD_SA), PROTOCOL_IKE, &t->ike->sites[sa->site].c.ike, &suite);
	if (st == ST_OK && (suite.group != s->group || ke.group != s->group->wire))
		st = ST_IKE_GROUP;
	if (st == ST_OK && !t->m->spi_r)
		st = ST_IKE_HEADER;
	if (st == ST_OK && !ike_see_nat(sa, t->m, t->path))
		s->refused = st = ST_IKE_NO_NAT_T;
	if (st != ST_OK)
		return st;
	sa->suite = suite;
	sa->spi_r = t->m->spi_r;
	st = agree(t, s->dh, ke.public, &s->ni, &s->nr);
	if (st == ST_OK && !ike_keep(&s->init_r, t->m->whole))
		st = ST_NO_MEMORY;
	if (st != ST_OK) {
		sa->spi_r = 0;
		return st;
	}
	see_supported(sa, t->m);
	ike_task_done(sa);
	sa->send_id = 1;
	go_on(t);
	if (ike_auth_send(t) != ST_OK) {
		sa->why = s->refused ? s->refused : ST_SYSTEM;
		t->end = true;
	}
	return ST_OK;
}

static enum st take_group(struct ike_turn *t, struct span data)
{
	struct ike_sa *sa = t->sa;
	struct rd r = rd_of(data);
	const struct dh_group *g = dh_find(rd_u16(&r));
	const struct ike_offer *mine = &t->ike->sites[sa->site].c.ike;
	if (rd_end(&r) != ST_OK || !g || g == sa->start->group || !(mine->groups & 1u << g->id))
		return ST_IKE_GROUP;
	struct dh *dh;
	enum st st = dh_new(t->ike->c.crypto, g, &dh);
	if (st != ST_OK)
		return st;
	dh_free(sa->start->dh);
	sa->start->dh = dh;
	sa->start->group = g;
	return ST_OK;
}

// Unprotected: a refusal is remembered, and the attempt goes on, because the real answer may still come (RFC 7296 2.21.1).
enum st ike_take_init_notify(struct ike_turn *t)
{
	struct ike_start *s = t->sa->start;
	const struct ike_notify *cookie = ike_find_notify(t->m, N_COOKIE);
	const struct ike_notify *ke = ike_find_notify(t->m, N_INVALID_KE_PAYLOAD);
	enum st st = ST_IKE_REFUSED;
	if (s->rounds >= IKE_INIT_ROUNDS)
		return st;
	if (cookie && cookie->data.n >= 1 && cookie->data.n <= IKE_COOKIE_MAX) {
		if (span_equal(cookie->data, span_of(s->cookie, s->cookie_n)))
			return ST_IKE_COOKIE; // the same again: our second request is under way
		memcpy(s->cookie, cookie->data.p, cookie->data.n);
		s->cookie_n = (uint8_t)cookie->data.n;
		st = ST_OK;
	} else if (ke) {
		st = take_group(t, ke->data);
	} else if (ike_find_error(t->m)) {
		s->refused = ST_IKE_REFUSED;
	}
	if (st != ST_OK)
		return st;
	s->rounds++;
	return ike_start_send(t);
}
