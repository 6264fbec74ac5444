// SPDX-License-Identifier: Apache-2.0
#include "daemon/control_waiting.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/decide.h"
#include "daemon/log.h"

enum { HTTP_OK = 200, HTTP_ACCEPTED = 202, HTTP_BAD_REQUEST = 400, HTTP_NOT_FOUND = 404, HTTP_REFUSED = 422 };

enum { FOLDER = sizeof "/api/v1/waiting/" - 1 };

// The id behind the folder and what follows it: "" or "/allow". 0: no id.
static uint64_t id_of(const char *path, const char **rest)
{
	const char *at = path + FOLDER;
	char *end;
	errno = 0;
	uint64_t id = strtoull(at, &end, 10);
	*rest = end;
	return errno || *at < '0' || *at > '9' ? 0 : id;
}

unsigned control_get_waiting(void *arg, const struct api_request *request, struct text *body)
{
	struct collector *c = arg;
	waiting_list(c->room, body);
	return HTTP_OK;
}

unsigned control_get_one(void *arg, const struct api_request *request, struct text *body)
{
	struct collector *c = arg;
	const char *rest;
	uint64_t id = id_of(request->path, &rest);
	char gone[64];
	if (!id || *rest)
		return api_error(body, HTTP_NOT_FOUND, "no such path");
	if (waiting_show(c->room, id, body) == ST_OK)
		return HTTP_OK;
	snprintf(gone, sizeof gone, "nothing with the id %" PRIu64 " waits", id);
	return api_error(body, HTTP_NOT_FOUND, gone);
}

static unsigned answer(enum st st, uint64_t id, const char *what, const struct text *said, struct text *body)
{
	struct json j = json_of(body);
	json_open(&j, '{');
	json_key_uint(&j, "id", id);
	json_key(&j, what);
	json_bool(&j, st == ST_OK || st == ST_BUSY);
	json_key_str(&j, st && st != ST_BUSY ? "error" : "said", text_str(said));
	json_close(&j, '}');
	switch (st) {
	case ST_OK:
		return HTTP_OK;
	case ST_BUSY:
		return HTTP_ACCEPTED;
	case ST_NONE:
		return HTTP_NOT_FOUND;
	case ST_SYNTAX:
		return HTTP_BAD_REQUEST;
	default:
		return HTTP_REFUSED;
	}
}

// NULL when the body is not an object of known names and strings.
static json_t *read_wish(struct span body, struct decide_wish *out)
{
	const struct {
		const char *name;
		const char **to;
	} keys[] = {
		{ "label", &out->label },
		{ "from", &out->from },
		{ "user", &out->user },
		{ "auth", &out->auth },
		{ "auth-password", &out->auth_password },
		{ "priv", &out->priv },
		{ "priv-password", &out->priv_password },
		{ "level", &out->level },
	};
	size_t known = 0;
	json_t *o = body.n ? json_loadb((const char *)body.p, body.n, JSON_REJECT_DUPLICATES, NULL) : json_object();
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		*keys[i].to = json_string_value(json_object_get(o, keys[i].name));
		known += *keys[i].to != NULL;
	}
	if (json_is_object(o) && json_object_size(o) == known)
		return o;
	json_decref(o);
	return NULL;
}

unsigned control_post_one(void *arg, const struct api_request *request, struct text *body)
{
	const char *rest;
	uint64_t id = id_of(request->path, &rest);
	bool allow = strcmp(rest, "/allow") == 0;
	struct decide_wish wish;
	struct text said = { 0 };
	if (!id || (!allow && strcmp(rest, "/deny") != 0))
		return api_error(body, HTTP_NOT_FOUND, "no such path");
	json_t *o = read_wish(request->body, &wish);
	if (!o)
		return api_error(body, HTTP_BAD_REQUEST, "the body is not an object of known names and strings");
	enum st st = allow ? decide_allow(arg, id, &wish, &said) : decide_deny(arg, id, &said);
	if (!st)
		log_line(LOG_IS_NOTICE, "waiting %" PRIu64 " was %s", id, allow ? "allowed" : "denied");
	unsigned status = answer(st, id, allow ? "allowed" : "denied", &said, body);
	json_decref(o);
	text_done(&said);
	return status;
}
