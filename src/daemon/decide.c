// SPDX-License-Identifier: Apache-2.0
#include "daemon/decide.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/config_local.h"
#include "event/event.h"
#include "io/system.h"

enum { FIELDS_MAX = 8, CREDENTIAL_TEXT = 257, NOTE_TEXT = 160 };

static const int64_t MOVE_NS = 3 * INT64_C(1000000000); // other requests wait meanwhile

struct entry {
	const char *list;
	struct local_field fields[FIELDS_MAX];
	size_t n;
};

static void field(struct entry *e, const char *key, const char *value)
{
	if (value)
		e->fields[e->n++] = (struct local_field){ .key = key, .value = value };
}

static enum st add_entry(struct collector *c, const struct entry *e, struct text *said)
{
	struct local_file *l = NULL;
	enum st st = local_file_open(c->config->data, &l, said);
	if (!st)
		st = local_file_add(l, e->list, e->fields, e->n, said);
	if (!st)
		st = local_file_save(l, said);
	local_file_close(l);
	return st == ST_BUSY ? ST_IO : st; // another program is changing the file; nothing is written
}

static struct span credential_of(const struct waiting_facts *f)
{
	return span_of(f->credential, f->credential_n);
}

// A configuration is text: other octets need a file of their own, which only the operator can name.
static bool is_text(struct span s)
{
	struct text clean = { 0 };
	text_clean(&clean, s);
	bool same = span_equal(s, span_of(clean.p, clean.n)) && s.n;
	text_done(&clean);
	return same;
}

static void address_of(const struct waiting_facts *f, char out[static ADDR_TEXT])
{
	struct addr a = f->peer;
	a.scope = 0; // a prefix has none
	addr_ip_text(&a, out);
}

static enum st allow_community(struct collector *c, const struct waiting_facts *f, const struct decide_wish *wish,
                               struct text *said)
{
	char community[CREDENTIAL_TEXT] = { 0 }, address[ADDR_TEXT], label[ADDR_TEXT];
	const char *known = policy_label(c->config->policy, credential_of(f));
	if (!is_text(credential_of(f))) {
		text_add(said, "its community is no text; put it into a file and name that as community-file: in the "
		               "configuration");
		return ST_SYNTAX;
	}
	memcpy(community, f->credential, f->credential_n);
	address_of(f, address);
	snprintf(label, sizeof label, "%s", known ? known : address);
	const char *const from[] = { wish->from ? wish->from : address, NULL };
	struct entry e = { .list = "communities" };
	field(&e, "label", wish->label ? wish->label : label);
	field(&e, "community", community);
	e.fields[e.n++] = (struct local_field){ .key = "from", .values = from };
	char site[CREDENTIAL_TEXT] = { 0 };
	const char *const sites[] = { site, NULL };
	memcpy(site, f->site, f->site_n);
	if (f->tunnelled) // its inner address is anybody's elsewhere
		e.fields[e.n++] = (struct local_field){ .key = "sites", .values = sites };
	enum st st = add_entry(c, &e, said);
	explicit_bzero(community, sizeof community);
	return st;
}

static enum st wish_for_user(const struct waiting_facts *f, const struct decide_wish *w, const char *name,
                             struct text *said)
{
	bool open = w->user || (w->level && strcmp(w->level, event_level_name(LEVEL_NOAUTH)) == 0);
	if (w->user && strcmp(w->user, name) != 0)
		text_printf(said, "it came from user '%s', not '%s'", name, w->user);
	else if (!is_text(credential_of(f)))
		text_add(said, "its user name is no text");
	else if (f->level == LEVEL_NOAUTH && !w->auth && !open)
		text_printf(said,
		            "user '%s' came without a password: whoever knows the name would be believed. If that is "
		            "meant, say --user %s",
		            name, name);
	else if (f->level >= LEVEL_AUTH && (!w->auth || !w->auth_password))
		text_printf(said, "user '%s' needs --auth and its password", name);
	else if (f->level == LEVEL_AUTHPRIV && (!w->priv || !w->priv_password))
		text_printf(said, "user '%s' encrypts: it needs --priv and its password", name);
	else
		return ST_OK;
	return ST_SYNTAX;
}

static enum st allow_user(struct collector *c, const struct waiting_facts *f, const struct decide_wish *wish,
                          struct text *said)
{
	char name[CREDENTIAL_TEXT] = { 0 };
	memcpy(name, f->credential, f->credential_n);
	enum st st = wish_for_user(f, wish, name, said);
	if (st)
		return st;
	struct decide_wish w = *wish;
	if (!w.level)
		w.level = event_level_name(f->level);
	st = decide_try_user(c, f, &w);
	if (st) {
		text_printf(said, "the message does not verify with that: %s", st_text(st));
		return st;
	}
	struct entry e = { .list = "users" };
	field(&e, "name", name);
	field(&e, "auth", w.auth);
	field(&e, "auth-password", w.auth_password);
	field(&e, "priv", w.priv);
	field(&e, "priv-password", w.priv_password);
	field(&e, "level", w.level);
	return add_entry(c, &e, said);
}

