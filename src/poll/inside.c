// SPDX-License-Identifier: Apache-2.0
#include "poll/inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/ring.h"
#include "poll/limits.h"

// One way: its producer's count and flag, and where its consumer is.
struct way {
	struct ring ring;
	bool fresh;  // published since the other end was last woken
	uint64_t at; // behind what the consumer has in hand
	_Atomic uint64_t lost;
};

struct inside {
	struct inside_config config;
	struct way to[POLL_INSIDE_WORKERS], from[POLL_INSIDE_WORKERS];
	unsigned turn; // which worker is listened to next
};

struct out_head {
	uint32_t site;
	int64_t device;
	uint64_t token;
	struct addr to;
};

struct in_head {
	uint32_t site;
	enum st why;
	int64_t device;
	uint64_t token;
	struct addr from;
};

enum st inside_new(const struct inside_config *config, struct inside **out)
{
	if (config->workers > POLL_INSIDE_WORKERS)
		return ST_FULL;
	struct inside *in = calloc(1, sizeof *in);
	if (!in)
		return ST_NO_MEMORY;
	in->config = *config;
	enum st st = ST_OK;
	for (unsigned i = 0; i < config->workers && st == ST_OK; i++) {
		st = ring_init(&in->to[i].ring, POLL_INSIDE_RING);
		if (st == ST_OK)
			st = ring_init(&in->from[i].ring, POLL_INSIDE_RING);
	}
	if (st == ST_OK)
		*out = in;
	else
		inside_free(in);
	return st;
}

void inside_free(struct inside *in)
{
	for (unsigned i = 0; in && i < in->config.workers; i++) {
		ring_done(&in->to[i].ring);
		ring_done(&in->from[i].ring);
	}
	free(in);
}

static bool put(struct way *w, const void *head, size_t head_n, struct span bytes)
{
	uint8_t *p = ring_reserve(&w->ring, head_n + bytes.n);
	if (!p) {
		atomic_fetch_add_explicit(&w->lost, 1, memory_order_relaxed);
		return false;
	}
	memcpy(p, head, head_n);
	if (bytes.n)
		memcpy(p + head_n, bytes.p, bytes.n);
	ring_publish(&w->ring, head_n + bytes.n);
	w->fresh = true;
	return true;
}

// What was taken before is given back. false: nothing is there.
static bool take(struct way *w, void *head, size_t head_n, struct span *bytes)
{
	uint32_t records;
	struct span record;
	ring_free_to(&w->ring, w->at);
	struct rd frames = rd_of(ring_run(&w->ring, &w->at, 1, &records));
	if (!frame_next(&frames, &record))
		return false;
	w->at += RING_FRAME_HEAD + record.n;
	memcpy(head, record.p, head_n);
	*bytes = span_of(record.p + head_n, record.n - head_n);
	return true;
}

bool inside_say(struct inside *in, unsigned worker, const struct inside_out *out)
{
	const struct out_head head = { out->site, out->device, out->token, out->to };
	return put(&in->to[worker], &head, sizeof head, out->bytes);
}

void inside_said(struct inside *in)
{
	for (unsigned i = 0; i < in->config.workers; i++) {
		if (in->to[i].fresh)
			in->config.wake(in->config.arg, i);
		in->to[i].fresh = false;
	}
}

bool inside_next(struct inside *in, struct inside_in *out)
{
	struct in_head head;
	struct span bytes;
	for (unsigned i = 0; i < in->config.workers; i++) {
		struct way *w =
		        &in->from[in->turn]; // the next one is another's turn, so that nobody's flood holds the others up
		in->turn = (in->turn + 1) % in->config.workers;
		if (!take(w, &head, sizeof head, &bytes))
			continue;
		*out = (struct inside_in){ head.site, head.why, head.device, head.token, head.from, bytes };
		return true;
	}
	return false;
}

bool inside_due(struct inside *in, unsigned worker, struct inside_out *out)
{
	struct out_head head;
	struct span bytes;
	if (!take(&in->to[worker], &head, sizeof head, &bytes))
		return false;
	*out = (struct inside_out){ head.site, head.device, head.token, head.to, bytes };
	return true;
}

void inside_put(struct inside *in, unsigned worker, const struct inside_in *what)
{
	const struct in_head head = { what->site, what->why, what->device, what->token, what->from };
	(void)put(&in->from[worker], &head, sizeof head, what->bytes);
}

void inside_done(struct inside *in, unsigned worker)
{
	if (in->from[worker].fresh)
		in->config.wake_asker(in->config.asker);
	in->from[worker].fresh = false;
}

uint64_t inside_lost(const struct inside *in)
{
	uint64_t n = 0;
	for (unsigned i = 0; i < in->config.workers; i++)
		n += in->to[i].lost + in->from[i].lost;
	return n;
}
