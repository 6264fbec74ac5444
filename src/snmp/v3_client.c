// SPDX-License-Identifier: Apache-2.0
#include "snmp/v3_client.h"

#include <stdlib.h>

struct v3_client {
	struct ciphers *ciphers;
	struct usm_users *users;       // one entry, or NULL
	const struct usm_entry *entry; // it, or the caller's
	enum usm_extension extension;
	uint8_t level;
	bool discovered;           // the engine and our keys at it are known,
	struct engine_clock clock; // and its clock, once it proved it
	uint8_t engine[SNMP_ENGINE_ID_MAX], engine_n;
	struct usm_keys keys;
	uint8_t context_engine[SNMP_ENGINE_ID_MAX], context_engine_n;
	uint8_t context_name[V3_CONTEXT_NAME_MAX], context_name_n;
	int32_t msg_id; // of the last message written
	uint64_t salt;
	uint8_t plain[V3_PLAIN_MAX];
};

static const struct usm_entry *entry_of(const struct v3_client *c)
{
	return c->entry;
}

// An entry of its own out of a user with passwords.
static enum st make_entry(struct v3_client *c, const struct usm_user *given)
{
	static const uint8_t nobody[SNMP_ENGINE_ID_MIN];
	size_t which;
	struct usm_user user = *given;
	user.level = USM_NOAUTH; // what to send at is said by config->level
	enum st st = usm_users_new(&user, 1, span_of(nobody, sizeof nobody), NULL, &c->users, &which);
	if (st == ST_OK)
		c->entry = &c->users->entries[0];
	return st;
}

static enum st take_config(struct v3_client *c, const struct v3_client_config *config)
{
	if (config->context_engine.n > sizeof c->context_engine || config->context_name.n > sizeof c->context_name)
		return ST_SYNTAX;
	if (config->context_engine.n)
		memcpy(c->context_engine, config->context_engine.p, config->context_engine.n);
	if (config->context_name.n)
		memcpy(c->context_name, config->context_name.p, config->context_name.n);
	c->context_engine_n = (uint8_t)config->context_engine.n;
	c->context_name_n = (uint8_t)config->context_name.n;
	c->entry = config->entry;
	enum st st = c->entry ? ST_OK : make_entry(c, &config->user);
	if (st != ST_OK)
		return st;
	c->extension = config->extension;
	c->level = config->level ? config->level : usm_entry_strongest(entry_of(c));
	return c->level <= usm_entry_strongest(entry_of(c)) ? ST_OK : ST_SYNTAX;
}

enum st v3_client_new(const struct v3_client_config *config, struct v3_client **out)
{
	struct {
		uint64_t salt;
		uint32_t id;
	} seed = { 0 };
	struct v3_client *c = calloc(1, sizeof *c);
	if (!c)
		return ST_NO_MEMORY;
	enum st st = take_config(c, config);
	if (st == ST_OK)
		st = ciphers_new(config->crypto, &c->ciphers);
	if (st == ST_OK)
		st = random_bytes(config->random, &seed, sizeof seed);
	c->salt = seed.salt;
	c->msg_id = (int32_t)(seed.id >> 2);
	if (st == ST_OK)
		*out = c;
	else
		v3_client_free(c);
	return st;
}

void v3_client_free(struct v3_client *c)
{
	if (!c)
		return;
	ciphers_free(c->ciphers);
	usm_users_free(c->users);
	secret_wipe(c, sizeof *c);
	free(c);
}

static void take_engine(struct v3_client *c, struct span engine)
{
	const struct usm_entry *e = entry_of(c);
	memcpy(c->engine, engine.p, engine.n);
	c->engine_n = (uint8_t)engine.n;
	c->clock = (struct engine_clock){ 0 };
	if (e->auth)
		usm_entry_auth_keys(e, engine, &c->keys);
	if (e->priv)
		usm_entry_priv_key(e, engine, c->extension, &c->keys);
	c->discovered = true;
}

void v3_client_engine(struct v3_client *c, struct span engine, uint32_t boots, int64_t started)
{
	take_engine(c, engine);
	c->clock = (struct engine_clock){ true, boots, 0, started };
}

// RFC 3414 section 4: a request without engine, user and varbinds.
static enum st write_discovery(struct v3_client *c, struct wr *w)
{
	uint8_t room[64];
	struct wr pdu = wr_of(room, sizeof room);
	const uint8_t *mark = pdu.at;
	ber_put(&pdu, BER_SEQUENCE, (struct span){ 0 });
	ber_put_int(&pdu, BER_INTEGER, 0);
	ber_put_int(&pdu, BER_INTEGER, 0);
	ber_put_int(&pdu, BER_INTEGER, c->msg_id);
	ber_head(&pdu, PDU_GET, mark);
	const struct v3_outgoing m = {
		.msg_id = c->msg_id, .reportable = true, .level = USM_NOAUTH, .pdu = wr_span(&pdu)
	};
	return v3_message_write(&m, c->ciphers, c->plain, w);
}

