// SPDX-License-Identifier: Apache-2.0
// `trapline site`: DIR/local.yaml is changed under its lock, then a running collector reads it; tunnels whose keys stayed the same
// stay up.
#include "cli/site.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/control.h"
#include "cli/place.h"
#include "daemon/config_local.h"
#include "store/folder.h"

enum { PSK = 43 }; // letters and digits: 256 bits

struct site_place {
	const struct args *args;
	const char *name; // NULL for list
	char *dir;
	struct config *config;
};

static const struct config_ike *ike_of(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->ike_count; i++)
		if (strcmp(c->policy->sites[c->ikes[i].site].name, name) == 0)
			return &c->ikes[i];
	return NULL;
}

// What a collector says of a reload that it refused: the complaints, a line each.
static void print_complaints(const char *said)
{
	const char *body = strchr(said, '{');
	json_t *o = body ? json_loads(body, 0, NULL) : NULL;
	const char *text = json_string_value(json_object_get(o, "said"));
	fprintf(stderr, "%s%s", text ? text : said, text ? "" : "\n");
	json_decref(o);
}

// A running collector takes it at once, or what stood there before is written again.
static int bring_into_force(const struct site_place *p, struct local_file *l)
{
	struct text body = { 0 }, why = { 0 }, failed = { 0 };
	enum st st = control_ask(p->dir, "/api/v1/reload", "", &body, &why);
	int code = CLI_DONE;
	if (st == ST_NONE) {
		fputs("no collector runs on this data; it counts from the next start on\n", stderr);
	} else if (st) {
		bool back = local_file_take_back(l, &failed) == ST_OK;
		print_complaints(text_str(&why));
		code = args_failed(
		        p->args,
		        back ? "nothing was changed: the running collector does not take it; give -c with the "
		               "file that it reads"
		             : "the running collector does not take it, and local.yaml could not be written "
		               "again: %s",
		        text_str(&failed));
	}
	text_done(&failed);
	text_done(&body);
	text_done(&why);
	return code;
}

static int finish(const struct site_place *p, struct local_file *l, enum st st, struct text *why)
{
	if (st == ST_OK)
		st = local_file_save(l, why);
	int code = st ? args_failed(p->args, "%s", why->n ? text_str(why) : st_text(st)) : bring_into_force(p, l);
	local_file_close(l);
	text_done(why);
	return code;
}

static void put_list(struct json *j, const char *key, const char *commas)
{
	char *copy = strdup(commas), *at = copy;
	json_key(j, key);
	json_open(j, '[');
	for (const char *one; copy && (one = strsep(&at, ","));)
		json_str(j, one);
	json_close(j, ']');
	free(copy);
}

// Our own end, where nothing is said about it yet.
static void put_tunnel(struct json *j, const struct config *c)
{
	if (c->tunnel_listen_count && c->identity.type && c->inner_count)
		return;
	json_key(j, "tunnel");
	json_open(j, '{');
	if (!c->tunnel_listen_count)
		put_list(j, "listen", "udp:0.0.0.0:2797,udp:0.0.0.0:4500");
	if (!c->identity.type) {
		json_key(j, "identity");
		json_open(j, '{');
		json_key_str(j, "fqdn", "trapline");
		json_close(j, '}');
	}
	if (!c->inner_count)
		put_list(j, "inner", "10.99.2.1");
	json_close(j, '}');
}

static void put_site(struct json *j, const struct site_text *t, const char *identity)
{
	json_key(j, "sites");
	json_open(j, '[');
	json_open(j, '{');
	json_key_str(j, "name", t->name);
	json_key(j, "identity");
	json_open(j, '{');
	json_key_str(j, "fqdn", identity);
	json_close(j, '}');
	json_key_str(j, "psk", t->psk);
	if (t->networks)
		put_list(j, "networks", t->networks);
	if (t->address)
		json_key_str(j, "address", t->address);
	json_close(j, '}');
	json_close(j, ']');
}

static int not_ours(const struct site_place *p)
{
	return ike_of(p->config, p->name)
	               ? args_failed(p->args, "site '%s' stands in the main file; change it there", p->name)
	               : args_failed(p->args, "there is no site '%s' with a tunnel", p->name);
}

static int print_texts(struct site_place *p, struct site_text *t)
{
	struct text out = { 0 };
	config_free(p->config);
	p->config = NULL;
	int code = place_config(p->args, &p->config); // as it is now
	const struct config_ike *x = code == CLI_DONE ? ike_of(p->config, p->name) : NULL;
	if (code == CLI_DONE && !x)
		code = not_ours(p);
	if (x) {
		t->config = p->config;
		t->theirs = &x->identity;
		site_join(t, &out);
		site_swanctl(t, &out);
		fputs("This is the only time that the key is shown.\n", stderr);
		fputs(text_str(&out), stdout);
	}
	if (out.p)
		explicit_bzero(out.p, out.room);
	text_done(&out);
	return code;
}

