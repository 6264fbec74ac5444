// SPDX-License-Identifier: Apache-2.0
// What `status` says of the tunnels. Workers copy, the JSON is written here, so that no packet waits for it.
#include <stdio.h>
#include <stdlib.h>

#include "daemon/tunnels_own.h"
#include "io/system.h"

// A site may be gone by the time that its name is written.
struct site_seen {
	struct plane_site_view seen;
	char name[PLANE_SITE_NAME];
};

// Filled on the workers' threads, one after the other.
struct view {
	const struct tunnel_worker *worker;
	struct plane_counters counters;
	struct site_seen *sites;
	size_t site_count;
	size_t pairs;
	bool locked, bad;
	struct tunnel_look *looks; // by the sites' numbers; NULL: none
	size_t look_count;
	struct ike_counters ike;
};

static void look(struct worker *w, void *arg)
{
	struct view *v = arg;
	struct plane *plane = v->worker->plane;
	struct plane_site_view s;
	plane_counters_add(&v->counters, plane_counters(plane));
	v->pairs += plane_pairs(plane);
	v->locked &= aead_engine_locked(v->worker->engine);
	for (uint32_t at = 0; plane_site_next(plane, &at, &s);) {
		struct site_seen *more = reallocarray(v->sites, v->site_count + 1, sizeof *more);
		if (!more) {
			v->bad = true;
			return;
		}
		v->sites = more;
		more[v->site_count] = (struct site_seen){ .seen = s };
		snprintf(more[v->site_count++].name, PLANE_SITE_NAME, "%s", s.name);
	}
}

static struct view look_at_all(struct tunnels *t)
{
	struct view v = { .locked = true };
	for (unsigned i = 0; i < t->worker_count; i++) {
		v.worker = &t->workers[i];
		worker_call(t->workers[i].worker, look, &v);
	}
	v.looks = tunnels_ike_look(t, &v.ike, &v.look_count);
	return v;
}

static void put_reasons(struct json *j, const char *key, const uint64_t *by)
{
	json_key(j, key);
	json_open(j, '{');
	for (int i = ST_OK + 1; i < ST_COUNT; i++)
		if (by[i])
			json_key_uint(j, st_name((enum st)i), by[i]);
	json_close(j, '}');
}

static void put_counters(struct json *j, const struct plane_counters *c)
{
	json_key_uint(j, "received", c->received);
#define X(member, name) json_key_uint(j, name, c->member);
	PLANE_ENDS(X)
#undef X
	put_reasons(j, "dropped", c->dropped);
	json_key_uint(j, "sent", c->sent);
	json_key_uint(j, "unsent", c->unsent);
	put_reasons(j, "unsealed", c->unsealed);
	json_key_uint(j, "keepalives_sent", c->keepalives);
	json_key_uint(j, "probes_sent", c->probes);
	json_key_uint(j, "probes_limited", c->probes_limited);
	json_key_uint(j, "moved", c->moved);
	json_key_uint(j, "fragments_expired", c->fragments_expired);
	json_key_uint(j, "fragments_evicted", c->fragments_evicted);
}

// Seconds since, or null: never.
static void put_age(struct json *j, const char *key, int64_t at, int64_t now)
{
	json_key(j, key);
	if (at)
		json_uint(j, (uint64_t)(now > at ? (now - at) / 1000000000 : 0));
	else
		json_none(j);
}

// What IKE has agreed with the site.
static void put_look(struct json *j, const struct ike_view *v, int64_t now)
{
	struct text suite = { 0 };
	text_printf(&suite, "%s-prf%s-%s", v->suite.aead->name, v->suite.prf->name, v->suite.group->name);
	json_key_str(j, "ike_suite", text_str(&suite));
	json_key(j, "nat");
	json_bool(j, v->nat_there);
	json_key(j, "mobike");
	json_bool(j, v->mobike);
	put_age(j, "up_seconds", v->since, now);
	json_key_uint(j, "rekeys", v->rekeys);
	text_done(&suite);
}

static void put_site(struct json *j, const struct site_seen *site, const struct tunnel_look *k, int64_t now)
{
	const struct plane_site_view *s = &site->seen;
	char peer[ADDR_TEXT];
	json_open(j, '{');
	json_key_str(j, "name", site->name);
	json_key_uint(j, "pairs", s->pairs);
	json_key_str(j, "suite", s->suite ? s->suite : "");
	json_key_str(j, "peer", s->ends.peer.port ? addr_text(&s->ends.peer, peer) : "");
	json_key_uint(j, "packets_in", s->packets_in);
	json_key_uint(j, "bytes_in", s->bytes_in);
	json_key_uint(j, "packets_out", s->packets_out);
	json_key_uint(j, "bytes_out", s->bytes_out);
	put_age(j, "heard_seconds", s->heard, now);
	put_age(j, "sent_seconds", s->sent, now);
	json_key(j, "up");
	json_bool(j, k ? k->up : s->pairs > 0);
	if (k && k->up)
		put_look(j, &k->view, now);
	json_close(j, '}');
}

static void put_ike(struct json *j, struct tunnels *t, const struct ike_counters *c)
{
	json_key(j, "keyer");
	json_open(j, '{');
	json_key_uint(j, "sas", c->sas);
	json_key_uint(j, "half_open", c->half_open);
	json_key_uint(j, "pairs", c->pairs);
	json_key_uint(j, "lost", keyer_lost(t->keyer));
	put_reasons(j, "refused", c->by);
	json_close(j, '}');
}

void tunnels_status(struct tunnels *t, struct json *j)
{
	struct view v = look_at_all(t);
	int64_t now = clock_monotonic();
	json_key(j, "tunnel");
	json_open(j, '{');
	json_key_str(j, "crypto", aead_backend_name(aead_best()));
	json_key(j, "locked");
	json_bool(j, v.locked);
	json_key_uint(j, "pairs", v.pairs);
	put_counters(j, &v.counters);
	put_ike(j, t, &v.ike);
	json_key(j, "sites");
	json_open(j, '[');
	for (size_t i = 0; i < v.site_count; i++)
		put_site(j, &v.sites[i],
		         v.sites[i].seen.site < v.look_count && v.looks[v.sites[i].seen.site].ike
		                 ? &v.looks[v.sites[i].seen.site]
		                 : NULL,
		         now);
	json_close(j, ']');
	json_close(j, '}');
	j->out->bad |= v.bad;
	free(v.looks);
	free(v.sites);
}

bool tunnels_locked(struct tunnels *t)
{
	struct view v = look_at_all(t);
	free(v.looks);
	free(v.sites);
	return v.locked || !v.pairs;
}
