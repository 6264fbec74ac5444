// SPDX-License-Identifier: Apache-2.0
// `trapline ack` and `trapline clear`: one request an alarm; what cannot be done does not keep the others from being done.
#include <inttypes.h>
#include <stdlib.h>

#include "cli/act.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/place.h"
#include "cli/reading.h"

static int each_alarm(const struct args *a, const char *verb, const char *done)
{
	char *dir = NULL;
	int64_t id;
	int code = CLI_DONE;
	for (size_t i = 0; i < a->operand_count; i++)
		if (!reading_id(a, a->operands[i], &id))
			return CLI_USAGE;
	if (place_data(a, &dir))
		return CLI_FAILED;
	struct text body = { 0 }, path = { 0 };
	struct json j = json_of(&body);
	json_open(&j, '{');
	act_who(a, &j);
	json_close(&j, '}');
	for (size_t i = 0; i < a->operand_count && reading_id(a, a->operands[i], &id); i++) {
		text_clear(&path);
		text_printf(&path, "alarms/%" PRId64 "/%s", id, verb);
		int one = act_post(a, dir, text_str(&path), &body, done);
		code = one ? one : code;
	}
	text_done(&body);
	text_done(&path);
	free(dir);
	return code;
}

int cmd_ack(const struct args *a)
{
	return args_has(a, "undo") ? each_alarm(a, "unack", "no longer acknowledged:")
	                           : each_alarm(a, "ack", "acknowledged");
}

int cmd_clear(const struct args *a)
{
	return each_alarm(a, "clear", "cleared");
}
