// SPDX-License-Identifier: Apache-2.0
// A want becomes a job. It waits for its moment (a trap's alerts come together, and nobody is asked all at once), then for a
// place, then it is asked until the ask ends, its tries are used up, or its time is. A device that does not answer holds one of
// few places meant for such devices and is asked more and more rarely; nobody else waits for it.
//
// Only the inbox, the access that is to be taken over and the counters are shared, under the lock. The thread owns the rest.
#include "poll/poller.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "event/event.h"
#include "io/loop.h"
#include "io/udp.h"
#include "poll/jobs.h"

struct ready {
	struct job *first, **last;
};

struct poller {
	struct loop *loop;
	struct udp_socket v4, v6; // fd -1: the machine has none
	struct udp_batch *batch;
	struct inside *inside; // NULL: no tunnels
	struct crypto *crypto;
	struct ring ring;
	struct writer *writer;
	struct poll_access *access;
	struct jobs *jobs;
	struct ready ready;
	unsigned asking, failing;
	uint64_t token; // of the last round
	bool wrote;     // events, in this turn
	struct poller_counters counters;
	uint8_t out[POLL_REQUEST_MAX];
	pthread_t thread;
	bool runs;

	pthread_mutex_t lock;
	struct job *inbox;
	size_t inbox_count, waiting;
	struct poll_access *next_access;
	bool has_next_access;
	uint64_t wanted, full;
	struct poller_counters shown;
};

// ---- the moment

static int64_t at_random(int64_t below)
{
	uint64_t n = 0;
	(void)random_bytes(random_system(), &n, sizeof n); // no randomness: no jitter
	return (int64_t)(n % (uint64_t)below);
}

static int64_t gap_of(const struct memory *m)
{
	int64_t gap = POLL_GAP_NS;
	for (unsigned i = 0; i < m->fails && gap < POLL_GAP_MAX_NS; i++)
		gap *= 2;
	return gap < POLL_GAP_MAX_NS ? gap : POLL_GAP_MAX_NS;
}

// When to ask, or 0: not at all, because it was asked just now.
static int64_t moment_of(struct poller *p, const struct poll_want *w)
{
	const struct memory *m = jobs_memory(p->jobs, w->device);
	int64_t now = loop_now(p->loop);
	if (w->reason == POLL_WHILE_OPEN)
		return m->ended && m->ended + POLL_OPEN_NS > now ? 0 : now + at_random(POLL_OPEN_SPREAD_NS) + 1;
	int64_t at = now + POLL_SETTLE_NS, earliest = m->ended ? m->ended + gap_of(m) : 0;
	return (at > earliest ? at : earliest) + at_random(POLL_SPREAD_NS);
}

static void fire(void *arg);

static void wait_until(struct job *j, int64_t at)
{
	j->state = JOB_WAITING;
	j->timer.fn = fire;
	j->timer.arg = j;
	loop_timer_set(j->poller->loop, &j->timer, at);
}

static void drop(struct poller *p, struct job *j)
{
	loop_timer_stop(p->loop, &j->timer);
	jobs_remove(p->jobs, j);
	job_free(j);
}

// ---- what differs

static bool put_event(void *arg, struct span note)
{
	const struct job *j = arg;
	struct poller *p = j->poller;
	const struct event e = { .kind = EVENT_POLL,
		                 .received = loop_wall(p->loop),
		                 .peer = j->want->address,
		                 .site = j->want->site,
		                 .note = note };
	size_t max = EVENT_RECORD_OVERHEAD + note.n + e.site.n;
	uint8_t *room = ring_reserve(&p->ring, max);
	if (!room) {
		p->counters.dropped++;
		return false;
	}
	ring_publish(&p->ring, event_encode(&e, room, max));
	p->counters.events++;
	p->wrote = true;
	return true;
}

// ---- a round

static void leave_place(struct poller *p, struct job *j)
{
	p->asking--;
	p->failing -= j->failing;
	ask_free(j->ask);
	j->ask = NULL;
}

