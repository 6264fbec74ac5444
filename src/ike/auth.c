// SPDX-License-Identifier: Apache-2.0
// IKE_AUTH (RFC 7296 1.2, 2.15), both roles, with a shared key; post-quantum shared keys (RFC 8784). Someone we do not know
// and someone with a wrong key get the same answer after the same work.
#include "ike/private.h"

enum { PPK_FIXED = 2 }; // RFC 8784 5.1

static size_t id_body(const struct ike_identity *id, uint8_t *out)
{
	struct wr w = wr_of(out, 4 + IKE_ID_MAX);
	wr_bytes(&w, id->data);
	wr_be(&w, 0, 3);
	wr_u8(&w, id->type);
	struct span s = wr_span(&w);
	memmove(out, s.p, s.n);
	return s.n;
}

// RFC 7296 2.15: over the first message as it was, the other's nonce, and the identity under SK_p.
static void proof(const struct ike_sa *sa, bool initiator, struct span id, struct span psk, uint8_t out[DIGEST_MAX])
{
	const struct digest_alg *alg = sa->suite.prf;
	const struct ike_start *s = sa->start;
	const struct ike_messages *first = initiator ? &s->init_i : &s->init_r;
	const struct ike_nonce *nonce = initiator ? &s->nr : &s->ni;
	uint8_t mac[DIGEST_MAX], key[DIGEST_MAX];
	struct span pad = span_str("Key Pad for IKEv2");
	prf(alg, span_of(initiator ? sa->pi : sa->pr, alg->size), &id, 1, mac);
	prf(alg, psk, &pad, 1, key);
	const struct span parts[] = { span_of(first->at, first->n), span_of(nonce->at, nonce->n),
		                      span_of(mac, alg->size) };
	prf(alg, span_of(key, alg->size), parts, 3, out);
	secret_wipe(key, sizeof key);
}

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

enum st ike_auth_send(struct ike_turn *t)
{
	struct ike_sa *sa = t->sa;
	const struct ike_site_state *state = &t->ike->sites[sa->site];
	const struct ike_site *site = &state->c;
	uint8_t id[4 + IKE_ID_MAX], mine[DIGEST_MAX], without[DIGEST_MAX];
	struct span body = span_of(id, id_body(&site->local, id));
	bool mix = site->ppk.n && sa->start->peer_ppk;
	size_t n = sa->suite.prf->size;
	if (site->ppk.n && !mix && !site->ppk_optional) {
		sa->start->refused = ST_IKE_PROOF;
		return ST_IKE_PROOF;
	}
	proof(sa, true, body, site->psk, without);
	struct unmixed before;
	unmixed_save(sa, &before);
	enum st st = mix ? ike_mix_ppk(sa, site->ppk) : ST_OK;
	if (st != ST_OK)
		return st;
	proof(sa, true, body, site->psk, mine);
	if (mix) // the answer says whether they stay
		unmixed_load(sa, &before);
	struct ike_writer w = ike_chain(t->ike);
	ike_put_token(t->ike, &w, sa);
	if (mix)
		put_ppk(&w, site, site->ppk_optional ? span_of(without, n) : (struct span){ 0 });
	if (!site->no_mobike)
		ike_put_notify(&w, N_MOBIKE_SUPPORTED, (struct span){ 0 });
	if (!site->childless || !sa->peer_childless) {
		sa->start->spi = ike_spi_take(t->ike, sa->site);
		ike_put_child_offer(t, &w, sa->start->spi, NULL,
		                    &(struct ike_offer){ site->esp.aeads, 0, 0, site->esp.esn });
	}
	if (site->ask_address)
		ike_put_configuration(&w, CP_REQUEST, NULL);
	ike_put_proof(&w, AUTH_PSK, span_of(mine, n));
	if (site->remote.type)
		ike_put_identity(&w, PAYLOAD_IDR, &site->remote);
	if (!state->up)
		ike_put_notify(&w, N_INITIAL_CONTACT, (struct span){ 0 });
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

static bool proves(const struct ike_sa *sa, bool initiator, struct span id, struct span psk, struct span given)
{
	uint8_t want[DIGEST_MAX];
	proof(sa, initiator, id, psk, want);
	return secret_equal(given, span_of(want, sa->suite.prf->size));
}

static bool names_ppk(const struct ike_message *m, const struct ike_site *site)
{
	const struct ike_notify *n = ike_find_notify(m, N_PPK_IDENTITY);
	return n && site->ppk.n && n->data.n == 1 + site->ppk_id.n && n->data.p[0] == PPK_FIXED &&
	       memcmp(n->data.p + 1, site->ppk_id.p, site->ppk_id.n) == 0;
}

static enum st check_claim(struct ike_turn *t, struct claim *c)
{
	struct ike_sa *sa = t->sa;
	const struct ike_site nobody = { .psk = span_of(t->ike->nobody, sizeof t->ike->nobody) };
	const struct ike_site *site = c->site == IKE_NO_SITE ? &nobody : &t->ike->sites[c->site].c;
	const struct ike_notify *without = ike_find_notify(t->m, N_NO_PPK_AUTH);
	struct span given = c->proof.data, id = ike_body(t->m, PAYLOAD_IDI);
	bool named = ike_find_notify(t->m, N_PPK_IDENTITY);
	c->mixed = names_ppk(t->m, site);
	if (named && !c->mixed)
		given = without ? without->data : (struct span){ 0 };
	if (c->mixed && ike_mix_ppk(sa, site->ppk) != ST_OK)
		return ST_NO_MEMORY;
	bool good = proves(sa, true, id, site->psk, given);
	good &= c->site != IKE_NO_SITE && c->proof.method == AUTH_PSK && site->psk.n;
	good &= c->mixed || !site->ppk.n || site->ppk_optional;
	return good ? ST_OK : ST_IKE_PROOF;
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
	uint8_t id[4 + IKE_ID_MAX], mine[DIGEST_MAX];
	proof(sa, false, span_of(id, id_body(&site->local, id)), site->psk, mine);
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
	ike_put_proof(&t->reply, AUTH_PSK, span_of(mine, sa->suite.prf->size));
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
	bool good = proves(sa, false, ike_body(t->m, PAYLOAD_IDR), site->psk, given.data);
	good &= given.method == AUTH_PSK && (!site->remote.type || ike_same_identity(&site->remote, &peer));
	return good ? ST_OK : ST_IKE_PROOF;
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
