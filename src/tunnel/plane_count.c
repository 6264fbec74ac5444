// SPDX-License-Identifier: Apache-2.0
// The tunnel's own sum.
#include "tunnel/plane_own.h"

uint64_t plane_sum(const struct plane_counters *c)
{
	uint64_t n = 0;
#define X(member, name) n += c->member;
	PLANE_ENDS(X)
#undef X
	for (int i = 0; i < ST_COUNT; i++)
		n += c->dropped[i];
	return n;
}

void plane_unsealed(struct plane *p, enum st why)
{
	p->counters.unsealed[why]++;
}

void plane_counters_add(struct plane_counters *to, const struct plane_counters *c)
{
	to->received += c->received;
#define X(member, name) to->member += c->member;
	PLANE_ENDS(X)
#undef X
	for (int i = 0; i < ST_COUNT; i++) {
		to->dropped[i] += c->dropped[i];
		to->unsealed[i] += c->unsealed[i];
	}
	to->sent += c->sent;
	to->unsent += c->unsent;
	to->keepalives += c->keepalives;
	to->probes += c->probes;
	to->probes_limited += c->probes_limited;
	to->moved += c->moved;
	to->fragments_expired += c->fragments_expired;
	to->fragments_evicted += c->fragments_evicted;
}