// Done with this want; what was wanted meanwhile comes next.
static void end_job(struct poller *p, struct job *j)
{
	struct poll_want *again = j->again;
	int64_t at = again ? moment_of(p, again) : 0;
	if (!at) {
		drop(p, j);
		return;
	}
	jobs_remove(p->jobs, j);
	free(j->want);
	j->want = again;
	j->again = NULL;
	jobs_add(p->jobs, j);
	wait_until(j, at);
}

static void tell(struct poller *p, struct job *j, const struct poll_result *r, const char *refusal)
{
	struct memory *m = jobs_memory(p->jobs, j->want->device);
	poll_differ(j->want, r, refusal, &p->jobs->key, &m->told, put_event, j);
	m->ended = loop_now(p->loop);
	if (!refusal) // then nobody was asked
		m->fails = r->st == ST_OK ? 0 : m->fails + 1;
}

static void refuse(struct poller *p, struct job *j, const char *why)
{
	const struct poll_result nothing = { .st = ST_NONE };
	p->counters.refused++;
	tell(p, j, &nothing, why);
	end_job(p, j);
}

static void finish(struct poller *p, struct job *j, enum st st)
{
	struct poll_result *r = ask_result(j->ask);
	r->st = st;
	*(st == ST_OK ? &p->counters.answered : &p->counters.failed) += 1;
	tell(p, j, r, NULL);
	leave_place(p, j);
	end_job(p, j);
}

// A datagram may be lost: it is sent again.
static enum st send_it(struct poller *p, const struct job *j, struct span bytes)
{
	const struct udp_socket *s = addr_is_v4(&j->peer) ? &p->v4 : &p->v6;
	const struct udp_out out = { .bytes = bytes, .to = j->peer, .ifindex = j->peer.scope };
	const struct inside_out inside = { j->tunnel - 1, j->want->device, j->token, j->peer, bytes };
	if (!j->tunnel && s->fd < 0)
		return ST_SYSTEM;
	if (!j->tunnel)
		(void)udp_send(s, &out, 1);
	else if (inside_say(p->inside, j->worker, &inside))
		p->counters.inside++;
	return ST_OK;
}

// Sends what is due and waits for its answer. false: the job has ended.
static bool say(struct poller *p, struct job *j)
{
	struct wr w = wr_of(p->out, sizeof p->out);
	int64_t now = loop_now(p->loop), until = now + (POLL_TIMEOUT_NS << j->tries);
	enum st st = ask_write(j->ask, now, &w);
	if (st == ST_OK)
		st = send_it(p, j, wr_span(&w));
	if (st != ST_OK) {
		finish(p, j, st);
		return false;
	}
	j->tries++;
	loop_timer_set(p->loop, &j->timer, until < j->deadline ? until : j->deadline);
	return true;
}

static void ask_now(struct poller *p, struct job *j, const struct poll_route *r)
{
	const struct ask_config config = { .credential = r->credential,
		                           .crypto = p->crypto,
		                           .random = random_system() };
	enum st st = ask_new(&config, &j->ask);
	if (st != ST_OK) {
		refuse(p, j, st_text(st));
		return;
	}
	j->state = JOB_ASKING;
	j->peer = j->want->address;
	j->peer.port = r->credential->port;
	j->tunnel = r->tunnel;
	j->worker = r->worker;
	j->token = ++p->token;
	j->tries = 0;
	j->deadline = loop_now(p->loop) + POLL_DEVICE_NS;
	p->asking++;
	p->failing += j->failing;
	p->counters.asked++;
	say(p, j);
}

