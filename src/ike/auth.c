// SPDX-License-Identifier: Apache-2.0
// IKE_AUTH (RFC 7296 1.2, 2.15), both roles; post-quantum shared keys (RFC 8784). Someone we do not know and someone with a
// wrong key get the same answer after the same work.
#include "ike/private.h"

enum { PPK_FIXED = 2 }; // RFC 8784 5.1

struct unmixed {
	uint8_t d[DIGEST_MAX], pi[DIGEST_MAX], pr[DIGEST_MAX];
};

static void unmixed_save(const struct ike_sa *sa, struct unmixed *u)
{
	memcpy(u->d, sa->d, sizeof u->d);
	memcpy(u->pi, sa->pi, sizeof u->pi);
	memcpy(u->pr, sa->pr, sizeof u->pr);
}

static void unmixed_load(struct ike_sa *sa, struct unmixed *u)
{
	memcpy(sa->d, u->d, sizeof u->d);
	memcpy(sa->pi, u->pi, sizeof u->pi);
	memcpy(sa->pr, u->pr, sizeof u->pr);
	secret_wipe(u, sizeof *u);
}

static void put_ppk(struct ike_writer *w, const struct ike_site *site, struct span without)
{
	uint8_t id[1 + IKE_ID_MAX] = { PPK_FIXED };
	if (without.n)
		ike_put_notify(w, N_NO_PPK_AUTH, without);
	memcpy(id + 1, site->ppk_id.p, site->ppk_id.n);
	ike_put_notify(w, N_PPK_IDENTITY, span_of(id, 1 + site->ppk_id.n));
}

// With the post-quantum key and, where that may stay away, without: the answer says which of the two counts.
static enum st prove_both(struct ike_turn *t, const struct ike_site *site, struct span body,
                          struct ike_own_proof *mixed, struct ike_own_proof *without)
{
	struct ike_sa *sa = t->sa;
	struct unmixed before;
	enum st st = site->ppk_optional ? ike_prove(t, true, body, site, without) : ST_OK;
	unmixed_save(sa, &before);
	if (st == ST_OK)
		st = ike_mix_ppk(sa, site->ppk);
	if (st == ST_OK)
		st = ike_prove(t, true, body, site, mixed);
	unmixed_load(sa, &before);
	return st;
}

enum st ike_auth_send(struct ike_turn *t)
{
	struct ike_sa *sa = t->sa;
	const struct ike_site_state *state = &t->ike->sites[sa->site];
	const struct ike_site *site = &state->c;
	uint8_t id[4 + IKE_ID_MAX];
	struct ike_own_proof mine = { 0 }, without = { 0 };
	struct span body = span_of(id, ike_id_body(&site->local, id));
	bool mix = site->ppk.n && sa->start->peer_ppk;
	enum st st = site->ppk.n && !mix && !site->ppk_optional ? ST_IKE_PROOF
	             : mix                                      ? prove_both(t, site, body, &mine, &without)
	                                                        : ike_prove(t, true, body, site, &mine);
	if (st != ST_OK) {
		sa->start->refused = st;
		return st;
	}
	struct ike_writer w = ike_chain(t->ike);
	ike_put_token(t->ike, &w, sa);
	if (mix)
		put_ppk(&w, site, span_of(without.at, without.n));
	if (!site->no_mobike)
		ike_put_notify(&w, N_MOBIKE_SUPPORTED, (struct span){ 0 });
	if (!site->childless || !sa->peer_childless) {
		sa->start->spi = ike_spi_take(t->ike, sa->site);
		ike_put_child_offer(t, &w, sa->start->spi, NULL,
		                    &(struct ike_offer){ site->esp.aeads, 0, 0, site->esp.esn });
	}
	if (site->ask_address)
		ike_put_configuration(&w, CP_REQUEST, NULL);
	ike_put_proof(&w, mine.method, span_of(mine.at, mine.n));
	if (site->remote.type)
		ike_put_identity(&w, PAYLOAD_IDR, &site->remote);
	if (site->trust)
		ike_put_authorities(&w, &(struct ike_trust){ site->trust, 1 }, 1);
	if (!state->up)
		ike_put_notify(&w, N_INITIAL_CONTACT, (struct span){ 0 });
	ike_put_credential(&w, site->credential);
	ike_put_identity(&w, PAYLOAD_IDI, &site->local);
	ike_request(t, TASK_START, IKE_AUTH, &w);
	return ST_OK;
}

struct claim {
	struct ike_identity peer, wish;
	struct ike_proof proof;
	uint32_t site;
	bool mixed;
};

static bool names_ppk(const struct ike_message *m, const struct ike_site *site)
{
	const struct ike_notify *n = ike_find_notify(m, N_PPK_IDENTITY);
	return n && site->ppk.n && n->data.n == 1 + site->ppk_id.n && n->data.p[0] == PPK_FIXED &&
	       memcmp(n->data.p + 1, site->ppk_id.p, site->ppk_id.n) == 0;
}