static int add(struct site_place *p)
{
	const struct args *a = p->args;
	char psk[PSK + 1];
	const char *identity = args_value(a, "identity"), *collector = args_value(a, "collector");
	struct site_text t = { .name = p->name,
		               .psk = psk,
		               .collector = collector ? collector : "COLLECTOR",
		               .networks = args_value(a, "networks"),
		               .address = args_value(a, "address") };
	struct text yaml = { 0 }, why = { 0 };
	struct local_file *l = NULL;
	for (size_t i = 0; i < p->config->policy->site_count; i++)
		if (strcmp(p->config->policy->sites[i].name, p->name) == 0)
			return args_failed(a,
			                   "there is a site '%s' already; another key for it: trapline site rotate %s",
			                   p->name, p->name);
	if (!t.networks && !t.address)
		return args_wrong(
		        a, "name what is behind it: --networks 10.1.0.0/24, or --address for one that is given an "
		           "inner address");
	local_random_word(psk, PSK);
	struct json j = json_of(&yaml);
	json_open(&j, '{');
	put_tunnel(&j, p->config);
	put_site(&j, &t, identity ? identity : p->name);
	json_close(&j, '}');
	enum st st = local_file_open(p->dir, &l, &why);
	if (st == ST_OK)
		st = local_file_merge(l, &yaml, &why);
	int code = finish(p, l, st, &why);
	explicit_bzero(yaml.p, yaml.room);
	text_done(&yaml);
	if (code == CLI_DONE)
		code = print_texts(p, &t);
	explicit_bzero(psk, sizeof psk);
	return code;
}

static int remove_site(struct site_place *p)
{
	struct text why = { 0 };
	struct local_file *l = NULL;
	enum st st = local_file_open(p->dir, &l, &why);
	if (st == ST_OK && !local_file_remove(l, "sites", "name", p->name)) {
		local_file_close(l);
		return not_ours(p);
	}
	return finish(p, l, st, &why);
}

static char *prefixes_text(const struct prefixes *list)
{
	struct text out = { 0 };
	for (size_t i = 0; i < list->n; i++) {
		struct addr a = { 0 };
		char text[ADDR_TEXT];
		memcpy(a.ip, list->p[i].ip, sizeof a.ip);
		bool v4 = addr_is_v4(&a);
		text_printf(&out, "%s%s/%d", i ? "," : "", addr_ip_text(&a, text), list->p[i].bits - (v4 ? 96 : 0));
	}
	char *copy = out.n && !out.bad ? strdup(text_str(&out)) : NULL;
	text_done(&out);
	return copy;
}

static int rotate(struct site_place *p)
{
	char psk[PSK + 1], address[ADDR_TEXT];
	struct text why = { 0 };
	struct local_file *l = NULL;
	const struct config_ike *x = ike_of(p->config, p->name);
	enum st st = local_file_open(p->dir, &l, &why);
	if (st == ST_OK && x && x->by_certificate) {
		local_file_close(l);
		return args_failed(p->args,
		                   "site '%s' shows a certificate, which its authority renews; it has no key of ours",
		                   p->name);
	}
	if (st == ST_OK && (!x || !local_file_has(l, "sites", "name", p->name))) {
		local_file_close(l);
		return not_ours(p);
	}
	local_random_word(psk, PSK);
	if (st == ST_OK)
		st = local_file_change(l, "sites", "name", p->name, &(struct local_field){ .key = "psk", .value = psk },
		                       &why);
	char *networks = x ? prefixes_text(&x->networks) : NULL;
	const char *collector = args_value(p->args, "collector");
	struct site_text t = { .name = p->name,
		               .psk = psk,
		               .collector = collector ? collector : "COLLECTOR",
		               .networks = networks,
		               .address = x && !addr_is_any(&x->address) ? addr_ip_text(&x->address, address) : NULL };
	int code = finish(p, l, st, &why);
	if (code == CLI_DONE)
		code = print_texts(p, &t);
	explicit_bzero(psk, sizeof psk);
	free(networks);
	return code;
}

// What the collector says of its sites; NULL: none runs.
static json_t *ask_live(const struct site_place *p)
{
	struct text body = { 0 }, why = { 0 };
	json_t *status = NULL;
	if (control_ask(p->dir, "/api/v1/status", NULL, &body, &why) == ST_OK)
		status = json_loadb((const char *)body.p, body.n, 0, NULL);
	text_done(&body);
	text_done(&why);
	return status;
}

