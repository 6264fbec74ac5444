// SPDX-License-Identifier: Apache-2.0
// `trapline engine`: the SNMPv3 engines that were learned, and an operator's word on their clocks. The list of a stopped
// collector is read from its data folder.
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/control.h"
#include "cli/place.h"
#include "daemon/engine_rows.h"
#include "io/system.h"
#include "snmp/limits.h"

static const char *string(const json_t *in, const char *key)
{
	const char *s = json_string_value(json_object_get(in, key));
	return s ? s : "";
}

// What decides how wide the columns of a table are.
struct widths {
	int engine, site, address;
};

static void widen(int *width, const char *text)
{
	int n = (int)strlen(text);
	if (n > *width)
		*width = n;
}

static void print_number(const json_t *in, const char *key, int width)
{
	const json_t *v = json_object_get(in, key);
	if (json_is_integer(v))
		printf("  %*lld", width, (long long)json_integer_value(v));
	else
		printf("  %*s", width, "-");
}

static void print_row(const json_t *e, const struct widths *w)
{
	const char *site = string(e, "site");
	printf("%-*s  %-*s  %-*s", w->engine, string(e, "engine"), w->site, *site ? site : "-", w->address,
	       string(e, "address"));
	print_number(e, "boots", 10);
	print_number(e, "time", 10);
	printf("  %.19sZ%s%s\n", string(e, "heard"), json_is_true(json_object_get(e, "lenient")) ? "  lenient" : "",
	       json_is_true(json_object_get(e, "shared")) ? "  shared" : "");
}

static void print_table(const json_t *engines)
{
	struct widths w = { 6, 4, 7 };
	size_t i;
	json_t *e;
	json_array_foreach(engines, i, e)
	{
		widen(&w.engine, string(e, "engine"));
		widen(&w.site, string(e, "site"));
		widen(&w.address, string(e, "address"));
	}
	if (json_array_size(engines))
		printf("%-*s  %-*s  %-*s  %10s  %10s  %-20s\n", w.engine, "ENGINE", w.site, "SITE", w.address,
		       "ADDRESS", "BOOTS", "TIME", "LAST HEARD");
	json_array_foreach(engines, i, e) print_row(e, &w);
}

static int print_list(const struct args *a, const struct text *body)
{
	json_t *answer = json_loadb(text_str(body), body->n, 0, NULL);
	const json_t *engines = json_object_get(answer, "engines");
	size_t i;
	json_t *e;
	int code = json_is_array(engines) ? CLI_DONE : args_failed(a, "the collector's answer is not understood");
	if (code == CLI_DONE && args_has(a, "json"))
		json_array_foreach(engines, i, e)
		{
			json_dumpf(e, stdout, JSON_COMPACT);
			putchar('\n');
		}
	else if (code == CLI_DONE)
		print_table(engines);
	json_decref(answer);
	return code;
}

// As the running collector would answer.
static enum st list_stopped(const char *dir, struct text *body)
{
	struct engine_rows rows = { 0 };
	enum st st = engine_rows_of_file(dir, &rows);
	engine_rows_sort(&rows, clock_wall());
	engine_rows_json(&rows, body);
	engine_rows_done(&rows);
	return st;
}

static int list(const struct args *a, const char *dir)
{
	struct text body = { 0 }, why = { 0 };
	enum st st = control_ask(dir, "/api/v1/engines", NULL, &body, &why);
	if (st == ST_NONE) {
		text_clear(&body);
		st = list_stopped(dir, &body);
		text_clear(&why);
		text_printf(&why, "no collector runs there, and %s/engines cannot be read: %s", dir, st_text(st));
	}
	int code = st ? args_failed(a, "%s", text_str(&why)) : print_list(a, &body);
	text_done(&why);
	text_done(&body);
	return code;
}

static void write_order(const struct args *a, const struct text *id, struct text *out)
{
	struct text hex = { 0 };
	struct json j = json_of(out);
	const char *site = args_value(a, "site"), *address = args_value(a, "address");
	text_hex(&hex, span_of(id->p, id->n));
	json_open(&j, '{');
	json_key_str(&j, "engine", text_str(&hex));
	if (site)
		json_key_str(&j, "site", site);
	if (address)
		json_key_str(&j, "address", address);
	json_key(&j, "lenient");
	json_bool(&j, !args_has(a, "off"));
	json_close(&j, '}');
	text_done(&hex);
}

static void say_changed(const struct args *a, const char *word, const struct text *body)
{
	json_t *answer = json_loadb(text_str(body), body->n, 0, NULL);
	long long n = json_integer_value(json_object_get(answer, "engines"));
	const char *what = strcmp(word, "reset") == 0 ? "the clock is learned again from the next message"
	                   : args_has(a, "off")       ? "the clock is checked again"
	                                              : "accepted whatever the clock says, and flagged on each event";
	printf("%lld engine%s: %s\n", n, n == 1 ? "" : "s", what);
	json_decref(answer);
}

static int change(const struct args *a, const char *dir, const char *word)
{
	struct text id = { 0 }, order = { 0 }, body = { 0 }, why = { 0 };
	char path[64];
	int code = CLI_DONE;
	if (!hex_read(span_str(a->operands[1]), SNMP_ENGINE_ID_MAX, &id) || id.n < SNMP_ENGINE_ID_MIN)
		code = args_wrong(a, "%s: an engine ID is %d to %d octets in hex", a->operands[1], SNMP_ENGINE_ID_MIN,
		                  SNMP_ENGINE_ID_MAX);
	snprintf(path, sizeof path, "/api/v1/engines/%s", word);
	write_order(a, &id, &order);
	if (code == CLI_DONE && control_ask(dir, path, text_str(&order), &body, &why))
		code = args_failed(a, "%s", text_str(&why));
	else if (code == CLI_DONE)
		say_changed(a, word, &body);
	text_done(&id);
	text_done(&order);
	text_done(&body);
	text_done(&why);
	return code;
}

int cmd_engine(const struct args *a)
{
	const char *word = a->operands[0];
	bool listing = strcmp(word, "list") == 0, lenient = strcmp(word, "lenient") == 0;
	char *dir = NULL;
	if (!listing && !lenient && strcmp(word, "reset") != 0)
		return args_wrong(a, "%s: write list, lenient or reset", word);
	if (listing ? a->operand_count != 1 : a->operand_count != 2)
		return args_wrong(a, listing ? "list takes no engine" : "%s wants one engine ID", word);
	if (args_has(a, "off") && !lenient)
		return args_wrong(a, "--off is for lenient");
	if (listing && (args_has(a, "site") || args_has(a, "address")))
		return args_wrong(a, "--site and --address are for lenient and reset");
	if (place_data(a, &dir))
		return CLI_FAILED;
	int code = listing ? list(a, dir) : change(a, dir, word);
	free(dir);
	return code;
}
