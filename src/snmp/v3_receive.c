// SPDX-License-Identifier: Apache-2.0
// RFC 3412 7.2 and RFC 3414 3.2 in their order: engine, user, level, digest, time, decryption, PDU. What costs nothing
// comes first, so that a flood of unknown users or wrong digests costs less than traps do; a password is never hashed
// here, and nothing is learned before the digest verified.
#include <string.h>

#include "snmp/v3.h"

static const int64_t DAY = 86400 * INT64_C(1000000000);

// One message on its way through the steps.
struct passage {
	struct v3_state *s;
	int64_t now;
	struct engine_name name;
	unsigned options;
	struct v3_scratch *scratch;
	struct v3_received *r;
	struct engine *engine, *first; // the sender's, once learned; the first of its siblings
	struct engine_clock after;     // its clock after this message
	const struct usm_entry *entry;
	struct engine_key *kept;     // keys of the entry at the engine, or
	struct usm_keys fresh;       // made for this message,
	bool made;                   // so that they must be wiped
	const struct usm_keys *keys; // the ones that verified
};

static enum st find_engine(struct passage *p)
{
	struct span id = p->r->message.usm.engine;
	if (id.n < SNMP_ENGINE_ID_MIN || id.n > SNMP_ENGINE_ID_MAX)
		return ST_ENGINE;
	p->r->own = span_equal(id, span_of(p->s->users->engine, p->s->users->engine_n));
	p->name.id = id;
	return ST_OK;
}

// The keys that are at hand for the entry: our own engine's, kept for the sender's engine, kept for a sibling, or made.
static const struct usm_keys *keys_for(struct passage *p, const struct usm_entry *e)
{
	p->kept = NULL;
	if (p->r->own)
		return &e->own;
	if (p->engine && (p->kept = engine_key_find(p->engine, e)))
		return &p->kept->keys;
	p->made = true;
	for (struct engine *sibling = p->first; sibling; sibling = engine_sibling(sibling)) {
		const struct engine_key *k = engine_key_find(sibling, e);
		if (k) {
			p->fresh = k->keys;
			return &p->fresh;
		}
	}
	usm_entry_auth_keys(e, p->name.id, &p->fresh);
	return &p->fresh;
}

static bool verifies(struct passage *p, const struct usm_entry *e)
{
	const struct v3_message *m = &p->r->message;
	if (!usm_entry_allows(e, p->r->level) || m->usm.auth.n != e->auth->mac)
		return false;
	const struct usm_keys *keys = keys_for(p, e);
	if (!v3_message_verify(m, e->auth, &keys->hmac))
		return false;
	p->entry = e;
	p->keys = keys;
	return true;
}

// Several entries may have the name; the one that worked last at this engine is tried first.
static enum st find_verifying(struct passage *p, const struct usm_entry *entries, size_t n)
{
	if (!p->r->own)
		p->engine = engines_find(p->s->engines, &p->name, &p->first);
	const struct usm_entry *last = p->engine && p->engine->keys ? p->engine->keys->entry : NULL;
	bool ours = last >= entries && last < entries + n;
	if (ours && verifies(p, last))
		return ST_OK;
	for (size_t i = 0; i < n; i++)
		if (!(ours && &entries[i] == last) && verifies(p, &entries[i]))
			return ST_OK;
	return ST_DIGEST;
}

static enum st authenticate(struct passage *p)
{
	size_t n;
	const struct usm_entry *entries = usm_users_find(p->s->users, p->r->message.usm.user, &n);
	if (!entries)
		return ST_USER;
	size_t allowed = 0;
	while (allowed < n && !usm_entry_allows(&entries[allowed], p->r->level))
		allowed++;
	if (allowed == n)
		return ST_LEVEL;
	p->entry = &entries[allowed];
	enum st st = p->r->level == USM_NOAUTH ? ST_OK : find_verifying(p, entries, n);
	if (st != ST_OK)
		return st;
	p->r->verified = p->r->level >= USM_AUTH;
	p->r->serial = p->entry->serial;
	return ST_OK;
}

