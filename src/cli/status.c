// SPDX-License-Identifier: Apache-2.0
// `trapline status`: the running collector's snapshot. JSON goes through as it comes.
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/control.h"
#include "cli/place.h"
#include "cli/status_print.h"

int cmd_status(const struct args *a)
{
	char *dir = NULL;
	if (place_data(a, &dir))
		return CLI_FAILED;
	struct text body = { 0 }, why = { 0 };
	enum st st = control_ask(dir, "/api/v1/status", NULL, &body, &why);
	int code = st ? args_failed(a, "%s", text_str(&why)) : CLI_DONE;
	if (code == CLI_DONE && args_has(a, "json"))
		puts(text_str(&body));
	else if (code == CLI_DONE && !status_print(text_str(&body), body.n))
		code = args_failed(a, "the collector's answer is no JSON object");
	text_done(&why);
	text_done(&body);
	free(dir);
	return code;
}
