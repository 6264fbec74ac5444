// SPDX-License-Identifier: Apache-2.0
// Sites that IKE connects: into the keyer from the configuration, out of it onto the workers. A site belongs to one worker,
// which its SPIs name, so that the kernel brings its ESP there.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/tunnels_own.h"
#include "ike/wire.h"
#include "io/system.h"
#include "store/folder.h"

static const char secret_name[] = "ike-secret";

// Kept over a restart, so that peers know the tokens of before (RFC 6290).
static enum st read_secret(const char *dir, uint8_t out[32])
{
	struct text t = { 0 };
	enum st st = folder_read(dir, secret_name, 32, &t);
	if (!st && t.n == 32) {
		memcpy(out, t.p, 32);
		secret_wipe(t.p, t.n);
	} else if (!st || st == ST_NONE) {
		st = random_bytes(random_system(), out, 32);
		if (!st)
			st = folder_replace(dir, secret_name, span_of(out, 32));
	}
	text_done(&t);
	return st;
}

static uint32_t number_of(const struct tunnels *t, uint32_t ike_id)
{
	return ike_id < t->number_count ? t->numbers[ike_id] : IKE_NO_SITE;
}

static unsigned owner_of(const struct tunnels *t, uint32_t number)
{
	return number % t->worker_count;
}

static uint32_t shape(void *arg, uint32_t site, uint32_t spi)
{
	const struct tunnels *t = arg;
	uint32_t low = (1U << udp_spi_bits(t->worker_count)) - 1;
	return (spi & ~low) | owner_of(t, number_of(t, site));
}

// The listener that a path of IKE comes by: of its address, or of all addresses.
static uint16_t listener_of(const struct tunnels *t, const struct addr *local)
{
	uint16_t found = 0;
	for (uint16_t i = 0; i < INTAKE_LISTENERS; i++) {
		const struct addr *a = &t->paths[i];
		if (a->port != local->port || addr_is_v4(a) != addr_is_v4(local))
			continue;
		if (addr_same_ip(a, local))
			return i;
		found = addr_is_any(a) ? i : found;
	}
	return found;
}

// What of a turn's effects one worker does.
struct job {
	const struct tunnels *t;
	const struct ike *ike;
	const struct ike_effect *e;
	size_t n;
	unsigned worker;
};

static bool is_pair(const struct ike_effect *e)
{
	return e->kind == IKE_PAIR_UP || e->kind == IKE_PAIR_DOWN || e->kind == IKE_PAIR_MOVED;
}

static void pair_up(const struct job *j, struct plane *plane, const struct ike_effect *e)
{
	struct ike_view v = { 0 };
	(void)ike_look(j->ike, e->site, &v);
	const struct plane_way way = { .ends = { e->path.local, e->path.remote },
		                       .listener = listener_of(j->t, &e->path.local),
		                       .natted = v.nat_here };
	// What finds no room is missed by the peer, which asks again or gives up.
	(void)plane_pair_up(plane, clock_monotonic(), number_of(j->t, e->site), e->pair, &way);
}

static void pairs_on_worker(struct worker *w, void *arg)
{
	const struct job *j = arg;
	struct plane *plane = j->t->workers[j->worker].plane;
	for (size_t i = 0; i < j->n; i++) {
		const struct ike_effect *e = &j->e[i];
		const struct encap_ends ends = { e->path.local, e->path.remote };
		if (!is_pair(e) || owner_of(j->t, number_of(j->t, e->site)) != j->worker)
			continue;
		if (e->kind == IKE_PAIR_UP)
			pair_up(j, plane, e);
		else if (e->kind == IKE_PAIR_DOWN)
			plane_pair_down(plane, clock_monotonic(), e->spi);
		else
			plane_pair_moved(plane, clock_monotonic(), e->spi, &ends, listener_of(j->t, &e->path.local));
	}
}

