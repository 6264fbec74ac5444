// SPDX-License-Identifier: Apache-2.0
// What waits, for people and scripts. A community is never shown: its label where the policy has one, else its length.
#include <stdio.h>

#include "event/describe.h"
#include "intake/waiting.h"
#include "intake/waiting_table.h"
#include "snmp/message.h"
#include "snmp/v3_message.h"

static void put_time(struct json *j, const char *key, int64_t at)
{
	struct text t = { 0 };
	event_time_text(at, &t);
	json_key_str(j, key, text_str(&t));
	text_done(&t);
}

// As in the JSON of events: what there is not is null.
static void put_span(struct json *j, const char *key, struct span s)
{
	json_key(j, key);
	if (s.n)
		json_text(j, s);
	else
		json_none(j);
}

static void put_hex(struct json *j, const char *key, struct span s)
{
	struct text t = { 0 };
	text_hex(&t, s);
	put_span(j, key, span_str(text_str(&t)));
	text_done(&t);
}

static void community_name(const struct waiting_item *i, const struct policy *policy, char *out, size_t room)
{
	const char *label = policy ? policy_label(policy, i->credential) : NULL;
	if (label)
		snprintf(out, room, "%s", label);
	else
		snprintf(out, room, "(unknown community, %zu octets)", i->credential.n);
}

static void put_oid(struct json *j, const struct waiting_message *m)
{
	struct text oid = { 0 };
	waiting_oid(span_of(m->bytes, m->n), &oid);
	put_span(j, "oid", span_str(text_str(&oid)));
	text_done(&oid);
}

// What is known of a clock goes with the process that knew it; after that the message alone tells.
static void put_reason(struct json *j, enum st reason, const struct waiting_message *m)
{
	struct v3_message v3;
	struct text text = { 0 };
	if (reason != ST_TIME_WINDOW)
		text_add(&text, st_text(reason));
	else if (m->head.late.engine_n)
		v3_late_text(&m->head.late, &text);
	else if (v3_message_parse(span_of(m->bytes, m->n), &v3) == ST_OK) {
		struct v3_late late = v3_late_of_message(&v3);
		v3_late_text(&late, &text);
	}
	json_key_str(j, "reason", text_str(&text));
	text_done(&text);
}

static void put_item(struct json *j, const struct waiting_item *i, const struct policy *policy)
{
	char peer[ADDR_TEXT], community[128] = "";
	bool v3 = i->version == SNMP_V3;
	if (!v3)
		community_name(i, policy, community, sizeof community);
	json_key_uint(j, "id", i->id);
	put_time(j, "first", i->first);
	put_time(j, "last", i->last);
	json_key_uint(j, "count", i->count);
	json_key_str(j, "peer", addr_text(&i->peer, peer));
	put_span(j, "site", i->site);
	json_key_str(j, "version", event_version_name(i->version));
	put_span(j, "user", v3 ? i->credential : (struct span){ 0 });
	put_span(j, "community", span_str(community));
	put_hex(j, "engine", i->engine);
	put_oid(j, TAILQ_LAST(&i->messages, waiting_messages));
	put_reason(j, i->reason, TAILQ_LAST(&i->messages, waiting_messages));
	json_key_str(j, "reason_code", st_name(i->reason));
	json_key_uint(j, "kept", i->kept);
}

void waiting_list_json(const struct waiting_table *t, const struct policy *policy, struct text *out)
{
	const struct waiting_item *i;
	TAILQ_FOREACH (i, &t->items, in_table) {
		struct json j = json_of(out);
		json_open(&j, '{');
		put_item(&j, i, policy);
		json_close(&j, '}');
		text_add(out, "\n");
	}
}

// The message as the event it would be, where it can be read: encrypted ones cannot.
static bool message_event(const struct waiting_message *m, struct event *e)
{
	struct snmp_message msg;
	struct v3_message v3;
	struct v3_scoped scoped;
	struct span bytes = span_of(m->bytes, m->n);
	*e = (struct event){ .received = m->head.received, .transport = m->head.transport, .peer = m->head.peer };
	e->version = m->item->version;
	if (snmp_parse_message(bytes, &msg) == ST_OK) {
		e->pdu = msg.pdu.whole;
	} else if (v3_message_parse(bytes, &v3) == ST_OK && v3_plain_scoped(bytes, &scoped) == ST_OK) {
		e->credential = v3.usm.user;
		e->engine = v3.usm.engine;
		e->context = scoped.context_name;
		e->level = v3_message_level(&v3);
		e->pdu = scoped.pdu;
	}
	if (!e->pdu.n)
		return false;
	e->kind = e->pdu.p[0] == PDU_INFORM ? EVENT_INFORM : EVENT_TRAP;
	return true;
}

static void put_event(struct json *j, const struct waiting_message *m)
{
	struct event e;
	struct event_words words;
	struct text text = { 0 };
	bool readable = message_event(m, &e) && event_describe(&e, &words) == ST_OK;
	json_key(j, "event");
	if (!readable) {
		json_none(j);
		return;
	}
	event_json(&e, &words, &text);
	event_words_done(&words);
	json_value(j, &text);
	text_done(&text);
}

static void put_message(struct json *j, const struct waiting_message *m)
{
	char peer[ADDR_TEXT];
	json_open(j, '{');
	json_key_uint(j, "id", m->id);
	put_time(j, "received", m->head.received);
	json_key_str(j, "peer", addr_text(&m->head.peer, peer));
	json_key_str(j, "transport", event_transport_name(m->head.transport));
	json_key_uint(j, "octets", m->n);
	put_event(j, m);
	json_close(j, '}');
}

void waiting_show_json(const struct waiting_item *i, const struct policy *policy, struct text *out)
{
	const struct waiting_message *m;
	struct json j = json_of(out);
	json_open(&j, '{');
	put_item(&j, i, policy);
	json_key(&j, "messages");
	json_open(&j, '[');
	TAILQ_FOREACH (m, &i->messages, in_item)
		put_message(&j, m);
	json_close(&j, ']');
	json_close(&j, '}');
	text_add(out, "\n");
}
