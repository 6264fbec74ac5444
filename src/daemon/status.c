// SPDX-License-Identifier: Apache-2.0
// The object of `status --json`: one snapshot, in which the ends of the messages sum to what was received.
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/collector.h"
#include "event/describe.h"

struct counts {
	struct account by_listener[INTAKE_LISTENERS];
	struct worker_listener_state state[INTAKE_LISTENERS];
	struct waiting_gone gone[INTAKE_LISTENERS]; // from the waiting room
	uint64_t forgotten;
	uint64_t engines, engines_evicted, digests_forgotten, shared;
};

static void count(struct worker *w, void *arg)
{
	struct counts *n = arg;
	worker_count(w, n->by_listener, n->state);
	n->forgotten += worker_forgotten(w);
	const struct v3_state *v3 = worker_intake(w)->v3;
	n->engines += engines_count(v3->engines);
	n->engines_evicted += engines_evicted(v3->engines);
	n->digests_forgotten += v3->replay.early;
	n->shared += v3->shared;
}

static void put_time(struct json *j, const char *key, int64_t at)
{
	struct text t = { 0 };
	event_time_text(at, &t);
	json_key_str(j, key, text_str(&t));
	text_done(&t);
}

static void put_account(struct json *j, const struct account *a)
{
	json_key_uint(j, "received", a->received);
#define X(member, name) json_key_uint(j, name, a->member);
	ACCOUNT_ENDS(X)
#undef X
	json_key(j, "refused");
	json_open(j, '{');
	for (int i = 0; i < ST_COUNT; i++)
		if (a->refused[i])
			json_key_uint(j, st_name((enum st)i), a->refused[i]);
	json_close(j, '}');
	json_key_uint(j, "acknowledged", a->acknowledged);
	json_key_uint(j, "unanswered", a->unanswered);
}

static void put_listener(struct json *j, const struct listener *l, const struct account *a,
                         const struct worker_listener_state *s)
{
	json_open(j, '{');
	json_key_str(j, "name", l->name);
	json_key_str(j, "state", l->open ? "open" : "closed");
	json_key_str(j, "why", l->why);
	put_account(j, a);
	json_key_uint(j, "kernel_dropped", s->kernel_dropped);
	if (l->tcp) {
		json_key_uint(j, "accepted", s->tcp.accepted);
		json_key_uint(j, "connections", s->tcp.open);
		json_key_uint(j, "refused_full", s->tcp.refused_full);
		json_key_uint(j, "refused_peer", s->tcp.refused_peer);
		json_key_uint(j, "timed_out", s->tcp.timed_out);
		json_key_uint(j, "stalled", s->tcp.stalled);
	} else {
		json_key_uint(j, "buffer", s->rcvbuf);
	}
	json_close(j, '}');
}

static void put_journal(struct json *j, const struct writer_state *w)
{
	json_key(j, "journal");
	json_open(j, '{');
	json_key_str(j, "state", st_name(w->st));
	json_key_str(j, "why", w->why);
	put_time(j, "since", w->since);
	json_key_uint(j, "next_id", w->next_id);
	json_key_uint(j, "events", w->events);
	json_key_uint(j, "commits", w->commits);
	json_key_uint(j, "cut", w->cut_events);
	json_key_uint(j, "bytes", w->journal_bytes);
	json_key_uint(j, "wal_bytes", w->wal_bytes);
	json_key_uint(j, "commit_ns_last", (uint64_t)w->commit_ns_last);
	json_key_uint(j, "commit_ns_max", (uint64_t)w->commit_ns_max);
	json_close(j, '}');
}

__attribute__((format(printf, 2, 3))) static void warn(struct json *j, const char *format, ...)
{
	char line[512];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	json_str(j, line);
}

static void put_warnings(struct json *j, const struct collector *c, const struct counts *n,
                         const struct writer_state *w, const struct waiting_state *room)
{
	json_key(j, "warnings");
	json_open(j, '[');
	for (unsigned i = 0; i < INTAKE_LISTENERS; i++) {
		const struct listener *l = &c->listeners.list[i];
		uint32_t buffer = n->state[i].rcvbuf;
		if (l->used && !l->open)
			warn(j, "not listening on %s: %s", l->name, l->why);
		else if (l->open && !l->tcp && buffer < UDP_RCVBUF_SMALL)
			warn(j,
			     "the receive buffer of %s is small (%u kB); install packaging/sysctl.d/60-trapline.conf",
			     l->name, buffer / 1024);
	}
	if (room->st)
		warn(j, "the waiting room cannot be saved (%s); what waits is lost if the collector stops now",
		     room->why);
	if (n->shared)
		warn(j,
		     "%llu messages came from SNMPv3 engines that are heard from several addresses (copied devices, or "
		     "one that moved); trapline engine list shows them",
		     (unsigned long long)n->shared);
	if (!tunnels_locked(c->tunnels))
		warn(j, "the keys of tunnels may be swapped out to disk: raise LimitMEMLOCK (ulimit -l)");
	if (w->st)
		warn(j, "the journal cannot be written (%s); nothing is acknowledged until it can", w->why);
	json_close(j, ']');
}