enum st v3_client_write(struct v3_client *c, int64_t now, struct span pdu, bool confirmed, struct wr *w)
{
	c->msg_id = c->msg_id == INT32_MAX ? 1 : c->msg_id + 1;
	if (!c->discovered)
		return write_discovery(c, w);
	const struct usm_entry *e = entry_of(c);
	struct span engine = span_of(c->engine, c->engine_n);
	bool timed = c->level >= USM_AUTH && c->clock.known; // boots and time are 0 in what is not authenticated
	const struct v3_outgoing m = {
		.msg_id = c->msg_id,
		.reportable = confirmed,
		.level = c->level,
		.engine = engine,
		.boots = timed ? c->clock.boots : 0,
		.time = timed ? engine_clock_time(&c->clock, now) : 0,
		.user = usm_entry_name(e),
		.auth = e->auth,
		.priv = e->priv,
		.keys = &c->keys,
		.extension = (uint8_t)c->extension,
		.salt = c->salt++,
		.context_engine = c->context_engine_n ? span_of(c->context_engine, c->context_engine_n) : engine,
		.context_name = span_of(c->context_name, c->context_name_n),
		.pdu = pdu,
	};
	return v3_message_write(&m, c->ciphers, c->plain, w);
}

// What an authenticated message has to be: from the engine, for our user, with the right digest, in time.
static bool authentic(struct v3_client *c, int64_t now, const struct v3_message *m)
{
	const struct usm_entry *e = entry_of(c);
	if (!c->discovered || !e->auth || !span_equal(m->usm.engine, span_of(c->engine, c->engine_n)) ||
	    !span_equal(m->usm.user, usm_entry_name(e)) || !v3_message_verify(m, e->auth, &c->keys.hmac))
		return false;
	struct engine_clock after = c->clock;
	if (!engine_clock_check(&c->clock, now, m->usm.boots, m->usm.time, &after))
		return false;
	c->clock = after;
	return true;
}

static bool open_scoped(struct v3_client *c, const struct v3_message *m, struct v3_scoped *out)
{
	const struct usm_entry *e = entry_of(c);
	if (!(m->flags & V3_FLAG_PRIV))
		return v3_scoped_parse(m->data, 0, out) == ST_OK;
	return e->priv &&
	       v3_message_decrypt(m, c->ciphers, e->priv, c->keys.priv[c->extension], c->plain, out) == ST_OK;
}

static enum v3_client_event take_report(struct v3_client *c, const struct v3_message *m, const struct snmp_pdu *pdu,
                                        bool had_clock, enum st *why)
{
	struct ber list = ber_of(pdu->varbinds);
	struct snmp_varbind v;
	*why = snmp_varbind_next(&list, &v) ? usm_stats_status(v.oid) : ST_NONE;
	if (*why == ST_ENGINE && !c->discovered && m->usm.engine.n >= SNMP_ENGINE_ID_MIN &&
	    m->usm.engine.n <= SNMP_ENGINE_ID_MAX) {
		take_engine(c, m->usm.engine);
		return V3_CLIENT_AGAIN;
	}
	if (*why == ST_TIME_WINDOW && m->flags & V3_FLAG_AUTH && !had_clock)
		return V3_CLIENT_AGAIN; // `authentic` took the clock
	return V3_CLIENT_REFUSED;
}

enum v3_client_event v3_client_input(struct v3_client *c, int64_t now, struct span datagram, struct snmp_pdu *pdu,
                                     enum st *why)
{
	struct v3_message m;
	struct v3_scoped scoped;
	struct snmp_pdu p;
	bool had_clock = c->clock.known;
	*why = ST_OK;
	if (v3_message_parse(datagram, &m) != ST_OK || m.msg_id != c->msg_id)
		return V3_CLIENT_NOTHING;
	if (m.flags & V3_FLAG_AUTH && !authentic(c, now, &m))
		return V3_CLIENT_NOTHING;
	if (!open_scoped(c, &m, &scoped) || snmp_parse_pdu(scoped.pdu, &p) != ST_OK)
		return V3_CLIENT_NOTHING;
	if (p.tag == PDU_REPORT)
		return take_report(c, &m, &p, had_clock, why);
	if (p.tag != PDU_RESPONSE || !c->discovered || v3_message_level(&m) < c->level)
		return V3_CLIENT_NOTHING;
	*pdu = p;
	return V3_CLIENT_RESPONSE;
}
