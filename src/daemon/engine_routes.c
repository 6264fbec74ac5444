// SPDX-License-Identifier: Apache-2.0
#include "daemon/engine_routes.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "daemon/collector.h"
#include "daemon/engine_rows.h"
#include "io/system.h"

enum { BAD_REQUEST = 400, NOT_FOUND = 404, CONFLICT = 409, SERVER_ERROR = 500, DONE = 200 };

struct collecting {
	struct engine_rows rows;
	struct span only;
};

static void collect_one(struct worker *w, void *arg)
{
	struct collecting *c = arg;
	engine_rows_add(&c->rows, worker_intake(w)->v3, c->only, clock_monotonic(), clock_wall());
}

static void collect(struct collector *c, struct collecting *out)
{
	for (unsigned i = 0; i < c->worker_count; i++)
		worker_call(c->workers[i], collect_one, out);
}

unsigned engines_get(void *arg, const struct api_request *request, struct text *body)
{
	struct collecting all = { 0 };
	collect(arg, &all);
	engine_rows_sort(&all.rows, clock_wall());
	body->bad |= all.rows.bad;
	engine_rows_json(&all.rows, body);
	engine_rows_done(&all.rows);
	return DONE;
}

// What a request means; made of its body.
struct order {
	struct text id;
	struct text site;
	bool has_site, has_addr, lenient, reset;
	struct addr addr;
	size_t changed;
};

static unsigned refuse(struct text *body, unsigned status, const char *why)
{
	return api_error(body, status, why);
}

static bool address_of(const char *text, struct addr *out)
{
	struct prefix p;
	if (prefix_parse(text, &p) || p.bits != 128)
		return false;
	*out = (struct addr){ 0 };
	memcpy(out->ip, p.ip, sizeof out->ip);
	return true;
}

static unsigned read_members(const json_t *object, struct order *o, struct text *body)
{
	const char *id = json_string_value(json_object_get(object, "engine"));
	const char *site = json_string_value(json_object_get(object, "site"));
	const char *address = json_string_value(json_object_get(object, "address"));
	if (!id || !hex_read(span_str(id), SNMP_ENGINE_ID_MAX, &o->id) || o->id.n < SNMP_ENGINE_ID_MIN)
		return refuse(body, BAD_REQUEST, "engine: 5 to 32 octets in hex are wanted");
	if (address && !address_of(address, &o->addr))
		return refuse(body, BAD_REQUEST, "address: an IP address without a port is wanted");
	o->has_addr = address;
	o->has_site = site;
	text_add(&o->site, site ? site : "");
	o->lenient = json_is_true(json_object_get(object, "lenient"));
	return DONE;
}

static unsigned read_order(const struct api_request *request, struct order *o, struct text *body)
{
	json_t *object = json_loadb((const char *)request->body.p, request->body.n, JSON_REJECT_DUPLICATES, NULL);
	unsigned status = json_is_object(object) ? read_members(object, o, body)
	                                         : refuse(body, BAD_REQUEST, "the body is no JSON object");
	json_decref(object);
	return status;
}

// The one site that the engine is at.
static unsigned find_site(struct collector *c, struct order *o, struct text *body)
{
	struct collecting found = { .only = span_of(o->id.p, o->id.n) };
	unsigned status = DONE;
	collect(c, &found);
	const struct engine_row *first = found.rows.row;
	for (size_t i = 1; i < found.rows.n; i++)
		if (!span_equal(span_of(first->site, first->site_n),
		                span_of(found.rows.row[i].site, found.rows.row[i].site_n)))
			status = refuse(body, CONFLICT, "this engine is known at several sites; name one");
	if (found.rows.n == 0)
		status = refuse(body, NOT_FOUND, "no such engine is known");
	if (status == DONE)
		text_bytes(&o->site, span_of(first->site, first->site_n));
	engine_rows_done(&found.rows);
	return status;
}

static void change_one(struct worker *w, void *arg)
{
	struct order *o = arg;
	struct v3_state *s = worker_intake(w)->v3;
	struct span site = span_of(o->site.p, o->site.n), id = span_of(o->id.p, o->id.n);
	const struct addr *addr = o->has_addr ? &o->addr : NULL;
	o->changed += o->reset ? v3_engine_reset(s, site, id, addr) : v3_engine_lenient(s, site, id, addr, o->lenient);
}

// The change is saved at once, so that a crash does not take the operator's word back.
static unsigned carry_out(struct collector *c, struct order *o, struct text *body)
{
	unsigned status = o->has_site ? DONE : find_site(c, o, body);
	if (status != DONE)
		return status;
	for (unsigned i = 0; i < c->worker_count; i++)
		worker_call(c->workers[i], change_one, o);
	if (!o->changed)
		return refuse(body, NOT_FOUND, "no such engine is known there");
	collector_save_engines(c);
	struct json j = json_of(body);
	json_open(&j, '{');
	json_key_uint(&j, "engines", o->changed);
	json_close(&j, '}');
	return DONE;
}

static unsigned change(struct collector *c, const struct api_request *request, bool reset, struct text *body)
{
	struct order o = { .reset = reset };
	unsigned status = read_order(request, &o, body);
	if (status == DONE)
		status = o.id.bad || o.site.bad ? refuse(body, SERVER_ERROR, "out of memory") : carry_out(c, &o, body);
	text_done(&o.id);
	text_done(&o.site);
	return status;
}

unsigned engines_lenient(void *arg, const struct api_request *request, struct text *body)
{
	return change(arg, request, false, body);
}

unsigned engines_reset(void *arg, const struct api_request *request, struct text *body)
{
	return change(arg, request, true, body);
}