// The job's moment has come and there is a place, unless one of the reasons why not yet holds.
static void begin(struct poller *p, struct job *j)
{
	struct poll_route r = { 0 };
	enum poll_refusal no =
	        p->access ? poll_access_find(p->access, j->want->site, &j->want->address, &r) : POLL_NO_CREDENTIAL;
	if (r.tunnel && !p->inside)
		no = POLL_NOWHERE;
	if (no == POLL_MAY && j->want->shared)
		no = POLL_SHARED;
	j->failing = jobs_memory(p->jobs, j->want->device)->fails > 0;
	bool busy = jobs_asking(p->jobs, r.tunnel, &j->want->address) || (j->failing && p->failing >= POLL_FAILING);
	if (no == POLL_MAY && busy) {
		wait_until(j, loop_now(p->loop) + POLL_BUSY_NS + at_random(POLL_BUSY_NS));
		return;
	}
	if (no != POLL_MAY)
		refuse(p, j, poll_refusal_text(no));
	else
		ask_now(p, j, &r);
}

static void start_ready(struct poller *p)
{
	while (p->ready.first && p->asking < POLL_OUTSTANDING) {
		struct job *j = p->ready.first;
		p->ready.first = j->next;
		if (!p->ready.first)
			p->ready.last = &p->ready.first;
		begin(p, j);
	}
}

static void fire(void *arg)
{
	struct job *j = arg;
	struct poller *p = j->poller;
	if (j->state == JOB_ASKING) {
		if (loop_now(p->loop) >= j->deadline)
			finish(p, j, ST_SLOW);
		else if (j->tries >= POLL_TRIES)
			finish(p, j, ST_NO_ANSWER);
		else
			say(p, j);
		return;
	}
	j->state = JOB_READY;
	j->next = NULL;
	*p->ready.last = j;
	p->ready.last = &j->next;
}

// ---- what comes in

// `tunnel`: the way it came, as poll_route has it.
static void take_answer(struct poller *p, uint32_t tunnel, const struct addr *from, struct span bytes)
{
	struct job *j = jobs_asking(p->jobs, tunnel, from);
	enum ask_next next = ASK_WAIT;
	if (j && from->port == j->peer.port)
		next = ask_input(j->ask, loop_now(p->loop), bytes);
	if (next == ASK_WAIT) {
		p->counters.strange++;
		return;
	}
	j->tries = 0;
	if (next == ASK_ENDED)
		finish(p, j, ask_result(j->ask)->st);
	else if (loop_now(p->loop) >= j->deadline)
		finish(p, j, ST_SLOW);
	else
		say(p, j);
}

static void receive(struct poller *p, const struct udp_socket *s)
{
	struct udp_packet packet;
	if (udp_receive(s, p->batch) <= 0)
		return;
	while (udp_next(p->batch, &packet)) // what is cut is empty, and believed by nobody
		take_answer(p, 0, &packet.peer, packet.truncated ? (struct span){ 0 } : packet.bytes);
}

static void v4_ready(void *arg, uint32_t events)
{
	struct poller *p = arg;
	receive(p, &p->v4);
}

static void v6_ready(void *arg, uint32_t events)
{
	struct poller *p = arg;
	receive(p, &p->v6);
}

// A question that its worker could not send. ST_NONE: the site has no SA.
static void unsaid(struct poller *p, const struct inside_in *in)
{
	struct job *j = jobs_device(p->jobs, in->device);
	if (!j || j->state != JOB_ASKING || j->token != in->token)
		return;
	leave_place(p, j);
	p->counters.asked--; // it was not, after all
	refuse(p, j,
	       in->why == ST_NONE           ? poll_refusal_text(POLL_TUNNEL_DOWN)
	       : in->why == ST_ESP_SELECTOR ? poll_refusal_text(POLL_SELECTORS)
	                                    : st_text(in->why));
}

// What a site may send without end does not keep us from the others: the rest is for the next turn.
static void listen_inside(struct poller *p)
{
	struct inside_in in;
	unsigned n = 0;
	for (; n < POLL_OUTSTANDING && inside_next(p->inside, &in); n++)
		if (in.why == ST_OK)
			take_answer(p, in.site + 1, &in.from, in.bytes);
		else
			unsaid(p, &in);
	if (n == POLL_OUTSTANDING)
		loop_wake(p->loop);
}

