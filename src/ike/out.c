// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "ike/private.h"

void ike_out_done(struct ike_out *out)
{
	for (size_t i = 0; i < out->n; i++) {
		if (out->at[i].pair)
			secret_wipe((void *)(uintptr_t)out->at[i].pair, sizeof *out->at[i].pair);
		free((void *)(uintptr_t)out->at[i].pair);
		free((void *)(uintptr_t)out->at[i].bytes.p);
	}
	free(out->at);
	*out = (struct ike_out){ 0 };
}

static struct ike_effect *add(struct ike_out *out)
{
	if (out->n == out->room) {
		size_t room = out->room ? out->room * 2 : 8;
		struct ike_effect *at = realloc(out->at, room * sizeof *at);
		if (!at) {
			out->bad = true;
			return NULL;
		}
		out->at = at;
		out->room = room;
	}
	return &out->at[out->n++];
}

void ike_tell(struct ike_turn *t, struct ike_effect e)
{
	struct ike_pair *pair = NULL;
	uint8_t *bytes = NULL;
	if (e.pair && (pair = malloc(sizeof *pair)))
		*pair = *e.pair;
	if (e.bytes.n && (bytes = malloc(e.bytes.n)))
		memcpy(bytes, e.bytes.p, e.bytes.n);
	struct ike_effect *at = (!e.pair || pair) && (!e.bytes.n || bytes) ? add(t->out) : NULL;
	if (!at) {
		t->out->bad = true;
		free(pair);
		free(bytes);
		return;
	}
	e.pair = pair;
	e.bytes = span_of(bytes, e.bytes.n);
	*at = e;
}

void ike_send(struct ike_turn *t, const struct ike_path *path, struct span messages)
{
	struct rd r = rd_of(messages);
	while (rd_left(&r)) {
		struct rd header = r;
		rd_skip(&header, 24);
		struct span one = rd_take(&r, rd_u32(&header));
		if (r.bad || !one.n)
			return;
		uint8_t *marked = malloc(one.n + IKE_MARKER);
		if (!marked) {
			t->out->bad = true;
			return;
		}
		memset(marked, 0, IKE_MARKER);
		memcpy(marked + IKE_MARKER, one.p, one.n);
		size_t skip = path->marked ? 0 : IKE_MARKER;
		ike_tell(t, (struct ike_effect){ .kind = IKE_SEND,
		                                 .site = t->sa ? t->sa->site : IKE_NO_SITE,
		                                 .path = *path,
		                                 .bytes = span_of(marked + skip, one.n + IKE_MARKER - skip) });
		free(marked);
	}
}

bool ike_keep(struct ike_messages *m, struct span bytes)
{
	uint8_t *at = malloc(bytes.n ? bytes.n : 1);
	if (!at)
		return false;
	if (bytes.n)
		memcpy(at, bytes.p, bytes.n);
	free(m->at);
	*m = (struct ike_messages){ at, bytes.n };
	return true;
}