static enum st check_time(struct passage *p)
{
	struct v3_received *r = p->r;
	const struct usm_parameters *usm = &r->message.usm;
	if (!r->verified)
		return ST_OK;
	if (r->own)
		r->clock = (struct engine_clock){ true, p->s->boots, v3_state_time(p->s, p->now), p->now };
	else if (p->engine)
		r->clock = p->engine->clock;
	r->clock_time = engine_clock_time(&r->clock, p->now);
	if (p->options & V3_SKIP_TIME)
		return ST_OK;
	if (r->own)
		return engine_clock_own(r->clock.boots, r->clock.time, usm->boots, usm->time) ? ST_OK : ST_TIME_WINDOW;
	p->after = r->clock;
	if (engine_clock_check(&r->clock, p->now, usm->boots, usm->time, &p->after))
		return ST_OK;
	r->lenient = p->engine && p->engine->lenient;
	return r->lenient ? ST_OK : ST_TIME_WINDOW;
}

// A device with a lenient clock may rightly say the very same thing after its next start: for it only the window counts.
static enum st check_replay(struct passage *p)
{
	uint32_t age;
	if (!p->r->verified || p->options & V3_SKIP_REPLAY ||
	    !replay_seen(&p->s->replay, p->now, replay_key(p->r->message.usm.auth), &age))
		return ST_OK;
	bool lenient = p->engine && p->engine->lenient;
	return lenient && age > USM_TIME_WINDOW ? ST_OK : ST_REPLAY;
}

static enum st learn(struct passage *p)
{
	if (!p->r->verified || p->r->own)
		return ST_OK;
	for (const struct engine *e = p->first; e; e = engine_sibling(e))
		if (e != p->engine && p->now - e->heard < DAY)
			p->r->shared = true;
	p->s->shared += p->r->shared;
	if (p->options & V3_SKIP_TIME)
		return ST_OK;
	if (!p->engine)
		p->engine = engines_learn(p->s->engines, p->now, &p->name);
	if (!p->engine)
		return ST_NO_MEMORY;
	p->engine->clock = p->after;
	p->engine->heard = p->now;
	if (p->kept)
		engine_key_used(p->engine, p->kept);
	else
		p->kept = engine_key_keep(p->engine, p->entry, &p->fresh);
	if (!p->kept)
		return ST_NO_MEMORY;
	p->keys = &p->kept->keys;
	return ST_OK;
}

// Where the keys may be completed: those of our own engine are complete, and read-only.
static struct usm_keys *growing_keys(struct passage *p)
{
	return p->kept ? &p->kept->keys : &p->fresh;
}

static enum st decrypt(struct passage *p)
{
	const struct usm_entry *e = p->entry;
	unsigned ways = usm_stretches(e->auth->digest, e->priv) ? USM_EXTENSIONS : 1;
	unsigned first = p->kept ? p->kept->extension : USM_BLUMENTHAL;
	for (unsigned i = 0; i < ways; i++) {
		enum usm_extension x = (enum usm_extension)((first + i) % ways);
		if (!p->keys->has_priv[x])
			usm_entry_priv_key(e, p->name.id, x, growing_keys(p));
		if (v3_message_decrypt(&p->r->message, p->s->ciphers, e->priv, p->keys->priv[x], p->scratch->plain,
		                       &p->r->scoped) != ST_OK)
			continue;
		if (p->kept)
			p->kept->extension = (uint8_t)x;
		p->r->reply.extension = (uint8_t)x;
		return ST_OK;
	}
	return ST_DECRYPT;
}

static void fill_reply(struct passage *p)
{
	const struct v3_received *r = p->r;
	struct v3_reply *reply = &p->r->reply;
	reply->serial = r->serial;
	reply->msg_id = r->message.msg_id;
	reply->max_size = r->message.max_size;
	reply->level = r->level;
	reply->user_n = p->entry->name_n;
	memcpy(reply->user, p->entry->name, p->entry->name_n);
	reply->context_engine_n = (uint8_t)r->scoped.context_engine.n;
	memcpy(reply->context_engine, r->scoped.context_engine.p, r->scoped.context_engine.n);
	reply->context_name_n = (uint8_t)r->scoped.context_name.n;
	memcpy(reply->context_name, r->scoped.context_name.p, r->scoped.context_name.n);
}

