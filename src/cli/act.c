// SPDX-License-Identifier: Apache-2.0
#include "cli/act.h"

#include <jansson.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/control.h"

static const char *user_name(void)
{
	const char *sudo = getenv("SUDO_USER");
	if (getuid() == 0 && sudo && *sudo)
		return sudo;
	const struct passwd *user = getpwuid(getuid());
	return user && *user->pw_name ? user->pw_name : NULL; // the collector knows the number
}

void act_who(const struct args *a, struct json *j)
{
	const char *by = args_value(a, "by"), *note = args_value(a, "note");
	by = by ? by : user_name();
	if (by)
		json_key_str(j, "by", by);
	if (note)
		json_key_str(j, "note", note);
}

static const char *string(const json_t *in, const char *key)
{
	return json_string_value(json_object_get(in, key));
}

static long long number(const json_t *in, const char *key)
{
	return json_integer_value(json_object_get(in, key));
}

static void say_silence(const json_t *s)
{
	const char *state = string(s, "state"), *from = string(s, "from"), *until = string(s, "until");
	if (!state || !from || !until)
		return;
	if (strcmp(state, "planned") == 0)
		printf(" from %.19sZ", from);
	if (strcmp(state, "ended") != 0)
		printf(" until %.19sZ", until);
}

static void say_answer(const char *text, size_t n, const char *done)
{
	json_t *o = json_loadb(text, n, 0, NULL);
	const json_t *alarm = json_object_get(o, "alarm"), *silence = json_object_get(o, "silence");
	const json_t *device = json_object_get(o, "device");
	const json_t *thing = alarm ? alarm : silence ? silence : device;
	if (thing) {
		printf("%s %s %lld", done, alarm ? "alarm" : silence ? "silence" : "device", number(thing, "id"));
		if (alarm && string(alarm, "text"))
			printf(": %s", string(alarm, "text"));
		if (silence)
			say_silence(silence);
		putchar('\n');
	} else {
		fprintf(stderr, "kept as event %lld; the state of alarms is behind and will show it\n",
		        number(o, "event"));
	}
	json_decref(o);
}

int act_post(const struct args *a, const char *dir, const char *path, const struct text *body, const char *done)
{
	struct text answer = { 0 }, why = { 0 }, url = { 0 };
	text_printf(&url, "/api/v1/%s", path);
	enum st st =
	        body->bad || url.bad ? ST_NO_MEMORY : control_ask(dir, text_str(&url), text_str(body), &answer, &why);
	int code = st ? args_failed(a, "%s", why.n ? text_str(&why) : st_text(st)) : CLI_DONE;
	if (!st && args_has(a, "json"))
		puts(text_str(&answer));
	else if (!st)
		say_answer(text_str(&answer), answer.n, done);
	text_done(&answer);
	text_done(&why);
	text_done(&url);
	return code;
}
