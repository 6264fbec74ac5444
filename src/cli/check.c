// SPDX-License-Identifier: Apache-2.0
// `trapline check`: the configuration as `serve` would read it.
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "daemon/config.h"

// One object for each complaint, then one that sums up.
static void print_json(const struct config_report *report)
{
	struct text out = { 0 };
	for (const char *line = text_str(&report->text); *line;) {
		size_t n = strcspn(line, "\n");
		struct json j = json_of(&out);
		json_open(&j, '{');
		json_key(&j, "complaint");
		json_text(&j, span_of(line, n));
		json_close(&j, '}');
		text_add(&out, "\n");
		line += n + (line[n] != 0);
	}
	struct json j = json_of(&out);
	json_open(&j, '{');
	json_key_uint(&j, "errors", report->errors);
	json_key_uint(&j, "warnings", report->warnings);
	json_close(&j, '}');
	puts(text_str(&out));
	text_done(&out);
}

static void print_text(const struct config_report *report, const struct config *c)
{
	struct text shown = { 0 };
	fputs(text_str(&report->text), stderr);
	if (c) {
		printf("# %s, merged with local.yaml and defaults\n", c->file ? c->file : "no configuration file");
		config_show(c, &shown);
		fputs(text_str(&shown), stdout);
	}
	fprintf(stderr, "%u errors, %u warnings\n", report->errors, report->warnings);
	text_done(&shown);
}

int cmd_check(const struct args *a)
{
	struct crypto *crypto = NULL;
	if (crypto_init(&crypto))
		return args_failed(a, "OpenSSL or its legacy provider cannot be loaded; install libssl3 and openssl");
	const struct config_flags flags = { .file = args_value(a, "config"),
		                            .data = args_value(a, "data"),
		                            .crypto = crypto };
	struct config_report report = { 0 };
	struct config *c = NULL;
	enum st st = config_load(&flags, &c, &report);
	if (args_has(a, "json"))
		print_json(&report);
	else
		print_text(&report, c);
	config_free(c);
	crypto_free(crypto);
	text_done(&report.text);
	return st == ST_NO_MEMORY ? CLI_FAILED : st ? CLI_FINDINGS : CLI_DONE;
}