static bool is_allowed_now(const struct collector *c, const struct waiting_facts *f, const struct decide_wish *wish)
{
	enum st why;
	if (f->version == SNMP_V3)
		return f->reason == ST_TIME_WINDOW && !wish->auth;
	const struct policy_sender sender = { f->peer, f->listener,
		                              f->tunnelled ? span_of(f->site, f->site_n)
		                                           : span_str(policy_site(c->config->policy, &f->peer)) };
	return policy_community(c->config->policy, credential_of(f), &sender, &why) && !wish->from;
}

static enum st check_wish(const struct waiting_facts *f, const struct decide_wish *w, struct text *said)
{
	if (f->version == SNMP_V3 && (w->from || w->label))
		text_add(said, "it came with version 3: a user has passwords, and neither label nor addresses");
	else if (f->version != SNMP_V3 && (w->user || w->auth || w->level))
		text_add(said, "it came with a community: there is no user and no password to it");
	else
		return ST_OK;
	return ST_SYNTAX;
}

static enum st add_what_is_needed(struct collector *c, const struct waiting_facts *f, const struct decide_wish *wish,
                                  struct text *said)
{
	pthread_mutex_lock(&c->lock);
	bool needed = !is_allowed_now(c, f, wish);
	enum st st = !needed                 ? ST_OK
	             : f->version == SNMP_V3 ? allow_user(c, f, wish, said)
	                                     : allow_community(c, f, wish, said);
	pthread_mutex_unlock(&c->lock);
	if (st || !needed)
		return st;
	st = collector_reload(c, said);
	if (st)
		text_add(said, "it is written to local.yaml, and counts from the next reload on that succeeds");
	return st;
}

static enum st move_it(struct collector *c, uint64_t id, struct text *said)
{
	struct waiting_facts left = { 0 };
	if (waiting_allow(c->room, id, MOVE_NS) == ST_BUSY) {
		text_add(said, "it is allowed, but the journal cannot be written now; it moves as soon as it can\n");
		return ST_BUSY;
	}
	enum st st = waiting_find(c->room, id, &left);
	waiting_facts_done(&left);
	if (st == ST_NONE)
		return ST_OK;
	text_add(said, "some of it is still not allowed, and waits on");
	return ST_SOURCE;
}

enum st decide_allow(struct collector *c, uint64_t id, const struct decide_wish *wish, struct text *said)
{
	struct waiting_facts f = { 0 };
	enum st st = waiting_find(c->room, id, &f);
	if (st)
		text_printf(said, "nothing with the id %" PRIu64 " waits", id);
	else
		st = check_wish(&f, wish, said);
	if (!st)
		st = add_what_is_needed(c, &f, wish, said);
	if (!st)
		st = move_it(c, id, said);
	waiting_facts_done(&f);
	return st;
}

static void note_of(const struct waiting_facts *f, char out[static NOTE_TEXT])
{
	if (f->version == SNMP_V3 && is_text(credential_of(f)))
		snprintf(out, NOTE_TEXT, "user %.*s", (int)f->credential_n, (const char *)f->credential);
	else if (f->version == SNMP_V3)
		snprintf(out, NOTE_TEXT, "a user name of %zu octets", f->credential_n);
	else
		snprintf(out, NOTE_TEXT, "a community of %zu octets", f->credential_n);
}

enum st decide_deny(struct collector *c, uint64_t id, struct text *said)
{
	struct waiting_facts f = { 0 };
	struct hash_key key;
	char mark[CONFIG_MARK_TEXT], address[ADDR_TEXT], note[NOTE_TEXT];
	enum st st = waiting_find(c->room, id, &f);
	if (st) {
		text_printf(said, "nothing with the id %" PRIu64 " waits", id);
		return st;
	}
	system_random(&key, sizeof key);
	config_write_mark(&key, policy_mark(&key, f.version, span_of(f.site, f.site_n), credential_of(&f)), mark);
	address_of(&f, address);
	note_of(&f, note);
	const char *const from[] = { address, NULL };
	struct entry e = { .list = "denied" };
	e.fields[e.n++] = (struct local_field){ .key = "from", .values = from };
	field(&e, "mark", mark);
	field(&e, "note", note);
	pthread_mutex_lock(&c->lock);
	st = add_entry(c, &e, said);
	pthread_mutex_unlock(&c->lock);
	if (!st)
		st = collector_reload(c, said);
	waiting_facts_done(&f);
	return st;
}
