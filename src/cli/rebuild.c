// SPDX-License-Identifier: Apache-2.0
// `trapline rebuild`: the state computed again and compared. The live state is not touched.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/place.h"
#include "deliver/rebuild.h"

static void print_json(const struct rebuild *r)
{
	struct text out = { 0 };
	struct json j = json_of(&out);
	json_open(&j, '{');
	json_key(&j, "same");
	json_bool(&j, r->same);
	json_key_uint(&j, "from", r->from);
	json_key_uint(&j, "to", r->to);
	json_key_uint(&j, "events", r->events);
	json_key_uint(&j, "devices", r->devices);
	json_key_uint(&j, "open", r->open);
	json_key_str(&j, "difference", text_str(&r->difference));
	json_close(&j, '}');
	puts(text_str(&out));
	text_done(&out);
}

static void print_words(const struct rebuild *r)
{
	if (r->same)
		printf("the same: %" PRIu64 " events from %" PRIu64 " on make %" PRIu64 " devices and %" PRIu64
		       " open alarms\n",
		       r->events, r->from, r->devices, r->open);
	else
		printf("not the same; as it is (-) and as it was computed (+):\n%s\n", text_str(&r->difference));
}

int cmd_rebuild(const struct args *a)
{
	char *dir = NULL, *folder = NULL;
	const char *tmp = getenv("TMPDIR");
	struct rebuild r = { 0 };
	struct text why = { 0 };
	if (place_data(a, &dir))
		return CLI_FAILED;
	enum st st = ST_NO_MEMORY;
	if (asprintf(&folder, "%s/trapline-rebuild-XXXXXX", tmp && *tmp ? tmp : "/var/tmp") > 0) {
		st = mkdtemp(folder) ? rebuild_compare(dir, folder, &r, &why) : ST_SYSTEM;
		rmdir(folder);
	}
	int code = st ? args_failed(a, "%s", why.n ? text_str(&why) : st_text(st)) : r.same ? CLI_DONE : CLI_FINDINGS;
	if (!st && args_has(a, "json"))
		print_json(&r);
	else if (!st)
		print_words(&r);
	rebuild_done(&r);
	text_done(&why);
	free(folder);
	free(dir);
	return code;
}
