// SPDX-License-Identifier: Apache-2.0
// `trapline waiting`: what is not allowed yet. The running collector is asked over DIR/control; without one, list and show read
// the files that it left.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/control.h"
#include "cli/place.h"
#include "cli/secret.h"
#include "cli/user.h"
#include "cli/waiting_print.h"
#include "intake/waiting.h"
#include "intake/waiting_table.h"
#include "store/room.h"

static const char path[] = "/api/v1/waiting";

enum { PATH_ROOM = 64, WATCH_SECONDS = 1 };

struct place {
	const struct args *args;
	char *dir;
};

typedef int action_fn(const struct place *p, uint64_t id);

static enum st table_read(const char *dir, struct waiting_table *t, struct text *why)
{
	static const struct hash_key key;
	struct room *r = NULL;
	enum st st = room_open_reader(dir, &r, why);
	if (st)
		return st;
	st = waiting_table_init(t, &waiting_limits_usual, &key);
	if (!st)
		st = waiting_load(t, r);
	if (st && !why->n)
		text_printf(why, "%s/waiting: %s", dir, st_text(st));
	room_close(r);
	return st;
}

// The labels of communities, if the configuration can be read; complaints are for `check`.
static struct config *labels(const struct args *a)
{
	const struct config_flags flags = { .file = args_value(a, "config"), .data = args_value(a, "data") };
	struct config_report report = { 0 };
	struct config *c = NULL;
	(void)config_load(&flags, &c, &report);
	text_done(&report.text);
	return c;
}

// What a collector that is stopped left. id 0: all of it. ST_NONE: nothing waits, or not this.
static enum st read_files(const struct place *p, uint64_t id, struct text *out, struct text *why)
{
	struct waiting_table t = { 0 };
	struct config *c = labels(p->args);
	enum st st = table_read(p->dir, &t, why);
	struct waiting_item *i = !st && id ? waiting_table_find(&t, id) : NULL;
	if (!st && !id)
		waiting_list_json(&t, c ? c->policy : NULL, out);
	else if (i)
		waiting_show_json(i, c ? c->policy : NULL, out);
	else if (!st)
		st = ST_NONE;
	waiting_table_done(&t);
	config_free(c);
	return st;
}

// All that waits (id 0), or one item, as JSON.
static int read_room(const struct place *p, uint64_t id, struct text *out)
{
	char where[PATH_ROOM];
	struct text why = { 0 };
	int code = CLI_DONE;
	if (id)
		snprintf(where, sizeof where, "%s/%" PRIu64, path, id);
	else
		snprintf(where, sizeof where, "%s", path);
	enum st st = control_ask(p->dir, where, NULL, out, &why);
	if (st == ST_NONE) {
		text_clear(&why);
		st = read_files(p, id, out, &why);
	}
	if (st == ST_NONE && id)
		code = args_failed(p->args, "nothing with the id %" PRIu64 " waits", id);
	else if (st && st != ST_NONE)
		code = args_failed(p->args, "%s", why.n ? text_str(&why) : st_text(st));
	text_done(&why);
	return code;
}

static int list(const struct place *p, uint64_t id)
{
	struct text body = { 0 };
	int code = read_room(p, 0, &body);
	if (code == CLI_DONE && args_has(p->args, "json"))
		fputs(text_str(&body), stdout);
	else if (code == CLI_DONE)
		waiting_print_list(text_str(&body));
	text_done(&body);
	return code;
}

static int show(const struct place *p, uint64_t id)
{
	struct text body = { 0 };
	int code = read_room(p, id, &body);
	if (code == CLI_DONE && args_has(p->args, "json"))
		fputs(text_str(&body), stdout);
	else if (code == CLI_DONE && !waiting_print_one(text_str(&body)))
		code = args_failed(p->args, "the answer is no JSON object");
	text_done(&body);
	return code;
}

