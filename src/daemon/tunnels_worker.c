// SPDX-License-Identifier: Apache-2.0
// A worker's data plane, behind the functions that the worker knows; and what the plane has to send, out of the worker's
// sockets.
#include <assert.h>
#include <stdlib.h>

#include "daemon/tunnels_own.h"
#include "poll/limits.h"

static_assert((int)INTAKE_WORKERS <= (int)POLL_INSIDE_WORKERS, "every worker can be asked");

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

// Questions to devices; what cannot be sent is said, with the reason.
static void ask(struct tunnel_worker *w, struct inside *questions, int64_t now)
{
	struct inside_out q;
	while (inside_due(questions, w->index, &q)) {
		enum st st = plane_send_udp_as_us(w->plane, now, q.site, POLL_INNER_PORT, &q.to, q.bytes);
		const struct inside_in no = { .site = q.site, .why = st, .device = q.device, .token = q.token };
		if (st != ST_OK)
			inside_put(questions, w->index, &no);
	}
}

static void turn(void *arg, int64_t now)
{
	struct tunnel_worker *w = arg;
	struct inside *questions = w->tunnels->questions;
	if (questions)
		ask(w, questions, now);
	plane_flush(w->plane, now);
	if (questions)
		inside_done(questions, w->index);
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
	const struct inside_in answer = { .site = u->site, .from = u->from, .bytes = u->payload };
	if (u->to.port == POLL_INNER_PORT) {
		if (w->tunnels->questions)
			inside_put(w->tunnels->questions, w->index, &answer);
		return true;
	}
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