// A new want of a device that has a job already.
static void renew(struct poller *p, struct job *old, struct job *fresh)
{
	struct poll_want *w = fresh->want;
	fresh->want = NULL;
	job_free(fresh);
	if (old->state == JOB_ASKING) {
		free(old->again);
		old->again = w;
		return;
	}
	jobs_remove(p->jobs, old);
	bool sooner = old->state == JOB_WAITING && w->reason == POLL_AFTER_TRAP && old->want->reason != POLL_AFTER_TRAP;
	if (old->want->reason == POLL_AFTER_TRAP)
		w->reason = POLL_AFTER_TRAP;
	free(old->want);
	old->want = w;
	jobs_add(p->jobs, old);
	if (sooner)
		wait_until(old, moment_of(p, w));
}

static void take_job(struct poller *p, struct job *j)
{
	struct job *old = jobs_device(p->jobs, j->want->device);
	int64_t at = old ? 0 : moment_of(p, j->want);
	j->poller = p;
	if (old) {
		renew(p, old, j);
	} else if (!at) {
		p->counters.early++;
		job_free(j);
	} else {
		jobs_add(p->jobs, j);
		wait_until(j, at);
	}
}

// Rounds under way begin again: they hold credentials of the access that goes.
static void begin_again(struct job *j)
{
	if (j->state != JOB_ASKING)
		return;
	leave_place(j->poller, j);
	j->poller->counters.asked--; // counted when it begins again
	wait_until(j, loop_now(j->poller->loop) + POLL_BUSY_NS);
}

static void take_access(struct poller *p, struct poll_access *access)
{
	jobs_each(p->jobs, begin_again);
	poll_access_free(p->access);
	p->access = access;
}

static struct job *take_shared(struct poller *p, struct poll_access **access, bool *has_access)
{
	pthread_mutex_lock(&p->lock);
	struct job *inbox = p->inbox;
	p->inbox = NULL;
	p->inbox_count = 0;
	p->waiting = p->jobs->count;
	*access = p->next_access;
	*has_access = p->has_next_access;
	p->next_access = NULL;
	p->has_next_access = false;
	pthread_mutex_unlock(&p->lock);
	return inbox;
}

static void show_counters(struct poller *p)
{
	pthread_mutex_lock(&p->lock);
	p->shown = p->counters;
	p->shown.lost = p->inside ? inside_lost(p->inside) : 0;
	p->shown.wanted = p->wanted;
	p->shown.full = p->full;
	p->shown.asking = p->asking;
	p->shown.waiting = (uint32_t)(p->jobs->count - p->asking);
	pthread_mutex_unlock(&p->lock);
}

static void each_turn(void *arg)
{
	struct poller *p = arg;
	struct poll_access *access;
	bool has_access;
	struct job *inbox = take_shared(p, &access, &has_access);
	if (has_access)
		take_access(p, access);
	for (struct job *j = inbox, *next; j; j = next) {
		next = j->next;
		take_job(p, j);
	}
	if (p->inside)
		listen_inside(p);
	start_ready(p);
	if (p->inside)
		inside_said(p->inside);
	show_counters(p);
	if (p->wrote && p->writer)
		writer_wake(p->writer, false);
	p->wrote = false;
}

// ---- for others

bool poll_want(struct poller *p, const struct poll_want *w)
{
	struct job *j = job_new(w);
	pthread_mutex_lock(&p->lock);
	p->wanted++;
	bool taken = j && p->waiting + p->inbox_count < POLL_WAITING;
	if (taken) {
		j->next = p->inbox;
		p->inbox = j;
		p->inbox_count++;
	} else {
		p->full++;
	}
	pthread_mutex_unlock(&p->lock);
	if (!taken)
		job_free(j);
	else
		loop_wake(p->loop);
	return taken;
}

void poller_set_access(struct poller *p, struct poll_access *access)
{
	pthread_mutex_lock(&p->lock);
	poll_access_free(p->next_access);
	p->next_access = access;
	p->has_next_access = true;
	pthread_mutex_unlock(&p->lock);
	loop_wake(p->loop);
}

struct poller_counters poller_count(struct poller *p)
{
	pthread_mutex_lock(&p->lock);
	struct poller_counters c = p->shown;
	pthread_mutex_unlock(&p->lock);
	return c;
}