// What goes by the same listener goes at once.
static void send_on_worker(struct worker *w, void *arg)
{
	enum { AT_ONCE = 32 };
	const struct job *j = arg;
	struct udp_out out[AT_ONCE];
	uint16_t listener = 0;
	int n = 0;
	for (size_t i = 0; i < j->n; i++) {
		const struct ike_effect *e = &j->e[i];
		if (e->kind != IKE_SEND)
			continue;
		uint16_t by = listener_of(j->t, &e->path.local);
		if (n == AT_ONCE || (n && by != listener)) {
			(void)worker_send(w, listener, out, n, true);
			n = 0;
		}
		listener = by;
		out[n++] = (struct udp_out){ .bytes = e->bytes, .to = e->path.remote, .from = e->path.local };
	}
	if (n)
		(void)worker_send(w, listener, out, n, true);
}

static void note_site(struct tunnels *t, const struct ike_effect *e, const struct ike *ike)
{
	char peer[ADDR_TEXT];
	struct text note = { 0 };
	struct json j = json_of(&note);
	struct ike_view v;
	uint32_t number = number_of(t, e->site);
	pthread_mutex_lock(&t->lock);
	const char *name =
	        number < t->site_count ? t->sites[number].name : NULL; // it stays where it is, as long as we do
	pthread_mutex_unlock(&t->lock);
	if (!name)
		return;
	json_open(&j, '{');
	json_key_str(&j, "site", name);
	json_key(&j, "up");
	json_bool(&j, e->kind == IKE_SITE_UP);
	if (ike_look(ike, e->site, &v))
		json_key_str(&j, "peer", addr_text(&v.path.remote, peer));
	if (e->kind == IKE_SITE_DOWN && e->why)
		json_key_str(&j, "why", st_text(e->why));
	json_close(&j, '}');
	if (!note.bad)
		(void)t->o.note(t->o.arg, EVENT_SITE, span_of(note.p, note.n));
	text_done(&note);
}

// Pairs are there before the peer learns of them.
static void act(void *arg, struct ike *ike, int64_t now, const struct ike_effect *e, size_t n)
{
	struct tunnels *t = arg;
	struct job j = { t, ike, e, n, 0 };
	bool sends = false, wanted[INTAKE_WORKERS] = { false };
	for (size_t i = 0; i < n; i++) {
		sends |= e[i].kind == IKE_SEND;
		if (is_pair(&e[i]))
			wanted[owner_of(t, number_of(t, e[i].site))] = true;
	}
	for (j.worker = 0; j.worker < t->worker_count; j.worker++)
		if (wanted[j.worker])
			worker_call(t->workers[j.worker].worker, pairs_on_worker, &j);
	if (sends)
		worker_call(t->workers[0].worker, send_on_worker, &j);
	for (size_t i = 0; i < n; i++)
		if (e[i].kind == IKE_SITE_UP || e[i].kind == IKE_SITE_DOWN)
			note_site(t, &e[i], ike);
}

enum st tunnels_ike_new(struct tunnels *t)
{
	struct ike_config c = {
		.crypto = t->o.crypto, .random = random_system(), .shape = shape, .today = clock_today, .arg = t
	};
	const struct keyer_hooks hooks = { t, act };
	enum st st = read_secret(t->o.dir, c.token_secret);
	if (!st)
		st = keyer_new(&c, t->worker_count, &hooks, &t->keyer);
	secret_wipe(c.token_secret, sizeof c.token_secret);
	return st;
}

static struct span octets(const struct config_octets *o)
{
	return span_of(o->at, o->n);
}

static void ts_add(struct ike_ts_list *list, struct ike_ts ts)
{
	if (list->n < IKE_TS_MAX)
		list->at[list->n++] = ts;
}

