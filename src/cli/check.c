// SPDX-License-Identifier: Apache-2.0
// `trapline check`: the configuration as `serve` would read it.
#include <stdio.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/complaints.h"
#include "daemon/config.h"

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
		complaints_json(&report);
	else
		print_text(&report, c);
	config_free(c);
	crypto_free(crypto);
	text_done(&report.text);
	return st == ST_NO_MEMORY ? CLI_FAILED : st ? CLI_FINDINGS : CLI_DONE;
}
