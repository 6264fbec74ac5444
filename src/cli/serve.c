// SPDX-License-Identifier: Apache-2.0
// `trapline serve`: flags for the daemon, which does the work.
#include "daemon/serve.h"

#include <stdlib.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "daemon/limits.h"

int cmd_serve(const struct args *a)
{
	unsigned long workers = 0;
	if (!args_number(a, "workers", 1, CONFIG_WORKERS_MAX, &workers))
		return CLI_USAGE;
	const char **listen = calloc(a->given_count + 1, sizeof *listen);
	if (!listen)
		return args_failed(a, "out of memory");
	struct config_flags flags = {
		.file = args_value(a, "config"),
		.data = args_value(a, "data"),
		.web = args_value(a, "web"),
		.engine_id = args_value(a, "engine-id"),
		.listen = listen,
		.workers = (unsigned)workers,
		.lab = args_has(a, "lab"),
	};
	size_t at = 0;
	for (const char *v; (v = args_next(a, "listen", &at));)
		listen[flags.listen_count++] = v;
	int code = serve_main(&flags);
	free(listen);
	return code;
}