// A site that does not prove itself in this way is nobody, and nobody's proof is looked at all the same.
static const struct ike_site *site_claimed(const struct ike_turn *t, const struct claim *c, struct ike_site *nobody)
{
	const struct ike *ike = t->ike;
	bool signs = c->proof.method == AUTH_SIGNATURE;
	const struct ike_site *site = c->site == IKE_NO_SITE ? NULL : &ike->sites[c->site].c;
	if (site && (site->trust ? signs : !signs && site->psk.n))
		return site;
	*nobody = (struct ike_site){ .psk = span_of(ike->nobody, sizeof ike->nobody),
		                     .trust = signs && ike->n_trusts ? ike->trusts[0].trust : NULL };
	return nobody;
}

static enum st check_claim(struct ike_turn *t, struct claim *c)
{
	struct ike_sa *sa = t->sa;
	struct ike_site nobody;
	const struct ike_site *site = site_claimed(t, c, &nobody);
	const struct ike_notify *without = ike_find_notify(t->m, N_NO_PPK_AUTH);
	struct ike_proof given = c->proof;
	bool named = ike_find_notify(t->m, N_PPK_IDENTITY);
	c->mixed = names_ppk(t->m, site);
	if (named && !c->mixed)
		ike_mix_nothing(sa, span_of(t->ike->nobody, sizeof t->ike->nobody));
	if (named && !c->mixed)
		given.data = without ? without->data : (struct span){ 0 };
	if (c->mixed && ike_mix_ppk(sa, site->ppk) != ST_OK)
		return ST_NO_MEMORY;
	enum st st = ike_check_proof(t, true, ike_body(t->m, PAYLOAD_IDI), site, &given);
	if (st == ST_OK && (site == &nobody || (site->ppk.n && !c->mixed && !site->ppk_optional)))
		st = ST_IKE_PROOF;
	return st;
}

static enum st read_claim(struct ike_turn *t, struct claim *c)
{
	const struct ike_message *m = t->m;
	enum st st = ike_read_identity(ike_body(m, PAYLOAD_IDI), &c->peer);
	if (st == ST_OK)
		st = ike_read_proof(ike_body(m, PAYLOAD_AUTH), &c->proof);
	if (st == ST_OK && m->sealed & P(IDR))
		st = ike_read_identity(ike_body(m, PAYLOAD_IDR), &c->wish);
	uint32_t child = m->sealed & (P(SA) | P(TSI) | P(TSR));
	if (st == ST_OK && child && child != (P(SA) | P(TSI) | P(TSR)))
		st = ST_IKE_PAYLOADS;
	return st;
}

// RFC 7296 2.4: only after authentication, and only what has the same two identities.
static void drop_others(struct ike_turn *t)
{
	struct ike *ike = t->ike;
	for (struct ike_sa *sa = ike->sites[t->sa->site].sas, *next; sa; sa = next) {
		next = sa->next_of_site;
		struct ike_turn other = *t;
		other.sa = sa;
		if (sa != t->sa && sa->state >= IKE_UP)
			ike_sa_end(&other);
	}
}

static bool wants_address(const struct ike_message *m)
{
	struct ike_configuration c;
	return m->sealed & P(CP) && ike_read_configuration(ike_body(m, PAYLOAD_CP), &c) == ST_OK &&
	       c.type == CP_REQUEST && c.has_ip4;
}

// The first pair, or the notification that says why there is none; the IKE SA stays either way (RFC 7296 1.2).
static void first_child(struct ike_turn *t, const struct ike_nonce *ni, const struct ike_nonce *nr)
{
	static const uint16_t says[ST_COUNT] = {
		[ST_IKE_TS] = N_TS_UNACCEPTABLE,
		[ST_IKE_PAYLOAD] = N_INVALID_SYNTAX,
	};
	struct ike_child_plan p;
	if (!(t->m->sealed & P(SA)))
		return;
	enum st st = ike_child_plan_of(t, true, 0, &p);
	uint32_t in = st == ST_OK ? ike_spi_take(t->ike, t->sa->site) : 0;
	if (in && ike_child_up(t, &p, in, false, (struct span){ 0 }, ni, nr, 0))
		ike_put_child_answer(t, &p, in);
	else
		ike_put_notify(&t->reply, says[st] ? says[st] : N_NO_PROPOSAL_CHOSEN, (struct span){ 0 });
}

static void welcome(struct ike_turn *t, const struct claim *c)
{
	struct ike_sa *sa = t->sa;
	struct ike_site_state *s = &t->ike->sites[c->site];
	ike_site_join(t->ike, sa, c->site);
	sa->mobike = ike_find_notify(t->m, N_MOBIKE_SUPPORTED) && !s->c.no_mobike;
	ike_take_token(sa, t->m);
	if (ike_find_notify(t->m, N_INITIAL_CONTACT))
		drop_others(t);
}

