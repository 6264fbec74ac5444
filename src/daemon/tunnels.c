// SPDX-License-Identifier: Apache-2.0
#include "daemon/tunnels.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/limits.h"
#include "daemon/tunnels_own.h"
#include "poll/limits.h"
#include "io/system.h"
#include "store/folder.h"

enum { PORT_IKE = 500 };
static_assert((int)PLANE_SITE_NAME > (int)CONFIG_NAME_MAX, "a site's name is never cut: it says who spoke");

enum st tunnels_new(const struct tunnels_options *options, struct tunnels **out)
{
	struct tunnels *t = calloc(1, sizeof *t);
	if (!t)
		return ST_NO_MEMORY;
	t->o = *options;
	t->worker_count = options->worker_count;
	pthread_mutex_init(&t->lock, NULL);
	enum st st = tunnels_ike_new(t);
	for (unsigned i = 0; i < t->worker_count && !st; i++)
		st = tunnel_worker_open(t, i);
	if (st)
		tunnels_free(t);
	else
		*out = t;
	return st;
}

enum st tunnels_start(struct tunnels *t)
{
	return keyer_start(t->keyer);
}

void tunnels_stop(struct tunnels *t)
{
	if (t)
		keyer_stop(t->keyer);
}

void tunnels_free(struct tunnels *t)
{
	if (!t)
		return;
	for (unsigned i = 0; i < t->worker_count; i++)
		tunnel_worker_close(&t->workers[i]);
	tunnels_cancel(t);
	for (size_t i = 0; i < t->site_count; i++) {
		lab_counter_close(&t->sites[i].counter);
		lab_keys_wipe(&t->sites[i].keys);
		free(t->sites[i].name);
	}
	keyer_free(t->keyer);
	free(t->numbers);
	free(t->sites);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

struct tunnel_site *tunnel_site_of(struct tunnels *t, const char *name)
{
	for (size_t i = 0; i < t->site_count; i++)
		if (strcmp(t->sites[i].name, name) == 0)
			return &t->sites[i];
	char *copy = strdup(name);
	pthread_mutex_lock(&t->lock);
	struct tunnel_site *more = copy ? reallocarray(t->sites, t->site_count + 1, sizeof *more) : NULL, *s = NULL;
	if (more) {
		t->sites = more;
		s = &more[t->site_count++];
		*s = (struct tunnel_site){ .name = copy, .counter.fd = -1, .next_counter.fd = -1 };
	}
	pthread_mutex_unlock(&t->lock);
	if (!s)
		free(copy);
	return s;
}

void tunnels_ask(struct tunnels *t, struct inside *questions)
{
	t->questions = questions;
}

static unsigned owner_of_lab(const struct tunnels *t, const struct lab_keys *keys)
{
	return udp_steer_spi(keys->side[LAB_COLLECTOR].spi, t->worker_count, udp_spi_bits(t->worker_count));
}

// Where a site that is wanted will be: one that is in force stays where it is unless it gets other keys.
static unsigned next_worker(const struct tunnels *t, const struct tunnel_site *s)
{
	if (s->next_ike)
		return (unsigned)(s - t->sites) % t->worker_count;
	return s->fresh ? owner_of_lab(t, &s->next) : s->worker;
}

void tunnels_routes(const struct tunnels *t, struct poll_access *access)
{
	for (size_t i = 0; i < access->site_count; i++) {
		struct poll_site *x = &access->sites[i];
		for (size_t k = 0; k < t->site_count; k++) {
			const struct tunnel_site *s = &t->sites[k];
			if (!s->wanted || strcmp(s->name, x->name) != 0)
				continue;
			x->tunnel = (uint32_t)k + 1;
			x->worker = next_worker(t, s);
		}
	}
}

static void say(struct text *said, const char *name, const char *what, enum st st)
{
	text_printf(said, "error: site '%s': %s: %s\n", name, what,
	            st == ST_IO     ? strerror(errno)
	            : st == ST_BUSY ? "another process uses these keys"
	            : st == ST_FULL ? "every counter is used; make new keys"
	                            : st_text(st));
}

static bool same_mark(const struct lab_keys *a, const struct lab_keys *b)
{
	char x[LAB_MARK], y[LAB_MARK];
	lab_counter_mark(a, LAB_COLLECTOR, x);
	lab_counter_mark(b, LAB_COLLECTOR, y);
	return strcmp(x, y) == 0;
}

static enum st open_counter(struct tunnel_site *s, const char *dir, struct text *said)
{
	char mark[LAB_MARK], name[64], path[FOLDER_PATH];
	lab_counter_mark(&s->next, LAB_COLLECTOR, mark);
	(void)snprintf(name, sizeof name, "lab-%s.counter", mark);
	enum st st = folder_path(dir, name, path);
	if (!st)
		st = lab_counter_open(path, &s->next, LAB_COLLECTOR, &s->next_counter);
	if (st)
		say(said, s->name, "no counters can be reserved", st);
	return st;
}

static enum st prepare_lab(struct tunnels *t, const char *name, const struct lab_keys *keys, const char *dir,
                           struct text *said)
{
	struct tunnel_site *s = tunnel_site_of(t, name);
	unsigned bits = udp_spi_bits(t->worker_count);
	uint32_t spi = keys->side[LAB_COLLECTOR].spi, low = spi & ((1U << bits) - 1);
	if (!s)
		return ST_NO_MEMORY;
	if (low >= t->worker_count) {
		text_printf(said,
		            "error: site '%s': the low %u bits of collector.spi name the worker, and there are %u: "
		            "choose one that ends in less\n",
		            name, bits, t->worker_count);
		return ST_ESP_SPI;
	}
	s->wanted = true;
	s->fresh = !s->up || s->ike || !lab_keys_same(&s->keys, keys);
	if (!s->fresh)
		return ST_OK;
	s->next = *keys;
	return s->up && !s->ike && same_mark(&s->keys, keys) ? ST_OK : open_counter(s, dir, said);
}

enum st tunnels_prepare(struct tunnels *t, const struct config *c, const char *dir, struct text *said)
{
	enum st st = ST_OK;
	for (size_t i = 0; i < c->lab_count && !st; i++)
		st = prepare_lab(t, c->policy->sites[c->labs[i].site].name, c->labs[i].keys, dir, said);
	if (!st)
		st = tunnels_ike_prepare(t, c);
	if (st)
		tunnels_cancel(t);
	return st;
}

static void next_forget(struct tunnel_site *s)
{
	lab_counter_close(&s->next_counter);
	lab_keys_wipe(&s->next);
	s->wanted = s->fresh = false;
	s->next_ike = NULL;
}

void tunnels_cancel(struct tunnels *t)
{
	for (size_t i = 0; i < t->site_count; i++)
		next_forget(&t->sites[i]);
}

// What one worker is to do about one site.
struct change {
	struct plane *plane;
	const struct tunnel_site *site;
	uint32_t number, old_spi; // old_spi 0: none
	struct ike_pair pair;
	struct plane_way way;
	enum st st;
};

static void put_on_worker(struct worker *w, void *arg)
{
	struct change *x = arg;
	const struct plane_site what = { .name = x->site->name };
	int64_t now = clock_monotonic();
	if (x->old_spi == x->pair.in)
		plane_pair_down(x->plane, now, x->old_spi);
	x->st = plane_site_set(x->plane, x->number, &what);
	if (!x->st)
		x->st = plane_pair_up(x->plane, now, x->number, &x->pair, &x->way);
	if (!x->st && x->old_spi && x->old_spi != x->pair.in)
		plane_pair_down(x->plane, now, x->old_spi);
}

static void remove_on_worker(struct worker *w, void *arg)
{
	const struct change *x = arg;
	plane_site_remove(x->plane, x->number);
}

static void site_down(struct tunnels *t, struct tunnel_site *s)
{
	struct tunnel_worker *w = &t->workers[s->worker];
	struct change x = { .plane = w->plane, .site = s, .number = (uint32_t)(s - t->sites) };
	if (!s->up)
		return;
	worker_call(w->worker, remove_on_worker, &x);
	lab_counter_close(&s->counter);
	lab_keys_wipe(&s->keys);
	s->up = false;
}

// Which of our listeners a peer is reached by before it spoke: the first that is open and of its family.
static uint16_t listener_for(const struct listeners *ls, const struct addr *peer)
{
	for (uint16_t i = 0; i < INTAKE_LISTENERS; i++)
		if (ls->list[i].tunnel && ls->list[i].open && addr_is_v4(&ls->list[i].addr) == addr_is_v4(peer))
			return i;
	return 0;
}

// The new counters, or the next block of those that the same key has had so far.
static enum st take_counter(struct tunnel_site *s)
{
	if (s->next_counter.fd >= 0) {
		lab_counter_close(&s->counter);
		s->counter = s->next_counter;
		s->next_counter.fd = -1;
		return ST_OK;
	}
	s->counter.from = s->counter.until;
	return lab_counter_ahead(&s->counter, s->counter.from);
}

static void site_up(struct tunnels *t, struct tunnel_site *s, const struct listeners *ls, struct text *said)
{
	unsigned owner = owner_of_lab(t, &s->next);
	struct change x = { .plane = t->workers[owner].plane, .site = s, .number = (uint32_t)(s - t->sites) };
	x.st = take_counter(s);
	if (s->up && s->worker != owner) {
		struct change gone = { .plane = t->workers[s->worker].plane, .number = x.number };
		worker_call(t->workers[s->worker].worker, remove_on_worker, &gone);
		s->up = false;
	}
	if (s->up)
		x.old_spi = s->keys.side[LAB_COLLECTOR].spi;
	lab_keys_pair(&s->next, LAB_COLLECTOR, &x.pair, &x.way);
	x.way.before = s->counter.from;
	x.way.listener = listener_for(ls, &x.way.ends.peer);
	x.way.ends.local = (struct addr){ 0 };
	if (!x.st)
		worker_call(t->workers[owner].worker, put_on_worker, &x);
	secret_wipe(&x.pair, sizeof x.pair);
	if (x.st) {
		say(said, s->name, "cannot be had", x.st);
		return;
	}
	s->keys = s->next;
	s->worker = owner;
	s->ike = false;
	s->up = true;
}

struct settings {
	struct plane *plane;
	const struct config *config;
	const struct listeners *listeners;
	uint16_t ports[PLANE_PORTS];
	size_t port_count;
};

static void set_on_worker(struct worker *w, void *arg)
{
	const struct settings *x = arg;
	for (uint16_t i = 0; i < INTAKE_LISTENERS; i++) {
		const struct encap_rules rules = { .plain = x->listeners->list[i].addr.port == PORT_IKE,
			                           .unmarked = true };
		(void)plane_set_listener(x->plane, i, &rules);
	}
	(void)plane_set_inner(x->plane, x->config->inner, x->config->inner_count);
	(void)plane_set_ports(x->plane, x->ports, x->port_count);
}

static void ports_add(struct settings *x, uint16_t port)
{
	for (size_t i = 0; i < x->port_count; i++)
		if (x->ports[i] == port)
			return;
	if (x->port_count < PLANE_PORTS)
		x->ports[x->port_count++] = port;
}

void tunnels_apply(struct tunnels *t, const struct config *c, const struct listeners *ls, struct text *said)
{
	struct settings x = { .config = c, .listeners = ls, .ports = { POLL_INNER_PORT }, .port_count = 1 };
	for (size_t i = 0; i < c->listen_count; i++)
		if (!c->listen[i].tcp)
			ports_add(&x, c->listen[i].addr.port);
	for (unsigned i = 0; i < t->worker_count; i++) {
		x.plane = t->workers[i].plane;
		worker_call(t->workers[i].worker, set_on_worker, &x);
	}
	for (size_t i = 0; i < t->site_count; i++) {
		struct tunnel_site *s = &t->sites[i];
		if (s->up && !s->ike && (!s->wanted || s->next_ike))
			site_down(t, s);
	}
	tunnels_ike_apply(t, c, ls, said);
	for (size_t i = 0; i < t->site_count; i++) {
		struct tunnel_site *s = &t->sites[i];
		if (s->fresh && !s->next_ike)
			site_up(t, s, ls, said);
		next_forget(s);
	}
}

struct question {
	struct plane *plane;
	uint32_t number;
	uint64_t used;
};

static void ask_worker(struct worker *w, void *arg)
{
	struct question *q = arg;
	struct plane_site_view v;
	uint32_t at = q->number;
	if (plane_site_next(q->plane, &at, &v) && v.site == q->number)
		q->used = v.out_number;
}

void tunnels_look(struct tunnels *t, struct text *said)
{
	for (size_t i = 0; i < t->site_count; i++) {
		struct tunnel_site *s = &t->sites[i];
		struct question q = { .plane = t->workers[s->worker].plane, .number = (uint32_t)i };
		if (!s->up || s->ike)
			continue;
		worker_call(t->workers[s->worker].worker, ask_worker, &q);
		enum st st = lab_counter_ahead(&s->counter, q.used);
		// A quarter of a block is more than is sent until the next look.
		if (!st || s->counter.until - q.used > UINT64_C(1) << (s->counter.block_bits - 2))
			continue;
		say(said, s->name, "taken down, because no counters can be reserved", st);
		site_down(t, s);
	}
}
