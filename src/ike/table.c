// SPDX-License-Identifier: Apache-2.0
// What each state takes: the whole of it. A message that has no row here never reaches a handler; ike_input moves the state
// by the row that was found, and nothing else does.
#include "ike/private.h"

#define ANY (P(NOTIFY) | P(VENDOR))

static const struct ike_edge edges[] = {
	// from, exchange, reply, need, may, act, to, otherwise
	{ IKE_FRESH, IKE_SA_INIT, false, P(SA) | P(KE) | P(NONCE), ANY | P(CERTREQ), ike_answer_init, IKE_HALF,
	  IKE_DEAD },
	{ IKE_INIT_SENT, IKE_SA_INIT, true, P(SA) | P(KE) | P(NONCE), ANY | P(CERTREQ), ike_take_init, IKE_AUTH_SENT,
	  IKE_INIT_SENT },
	{ IKE_INIT_SENT, IKE_SA_INIT, true, P(NOTIFY), P(VENDOR), ike_take_init_notify, IKE_INIT_SENT, IKE_INIT_SENT },

	{ IKE_HALF, IKE_AUTH, false, P(IDI) | P(AUTH), CHILD_PAYLOADS | P(IDR) | P(CP) | P(CERT) | P(CERTREQ) | ANY,
	  ike_answer_auth, IKE_UP, IKE_DEAD },
	{ IKE_AUTH_SENT, IKE_AUTH, true, P(IDR) | P(AUTH), CHILD_PAYLOADS | P(CP) | P(CERT) | ANY, ike_take_auth,
	  IKE_UP, IKE_DEAD },
	{ IKE_AUTH_SENT, IKE_AUTH, true, P(NOTIFY), P(VENDOR), ike_take_auth_refusal, IKE_DEAD, IKE_DEAD },

	{ IKE_UP, IKE_CREATE_CHILD_SA, false, CHILD_PAYLOADS | P(NONCE), P(KE) | P(CP) | ANY, ike_answer_child, IKE_UP,
	  IKE_UP },
	// Replaced, unless our own rekey is under way: then its answer decides (RFC 7296 2.8.1).
	{ IKE_UP, IKE_CREATE_CHILD_SA, false, P(SA) | P(NONCE) | P(KE), ANY, ike_answer_rekey, IKE_UP, IKE_UP },
	{ IKE_UP, IKE_CREATE_CHILD_SA, true, CHILD_PAYLOADS | P(NONCE), P(KE) | P(CP) | ANY, ike_take_child, IKE_UP,
	  IKE_UP },
	{ IKE_UP, IKE_CREATE_CHILD_SA, true, P(SA) | P(NONCE) | P(KE), ANY, ike_take_rekey, IKE_REPLACED, IKE_UP },
	{ IKE_UP, IKE_CREATE_CHILD_SA, true, P(NOTIFY), P(VENDOR), ike_take_refusal, IKE_UP, IKE_UP },
	{ IKE_UP, IKE_INFORMATIONAL, false, 0, P(DELETE) | P(CP) | ANY, ike_answer_info, IKE_UP, IKE_UP },
	{ IKE_UP, IKE_INFORMATIONAL, true, 0, P(DELETE) | P(CP) | ANY, ike_take_info, IKE_UP, IKE_UP },

	// Replaced, and still asked: nothing new is made here (RFC 7296 2.25.2).
	{ IKE_REPLACED, IKE_CREATE_CHILD_SA, false, P(SA) | P(NONCE), P(KE) | P(TSI) | P(TSR) | P(CP) | ANY,
	  ike_answer_later, IKE_REPLACED, IKE_REPLACED },
	// The answer to our rekey, where the peer's own has won already.
	{ IKE_REPLACED, IKE_CREATE_CHILD_SA, true, P(SA) | P(NONCE) | P(KE), ANY, ike_take_rekey, IKE_REPLACED,
	  IKE_DEAD },
	{ IKE_REPLACED, IKE_CREATE_CHILD_SA, true, P(NOTIFY), P(VENDOR), ike_take_refusal, IKE_REPLACED, IKE_DEAD },
	{ IKE_REPLACED, IKE_INFORMATIONAL, false, 0, P(DELETE) | P(CP) | ANY, ike_answer_info, IKE_REPLACED,
	  IKE_REPLACED },
	{ IKE_REPLACED, IKE_INFORMATIONAL, true, 0, P(DELETE) | P(CP) | ANY, ike_take_info, IKE_REPLACED,
	  IKE_REPLACED },

	{ IKE_CLOSING, IKE_CREATE_CHILD_SA, false, P(SA) | P(NONCE), P(KE) | P(TSI) | P(TSR) | P(CP) | ANY,
	  ike_answer_later, IKE_CLOSING, IKE_CLOSING },
	{ IKE_CLOSING, IKE_INFORMATIONAL, false, 0, P(DELETE) | P(CP) | ANY, ike_answer_info, IKE_CLOSING,
	  IKE_CLOSING },
	{ IKE_CLOSING, IKE_INFORMATIONAL, true, 0, P(DELETE) | P(CP) | ANY, ike_take_info, IKE_DEAD, IKE_DEAD },
};

const struct ike_edge *ike_edge_at(size_t i)
{
	return i < sizeof edges / sizeof *edges ? &edges[i] : NULL;
}

enum st ike_edge_find(enum ike_state from, const struct ike_message *m, const struct ike_edge **out)
{
	bool exchange = false;
	uint32_t seen = m->exchange == IKE_SA_INIT ? m->clear : m->sealed;
	for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
		const struct ike_edge *e = &edges[i];
		if (e->from != from || e->exchange != m->exchange || e->reply != m->reply)
			continue;
		exchange = true;
		if ((seen & e->need) == e->need && !(seen & ~(e->need | e->may))) {
			*out = e;
			return ST_OK;
		}
	}
	return exchange ? ST_IKE_PAYLOADS : ST_IKE_UNEXPECTED;
}
