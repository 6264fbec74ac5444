// SPDX-License-Identifier: Apache-2.0
// Suites: the SA payload (RFC 7296 3.3). What we take is a set; what a peer offers is read into sets and matched by our
// order of preference. Wire numbers are mapped through tables that hold ours alone: nothing else gets in.
#ifndef IKE_SUITE_H
#define IKE_SUITE_H

#include "crypto/aead.h"
#include "crypto/dh.h"
#include "crypto/digest.h"
#include "ike/message.h"

enum ike_prf { IKE_PRF_SHA256, IKE_PRF_SHA384, IKE_PRF_SHA512, IKE_PRF_COUNT };

enum {
	IKE_NO_GROUP = 1 << DH_COUNT,        // in `groups`: without Diffie-Hellman, too
	IKE_ANY_GROUP = 1 << (DH_COUNT + 1), // groups are not looked at: the child of IKE_AUTH (RFC 7296 1.2)
	IKE_ESN_NO = 1,
	IKE_ESN_YES = 2,
};

// Sets: bits by enum aead_id, enum ike_prf, enum dh_id; esn of IKE_ESN_*.
struct ike_offer {
	uint16_t aeads;
	uint8_t prfs, groups, esn;
};

struct ike_suite {
	const struct aead_alg *aead;
	const struct digest_alg *prf; // NULL for ESP
	const struct dh_group *group; // NULL: none
	bool esn;
	uint8_t number; // of the proposal
	uint64_t spi;
};

const struct digest_alg *ike_prf_at(enum ike_prf id);

// An SA payload as it stands, proposal by proposal and transform by transform, known or not: what is below reads by it, and so
// does who shows it. ST_NONE: that was all. ST_IKE_PAYLOAD.
struct ike_proposals {
	struct rd r;
	bool end;
};
struct ike_proposal {
	uint8_t number, protocol;
	struct span spi;
	struct rd r; // what is left of its transforms
	uint8_t left;
};
struct ike_transform_seen {
	uint8_t type;
	uint16_t id,
	        bits; // bits: the length of the key; 0: not said; UINT16_MAX: it has an attribute that we do not know
};
struct ike_proposals ike_proposals_of(struct span sa);
enum st ike_next_proposal(struct ike_proposals *p, struct ike_proposal *out);
enum st ike_next_transform(struct ike_proposal *p, struct ike_transform_seen *out);

// Chooses from a request. `ke`: the group of the KE payload, which is taken where it is offered; 0: none.
// ST_IKE_PAYLOAD, ST_IKE_PROPOSAL. *out changes only on success; its group need not be `ke`.
enum st ike_choose(struct span sa, enum ike_protocol protocol, const struct ike_offer *mine, uint16_t ke,
                   struct ike_suite *out);
// Reads the answer to our offer: one proposal with one transform of each kind, all of them offered.
enum st ike_accept(struct span sa, enum ike_protocol protocol, const struct ike_offer *mine, struct ike_suite *out);

// `spi` has 0 (first IKE_SA_INIT), 4 or 8 octets.
void ike_put_offer(struct ike_writer *w, enum ike_protocol protocol, const struct ike_offer *mine, struct span spi);
void ike_put_suite(struct ike_writer *w, enum ike_protocol protocol, const struct ike_suite *s, struct span spi);

#endif
