// SPDX-License-Identifier: Apache-2.0
// `trapline verify`: the journal, every block of it.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/place.h"
#include "store/journal.h"

static void print_json(enum st st, uint64_t events, const struct text *findings)
{
	struct text out = { 0 };
	struct json j = json_of(&out);
	json_open(&j, '{');
	json_key(&j, "ok");
	json_bool(&j, st == ST_OK);
	json_key_uint(&j, "events", events);
	json_key(&j, "findings");
	json_open(&j, '[');
	for (const char *line = text_str(findings); *line;) {
		size_t n = strcspn(line, "\n");
		json_text(&j, span_of(line, n));
		line += n + (line[n] != 0);
	}
	json_close(&j, ']');
	json_close(&j, '}');
	puts(text_str(&out));
	text_done(&out);
}

int cmd_verify(const struct args *a)
{
	char *dir = NULL;
	if (place_data(a, &dir))
		return CLI_FAILED;
	struct text findings = { 0 };
	uint64_t events = 0;
	enum st st = journal_verify(dir, &findings, &events);
	bool damage = st == ST_DAMAGED || st == ST_NOT_OURS;
	int code = st == ST_OK ? CLI_DONE : damage ? CLI_FINDINGS : CLI_FAILED;
	if (code == CLI_FAILED)
		args_failed(a, "%s: %s", dir, findings.n ? text_str(&findings) : st_text(st));
	else if (args_has(a, "json"))
		print_json(st, events, &findings);
	else if (damage)
		fputs(text_str(&findings), stdout);
	else
		printf("%s/journal.db: %" PRIu64 " events, no damage\n", dir, events);
	text_done(&findings);
	free(dir);
	return code;
}
