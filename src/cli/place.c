// SPDX-License-Identifier: Apache-2.0
#include "cli/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

int place_config(const struct args *a, struct config **out)
{
	const struct config_flags flags = { .file = args_value(a, "config"), .data = args_value(a, "data") };
	struct config_report report = { 0 };
	enum st st = config_load(&flags, out, &report);
	if (st)
		fputs(text_str(&report.text), stderr);
	text_done(&report.text);
	return st ? CLI_FAILED : CLI_DONE;
}

int place_data(const struct args *a, char **out)
{
	struct config *c = NULL;
	const char *given = args_value(a, "data");
	if (!given && place_config(a, &c))
		return CLI_FAILED;
	*out = strdup(given ? given : c->data);
	config_free(c);
	return *out ? CLI_DONE : args_failed(a, "out of memory");
}

bool place_colour(void)
{
	const char *no = getenv("NO_COLOR");
	return isatty(STDOUT_FILENO) && !(no && *no);
}
