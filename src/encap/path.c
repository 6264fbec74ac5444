// SPDX-License-Identifier: Apache-2.0
#include "encap/path.h"

#include "encap/limits.h"

#define SECOND INT64_C(1000000000)
#define MILLISECOND INT64_C(1000000)

static const struct encap_effect nothing = { .act = ENCAP_NOTHING };

struct encap_path encap_path_of(const struct encap_ends *ends, enum encap_style style, bool natted, int64_t now)
{
	return (struct encap_path){
		.ends = *ends,
		.style = style,
		.natted = natted,
		.follows = true,
		.keepalive = ENCAP_KEEPALIVE_SECONDS * SECOND,
		.sent = now,
		.allowance = ENCAP_PROBE_BURST * ENCAP_PROBE_SECONDS * SECOND,
		.allowed_at = now,
	};
}

static bool same_end(const struct addr *a, const struct addr *b)
{
	return addr_same_ip(a, b) && a->port == b->port;
}

static bool same_ends(const struct encap_ends *a, const struct encap_ends *b)
{
	return same_end(&a->peer, &b->peer) && same_end(&a->local, &b->local);
}

static bool probe_allowed(struct encap_path *p, int64_t now)
{
	int64_t most = ENCAP_PROBE_BURST * ENCAP_PROBE_SECONDS * SECOND;
	int64_t room = most - p->allowance, gone = now - p->allowed_at;
	p->allowance += gone < room ? gone : room;
	p->allowed_at = now;
	if (p->allowance < ENCAP_PROBE_SECONDS * SECOND)
		return false;
	p->allowance -= ENCAP_PROBE_SECONDS * SECOND;
	return true;
}

// The proposal of these ends, or the place for it: an unused one, else the one asked longest ago.
static struct encap_proposal *proposal_of(struct encap_path *p, const struct encap_ends *from)
{
	struct encap_proposal *place = &p->proposals[0];
	for (size_t i = 0; i < ENCAP_PROPOSALS; i++) {
		struct encap_proposal *q = &p->proposals[i];
		if (q->open && same_ends(&q->ends, from))
			return q;
		if (place->open && (!q->open || q->asked < place->asked))
			place = q;
	}
	return place;
}

struct encap_effect encap_heard(struct encap_path *p, int64_t now, const struct encap_ends *from, bool newest,
                                struct random random, uint64_t *limited)
{
	if (!newest || !p->follows || same_ends(from, &p->ends))
		return nothing;
	struct encap_proposal *q = proposal_of(p, from);
	bool again = q->open && same_ends(&q->ends, from);
	if (again && now - q->asked < ENCAP_PROBE_AGAIN_MS * MILLISECOND)
		return nothing;
	uint64_t token = q->token;
	if (!again && random_bytes(random, &token, sizeof token) != ST_OK)
		return nothing;
	if (!probe_allowed(p, now)) {
		++*limited;
		return nothing;
	}
	*q = (struct encap_proposal){ *from, token, now, true };
	return (struct encap_effect){ ENCAP_PROBE, *from, token };
}

// From the proposed place and not only with the token: otherwise someone on the path could replay a packet, hand the probe on
// to the peer, and have the peer's own answer move the tunnel to himself.
struct encap_effect encap_answered(struct encap_path *p, int64_t now, const struct encap_ends *from, uint64_t token)
{
	const struct encap_proposal *q = proposal_of(p, from);
	bool late = now - q->asked > ENCAP_PROBE_WAIT_SECONDS * SECOND;
	if (!q->open || late || token != q->token || !same_ends(from, &q->ends))
		return nothing;
	p->ends = q->ends;
	memset(p->proposals, 0, sizeof p->proposals);
	return (struct encap_effect){ ENCAP_MOVED, p->ends, 0 };
}

void encap_sent(struct encap_path *p, int64_t now)
{
	p->sent = now;
}

int64_t encap_next(const struct encap_path *p)
{
	return p->natted ? p->sent + p->keepalive : INT64_MAX;
}

struct encap_effect encap_tick(struct encap_path *p, int64_t now)
{
	if (now < encap_next(p))
		return nothing;
	p->sent = now;
	return (struct encap_effect){ ENCAP_SEND_KEEPALIVE, p->ends, 0 };
}

struct span encap_keepalive(enum encap_style style)
{
	static const uint8_t byte[] = { 0xff };
	return style == ENCAP_DRAFT00 ? span_of(byte, 0) : span_of(byte, 1);
}
