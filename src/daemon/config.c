// SPDX-License-Identifier: Apache-2.0
// From files and flags to one configuration: the main file, DIR/local.yaml merged after it, flags over both, built-in
// defaults for what is still missing; then the tree is put into place. No globals, so a reload is the same call.
#include "daemon/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/config_file.h"
#include "daemon/config_put.h"

static const char defaults[] = "listen: [ \"udp:0.0.0.0:2697\", \"udp:[::]:2697\", \"tcp:0.0.0.0:2697\", "
                               "\"tcp:[::]:2697\", \"udp:0.0.0.0:162\", "
                               "\"udp:[::]:162\" ]\n"
                               "retention: { days: 400, size: 50GB }\n"
                               "workers: 0\n"
                               "rate-limit: 0\n";

void config_free(struct config *c)
{
	if (!c)
		return;
	free(c->file);
	free(c->data);
	free(c->web);
	free(c->user);
	free(c->engine_id);
	free(c->listen);
	config_users_free(c);
	config_tunnel_free(c);
	config_ike_free(c);
	config_cert_free(c);
	rule_set_done(&c->rules);
	poll_access_free(c->access);
	for (char **f = c->folders; f && *f; f++)
		free(*f);
	free(c->folders);
	policy_free(c->policy);
	config_tree_free(c->tree);
	free(c);
}

void config_show(const struct config *c, struct text *out)
{
	config_tree_write(c->tree, true, out);
}

// Where state goes when nobody says: a service's folder for root, else the user's own (XDG Base Directory). Malloced.
static char *default_data(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char *path = NULL;
	if (geteuid() == 0)
		return strdup("/var/lib/trapline");
	if (state && *state == '/')
		return asprintf(&path, "%s/trapline", state) < 0 ? NULL : path;
	return asprintf(&path, "%s/.local/state/trapline", home && *home ? home : ".") < 0 ? NULL : path;
}

// Sets a key from a flag, or adds a value to it when it is a list.
static enum st set_flag(struct config_tree *t, const char *flag, const char *name, const char *value,
                        struct config_report *report)
{
	const struct config_key *key = config_key_find(BLOCK_TOP, name);
	struct config_place at = { config_tree_name(t, flag), 0, 0 };
	struct text wrong = { 0 };
	if (!at.file)
		return ST_NO_MEMORY;
	if (!config_type_check(key->type, value, key->max, &wrong)) {
		config_error(report, at, "%s", text_str(&wrong));
		text_done(&wrong);
		return ST_OK;
	}
	if (!key->put)
		config_warn(report, at, "accepted but not in force yet in this version");
	struct setting *in = &t->root;
	if (key->shape == SHAPE_LIST) {
		in = setting_find(&t->root, name);
		in = in ? in : setting_add(&t->root, key, at, NULL);
	} else {
		setting_remove(&t->root, name);
	}
	return in && setting_add(in, key, at, value) ? ST_OK : ST_NO_MEMORY;
}

static enum st set_flags(struct config_tree *t, const struct config_flags *flags, struct config_report *report)
{
	char workers[16];
	snprintf(workers, sizeof workers, "%u", flags->workers);
	enum st st = ST_OK;
	if (flags->web)
		st = set_flag(t, "--web", "web", flags->web, report);
	if (st == ST_OK && flags->engine_id)
		st = set_flag(t, "--engine-id", "engine-id", flags->engine_id, report);
	if (st == ST_OK && flags->workers)
		st = set_flag(t, "--workers", "workers", workers, report);
	if (flags->listen_count)
		setting_remove(&t->root, "listen");
	for (size_t i = 0; i < flags->listen_count && st == ST_OK; i++)
		st = set_flag(t, "--listen", "listen", flags->listen[i], report);
	return st;
}

// The main file, then the data folder: a flag's, the file's, or the default.
static enum st read_main(const char *file, const struct config_flags *flags, struct config_tree *t,
                         struct config_report *report)
{
	enum st st = file ? config_file_read(file, false, t, report) : ST_OK;
	if (st == ST_OK && flags->data)
		return set_flag(t, "--data", "data", flags->data, report);
	if (st || setting_find(&t->root, "data"))
		return st;
	char *data = default_data();
	st = data ? set_flag(t, "built-in", "data", data, report) : ST_NO_MEMORY;
	free(data);
	return st;
}

static enum st merge_local(struct config_build *b)
{
	const struct setting *data = setting_find(&b->config->tree->root, "data");
	if (!data)
		return ST_OK; // it was complained of
	char *dir = config_path(b, data), *path = NULL;
	struct config_tree *local = config_tree_new();
	enum st st = dir && local && asprintf(&path, "%s/local.yaml", dir) >= 0 ? ST_OK : ST_NO_MEMORY;
	if (st == ST_OK)
		st = config_file_read(path, true, local, b->report);
	const struct setting *own = st == ST_OK ? setting_find(&local->root, "data") : NULL;
	if (own)
		config_error(b->report, own->place,
		             "'data' in local.yaml, which is found by it; name it in the main file");
	if (st == ST_OK)
		st = config_tree_merge(b->config->tree, local);
	config_tree_free(local);
	free(path);
	free(dir);
	return st;
}

static enum st fill_defaults(struct config_tree *t, struct config_report *report)
{
	struct config_tree *built_in = config_tree_new();
	enum st st = built_in ? config_tree_read(built_in, span_str(defaults), "built-in", report) : ST_NO_MEMORY;
	if (st == ST_OK)
		st = config_tree_fill(t, built_in);
	config_tree_free(built_in);
	return st;
}

static enum st load(const struct config_flags *flags, struct config_build *b)
{
	struct config *c = b->config;
	const char *file = flags->file                              ? flags->file
	                   : access(CONFIG_DEFAULT_FILE, F_OK) == 0 ? CONFIG_DEFAULT_FILE
	                                                            : NULL;
	c->tree = config_tree_new();
	c->policy = policy_new();
	c->access = poll_access_new();
	c->file = file ? strdup(file) : NULL;
	if (!c->tree || !c->policy || !c->access || (file && !c->file))
		return ST_NO_MEMORY;
	enum st st = read_main(file, flags, c->tree, b->report);
	if (st == ST_OK)
		st = merge_local(b);
	if (st == ST_OK)
		st = set_flags(c->tree, flags, b->report);
	if (st == ST_OK)
		st = fill_defaults(c->tree, b->report);
	if (st || b->report->errors)
		return st;
	config_put_parts(b, c, &c->tree->root);
	config_check_sites(b, &c->tree->root);
	config_check_listeners(b, &c->tree->root);
	config_check_read(b, &c->tree->root);
	config_check_tunnel(b, &c->tree->root);
	config_check_ike(b, &c->tree->root);
	config_check_certs(b, &c->tree->root);
	return b->st;
}

enum st config_load(const struct config_flags *flags, struct config **out, struct config_report *report)
{
	struct config_build b = { .config = calloc(1, sizeof(struct config)),
		                  .report = report,
		                  .crypto = flags->crypto };
	enum st st = b.config ? load(flags, &b) : ST_NO_MEMORY;
	if (st == ST_NO_MEMORY)
		config_error(report, (struct config_place){ "configuration" }, "out of memory; nothing was changed");
	if (st == ST_OK && report->errors)
		st = ST_SYNTAX;
	if (st)
		config_free(b.config);
	else
		*out = b.config;
	return st;
}
