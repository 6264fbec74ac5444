// SPDX-License-Identifier: Apache-2.0
// Order of the start: configuration, sockets (some need privileges), privileges dropped, journal and engine file, duplicate
// set from the journal's tail; then the caller locks in; then threads.
#include "daemon/collector.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/log.h"
#include "event/event.h"
#include "io/system.h"
#include "snmp/engine_id.h"
#include "store/journal.h"
#include "store/state.h"

enum { SECOND_NS = 1000000000, PATH_BYTES = 4096 };

static int open_crypto(struct collector *c)
{
	if (crypto_init(&c->crypto)) {
		log_line(LOG_IS_ERROR, "OpenSSL or its legacy provider cannot be loaded; install libssl3 and openssl");
		return 1;
	}
	c->flags.crypto = c->crypto;
	return 0;
}

static int read_config(struct collector *c)
{
	struct config_report report = { 0 };
	enum st st = config_load(&c->flags, &c->config, &report);
	log_complaints(text_str(&report.text));
	text_done(&report.text);
	return st ? 1 : 0;
}

static unsigned workers_wanted(const struct config *c)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned n = c->workers ? c->workers : cores > 2 ? (unsigned)cores / 2 : 1;
	return n > INTAKE_WORKERS ? INTAKE_WORKERS : n;
}

static void say_listeners(const struct collector *c)
{
	for (unsigned i = 0; i < INTAKE_LISTENERS; i++) {
		const struct listener *l = &c->listeners.list[i];
		if (l->used && !l->open)
			log_line(LOG_IS_WARNING, "not listening on %s: %s", l->name, l->why);
	}
}

static bool any_open(const struct collector *c)
{
	for (unsigned i = 0; i < INTAKE_LISTENERS; i++)
		if (c->listeners.list[i].open)
			return true;
	return false;
}

// The data folder, made and given to the user that the collector becomes.
static int make_data(const struct config *c)
{
	if (mkdir(c->data, 0750) < 0 && errno != EEXIST) {
		log_line(LOG_IS_ERROR, "cannot make the data folder %s: %s; give another with --data", c->data,
		         strerror(errno));
		return 1;
	}
	const struct passwd *pw = c->user && geteuid() == 0 ? getpwnam(c->user) : NULL;
	if (pw && chown(c->data, pw->pw_uid, pw->pw_gid) < 0) {
		log_line(LOG_IS_ERROR, "cannot give %s to %s: %s", c->data, c->user, strerror(errno));
		return 1;
	}
	return 0;
}

static int drop(const struct config *c)
{
	if (!c->user || geteuid() != 0)
		return 0;
	enum st st = privileges_drop(c->user);
	if (st)
		log_line(LOG_IS_ERROR, "cannot become user %s: %s", c->user,
		         st == ST_NONE ? "there is no such user; make it, or name another with 'user:'" : st_text(st));
	return st ? 1 : 0;
}