// check_replay passed it, but the same trap may have come to another thread at the same time.
static enum st take_digest(struct passage *p)
{
	bool lenient = p->engine && p->engine->lenient;
	if (!p->r->verified || p->options & V3_SKIP_REPLAY)
		return ST_OK;
	return replay_add(&p->s->replay, p->now, replay_key(p->r->message.usm.auth),
	                  lenient ? USM_TIME_WINDOW : UINT32_MAX)
	               ? ST_OK
	               : ST_REPLAY;
}

static enum st take_pdu(struct passage *p)
{
	enum st st = snmp_parse_pdu(p->r->scoped.pdu, &p->r->pdu);
	if (st != ST_OK)
		return st;
	switch (p->r->pdu.tag) {
	case PDU_INFORM: // RFC 3414 3.2 (3): for an inform the receiver is authoritative
		if (!p->r->own)
			return p->options & V3_ANY_AUTHORITY ? ST_OK : ST_ENGINE;
		fill_reply(p);
		return ST_OK;
	case PDU_TRAP_V2:
		return take_digest(p);
	default:
		return ST_PDU_TYPE;
	}
}

// Only traps are in the set under their own digest, so a hit is a replay whatever this message will turn out to be; looking
// before learning keeps a replay from any address out of the engines.
static enum st receive(struct passage *p, struct span datagram)
{
	struct v3_received *r = p->r;
	enum st st = v3_message_parse(datagram, &r->message);
	if (st != ST_OK)
		return st;
	r->level = v3_message_level(&r->message);
	if ((st = find_engine(p)) != ST_OK || (st = authenticate(p)) != ST_OK || (st = check_time(p)) != ST_OK ||
	    (st = check_replay(p)) != ST_OK || (st = learn(p)) != ST_OK)
		return st;
	st = r->level == USM_AUTHPRIV ? decrypt(p) : v3_scoped_parse(r->message.data, 0, &r->scoped);
	return st == ST_OK ? take_pdu(p) : st;
}

// RFC 3412 7.2 (the reportableFlag) and 7.1 (3): a Report is only for what wants an answer. The PDU decides where it
// can be read; the flag alone where it cannot.
static bool wants_report(const struct v3_received *r)
{
	struct v3_scoped scoped = r->scoped;
	if (!(r->message.flags & V3_FLAG_REPORTABLE))
		return false;
	if (!scoped.pdu.n && (r->level == USM_AUTHPRIV || v3_scoped_parse(r->message.data, 0, &scoped) != ST_OK))
		return true;
	switch (scoped.pdu.p[0]) {
	case PDU_TRAP_V1:
	case PDU_TRAP_V2:
	case PDU_RESPONSE:
	case PDU_REPORT:
		return false;
	default:
		return true;
	}
}

// What wants an answer has to name us as the authoritative engine; what does not is told our engine ID whatever else
// was wrong with it.
static enum st report_for(const struct v3_received *r, enum st st)
{
	switch (st) {
	case ST_ENGINE:
		break;
	case ST_USER:
	case ST_LEVEL:
	case ST_DIGEST:
	case ST_TIME_WINDOW:
	case ST_DECRYPT:
		st = r->own ? st : ST_ENGINE;
		break;
	default:
		return ST_OK;
	}
	return wants_report(r) ? st : ST_OK;
}

enum st v3_receive(struct v3_state *s, int64_t now, struct span site, const struct addr *peer, struct span datagram,
                   unsigned options, struct v3_scratch *scratch, struct v3_received *out)
{
	*out = (struct v3_received){ 0 };
	if (site.n > V3_SITE_MAX)
		site.n = V3_SITE_MAX;
	struct passage p = { .s = s,
		             .now = now,
		             .name = { .site = site, .addr = peer },
		             .options = options,
		             .scratch = scratch,
		             .r = out };
	enum st st = receive(&p, datagram);
	if (p.made)
		secret_wipe(&p.fresh, sizeof p.fresh);
	s->by[st]++;
	out->report = report_for(out, st);
	return st;
}

// Under another key than a trap's, because a resend of an inform is no replay.
bool v3_first_inform(struct v3_state *s, int64_t now, const struct v3_received *r)
{
	return !r->verified || replay_add(&s->replay, now, ~replay_key(r->message.usm.auth), UINT32_MAX);
}

struct span v3_sender_engine(const struct v3_received *r)
{
	return r->pdu.tag == PDU_INFORM ? r->scoped.context_engine : r->message.usm.engine;
}