static void wake(void *arg)
{
	struct poller *p = arg;
	loop_wake(p->loop);
}

enum st poller_tunnels(struct poller *p, unsigned workers, void (*wake_worker)(void *arg, unsigned worker), void *arg,
                       struct inside **out)
{
	const struct inside_config c = {
		.workers = workers, .arg = arg, .wake = wake_worker, .asker = p, .wake_asker = wake
	};
	enum st st = inside_new(&c, &p->inside);
	if (st == ST_OK)
		*out = p->inside;
	return st;
}

static void nothing(void *arg)
{
}

struct writer_source poller_source(struct poller *p)
{
	return (struct writer_source){ .ring = &p->ring, .freed = nothing };
}

// A family that the machine does not have is no error.
static enum st open_socket(struct poller *p, const char *any, struct udp_socket *s, loop_fd_fn *fn)
{
	struct addr local;
	s->fd = -1;
	enum st st = addr_parse(any, &local);
	if (st == ST_OK)
		st = udp_open(&local, false, s);
	if (st != ST_OK)
		return errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL ? ST_OK : st;
	return loop_add(p->loop, s->fd, EPOLLIN, fn, p);
}

enum st poller_new(struct crypto *crypto, const struct hash_key *key, struct poller **out)
{
	struct poller *p = calloc(1, sizeof *p);
	if (!p)
		return ST_NO_MEMORY;
	p->v4.fd = p->v6.fd = -1;
	p->crypto = crypto;
	p->ready.last = &p->ready.first;
	pthread_mutex_init(&p->lock, NULL);
	p->jobs = calloc(1, sizeof *p->jobs);
	enum st st = p->jobs ? ring_init(&p->ring, POLL_RING) : ST_NO_MEMORY;
	if (st == ST_OK)
		st = loop_new(&p->loop);
	if (st == ST_OK)
		st = udp_batch_new(&p->batch);
	if (st == ST_OK)
		st = open_socket(p, "0.0.0.0:0", &p->v4, v4_ready);
	if (st == ST_OK)
		st = open_socket(p, "[::]:0", &p->v6, v6_ready);
	if (st != ST_OK) {
		poller_free(p);
		return st;
	}
	p->jobs->key = *key;
	loop_each_turn(p->loop, each_turn, p);
	*out = p;
	return ST_OK;
}

static void *run(void *arg)
{
	struct poller *p = arg;
	(void)loop_run(p->loop);
	return NULL;
}

enum st poller_start(struct poller *p, struct writer *writer)
{
	p->writer = writer;
	if (pthread_create(&p->thread, NULL, run, p) != 0)
		return ST_SYSTEM;
	p->runs = true;
	return ST_OK;
}

void poller_stop(struct poller *p)
{
	if (!p || !p->runs)
		return;
	loop_stop(p->loop);
	pthread_join(p->thread, NULL);
	p->runs = false;
	p->writer = NULL;
}

static void free_jobs(struct poller *p)
{
	size_t from = 0;
	for (struct job *j; p->jobs && (j = jobs_any(p->jobs, &from));)
		drop(p, j);
	for (struct job *j = p->inbox, *next; j; j = next) {
		next = j->next;
		job_free(j);
	}
	free(p->jobs);
}

void poller_free(struct poller *p)
{
	if (!p)
		return;
	poller_stop(p);
	free_jobs(p);
	if (p->loop && p->v4.fd >= 0)
		loop_remove(p->loop, p->v4.fd);
	if (p->loop && p->v6.fd >= 0)
		loop_remove(p->loop, p->v6.fd);
	udp_close(&p->v4);
	udp_close(&p->v6);
	udp_batch_free(p->batch);
	inside_free(p->inside);
	if (p->loop)
		loop_free(p->loop);
	ring_done(&p->ring);
	poll_access_free(p->access);
	poll_access_free(p->next_access);
	pthread_mutex_destroy(&p->lock);
	free(p);
}
