// SPDX-License-Identifier: Apache-2.0
// A worker's data plane, behind the functions that the worker knows; and what the plane has to send, out of the worker's
// sockets.
#include <stdlib.h>

#include "daemon/tunnels_own.h"

static void input(void *arg, int64_t now, uint16_t listener, const struct udp_packet *dg, size_t n)
{
	struct tunnel_worker *w = arg;
	plane_input(w->plane, now, listener, dg, n);
}

static bool held(void *arg)
{
	const struct tunnel_worker *w = arg;
	return plane_held(w->plane);
}

static void resume(void *arg, int64_t now)
{
	struct tunnel_worker *w = arg;
	plane_resume(w->plane, now);
}

static bool answer(void *arg, int64_t now, const struct answer_to *to, struct span bytes)
{
	struct tunnel_worker *w = arg;
	return plane_send_udp(w->plane, now, to->site - 1, &to->local, &to->peer, bytes) == ST_OK;
}

static void turn(void *arg, int64_t now)
{
	struct tunnel_worker *w = arg;
	plane_flush(w->plane, now);
}

static void tick(void *arg, int64_t now)
{
	struct tunnel_worker *w = arg;
	if (now >= plane_due(w->plane))
		plane_tick(w->plane, now);
}

static size_t send_out(void *arg, const struct plane_out *out, size_t n)
{
	struct tunnel_worker *w = arg;
	struct udp_out dg[PLANE_BATCH];
	size_t done = 0;
	while (done < n) { // those of one socket at a time
		const struct plane_out *first = &out[done];
		int k = 0;
		for (; done + (size_t)k < n && k < PLANE_BATCH; k++) {
			const struct plane_out *o = first + k;
			if (o->listener != first->listener || o->unchecked != first->unchecked)
				break;
			dg[k] = (struct udp_out){ .bytes = o->bytes, .to = o->ends.peer, .from = o->ends.local };
		}
		int sent = worker_send(w->worker, first->listener, dg, k, !first->unchecked);
		done += (size_t)sent;
		if (sent < k)
			break; // the kernel takes no more now
	}
	return done;
}

static bool deliver(void *arg, const struct plane_udp *u)
{
	const struct tunnel_worker *w = arg;
	const struct worker_inner inner = { .site = u->site,
		                            .name = u->name,
		                            .peer = u->from,
		                            .local = u->to,
		                            .listener = u->listener,
		                            .payload = u->payload };
	return worker_deliver(w->worker, &inner);
}

static void tell(void *arg, const struct plane_tell *t)
{
	const struct tunnel_worker *w = arg;
	keyer_tell(w->tunnels->keyer, w->index, t);
}

enum st tunnel_worker_open(struct tunnels *t, unsigned index)
{
	struct tunnel_worker *w = &t->workers[index];
	const struct worker_tunnel hook = { w, input, held, resume, answer, turn, tick };
	const struct plane_hooks hooks = { .arg = w, .send = send_out, .deliver = deliver, .tell = tell };
	w->tunnels = t;
	w->index = index;
	w->worker = t->o.workers[index];
	enum st st = aead_engine_new(aead_best(), t->o.crypto, &w->engine);
	if (st)
		return st;
	const struct plane_config c = { .engine = w->engine,
		                        .random = random_system(),
		                        .place = { index, udp_spi_bits(t->worker_count) } };
	st = plane_new(&c, &hooks, &w->plane);
	if (!st)
		worker_set_tunnel(w->worker, &hook);
	return st;
}

void tunnel_worker_close(struct tunnel_worker *w)
{
	plane_free(w->plane);
	aead_engine_free(w->engine);
}
