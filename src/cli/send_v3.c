// SPDX-License-Identifier: Apache-2.0
// What `trapline send` says with version 3 (snmp/v3_client.h). For a trap we are the authority; for an inform the receiver
// is, and is discovered first (RFC 3414 section 4). The context engine is ours in both (RFC 3413 3.2).
#include <stdio.h>
#include <string.h>

#include "base/scoped.h"
#include "cli/cli.h"
#include "base/hex.h"
#include "cli/place.h"
#include "cli/send.h"
#include "event/event.h"
#include "io/system.h"

// Without passwords on the command line they are the configuration's: of the user that is named, else of the first.
static int user_from_config(const struct args *a, struct send_v3 *v)
{
	int code = place_config(a, &v->config);
	if (code)
		return code;
	const struct config *c = v->config;
	size_t i = 0;
	while (v->user.name.n && i < c->user_count && !span_equal(c->users[i].name, v->user.name))
		i++;
	if (i == c->user_count)
		return args_failed(
		        a, "the configuration has no such user; name one with --user, --auth and the passwords");
	uint8_t level = v->user.level;
	v->user = c->users[i];
	v->user.level = level;
	return CLI_DONE;
}

static int take_user(const struct args *a, struct send_v3 *v)
{
	bool from_config = !args_has(a, "auth") && (args_has(a, "config") || args_has(a, "data"));
	int code = user_given_of(a, &v->given);
	v->user = v->given.user;
	if (code != CLI_DONE)
		return code;
	if (from_config)
		return user_from_config(a, v);
	return v->user.name.n ? CLI_DONE : args_wrong(a, "--version 3 wants --user");
}

static int take_extension(const struct args *a, enum usm_extension *out)
{
	const char *extend = args_value(a, "extend");
	for (unsigned i = 0; extend && i < USM_EXTENSIONS; i++)
		if (strcmp(extend, usm_extension_name(i)) == 0) {
			*out = (enum usm_extension)i;
			return CLI_DONE;
		}
	*out = USM_BLUMENTHAL;
	return extend ? args_wrong(a, "--extend %s: write blumenthal or reeder", extend) : CLI_DONE;
}

static int take_context(const struct args *a, struct v3_client_config *config, struct text *engine)
{
	const char *name = args_value(a, "context"), *id = args_value(a, "context-engine");
	if (name && strlen(name) > V3_CONTEXT_NAME_MAX)
		return args_wrong(a, "--context: a name has at most %d octets", V3_CONTEXT_NAME_MAX);
	if (id && (!hex_read(span_str(id), SNMP_ENGINE_ID_MAX, engine) || !engine->n))
		return args_wrong(a, "--context-engine %s: write 1 to %d octets in hex", id, SNMP_ENGINE_ID_MAX);
	config->context_name = span_str(name);
	if (id)
		config->context_engine = span_of(engine->p, engine->n);
	return CLI_DONE;
}

static int make_client(const struct args *a, struct send_v3 *v, struct v3_client_config *config)
{
	struct send_engine own;
	int code = send_engine_start(a, &own, &v->lock);
	if (code != CLI_DONE)
		return code;
	if (crypto_init(&v->crypto))
		return args_failed(a, "OpenSSL or its legacy provider cannot be loaded; install libssl3 and openssl");
	config->crypto = v->crypto;
	config->random = random_system();
	config->user = v->user;
	config->level = v->user.level;
	if (!config->context_engine.n)
		config->context_engine = span_of(own.id, own.id_n);
	enum st st = v3_client_new(config, &v->client);
	if (st)
		return args_failed(a, "this user cannot be sent for: %s", st_text(st));
	if (!v->notification->inform)
		v3_client_engine(v->client, span_of(own.id, own.id_n), own.boots, clock_monotonic());
	return CLI_DONE;
}

static int write_pdu(const struct args *a, struct send_v3 *v)
{
	struct wr w = wr_of(v->pdu, sizeof v->pdu);
	if (send_write_pdu(v->notification, &w))
		return args_failed(a, "the message is larger than %d octets", SNMP_DATAGRAM_MAX);
	v->whole = wr_span(&w);
	return CLI_DONE;
}

int send_v3_of(const struct args *a, const struct send_notification *n, struct send_v3 *out)
{
	struct v3_client_config config = { 0 };
	struct text engine = { 0 };
	*out = (struct send_v3){ .notification = n, .lock = -1 };
	int code = take_user(a, out);
	if (code == CLI_DONE)
		code = take_extension(a, &config.extension);
	if (code == CLI_DONE)
		code = take_context(a, &config, &engine);
	if (code == CLI_DONE)
		code = write_pdu(a, out);
	if (code == CLI_DONE)
		code = make_client(a, out, &config);
	text_done(&engine);
	return code;
}

void send_v3_done(struct send_v3 *v)
{
	v3_client_free(v->client);
	crypto_free(v->crypto);
	config_free(v->config);
	user_given_done(&v->given);
	fd_close(&v->lock);
}

static enum st write_message(void *arg, int64_t now, struct wr *w)
{
	struct send_v3 *v = arg;
	return v3_client_write(v->client, now, v->whole, v->notification->inform, w);
}

static enum send_heard hear(void *arg, int64_t now, struct span message, struct send_result *out)
{
	struct send_v3 *v = arg;
	struct snmp_pdu pdu;
	switch (v3_client_input(v->client, now, message, &pdu, &out->why)) {
	case V3_CLIENT_AGAIN:
		return SEND_AGAIN;
	case V3_CLIENT_REFUSED:
		out->refused = true;
		return SEND_ENDED;
	case V3_CLIENT_RESPONSE:
		if (pdu.request_id != v->notification->request_id)
			return SEND_NOTHING;
		out->answered = true;
		out->error_status = pdu.error_status;
		return SEND_ENDED;
	case V3_CLIENT_NOTHING:
		break;
	}
	return SEND_NOTHING;
}

struct send_talk send_v3_talk(struct send_v3 *v)
{
	return (struct send_talk){ v->notification->inform, write_message, hear, v };
}

void send_v3_explain(const struct send_v3 *v, enum st why, struct text *out)
{
	const struct usm_user *u = &v->user;
	const char *digest = u->auth ? u->auth->digest->name : "none",
	           *cipher = u->priv ? u->priv->cipher->name : "none";
	uint8_t strongest = u->priv ? USM_AUTHPRIV : u->auth ? USM_AUTH : USM_NOAUTH;
	text_add(out, "user ");
	text_clean(out, u->name);
	switch (why) {
	case ST_USER:
		text_add(out, " is unknown there");
		break;
	case ST_DIGEST:
		text_printf(out,
		            " is known there, but the digest is wrong: another password than ours, or another digest "
		            "than %s",
		            digest);
		break;
	case ST_LEVEL:
		text_printf(out, " may not use level %s there", event_level_name(u->level ? u->level : strongest));
		break;
	case ST_DECRYPT:
		text_printf(out,
		            " is known there, but the message could not be decrypted: another privacy password than "
		            "ours, another cipher than %s, or the other way to stretch keys (--extend)",
		            cipher);
		break;
	case ST_TIME_WINDOW:
		text_add(out, ": our message is outside its time window although we took its clock; its clock jumps");
		break;
	case ST_ENGINE:
		text_add(out, ": it does not know the engine that the message names");
		break;
	default:
		text_add(out, ": a Report that says nothing of USM's counters");
	}
	if (why != ST_NONE && why != ST_OK)
		text_printf(out, " (%s)", st_text(why));
}