static int watch(const struct place *p, uint64_t id)
{
	struct waiting_seen seen = { 0 };
	struct text body = { 0 }, why = { 0 };
	enum st st;
	while ((st = control_ask(p->dir, path, NULL, &body, &why)) == ST_OK) {
		waiting_print_news(&seen, text_str(&body), args_has(p->args, "json"));
		if (fflush(stdout) == EOF)
			break;
		text_clear(&body);
		struct timespec t = { WATCH_SECONDS, 0 };
		nanosleep(&t, NULL);
	}
	int code = st ? args_failed(p->args, "%s", text_str(&why)) : CLI_DONE;
	free(seen.list);
	text_done(&body);
	text_done(&why);
	return code;
}

static void put(struct json *j, const char *key, const char *value)
{
	if (value)
		json_key_str(j, key, value);
}

// The wish as the body of the request.
static int wish(const struct args *a, struct text *out)
{
	struct user_given user;
	struct json j = json_of(out);
	int code = user_given_of(a, &user);
	if (code == CLI_DONE) {
		json_open(&j, '{');
		put(&j, "label", args_value(a, "label"));
		put(&j, "from", args_value(a, "from"));
		put(&j, "user", args_value(a, "user"));
		put(&j, "auth", args_value(a, "auth"));
		put(&j, "priv", args_value(a, "priv"));
		put(&j, "level", args_value(a, "level"));
		if (user.auth_password.n)
			put(&j, "auth-password", text_str(&user.auth_password));
		if (user.user.priv)
			put(&j, "priv-password",
			    text_str(user.priv_password.n ? &user.priv_password : &user.auth_password));
		json_close(&j, '}');
	}
	user_given_done(&user);
	return code;
}

static int post(const struct place *p, uint64_t id, const char *what, const char *body)
{
	char where[PATH_ROOM];
	struct text answer = { 0 }, why = { 0 };
	snprintf(where, sizeof where, "%s/%" PRIu64 "/%s", path, id, what);
	enum st st = control_ask(p->dir, where, body, &answer, &why);
	int code = st ? args_failed(p->args, "%" PRIu64 ": %s", id, text_str(&why)) : CLI_DONE;
	if (!st && args_has(p->args, "json"))
		puts(text_str(&answer));
	else if (!st)
		waiting_print_decision(what, text_str(&answer));
	text_done(&answer);
	text_done(&why);
	return code;
}

static int allow(const struct place *p, uint64_t id)
{
	struct text body = { 0 };
	int code = wish(p->args, &body);
	if (code == CLI_DONE)
		code = post(p, id, "allow", text_str(&body));
	secret_text_done(&body);
	return code;
}

static int deny(const struct place *p, uint64_t id)
{
	return post(p, id, "deny", "");
}

static const struct action {
	const char *name;
	bool ids;
	action_fn *run;
} actions[] = {
	{ "list", false, list }, { "show", true, show },    { "allow", true, allow },
	{ "deny", true, deny },  { "watch", false, watch },
};

static bool id_of(const char *text, uint64_t *out)
{
	char *end;
	*out = strtoull(text, &end, 10);
	return *text >= '1' && *text <= '9' && !*end;
}

static int run(const struct place *p, const struct action *action)
{
	const struct args *a = p->args;
	uint64_t id;
	int code = CLI_DONE;
	if (!action->ids)
		return a->operand_count == 1 ? action->run(p, 0)
		                             : args_wrong(a, "%s takes no further word", action->name);
	if (a->operand_count == 1)
		return args_wrong(a, "%s what? Name ids of: trapline waiting list", action->name);
	for (size_t i = 1; i < a->operand_count; i++)
		if (!id_of(a->operands[i], &id))
			return args_wrong(a, "'%s' is no id; ids are in: trapline waiting list", a->operands[i]);
	for (size_t i = 1; i < a->operand_count && id_of(a->operands[i], &id); i++) {
		int one = action->run(p, id);
		code = one ? one : code;
	}
	return code;
}

int cmd_waiting(const struct args *a)
{
	struct place p = { .args = a };
	const struct action *action = NULL;
	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
		if (strcmp(actions[i].name, a->operands[0]) == 0)
			action = &actions[i];
	if (!action)
		return args_wrong(a, "'%s' is not one of list, show, allow, deny, watch", a->operands[0]);
	if (place_data(a, &p.dir))
		return CLI_FAILED;
	int code = run(&p, action);
	free(p.dir);
	return code;
}
