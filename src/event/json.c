// SPDX-License-Identifier: Apache-2.0
// An event as one JSON object: the line of `events --json`, of the API and of every output (docs, design 6). The names of
// the fields are a contract: scripts depend on them. Every field is always there; what an event has not is null. Never a
// community: the label stands for it, and a community inside the varbinds (RFC 3584 snmpTrapCommunity) is hidden.
//
// `agent` is the address that the sender claims (v1 agent-addr, snmpTrapAddress.0); the flag "relayed" says whether it is
// believed. A storm has the fields of its first message, `count`, and the last message under `last`.
#include <stdio.h>

#include "event/describe.h"
#include "event/note.h"
#include "mib/mib.h"
#include "snmp/ber.h"

// Kind 0 is a message of a capture that could not be read (event_json_refused); no event of a journal has it.
static bool is_message(const struct event *e)
{
	return !e->kind || e->kind == EVENT_TRAP || e->kind == EVENT_INFORM || e->kind == EVENT_STORM;
}

// What is decoded from hex came from nowhere.
static bool has_peer(const struct event *e)
{
	return is_message(e) && !(addr_is_any(&e->peer) && e->peer.port == 0);
}

static void key_span(struct json *j, const char *key, struct span value)
{
	json_key(j, key);
	if (value.n)
		json_text(j, value);
	else
		json_none(j);
}

static void key_str(struct json *j, const char *key, const char *value)
{
	json_key(j, key);
	if (value)
		json_str(j, value);
	else
		json_none(j);
}

static void key_text(struct json *j, const char *key, const struct text *t)
{
	key_str(j, key, t->n ? text_str(t) : NULL);
}

static void integer_value(struct json *j, struct span content)
{
	int64_t number;
	if (ber_content_int64(content, &number) == ST_OK)
		json_int(j, number);
	else
		json_none(j);
}

// Counter64 goes out as a string: many JSON readers hold numbers as doubles.
static void unsigned_value(struct json *j, uint8_t type, struct span content)
{
	uint64_t number;
	char digits[24];
	if (ber_content_uint64(content, &number) != ST_OK) {
		json_none(j);
	} else if (type == BER_COUNTER64) {
		snprintf(digits, sizeof(digits), "%llu", (unsigned long long)number);
		json_str(j, digits);
	} else {
		json_uint(j, number);
	}
}

static void hex_value(struct json *j, struct span content, struct text *scratch)
{
	text_clear(scratch);
	text_hex(scratch, content);
	json_str(j, text_str(scratch));
}

static void oid_value(struct json *j, struct span content, struct text *scratch)
{
	struct oid o;
	if (oid_decode(content, &o) != ST_OK) {
		json_none(j);
		return;
	}
	text_clear(scratch);
	mib_dotted(&o, scratch);
	json_str(j, text_str(scratch));
}

static void put_value(struct json *j, const struct snmp_varbind *v, struct text *scratch)
{
	switch (v->type) {
	case BER_INTEGER:
		integer_value(j, v->value);
		break;
	case BER_COUNTER32:
	case BER_GAUGE32:
	case BER_UINTEGER32:
	case BER_TIMETICKS:
	case BER_COUNTER64:
		unsigned_value(j, v->type, v->value);
		break;
	case BER_OID:
		oid_value(j, v->value, scratch);
		break;
	case BER_IPADDRESS:
		text_clear(scratch);
		mib_render_as(NULL, v, scratch);
		json_str(j, text_str(scratch));
		break;
	case BER_NULL:
	case BER_NO_SUCH_OBJECT:
	case BER_NO_SUCH_INSTANCE:
	case BER_END_OF_MIB_VIEW:
		json_none(j);
		break;
	default:
		hex_value(j, v->value, scratch);
		break;
	}
}

static void put_varbind(struct json *j, const struct snmp_varbind *v, struct text *scratch)
{
	struct oid o = { .n = 0 };
	size_t matched = 0;
	bool good = oid_decode(v->oid, &o) == ST_OK;
	const struct mib_object *object = good ? mib_lookup(&o, &matched) : NULL;
	json_open(j, '{');
	text_clear(scratch);
	mib_dotted(&o, scratch);
	key_str(j, "oid", text_str(scratch));
	text_clear(scratch);
	mib_name_as(object, matched, &o, scratch);
	key_str(j, "name", text_str(scratch));
	key_str(j, "type", mib_type_name(v->type));
	json_key(j, "value");
	if (object && object->kind == MIB_SECRET)
		json_none(j);
	else
		put_value(j, v, scratch);
	text_clear(scratch);
	mib_render_as(object, v, scratch);
	json_key(j, "text");
	json_str(j, text_str(scratch));
	json_close(j, '}');
}

