// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/help.h"

// What git and others taught people to type.
static const char *usual_name(const char *word)
{
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
		return "help";
	return strcmp(word, "--version") == 0 ? "version" : word;
}

static int run(const struct command *c, char **words, size_t n)
{
	struct args a;
	int code = args_parse(c, words, n, &a);
	if (code == CLI_DONE)
		code = args_has(&a, "help") ? help_print(c) : c->run(&a);
	args_done(&a);
	return code;
}

int cli_main(int argc, char **argv)
{
	const char *name = argc > 1 ? usual_name(argv[1]) : "help";
	const struct command *c = command_find(name);
	if (!c) {
		fprintf(stderr, "trapline: there is no command '%s'\nhelp: trapline help\n", name);
		return CLI_USAGE;
	}
	int code = run(c, argv + 2, argc > 2 ? (size_t)argc - 2 : 0);
	if ((fflush(stdout) == EOF || ferror(stdout)) && code == CLI_DONE) {
		fprintf(stderr, "trapline: cannot write what was asked for: %s\n", strerror(errno));
		code = CLI_FAILED;
	}
	return code;
}
