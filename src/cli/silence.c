// SPDX-License-Identifier: Apache-2.0
// `trapline silence`: makes one, lists them from state.db, ends one. A silence always has an end.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alarm/words.h"
#include "cli/act.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/place.h"
#include "cli/reading.h"
#include "cli/when.h"
#include "event/describe.h"
#include "io/system.h"

#define SECOND INT64_C(1000000000)

static void add_moment(struct text *out, int64_t at)
{
	struct text t = { 0 };
	event_time_text(at, &t);
	text_printf(out, "%.19sZ", text_str(&t));
	text_done(&t);
}

static void add_part(struct text *out, const char *before, struct span part)
{
	if (part.n == 0)
		return;
	text_add(out, before);
	text_clean(out, part);
}

static void silence_line(const struct silence_row *s, struct text *out)
{
	text_printf(out, "%" PRId64 " %s", s->id, silence_state_name(s->state));
	text_add(out, s->state == SILENCE_PLANNED ? " from " : " since ");
	add_moment(out, s->from);
	text_add(out, " until ");
	add_moment(out, s->until);
	text_add(out, ":");
	add_part(out, " site ", s->site);
	if (s->device)
		text_printf(out, " device %" PRId64, s->device);
	if (s->code >= 0)
		text_printf(out, " code %" PRId64, s->code);
	add_part(out, " key ", s->key);
	add_part(out, ", by ", s->by);
	add_part(out, ": ", s->note);
}

struct listing {
	bool json, all;
	size_t shown, ended;
	struct text line;
};

static enum st show(void *arg, enum row_table t, const void *row)
{
	struct listing *l = arg;
	const struct silence_row *s = row;
	if (s->state == SILENCE_ENDED && !l->all) {
		l->ended++;
		return ST_OK;
	}
	text_clear(&l->line);
	if (l->json)
		silence_json(s, &l->line);
	else
		silence_line(s, &l->line);
	puts(text_str(&l->line));
	l->shown++;
	return ST_OK;
}

static int list(const struct args *a)
{
	struct reading r;
	struct listing l = { .json = args_has(a, "json"), .all = args_has(a, "all") || args_has(a, "json") };
	if (a->operand_count > 1)
		return args_wrong(a, "list takes no further word");
	int code = reading_open(a, &r);
	if (code == CLI_DONE)
		code = reading_code(&r, state_read(r.state, ROW_SILENCE, STATE_ALL, 0, show, &l));
	if (code == CLI_DONE && l.shown == 0 && !l.json)
		fputs("there is no silence\n", stderr);
	if (code == CLI_DONE && l.ended)
		fprintf(stderr, "not shown: %zu that ended; --all shows them\n", l.ended);
	reading_close(&r);
	text_done(&l.line);
	return code;
}

static int end(const struct args *a)
{
	char *dir = NULL;
	struct text body = { 0 }, path = { 0 };
	int64_t id;
	if (a->operand_count != 2)
		return args_wrong(a, "end which one? Ids are in: trapline silence list");
	if (!reading_id(a, a->operands[1], &id))
		return CLI_USAGE;
	if (place_data(a, &dir))
		return CLI_FAILED;
	struct json j = json_of(&body);
	json_open(&j, '{');
	act_who(a, &j);
	json_close(&j, '}');
	text_printf(&path, "silences/%" PRId64 "/end", id);
	int code = act_post(a, dir, text_str(&path), &body, "ended");
	text_done(&body);
	text_done(&path);
	free(dir);
	return code;
}

static int take_time(const struct args *a, const char *name, int64_t now, int64_t *out)
{
	const char *text = args_value(a, name);
	if (text && when_later(text, now, out))
		return args_wrong(
		        a, "--%s %s: write 30m, 2h, 1d for so long from now, or a moment such as 2026-11-20T22:33:28Z",
		        name, text);
	return CLI_DONE;
}

static int take_times(const struct args *a, int64_t *from, int64_t *until)
{
	int64_t now = clock_wall(), length = 0;
	const char *lasts = args_value(a, "for");
	if (!lasts == !args_value(a, "until"))
		return args_wrong(a, "say until when it holds: either --for 2h or --until MOMENT");
	if (take_time(a, "from", now, from) || take_time(a, "until", now, until))
		return CLI_USAGE;
	if (lasts && when_span(lasts, &length))
		return args_wrong(a, "--for %s: write 90s, 30m, 2h, 1d or 1w", lasts);
	if (lasts)
		*until = (*from ? *from : now) + length;
	return *until > (*from > now ? *from : now) ? CLI_DONE : args_wrong(a, "it would end before it begins");
}

static int put_what(const struct args *a, struct json *j)
{
	static const struct {
		const char *name;
		unsigned long least;
	} numbers[] = { { "device", 1 }, { "alarm", 1 }, { "code", 0 } };
	bool any = args_has(a, "site") || args_has(a, "key");
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		unsigned long n = 0;
		if (!args_number(a, numbers[i].name, numbers[i].least, INT64_MAX, &n))
			return CLI_USAGE;
		if (!args_has(a, numbers[i].name))
			continue;
		any = true;
		json_key_uint(j, numbers[i].name, n);
	}
	if (args_has(a, "site"))
		json_key_str(j, "site", args_value(a, "site"));
	if (args_has(a, "key"))
		json_key_str(j, "key", args_value(a, "key"));
	return any ? CLI_DONE
	           : args_wrong(a, "silence what? Name some of --site, --device, --code, --key, or one --alarm");
}

static int make(const struct args *a)
{
	int64_t from = 0, until = 0;
	char *dir = NULL;
	struct text body = { 0 };
	struct json j = json_of(&body);
	json_open(&j, '{');
	int code = put_what(a, &j);
	if (code == CLI_DONE)
		code = take_times(a, &from, &until);
	if (code == CLI_DONE)
		code = place_data(a, &dir);
	if (code == CLI_DONE) {
		if (from)
			json_key_uint(&j, "from", (uint64_t)(from / SECOND));
		json_key_uint(&j, "until", (uint64_t)((until + SECOND - 1) / SECOND));
		act_who(a, &j);
		json_close(&j, '}');
		code = act_post(a, dir, "silences", &body, "made");
	}
	text_done(&body);
	free(dir);
	return code;
}

int cmd_silence(const struct args *a)
{
	if (a->operand_count == 0)
		return make(a);
	if (strcmp(a->operands[0], "list") == 0)
		return list(a);
	if (strcmp(a->operands[0], "end") == 0)
		return end(a);
	return args_wrong(a, "'%s' is neither list nor end", a->operands[0]);
}