static void put_varbinds(struct json *j, const struct event_words *w, struct text *scratch)
{
	json_key(j, "varbinds");
	json_open(j, '[');
	struct ber walk = ber_of(w->notification.varbinds);
	struct snmp_varbind v;
	while (w->has_notification && snmp_notification_next(&walk, &v))
		put_varbind(j, &v, scratch);
	json_close(j, ']');
}

static void put_flags(struct json *j, uint32_t flags)
{
	json_key(j, "flags");
	json_open(j, '[');
	for (unsigned bit = 0; bit < 32; bit++)
		if (flags >> bit & 1 && event_flag_name(bit))
			json_str(j, event_flag_name(bit));
	json_close(j, ']');
}

static void put_sender(struct json *j, const struct event *e, const struct event_words *w)
{
	char text[ADDR_TEXT];
	bool v3 = e->version == SNMP_V3, message = is_message(e);
	key_span(j, "site", e->site);
	key_str(j, "peer", has_peer(e) ? addr_text(&e->peer, text) : NULL);
	bool claimed = w->has_notification && w->notification.has_agent;
	key_str(j, "agent", claimed ? addr_ip_text(&w->notification.agent, text) : NULL);
	json_key(j, "device");
	if (e->device)
		json_uint(j, e->device);
	else
		json_none(j);
	key_str(j, "transport", e->transport ? event_transport_name(e->transport) : NULL);
	bool read = e->version != EVENT_VERSION_UNREAD;
	key_str(j, "version", message && read ? event_version_name(e->version) : NULL);
	key_str(j, "kind", e->kind ? event_kind_name(e->kind) : NULL);
	key_span(j, "community", v3 || !message ? (struct span){ 0 } : e->credential);
	key_span(j, "user", v3 ? e->credential : (struct span){ 0 });
	key_str(j, "level", e->level ? event_level_name(e->level) : NULL);
}

static void put_engine(struct json *j, const struct event *e, struct text *scratch)
{
	text_clear(scratch);
	text_hex(scratch, e->engine);
	key_text(j, "engine", scratch);
	json_key(j, "context");
	if (e->version == SNMP_V3)
		json_text(j, e->context);
	else
		json_none(j);
}

// What the message said: the fields that a storm has twice.
static void put_said(struct json *j, const struct event_words *w, struct text *scratch)
{
	json_key(j, "uptime");
	if (w->has_notification && w->notification.has_uptime)
		json_uint(j, w->notification.uptime);
	else
		json_none(j);
	text_clear(scratch);
	if (w->has_notification)
		mib_dotted(&w->notification.trap_oid, scratch);
	key_text(j, "oid", scratch);
	key_text(j, "name", &w->name);
	key_str(j, "severity", severity_name(w->severity));
	key_text(j, "text", &w->text);
}

static void put_storm(struct json *j, const struct event *e, struct text *scratch)
{
	struct event last = *e;
	struct event_words w = { 0 };
	last.kind = EVENT_TRAP;
	last.pdu = e->pdu_last;
	json_key_uint(j, "count", e->count);
	json_key(j, "last");
	if (event_describe(&last, &w) == ST_OK) {
		json_open(j, '{');
		put_said(j, &w, scratch);
		put_varbinds(j, &w, scratch);
		json_close(j, '}');
	} else {
		json_none(j);
	}
	event_words_done(&w);
}

// A value that is JSON already, behind its key.
static void put_raw(struct json *j, struct span value)
{
	text_bytes(j->out, value);
	j->after_key = false;
}

// The note of an own event is JSON that the collector wrote; from a damaged journal it may be anything.
static void put_note(struct json *j, const struct event *e)
{
	json_key(j, "note");
	if (e->note.n == 0)
		json_none(j);
	else if (note_is_json(e->note))
		put_raw(j, e->note);
	else
		json_text(j, e->note);
}

static void put_event(struct json *j, const struct event *e, const struct event_words *w)
{
	struct text scratch = { 0 };
	if (e->id)
		json_key_uint(j, "id", e->id);
	event_time_text(e->received, &scratch);
	key_text(j, "received", &scratch);
	put_sender(j, e, w);
	put_engine(j, e, &scratch);
	put_said(j, w, &scratch);
	put_flags(j, e->flags);
	put_varbinds(j, w, &scratch);
	if (e->waiting)
		json_key_uint(j, "waiting", e->waiting);
	if (e->kind == EVENT_STORM)
		put_storm(j, e, &scratch);
	if (!is_message(e))
		put_note(j, e);
	text_done(&scratch);
}

void event_json(const struct event *e, const struct event_words *w, struct text *out)
{
	struct json j = json_of(out);
	json_open(&j, '{');
	put_event(&j, e, w);
	json_close(&j, '}');
}

void event_json_refused(const struct event *e, const struct event_words *w, enum st refused, const char *reason,
                        struct text *out)
{
	struct json j = json_of(out);
	json_open(&j, '{');
	put_event(&j, e, w);
	json_key_str(&j, "refused", st_name(refused));
	json_key_str(&j, "reason", reason);
	json_close(&j, '}');
}