// Spans point into the configuration.
static struct ike_site describe(const struct config *c, const struct config_ike *x)
{
	struct ike_site s = { .name = c->policy->sites[x->site].name,
		              .local = { c->identity.type, octets(&c->identity.data) },
		              .remote = { x->identity.type, octets(&x->identity.data) },
		              .psk = octets(&x->psk),
		              .credential = x->trust ? c->credential : NULL,
		              .trust = x->trust,
		              .ppk_id = octets(&x->ppk_id),
		              .ppk = octets(&x->ppk),
		              .dpd = TUNNEL_DPD,
		              .child_life = x->life,
		              .ike_life = x->ike_life };
	if (x->suites) { // IKE chooses its own before it knows who calls
		s.ike.aeads = x->suites | IKE_AEADS;
		s.esp.aeads = x->suites;
	}
	for (size_t i = 0; i < c->inner_count; i++)
		ts_add(&s.here, ike_ts_of_ip(c->inner[i].ip));
	for (size_t i = 0; i < x->networks.n; i++)
		ts_add(&s.there, ike_ts_of(&x->networks.p[i]));
	if (!addr_is_any(&x->address)) {
		memcpy(s.address, x->address.ip + 12, sizeof s.address);
		ts_add(&s.there, ike_ts_of_ip(x->address.ip));
	}
	return s;
}

// A site is made anew when anything of this changed.
static void mark_of(const struct ike_site *s, uint8_t out[TUNNEL_MARK])
{
	const struct span parts[] = { span_str(s->name),
		                      span_of(&s->local.type, 1),
		                      s->local.data,
		                      span_of(&s->remote.type, 1),
		                      s->remote.data,
		                      s->psk,
		                      span_of(&s->esp.aeads, sizeof s->esp.aeads),
		                      s->trust ? trust_mark(s->trust) : (struct span){ 0 },
		                      s->trust ? credential_mark(s->credential) : (struct span){ 0 },
		                      s->ppk_id,
		                      s->ppk,
		                      span_of(&s->here, sizeof s->here),
		                      span_of(&s->there, sizeof s->there),
		                      span_of(s->address, sizeof s->address),
		                      span_of(&s->child_life, sizeof s->child_life),
		                      span_of(&s->ike_life, sizeof s->ike_life) };
	enum { PARTS = sizeof parts / sizeof *parts };
	uint8_t each[PARTS * TUNNEL_MARK];
	for (size_t i = 0; i < PARTS; i++)
		digest_of(&digest_sha256, parts[i], each + i * TUNNEL_MARK);
	digest_of(&digest_sha256, span_of(each, sizeof each), out);
}

enum st tunnels_ike_prepare(struct tunnels *t, const struct config *c)
{
	for (size_t i = 0; i < c->ike_count; i++) {
		const struct ike_site what = describe(c, &c->ikes[i]);
		struct tunnel_site *s = tunnel_site_of(t, what.name);
		if (!s)
			return ST_NO_MEMORY;
		mark_of(&what, s->next_mark);
		s->wanted = true;
		s->next_ike = &c->ikes[i];
		s->fresh = !s->up || !s->ike || memcmp(s->mark, s->next_mark, TUNNEL_MARK) != 0;
	}
	return ST_OK;
}

struct change {
	struct tunnels *t;
	const struct config *config;
	const struct listeners *listeners;
	struct text *said;
	unsigned worker;
};

static void name_on_worker(struct worker *w, void *arg)
{
	const struct change *x = arg;
	const struct tunnels *t = x->t;
	for (uint32_t i = 0; i < t->site_count; i++) {
		const struct tunnel_site *s = &t->sites[i];
		const struct plane_site what = { .name = s->name, .ike = true };
		if (s->next_ike && s->fresh && owner_of(t, i) == x->worker)
			(void)plane_site_set(t->workers[x->worker].plane, i, &what);
	}
}

static void forget_on_worker(struct worker *w, void *arg)
{
	const struct change *x = arg;
	const struct tunnels *t = x->t;
	for (uint32_t i = 0; i < t->site_count; i++)
		if (t->sites[i].up && t->sites[i].ike && !t->sites[i].next_ike && owner_of(t, i) == x->worker)
			plane_site_remove(t->workers[x->worker].plane, i);
}