enum st ike_answer_auth(struct ike_turn *t)
{
	struct ike_sa *sa = t->sa;
	struct claim c = { 0 };
	enum st st = read_claim(t, &c);
	if (st != ST_OK)
		return ike_refuse(t, st, N_INVALID_SYNTAX);
	c.site = ike_site_find(t->ike, &sa->suite, &c.peer, &c.wish);
	st = check_claim(t, &c);
	if (st != ST_OK)
		return ike_refuse(t, st, N_AUTHENTICATION_FAILED);
	const struct ike_site *site = &t->ike->sites[c.site].c;
	uint8_t id[4 + IKE_ID_MAX];
	struct ike_own_proof mine;
	st = ike_prove(t, false, span_of(id, ike_id_body(&site->local, id)), site, &mine);
	if (st != ST_OK)
		return ike_refuse(t, st, N_AUTHENTICATION_FAILED);
	struct ike_nonce ni = sa->start->ni, nr = sa->start->nr;
	welcome(t, &c);
	ike_sa_up(t, false);
	ike_put_token(t->ike, &t->reply, sa);
	if (c.mixed)
		ike_put_notify(&t->reply, N_PPK_IDENTITY, (struct span){ 0 });
	if (sa->mobike)
		ike_put_notify(&t->reply, N_MOBIKE_SUPPORTED, (struct span){ 0 });
	first_child(t, &ni, &nr);
	static const uint8_t none[4];
	if (wants_address(t->m) && memcmp(site->address, none, 4) != 0)
		ike_put_configuration(&t->reply, CP_REPLY, site->address);
	ike_put_proof(&t->reply, mine.method, span_of(mine.at, mine.n));
	ike_put_credential(&t->reply, site->credential);
	ike_put_identity(&t->reply, PAYLOAD_IDR, &site->local);
	return ST_OK;
}

static enum st check_answer(struct ike_turn *t)
{
	struct ike_sa *sa = t->sa;
	const struct ike_site *site = &t->ike->sites[sa->site].c;
	struct ike_identity peer;
	struct ike_proof given;
	enum st st = ike_read_identity(ike_body(t->m, PAYLOAD_IDR), &peer);
	if (st == ST_OK)
		st = ike_read_proof(ike_body(t->m, PAYLOAD_AUTH), &given);
	if (st != ST_OK)
		return st;
	bool mixed = ike_find_notify(t->m, N_PPK_IDENTITY) && site->ppk.n && sa->start->peer_ppk;
	if (site->ppk.n && !mixed && !site->ppk_optional)
		return ST_IKE_PROOF;
	if (mixed && ike_mix_ppk(sa, site->ppk) != ST_OK)
		return ST_NO_MEMORY;
	st = given.method == (site->trust ? AUTH_SIGNATURE : AUTH_PSK) ? ST_OK : ST_IKE_PROOF;
	if (st == ST_OK)
		st = ike_check_proof(t, false, ike_body(t->m, PAYLOAD_IDR), site, &given);
	if (st == ST_OK && site->remote.type && !ike_same_identity(&site->remote, &peer))
		st = ST_IKE_PROOF;
	return st;
}

static void first_child_taken(struct ike_turn *t, uint32_t in, const struct ike_nonce *ni, const struct ike_nonce *nr)
{
	struct ike_child_plan p;
	uint32_t all = P(SA) | P(TSI) | P(TSR);
	if (in && (t->m->sealed & all) == all && ike_child_accept(t, true, &p) == ST_OK &&
	    ike_child_up(t, &p, in, true, (struct span){ 0 }, ni, nr, 0))
		return;
	if (!in)
		return;
	ike_spi_give(t, in);
	t->sa->want |= 1u << TASK_CHILD_NEW;
	t->sa->retry = t->now + IKE_RETRY;
}

enum st ike_take_auth(struct ike_turn *t)
{
	struct ike_sa *sa = t->sa;
	enum st st = check_answer(t);
	if (st != ST_OK) { // the peer thinks that it is up: told once, without waiting
		ike_info_request(t, TASK_DELETE, 0);
		return st;
	}
	struct ike_nonce ni = sa->start->ni, nr = sa->start->nr;
	uint32_t in = sa->start->spi;
	sa->start->spi = 0;
	struct ike_configuration c;
	if (t->m->sealed & P(CP) && ike_read_configuration(ike_body(t->m, PAYLOAD_CP), &c) == ST_OK &&
	    c.type == CP_REPLY)
		memcpy(sa->address, c.ip4, sizeof sa->address);
	sa->mobike = ike_find_notify(t->m, N_MOBIKE_SUPPORTED) && !t->ike->sites[sa->site].c.no_mobike;
	ike_take_token(sa, t->m);
	ike_sa_up(t, false);
	first_child_taken(t, in, &ni, &nr);
	return ST_OK;
}

enum st ike_take_auth_refusal(struct ike_turn *t)
{
	t->sa->why = ST_IKE_REFUSED;
	return ST_IKE_REFUSED;
}
