// SPDX-License-Identifier: Apache-2.0
#include "cli/decoder.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "snmp/v3_late.h"

struct decoder {
	const struct policy *policy;
	struct crypto *crypto;
	struct usm_users *users;
	struct v3_state *v3;
	bool ignore_time;
	struct v3_scratch scratch;
	uint8_t masked[SNMP_DATAGRAM_MAX];
};

enum st decoder_new(const struct decoder_config *config, struct decoder **out)
{
	static const uint8_t nobody[SNMP_ENGINE_ID_MIN]; // we are no engine here: informs are read as if to theirs
	size_t which;
	struct decoder *d = calloc(1, sizeof *d);
	if (!d)
		return ST_NO_MEMORY;
	d->policy = config->policy;
	d->ignore_time = config->ignore_time;
	enum st st = crypto_init(&d->crypto);
	if (!st)
		st = usm_users_new(config->users, config->user_count, span_of(nobody, sizeof nobody), NULL, &d->users,
		                   &which);
	struct v3_config v3 = { .crypto = d->crypto, .users = d->users, .random = random_system(), .boots = 1 };
	if (!st)
		st = v3_state_new(&v3, &d->v3);
	if (st)
		decoder_free(d);
	else
		*out = d;
	return st;
}

void decoder_free(struct decoder *d)
{
	if (!d)
		return;
	v3_state_free(d->v3);
	usm_users_free(d->users);
	crypto_free(d->crypto);
	secret_wipe(d, sizeof *d);
	free(d);
}

static void take_pdu(struct event *e, struct span pdu)
{
	e->kind = pdu.n && pdu.p[0] == PDU_INFORM ? EVENT_INFORM : EVENT_TRAP;
	e->pdu = pdu;
}

static bool known_source(const struct decoder_origin *o)
{
	return !(addr_is_any(&o->peer) && o->peer.port == 0);
}

static bool allows(const struct policy_community *c, const struct decoder_origin *o)
{
	for (size_t i = 0; i < c->from.n; i++)
		if (prefix_holds(&c->from.p[i], &o->peer))
			return true;
	return !known_source(o);
}

// As policy_community, but for the listener, which a capture does not tell.
static enum st authorise(const struct decoder *d, const struct decoder_origin *o, struct span community,
                         struct event *e)
{
	enum st st = ST_COMMUNITY;
	for (size_t i = 0; i < d->policy->community_count && st; i++) {
		const struct policy_community *c = &d->policy->communities[i];
		if (!secret_equal(span_of(c->community, c->n), community))
			continue;
		e->credential = span_str(c->label);
		st = allows(c, o) ? ST_OK : ST_SOURCE;
	}
	return st;
}

static enum st take_community(struct decoder *d, const struct decoder_origin *o, struct span bytes, struct decoded *out)
{
	struct snmp_message m;
	enum st st = snmp_parse_message(bytes, &m);
	if (st)
		return st;
	take_pdu(&out->event, m.pdu.whole);
	out->event.level = LEVEL_NOAUTH;
	out->unchecked = d->policy->community_count == 0;
	return out->unchecked ? ST_OK : authorise(d, o, m.community, &out->event);
}

// What the header says and, where it is not encrypted, the PDU.
static void take_plain(const struct v3_received *r, struct span bytes, struct event *e)
{
	struct v3_scoped scoped = { 0 };
	if (!r->message.whole.n)
		return;
	e->level = r->level;
	e->credential = r->message.usm.user;
	e->engine = r->message.usm.engine;
	if (v3_plain_scoped(bytes, &scoped))
		return;
	e->context = scoped.context_name;
	if (scoped.pdu.p[0] == PDU_INFORM || scoped.pdu.p[0] == PDU_TRAP_V2)
		take_pdu(e, scoped.pdu);
}

static void take_received(const struct v3_received *r, struct event *e)
{
	take_pdu(e, r->pdu.whole);
	e->level = r->level;
	e->credential = r->message.usm.user;
	e->engine = v3_sender_engine(r);
	e->context = r->scoped.context_name;
	e->flags |= r->shared ? EVENT_FLAG_SHARED_ENGINE : 0;
}