static bool remember_number(struct tunnels *t, uint32_t ike_id, uint32_t number)
{
	if (ike_id >= t->number_count) {
		uint32_t *more = reallocarray(t->numbers, ike_id + 64U, sizeof *more);
		if (!more)
			return false;
		for (size_t i = t->number_count; i < ike_id + 64U; i++)
			more[i] = IKE_NO_SITE;
		t->numbers = more;
		t->number_count = ike_id + 64U;
	}
	t->numbers[ike_id] = number;
	return true;
}

static void take_listeners(struct tunnels *t, const struct listeners *ls)
{
	for (unsigned i = 0; i < INTAKE_LISTENERS; i++)
		t->paths[i] = ls->list[i].tunnel && ls->list[i].open ? ls->list[i].addr : (struct addr){ 0 };
}

static void remove_old(struct ike *ike, int64_t now, struct ike_out *out, void *arg)
{
	struct change *x = arg;
	for (size_t i = 0; i < x->t->site_count; i++) {
		const struct tunnel_site *s = &x->t->sites[i];
		if (s->up && s->ike && (!s->next_ike || s->fresh))
			ike_remove_site(ike, now, s->ike_id, out);
	}
}

static void add_new(struct ike *ike, int64_t now, struct ike_out *out, void *arg)
{
	struct change *x = arg;
	struct tunnels *t = x->t;
	take_listeners(t, x->listeners);
	for (uint32_t i = 0; i < t->site_count; i++) {
		struct tunnel_site *s = &t->sites[i];
		if (!s->next_ike || !s->fresh)
			continue;
		const struct ike_site what = describe(x->config, s->next_ike);
		enum st st = ike_add_site(ike, &what, &s->ike_id);
		if (!st && !remember_number(t, s->ike_id, i))
			st = ST_NO_MEMORY;
		if (st)
			text_printf(x->said, "error: site '%s': cannot be had: %s\n", s->name, st_text(st));
		memcpy(s->mark, s->next_mark, TUNNEL_MARK);
		s->ike = true;
		s->up = !st;
		s->worker = owner_of(t, i);
	}
}

void tunnels_ike_apply(struct tunnels *t, const struct config *c, const struct listeners *ls, struct text *said)
{
	struct change x = { t, c, ls, said, 0 };
	keyer_call(t->keyer, remove_old, &x);
	for (x.worker = 0; x.worker < t->worker_count; x.worker++) {
		worker_call(t->workers[x.worker].worker, forget_on_worker, &x);
		worker_call(t->workers[x.worker].worker, name_on_worker, &x);
	}
	for (size_t i = 0; i < t->site_count; i++) {
		struct tunnel_site *s = &t->sites[i];
		if (s->up && s->ike && (!s->next_ike || s->fresh))
			s->up = false;
	}
	keyer_call(t->keyer, add_new, &x);
}

struct question {
	struct tunnels *t;
	struct tunnel_look *look;
	size_t n; // room in it: sites that came since are left out
	struct ike_counters *counters;
};

static void look(struct ike *ike, int64_t now, struct ike_out *out, void *arg)
{
	const struct question *q = arg;
	*q->counters = *ike_counters(ike);
	pthread_mutex_lock(&q->t->lock);
	for (size_t i = 0; i < q->n; i++) {
		const struct tunnel_site *s = &q->t->sites[i];
		q->look[i].ike = s->ike;
		if (s->up && s->ike)
			q->look[i].up = ike_look(ike, s->ike_id, &q->look[i].view);
	}
	pthread_mutex_unlock(&q->t->lock);
}

struct tunnel_look *tunnels_ike_look(struct tunnels *t, struct ike_counters *counters, size_t *n)
{
	pthread_mutex_lock(&t->lock);
	struct question q = { .t = t, .n = t->site_count, .counters = counters };
	pthread_mutex_unlock(&t->lock);
	q.look = q.n ? calloc(q.n, sizeof *q.look) : NULL;
	q.n = q.look ? q.n : 0;
	keyer_call(t->keyer, look, &q);
	*n = q.n;
	return q.look;
}