static void put_room(struct json *j, const struct waiting_state *s)
{
	json_key(j, "room");
	json_open(j, '{');
	json_key_str(j, "state", st_name(s->st));
	json_key_str(j, "why", s->why);
	json_key_uint(j, "items", s->items);
	json_key_uint(j, "messages", s->messages);
	json_key_uint(j, "moving", s->moving);
	json_close(j, '}');
}

static void put_engines(struct json *j, const struct counts *n)
{
	json_key(j, "engines");
	json_open(j, '{');
	json_key_uint(j, "known", n->engines);
	json_key_uint(j, "evicted", n->engines_evicted);
	json_key_uint(j, "shared", n->shared);
	json_key_uint(j, "digests_forgotten", n->digests_forgotten);
	json_close(j, '}');
}

static void put_collector(struct json *j, const struct collector *c)
{
	json_key_str(j, "version", _TRAPLINE_VERSION);
	json_key_str(j, "data", c->config->data);
	json_key_str(j, "config", c->config->file ? c->config->file : "");
	json_key(j, "engine");
	json_open(j, '{');
	struct text hex = { 0 };
	text_hex(&hex, span_of(c->engine.id, c->engine.id_n));
	json_key_str(j, "id", text_str(&hex));
	json_key_uint(j, "boots", c->engine.boots);
	json_close(j, '}');
	text_done(&hex);
	json_key_uint(j, "workers", c->worker_count);
	json_key(j, "sandbox");
	json_open(j, '{');
	json_key_uint(j, "landlock_abi", (uint64_t)c->sandbox.landlock_abi);
	json_key(j, "seccomp");
	json_bool(j, c->sandbox.seccomp);
	json_close(j, '}');
}

// `next`: the id of the next event of the journal, as its writer knows it; a follower that stands still does not.
static void put_followers(struct json *j, struct follower *alarms, uint64_t next)
{
	json_key(j, "followers");
	json_open(j, '[');
	if (alarms) {
		struct follower_state s = follower_state(alarms);
		json_open(j, '{');
		json_key_str(j, "name", "alarms");
		json_key_str(j, "state", st_name(s.st));
		json_key_str(j, "why", s.why);
		json_key_uint(j, "next_id", s.next);
		json_key_uint(j, "lag", next > s.next ? next - s.next : 0);
		json_key_uint(j, "events", s.events);
		json_key_uint(j, "damaged", s.damaged);
		json_key_uint(j, "gaps", s.gaps);
		json_key_uint(j, "ticks", s.ticks);
		json_key_uint(j, "snapshots", s.snapshots);
		json_key_uint(j, "devices", s.devices);
		json_key_uint(j, "open", s.open);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void put_poller(struct json *j, struct poller *p)
{
	const struct poller_counters n = poller_count(p);
	json_key(j, "poller");
	json_open(j, '{');
	json_key_uint(j, "wanted", n.wanted);
	json_key_uint(j, "asked", n.asked);
	json_key_uint(j, "answered", n.answered);
	json_key_uint(j, "failed", n.failed);
	json_key_uint(j, "refused", n.refused);
	json_key_uint(j, "early", n.early);
	json_key_uint(j, "full", n.full);
	json_key_uint(j, "events", n.events);
	json_key_uint(j, "dropped", n.dropped);
	json_key_uint(j, "strange", n.strange);
	json_key_uint(j, "inside", n.inside);
	json_key_uint(j, "lost", n.lost);
	json_key_uint(j, "waiting", n.waiting);
	json_key_uint(j, "asking", n.asking);
	json_close(j, '}');
}

static void put_status(struct json *j, struct collector *c, struct counts *n)
{
	struct account total = { 0 };
	uint64_t dropped = 0;
	struct writer_state w = writer_state(c->writer);
	struct waiting_state room = waiting_state(c->room);
	waiting_counts(c->room, n->gone);
	for (unsigned i = 0; i < c->worker_count; i++)
		worker_call(c->workers[i], count, n);
	for (unsigned i = 0; i < INTAKE_LISTENERS; i++) {
		waiting_account(&n->gone[i], &n->by_listener[i]);
		account_add(&total, &n->by_listener[i]);
		dropped += n->state[i].kernel_dropped;
	}
	json_open(j, '{');
	put_time(j, "since", c->since);
	put_account(j, &total);
	json_key_uint(j, "kernel_dropped", dropped);
	json_key_uint(j, "duplicates_forgotten", n->forgotten);
	json_key(j, "listeners");
	json_open(j, '[');
	for (unsigned i = 0; i < INTAKE_LISTENERS; i++)
		if (c->listeners.list[i].name[0])
			put_listener(j, &c->listeners.list[i], &n->by_listener[i], &n->state[i]);
	json_close(j, ']');
	put_journal(j, &w);
	put_followers(j, c->alarms, w.next_id);
	put_poller(j, c->asking.poller);
	put_room(j, &room);
	put_engines(j, n);
	tunnels_status(c->tunnels, j);
	put_collector(j, c);
	put_warnings(j, c, n, &w, &room);
	json_close(j, '}');
}

void collector_status(struct collector *c, struct text *out)
{
	struct json j = json_of(out);
	struct counts *n = calloc(1, sizeof *n);
	if (!n) {
		out->bad = true;
		return;
	}
	pthread_mutex_lock(&c->lock);
	put_status(&j, c, n);
	pthread_mutex_unlock(&c->lock);
	free(n);
}