static struct span hex_bytes(const char *hex, uint8_t *out, size_t room)
{
	size_t n = hex ? strlen(hex) / 2 : 0;
	for (size_t i = 0; i < n && i < room; i++) {
		char pair[3] = { hex[2 * i], hex[2 * i + 1], 0 };
		out[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return span_of(out, n < room ? n : room);
}

static struct span fresh_engine(uint8_t out[static ENGINE_ID_MADE])
{
	uint8_t octets[ENGINE_ID_OCTETS];
	system_random(octets, sizeof octets);
	return engine_id_make(octets, out);
}

static int open_store(struct collector *c)
{
	struct text why = { 0 };
	uint8_t fresh[ENGINE_ID_MADE], forced[32];
	enum st st = journal_open(c->config->data, &c->journal, &why);
	if (!st)
		st = engine_file_start(c->config->data, fresh_engine(fresh),
		                       hex_bytes(c->config->engine_id, forced, sizeof forced), &c->engine, &why);
	if (st)
		log_line(LOG_IS_ERROR, "%s", why.n ? text_str(&why) : st_text(st));
	text_done(&why);
	return st ? 1 : 0;
}

struct remembering {
	int64_t now, wall;
	uint64_t since; // of what the waiting room was moving at the end of the last process; 0: nothing
};

// From then on everything counts as heard just now, so that what came again by itself is not stored again out of the room.
// The age of what waited is that of its row. What was received later than now came before the clock was set back.
static int64_t age_of(const struct remembering *r, const struct journal_block *b, uint64_t id, const struct event *e)
{
	if (r->since && id >= r->since && (e->kind == EVENT_INFORM || e->version == SNMP_V3))
		return 0;
	if (e->kind != EVENT_INFORM)
		return -1;
	int64_t at = e->waiting ? b->time : e->received;
	return at < r->wall ? r->wall - at : 0;
}

static void remember(struct collector *c, const struct journal_block *b, const struct remembering *r)
{
	struct rd frames = rd_of(b->frames);
	struct span record;
	struct event e;
	for (uint64_t id = b->first; frame_next(&frames, &record); id++) {
		if (event_kind_of(record) != EVENT_INFORM && !(r->since && id >= r->since))
			continue;
		if (event_decode(record, &e))
			continue;
		int64_t age = age_of(r, b, id, &e);
		if (age < 0 || age > (int64_t)DUPLICATES_SECONDS * SECOND_NS)
			continue;
		unsigned owner = worker_owner(e.transport, &e.peer, c->worker_count);
		intake_remember(worker_intake(c->workers[owner]), &e, r->now, age);
		for (unsigned i = 1; e.transport == TRANSPORT_ESP && i < c->worker_count;
		     i++) // any may have its site now
			intake_remember(worker_intake(c->workers[i]), &e, r->now, age);
		if (owner && listeners_passed(&c->listeners))
			intake_remember(worker_intake(c->workers[0]), &e, r->now, age);
	}
}

// The duplicate set of the last 150 seconds, so that a resend over a crash or restart is known.
static int remember_informs(struct collector *c)
{
	struct text why = { 0 };
	struct journal_reader *r;
	struct journal_block b;
	uint64_t id;
	struct remembering all = { clock_monotonic(), clock_wall(), waiting_moving_since(c->room) };
	enum st st = journal_reader_open(c->config->data, &r, &why);
	if (st) {
		log_line(LOG_IS_ERROR, "cannot read the journal back: %s", text_str(&why));
		text_done(&why);
		return 1;
	}
	st = journal_seek_time(r, all.wall - (int64_t)DUPLICATES_SECONDS * SECOND_NS, &id);
	if (all.since && (st || all.since < id)) {
		id = all.since;
		st = ST_OK;
	}
	while (!st && (st = all.since ? journal_read(r, id, &b) : journal_read_informs(r, id, &b)) == ST_OK) {
		remember(c, &b, &all);
		id = b.first + b.count;
	}
	journal_reader_close(r);
	if (st != ST_NONE)
		log_line(LOG_IS_ERROR, "cannot read the journal back: %s; run trapline verify", st_text(st));
	return st == ST_NONE ? 0 : 1;
}

static int open_room(struct collector *c)
{
	struct text said = { 0 };
	struct waiting_options o = {
		.dir = c->config->data, .key = c->key, .workers = c->workers, .worker_count = c->worker_count
	};
	enum st st = waiting_open(&o, &c->room, &said);
	if (st && !said.n)
		text_printf(&said, "%s/waiting cannot be used: %s", c->config->data, st_text(st));
	if (said.n)
		log_line(st ? LOG_IS_ERROR : LOG_IS_WARNING, "%s", text_str(&said));
	text_done(&said);
	return st ? 1 : 0;
}

// With the built-in configuration only this machine may send, with a community that nobody knows yet.
static int first_community(struct collector *c)
{
	struct text why = { 0 };
	if (c->config->file || c->config->policy->community_count)
		return 0;
	enum st st = config_first_community(c->config->data, &why);
	if (st) {
		log_line(LOG_IS_ERROR, "%s", text_str(&why));
		text_done(&why);
		return 1;
	}
	config_free(c->config);
	c->config = NULL;
	return read_config(c);
}

// The descriptors that the TCP listeners may need; the lock-in forbids it later.
static void raise_descriptors(void)
{
	struct rlimit r;
	if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
}

static struct span own_engine(const struct collector *c)
{
	return span_of(c->engine.id, c->engine.id_n);
}

// The keys of the users, into the policy that the workers hold. `previous`: users whose keys need not be made again.
static enum st make_users(const struct collector *c, struct config *config, const struct usm_users *previous,
                          struct text *said)
{
	size_t which;
	enum st st = usm_users_new(config->users, config->user_count, own_engine(c), previous, &config->policy->users,
	                           &which);
	if (st == ST_SYNTAX)
		text_printf(said, "error: user entry %zu cannot be used\n", which + 1);
	else if (st)
		text_printf(said, "error: the users' keys cannot be made: %s\n", st_text(st));
	return st;
}

static int first_users(struct collector *c)
{
	struct text said = { 0 };
	enum st st = make_users(c, c->config, NULL, &said);
	if (said.n)
		log_line(LOG_IS_ERROR, "%s", text_str(&said));
	text_done(&said);
	return st ? 1 : 0;
}

static int make_workers(struct collector *c)
{
	c->engine_started = clock_monotonic();
	struct v3_config v3 = { .crypto = c->crypto,
		                .users = c->config->policy->users,
		                .random = random_system(),
		                .boots = c->engine.boots,
		                .started = c->engine_started,
		                .replay_max = (size_t)V3_REPLAY_MAX * c->worker_count };
	for (unsigned i = 0; i < c->worker_count; i++) {
		if (worker_new(i, &c->key, &v3, &c->workers[i])) {
			log_line(LOG_IS_ERROR, "cannot make worker %u: out of memory", i);
			return 1;
		}
		worker_set_policy(c->workers[i], c->config->policy);
		v3.replay = &worker_intake(c->workers[0])->v3->replay;
	}
	return 0;
}

// Manual keys are refused where nobody said that this is a laboratory.
static enum st tunnels_ready(struct collector *c, const struct config *fresh, struct text *said)
{
	if (fresh->lab_count && !c->flags.lab) {
		text_printf(said, "error: site '%s' has lab-keys, which only serve --lab takes; give it a psk\n",
		            fresh->policy->sites[fresh->labs[0].site].name);
		return ST_DENIED;
	}
	enum st st = tunnels_prepare(c->tunnels, fresh, c->config->data, said);
	if (!st)
		tunnels_routes(c->tunnels, fresh->access);
	return st;
}

static bool note_of_others(void *arg, uint8_t kind, struct span note)
{
	return collector_note(arg, kind, note);
}

static int open_tunnels(struct collector *c)
{
	struct text said = { 0 };
	const struct tunnels_options o = { .crypto = c->crypto,
		                           .workers = c->workers,
		                           .worker_count = c->worker_count,
		                           .dir = c->config->data,
		                           .note = note_of_others,
		                           .arg = c };
	enum st st = tunnels_new(&o, &c->tunnels);
	if (st)
		text_printf(&said, "error: no tunnels: %s\n", st_text(st));
	else
		st = tunnels_ready(c, c->config, &said);
	if (!st)
		tunnels_apply(c->tunnels, c->config, &c->listeners, &said);
	log_complaints(text_str(&said));
	text_done(&said);
	return st ? 1 : 0;
}

static void wake_worker(void *arg, unsigned worker)
{
	struct collector *c = arg;
	worker_wake(c->workers[worker]);
}

static int open_asking(struct collector *c)
{
	struct inside *questions = NULL;
	enum st st = poller_new(c->crypto, &c->key, &c->asking.poller);
	if (!st)
		st = poller_tunnels(c->asking.poller, c->worker_count, wake_worker, c, &questions);
	tunnels_ask(c->tunnels, questions);
	if (!st)
		st = asking_access(&c->asking, c->config, own_engine(c));
	if (st)
		log_line(LOG_IS_ERROR, "devices cannot be asked: %s", st_text(st));
	return st ? 1 : 0;
}

static void init_own(struct collector *c)
{
	pthread_condattr_t monotonic;
	pthread_mutex_init(&c->own_lock, NULL);
	pthread_mutex_init(&c->asking.lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&c->own_freed, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

int collector_open(struct collector *c, const struct config_flags *flags)
{
	*c = (struct collector){ .flags = *flags, .since = clock_wall() };
	pthread_mutex_init(&c->lock, NULL);
	init_own(c);
	system_random(&c->key, sizeof c->key);
	if (open_crypto(c) || read_config(c) || make_data(c->config))
		return 1;
	c->worker_count = workers_wanted(c->config);
	listeners_apply(&c->listeners, c->config, c->worker_count, true);
	say_listeners(c);
	if (!listeners_fit(&c->listeners, c->config)) {
		log_line(LOG_IS_ERROR, "more than %d listeners, with those of the service manager; name fewer",
		         INTAKE_LISTENERS);
		return 1;
	}
	if (!any_open(c)) {
		log_line(LOG_IS_ERROR, "no port could be opened; see the lines above, or name others with --listen");
		return 1;
	}
	if (ring_init(&c->own, COLLECTOR_OWN_RING)) {
		log_line(LOG_IS_ERROR, "out of memory");
		return 1;
	}
	raise_descriptors();
	return drop(c->config) || open_store(c) || first_community(c) || first_users(c) || make_workers(c) ||
	       collector_load_engines(c) || open_room(c) || remember_informs(c) || open_tunnels(c) || open_asking(c);
}

static void own_freed(void *arg)
{
	struct collector *c = arg;
	pthread_mutex_lock(&c->own_lock);
	pthread_cond_broadcast(&c->own_freed);
	pthread_mutex_unlock(&c->own_lock);
}

static void state_was_set_aside(void *arg, const char *reason)
{
	log_line(LOG_IS_WARNING, "the alarms are computed again, and what they were is in state.db.damaged: %s",
	         reason);
}

static void printer_heard(void *arg, int64_t device)
{
	struct collector *c = arg;
	asking_heard(&c->asking, device);
}

static enum st take_hash(void *arg, enum row_table t, const void *row)
{
	const struct rules_row *r = row;
	text_bytes(arg, r->hash);
	return ST_OK;
}

// Whether other rules are in force, as far as the state knows, than those of the configuration.
static bool rules_differ(struct collector *c)
{
	const struct text *hash = &c->config->rules.hash;
	struct text known = { 0 }, why = { 0 };
	struct state *s = NULL;
	if (state_open_reader(c->config->data, STATE_FILE, &s, &why) == ST_OK)
		(void)state_read(s, ROW_RULES, STATE_ALL, 0, take_hash, &known);
	bool differ = !span_equal(span_of(known.p, known.n), span_of(hash->p, hash->n));
	state_close(s);
	text_done(&known);
	text_done(&why);
	return differ;
}

enum { BEGINNING_MS = 2000 }; // a disk that is full: then it comes when there is room

// What the fold has to know before the first message of this run: that nobody was heard until now, and by which rules to
// understand them. Returns the id of the last of them.
static uint64_t write_beginning(struct collector *c, uint64_t next)
{
	struct text note = { 0 };
	rule_set_note(&c->config->rules, &note);
	if (rules_differ(c) && !note.bad)
		next += collector_note(c, EVENT_RULES, span_of(note.p, note.n));
	// The writer takes what workers have before what is ours, so they wait until it is committed.
	next += collector_note_durable(c, EVENT_STARTED, span_str("{\"version\":\"" _TRAPLINE_VERSION "\"}"),
	                               BEGINNING_MS) != ST_FULL;
	text_done(&note);
	return next - 1;
}

static enum st bring_rules(struct collector *c, const struct rule_set *rules)
{
	struct text note = { 0 };
	rule_set_note(rules, &note);
	enum st st =
	        note.bad ? ST_NO_MEMORY
	                 : follower_rules(c->alarms, span_of(rules->hash.p, rules->hash.n), span_of(note.p, note.n));
	text_done(&note);
	return st;
}

static enum st start_alarms(struct collector *c, uint64_t first)
{
	const struct follower_options o = { .dir = c->config->data,
		                            .key = c->key,
		                            .first = first,
		                            .note = note_of_others,
		                            .heard = printer_heard,
		                            .set_aside = state_was_set_aside,
		                            .arg = c };
	enum st st = follower_start(&o, &c->alarms);
	return st == ST_OK ? bring_rules(c, &c->config->rules) : st;
}

int collector_start(struct collector *c)
{
	struct writer_source sources[INTAKE_WORKERS + 2];
	struct writer_options o = { .dir = c->config->data,
		                    .keep_ns = c->config->keep_ns,
		                    .keep_bytes = c->config->keep_bytes };
	for (unsigned i = 0; i < c->worker_count; i++)
		sources[i] = worker_source(c->workers[i]);
	sources[c->worker_count] = (struct writer_source){ .ring = &c->own, .freed = own_freed, .arg = c };
	sources[c->worker_count + 1] = poller_source(c->asking.poller);
	uint64_t first = journal_next_id(c->journal);
	enum st st = writer_start(c->journal, &o, sources, c->worker_count + 2, &c->writer);
	c->journal = NULL;
	if (!st)
		first = write_beginning(c, first);
	if (!st)
		st = listeners_serve(&c->listeners, c->workers, c->worker_count);
	for (unsigned i = 0; !st && i < c->worker_count; i++)
		st = worker_start(c->workers[i], c->writer);
	if (!st)
		st = tunnels_start(c->tunnels);
	waiting_set_policy(c->room, c->config->policy);
	if (!st)
		st = waiting_start(c->room, c->writer);
	if (!st)
		st = start_alarms(c, first);
	if (!st)
		st = asking_start(&c->asking, c->config->data, c->writer);
	if (st)
		log_line(LOG_IS_ERROR, "cannot start: %s (%s)", st_text(st), strerror(errno));
	return st ? 1 : 0;
}

static void quiet(struct worker *w, void *arg)
{
	worker_quiet(w);
}

void collector_stop(struct collector *c)
{
	tunnels_stop(c->tunnels);
	for (unsigned i = 0; i < c->worker_count; i++)
		if (c->workers[i])
			worker_call(c->workers[i], quiet, NULL);
	waiting_stop(c->room);
	asking_stop(&c->asking);
	collector_save_engines(c);
	pthread_mutex_lock(&c->own_lock); // nobody writes any more
	struct writer *writer = c->writer;
	c->writer = NULL;
	pthread_mutex_unlock(&c->own_lock);
	writer_stop(writer);
	follower_stop(c->alarms);
	c->alarms = NULL;
}

void collector_free(struct collector *c)
{
	waiting_free(c->room);
	for (unsigned i = c->worker_count; i-- > 0;) // the first has what the others share
		worker_free(c->workers[i]);
	tunnels_free(c->tunnels);
	asking_free(&c->asking);
	journal_close(c->journal);
	ring_done(&c->own);
	config_free(c->config);
	crypto_free(c->crypto);
	pthread_cond_destroy(&c->own_freed);
	pthread_mutex_destroy(&c->own_lock);
	pthread_mutex_destroy(&c->lock);
}

// Under own_lock. *at: the position behind it.
static bool put_note(struct collector *c, uint8_t kind, struct span note, bool urgent, uint64_t *at)
{
	struct event e = { .kind = kind, .received = clock_wall(), .note = note };
	size_t max = EVENT_RECORD_OVERHEAD + e.note.n;
	uint8_t *room = c->writer ? ring_reserve(&c->own, max) : NULL;
	if (!room)
		return false;
	*at = ring_publish(&c->own, event_encode(&e, room, max));
	writer_wake(c->writer, urgent);
	return true;
}

bool collector_note(struct collector *c, uint8_t kind, struct span note)
{
	uint64_t at;
	pthread_mutex_lock(&c->own_lock);
	bool written = put_note(c, kind, note, false, &at);
	pthread_mutex_unlock(&c->own_lock);
	return written;
}

enum st collector_note_durable(struct collector *c, uint8_t kind, struct span note, int64_t ms)
{
	uint64_t at;
	int64_t end = clock_monotonic() + ms * (SECOND_NS / 1000);
	const struct timespec until = { end / SECOND_NS, end % SECOND_NS };
	pthread_mutex_lock(&c->own_lock);
	enum st st = put_note(c, kind, note, true, &at) ? ST_OK : ST_FULL;
	while (st == ST_OK && ring_freed(&c->own) < at)
		if (pthread_cond_timedwait(&c->own_freed, &c->own_lock, &until) != 0)
			st = ring_freed(&c->own) < at ? ST_BUSY : ST_OK;
	pthread_mutex_unlock(&c->own_lock);
	return st;
}

static void swap_policy(struct worker *w, void *arg)
{
	worker_set_policy(w, arg);
}

static enum st reload_locked(struct collector *c, struct text *said)
{
	struct config *fresh;
	struct config_report report = { 0 };
	enum st st = config_load(&c->flags, &fresh, &report);
	text_add(said, text_str(&report.text));
	text_done(&report.text);
	if (st)
		return st;
	if (!listeners_fit(&c->listeners, fresh)) {
		text_printf(said,
		            "error: over %d different listeners since the start, which all keep their counters; start "
		            "again to listen on others\n",
		            INTAKE_LISTENERS);
		st = ST_FULL;
	} else {
		st = make_users(c, fresh, c->config->policy->users, said);
	}
	if (!st)
		st = tunnels_ready(c, fresh, said);
	if (!st && (st = asking_access(&c->asking, fresh, own_engine(c))))
		tunnels_cancel(c->tunnels);
	if (st) {
		config_free(fresh);
		return st;
	}
	if (strcmp(fresh->data, c->config->data) != 0)
		text_printf(said, "warning: data stays %s until the next start\n", c->config->data);
	listeners_apply(&c->listeners, fresh, c->worker_count, false);
	for (unsigned i = 0; i < c->worker_count; i++)
		worker_call(c->workers[i], swap_policy, fresh->policy);
	waiting_set_policy(c->room, fresh->policy);
	st = listeners_serve(&c->listeners, c->workers, c->worker_count);
	tunnels_apply(c->tunnels, fresh, &c->listeners, said);
	writer_retain(c->writer, fresh->keep_ns, fresh->keep_bytes);
	free(fresh->data);
	fresh->data = c->config->data;
	c->config->data = NULL;
	config_free(c->config);
	c->config = fresh;
	if (!st)
		st = bring_rules(c, &c->config->rules);
	collector_note(c, EVENT_RELOADED, span_str("{}"));
	return st;
}

void collector_look(struct collector *c)
{
	struct text said = { 0 };
	pthread_mutex_lock(&c->lock);
	tunnels_look(c->tunnels, &said);
	pthread_mutex_unlock(&c->lock);
	log_complaints(text_str(&said));
	text_done(&said);
}

enum st collector_reload(struct collector *c, struct text *said)
{
	pthread_mutex_lock(&c->lock);
	enum st st = reload_locked(c, said);
	if (!st)
		say_listeners(c);
	pthread_mutex_unlock(&c->lock);
	return st;
}