static void explain(const struct v3_received *r, enum st st, struct text *out)
{
	struct v3_late late = v3_late_of(r);
	if (st == ST_TIME_WINDOW)
		v3_late_text(&late, out);
	else if (st == ST_ENGINE && r->message.usm.engine.n == 0)
		text_add(out, "it asks for the receiver's engine ID, as the sender of an inform does first");
}

// What is refused for its time or as a replay is of a sender that proved itself, so it is shown all the same.
static enum st take_v3(struct decoder *d, const struct decoder_origin *o, struct span bytes, struct decoded *out)
{
	const unsigned skip = V3_SKIP_TIME | V3_SKIP_REPLAY;
	struct v3_received r;
	struct span site = out->event.site;
	enum st st = v3_receive(d->v3, o->at, site, &o->peer, bytes, V3_ANY_AUTHORITY | (d->ignore_time ? skip : 0),
	                        &d->scratch, &r);
	explain(&r, st, &out->reason);
	bool readable = st == ST_OK || ((st == ST_TIME_WINDOW || st == ST_REPLAY) &&
	                                v3_receive(d->v3, o->at, site, &o->peer, bytes, V3_ANY_AUTHORITY | skip,
	                                           &d->scratch, &r) == ST_OK);
	if (readable)
		take_received(&r, &out->event);
	else
		take_plain(&r, bytes, &out->event);
	return st;
}

static enum st take_message(struct decoder *d, const struct decoder_origin *o, struct span bytes, struct decoded *out)
{
	int32_t version;
	enum st st = snmp_parse_version(bytes, &version);
	if (st)
		return st;
	out->event.version = (uint8_t)version;
	return version == SNMP_VERSION_3 ? take_v3(d, o, bytes, out) : take_community(d, o, bytes, out);
}

static void hide_community(struct decoder *d, struct event *e)
{
	struct snmp_pdu pdu;
	if (snmp_parse_pdu(e->pdu, &pdu) || !pdu.has_trap_community)
		return;
	memcpy(d->masked, e->pdu.p, e->pdu.n);
	snmp_mask_trap_community(d->masked, e->pdu.n);
	e->pdu.p = d->masked;
}

// The words of what can be read; what cannot is no event.
static void describe(struct decoded *out)
{
	enum st st = out->event.kind ? event_describe(&out->event, &out->words) : ST_NONE;
	if (st == ST_OK)
		return;
	struct snmp_pdu pdu;
	if (!out->refused)
		out->refused = snmp_parse_pdu(out->event.pdu, &pdu) ? ST_DAMAGED : snmp_check_notification(&pdu);
	out->event.kind = 0;
	out->words.severity = SEVERITY_INFO;
	text_add(&out->words.text, "A message that cannot be read");
}

void decoder_take(struct decoder *d, const struct decoder_origin *origin, struct span bytes, struct decoded *out)
{
	*out = (struct decoded){ 0 };
	struct event *e = &out->event;
	e->received = origin->at;
	e->peer = origin->peer;
	e->transport = origin->transport;
	e->version = EVENT_VERSION_UNREAD;
	if (known_source(origin)) {
		e->site = span_str(policy_site(d->policy, &origin->peer));
		e->flags = policy_relay(d->policy, &origin->peer) ? EVENT_FLAG_RELAYED : 0;
	}
	out->refused = take_message(d, origin, bytes, out);
	if (out->refused && origin->cut)
		out->refused = ST_SHORT;
	hide_community(d, e);
	describe(out);
	if (!out->refused)
		return;
	if (origin->cut)
		text_add(&out->reason, "the capture does not hold all of it");
	else if (!out->reason.n)
		text_add(&out->reason, st_text(out->refused));
}

void decoded_done(struct decoded *d)
{
	event_words_done(&d->words);
	text_done(&d->reason);
}