static const json_t *live_of(const json_t *status, const char *name)
{
	const json_t *sites = json_object_get(json_object_get(status, "tunnel"), "sites");
	for (size_t i = 0; i < json_array_size(sites); i++) {
		const char *has = json_string_value(json_object_get(json_array_get(sites, i), "name"));
		if (has && strcmp(has, name) == 0)
			return json_array_get(sites, i);
	}
	return NULL;
}

static const char *word(const json_t *live, const char *key)
{
	const char *s = json_string_value(json_object_get(live, key));
	return s ? s : "";
}

static void add_age(const json_t *live, const char *key, const char *before, struct text *out)
{
	const json_t *v = json_object_get(live, key);
	if (json_is_integer(v))
		text_printf(out, "%s%lld s", before, (long long)json_integer_value(v));
}

static void print_one(const char *name, const struct config_ike *x, const json_t *live)
{
	struct text line = { 0 };
	char *networks = prefixes_text(&x->networks);
	bool up = json_is_true(json_object_get(live, "up"));
	text_printf(&line, "%s  %s", name, !live ? "not known" : up ? "connected" : "not connected");
	if (up && !json_integer_value(json_object_get(live, "pairs")))
		text_add(&line, ", but by no network: what it asks for is none of those named here");
	else if (up)
		text_printf(&line, " from %s%s, %s, ESP %s", word(live, "peer"),
		            json_is_true(json_object_get(live, "nat")) ? " (NAT)" : "", word(live, "ike_suite"),
		            word(live, "suite"));
	add_age(live, "up_seconds", ", up for ", &line);
	add_age(live, "heard_seconds", ", heard before ", &line);
	if (networks)
		text_printf(&line, "; %s", networks);
	puts(text_str(&line));
	text_done(&line);
	free(networks);
}

static void print_json(const char *name, const json_t *live, bool known)
{
	json_t *o = live ? json_deep_copy(live) : json_pack("{s:s}", "name", name);
	if (!live)
		json_object_set_new(o, "up", known ? json_false() : json_null());
	char *line = json_dumps(o, JSON_COMPACT);
	if (line)
		puts(line);
	free(line);
	json_decref(o);
}

static int list(struct site_place *p)
{
	const struct config *c = p->config;
	json_t *status = ask_live(p);
	if (p->name && !ike_of(c, p->name)) {
		json_decref(status);
		return not_ours(p);
	}
	for (size_t i = 0; i < c->ike_count; i++) {
		const char *name = c->policy->sites[c->ikes[i].site].name;
		if (p->name && strcmp(p->name, name) != 0)
			continue;
		if (args_has(p->args, "json"))
			print_json(name, live_of(status, name), status != NULL);
		else
			print_one(name, &c->ikes[i], live_of(status, name));
	}
	if (!c->ike_count)
		fputs("no site has a tunnel; trapline site add NAME makes one\n", stderr);
	json_decref(status);
	return CLI_DONE;
}

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;
	return strcmp(a, b) == 0 ||
	       (stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino);
}

// What stands in local.yaml counts behind the file that the collector reads, so both are looked at.
static int check_file(const struct site_place *p)
{
	json_t *status = ask_live(p);
	const char *theirs = status ? word(status, "config") : NULL, *ours = p->config->file ? p->config->file : "";
	int code = CLI_DONE;
	if (theirs && *theirs && !same_file(theirs, ours))
		code = args_failed(p->args, "the running collector reads %s; add -c %s", theirs, theirs);
	else if (theirs && !*theirs && *ours)
		code = args_failed(p->args, "the running collector reads no file but local.yaml, and not %s", ours);
	json_decref(status);
	return code;
}

int cmd_site(const struct args *a)
{
	static const struct {
		const char *word;
		int (*run)(struct site_place *p);
		bool named, reads;
	} acts[] = {
		{ "add", add, true, false },       { "list", list, false, true },
		{ "show", list, true, true },      { "remove", remove_site, true, false },
		{ "rotate", rotate, true, false },
	};
	struct site_place p = { .args = a, .name = a->operand_count > 1 ? a->operands[1] : NULL };
	for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
		if (strcmp(acts[i].word, a->operands[0]) != 0)
			continue;
		if (acts[i].named != (p.name != NULL))
			return args_wrong(a, acts[i].named ? "%s: name the site" : "%s: takes no name", acts[i].word);
		if (!acts[i].reads && args_has(a, "json"))
			return args_wrong(a, "%s: --json is for list and show", acts[i].word);
		if (place_data(a, &p.dir))
			return CLI_FAILED;
		int code = place_config(a, &p.config);
		if (code == CLI_DONE)
			code = check_file(&p);
		if (code == CLI_DONE)
			code = acts[i].run(&p);
		config_free(p.config);
		free(p.dir);
		return code;
	}
	return args_wrong(a, "'%s' is not one of add, list, show, remove, rotate", a->operands[0]);
}
