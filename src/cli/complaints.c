// SPDX-License-Identifier: Apache-2.0
#include "cli/complaints.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"

void complaints_json(const struct config_report *report)
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
