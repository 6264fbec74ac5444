// SPDX-License-Identifier: Apache-2.0
// snmp-decode: {"datagram":"hex","users":[{"name","auth","auth_password","priv","priv_password","level"}],
// "ignore_time":true} gives what `trapline decode --json` gives for one message, or {"refused":"reason"} with the
// reason's short name. Every message stands alone: no engine is known before it, and no community is needed.
#include <stdlib.h>
#include <string.h>

#include "event/describe.h"
#include "snmp/v3.h"
#include "vectors.h"

static bool read_level(const char *name, uint8_t *level)
{
	unsigned l = LEVEL_NOAUTH;
	while (name && l < LEVEL_COUNT && strcmp(event_level_name(l), name) != 0)
		l++;
	*level = name ? (uint8_t)l : 0;
	return l < LEVEL_COUNT;
}

static bool read_user(const struct request *object, struct usm_user *u)
{
	const char *auth = request_string(object, "auth"), *priv = request_string(object, "priv");
	u->name = request_text(object, "name");
	u->auth_password = request_text(object, "auth_password");
	u->priv_password = request_text(object, "priv_password");
	u->auth = auth ? usm_auth_by_name(auth) : NULL;
	u->priv = priv ? usm_priv_by_name(priv) : NULL;
	return (u->auth || !auth) && (u->priv || !priv) && read_level(request_string(object, "level"), &u->level);
}

static const char *read_users(const struct request *request, struct usm_users **out)
{
	static const uint8_t nobody[SNMP_ENGINE_ID_MIN]; // we are no engine here: informs are opened as if to theirs
	size_t n = request_count(request, "users"), which;
	struct usm_user *users = calloc(n + 1, sizeof *users);
	const char *why = users ? NULL : "out of memory";
	for (size_t i = 0; i < n && !why; i++)
		if (!read_user(request_at(request, "users", i), &users[i]))
			why = "a user names an algorithm or a level that does not exist";
	if (!why && usm_users_new(users, n, span_of(nobody, sizeof nobody), NULL, out, &which) != ST_OK)
		why = "a user without a name or a password, or with privacy without authentication";
	free(users);
	return why;
}

static void refused(enum st st, struct text *out)
{
	struct json j = json_of(out);
	json_open(&j, '{');
	json_key_str(&j, "refused", st_name(st));
	json_close(&j, '}');
}

static void take_pdu(struct event *e, const struct snmp_pdu *pdu)
{
	e->kind = pdu->tag == PDU_INFORM ? EVENT_INFORM : EVENT_TRAP;
	e->pdu = pdu->whole;
}

static enum st decode_v3(struct v3_state *s, struct span datagram, unsigned options, struct v3_scratch *scratch,
                         struct event *e)
{
	struct v3_received r;
	static const struct addr nowhere;
	enum st st = v3_receive(s, 0, (struct span){ 0 }, &nowhere, datagram, options, scratch, &r);
	if (st != ST_OK)
		return st;
	take_pdu(e, &r.pdu);
	e->level = r.level;
	e->credential = r.message.usm.user;
	e->engine = v3_sender_engine(&r);
	e->context = r.scoped.context_name;
	return ST_OK;
}

static enum st decode_community(struct span datagram, struct event *e)
{
	struct snmp_message m;
	enum st st = snmp_parse_message(datagram, &m);
	if (st == ST_OK)
		take_pdu(e, &m.pdu);
	return st;
}

static enum st decode(struct v3_state *s, struct span datagram, unsigned options, struct v3_scratch *scratch,
                      struct text *out)
{
	struct event e = { .transport = TRANSPORT_NONE };
	struct event_words words = { 0 };
	int32_t version;
	enum st st = snmp_parse_version(datagram, &version);
	if (st != ST_OK)
		return st;
	e.version = (uint8_t)version;
	st = version == SNMP_VERSION_3 ? decode_v3(s, datagram, options, scratch, &e) : decode_community(datagram, &e);
	if (st == ST_OK)
		st = event_describe(&e, &words);
	if (st == ST_OK)
		event_json(&e, &words, out);
	event_words_done(&words);
	return st;
}

static const char *with_users(struct crypto *crypto, const struct usm_users *users, const struct request *request,
                              struct text *out)
{
	const struct v3_config config = {
		.crypto = crypto, .users = users, .random = random_system(), .engines_max = 1
	};
	struct v3_scratch *scratch = malloc(sizeof *scratch);
	struct v3_state *s = NULL;
	uint8_t *datagram = NULL;
	size_t n;
	const char *why = NULL;
	if (!scratch || v3_state_new(&config, &s) != ST_OK)
		why = "out of memory";
	else if (!request_hex(request, "datagram", &datagram, &n))
		why = "datagram is not hex";
	if (!why) {
		bool ignore_time = request_true(request, "ignore_time");
		unsigned options = V3_SKIP_REPLAY | V3_ANY_AUTHORITY | (ignore_time ? V3_SKIP_TIME : 0);
		enum st st = decode(s, span_of(datagram, n), options, scratch, out);
		if (st != ST_OK)
			refused(st, out);
	}
	free(datagram);
	v3_state_free(s);
	free(scratch);
	return why;
}

const char *vector_snmp_decode(struct crypto *crypto, const struct request *request, struct text *out)
{
	struct usm_users *users = NULL;
	const char *why = read_users(request, &users);
	if (!why)
		why = with_users(crypto, users, request, out);
	usm_users_free(users);
	return why;
}
