// SPDX-License-Identifier: Apache-2.0
// `trapline completion bash`: a script with the command table in it, so that completing does not run the program.
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/commands.h"

static void print_command_names(void)
{
	const struct command *c;
	for (size_t i = 0; (c = command_at(i)); i++)
		printf("%s%s", i ? " " : "", c->name);
}

// The line that completes from a list of words, files, folders or commands.
static void print_reply(const char *words)
{
	if (!words)
		fputs("COMPREPLY=()", stdout);
	else if (strcmp(words, COMPLETE_FILE) == 0)
		fputs("COMPREPLY=($(compgen -f -- \"$word\"))", stdout);
	else if (strcmp(words, COMPLETE_FOLDER) == 0)
		fputs("COMPREPLY=($(compgen -d -- \"$word\"))", stdout);
	else if (strcmp(words, "@command") == 0)
		fputs("COMPREPLY=($(compgen -W \"$commands\" -- \"$word\"))", stdout);
	else
		printf("COMPREPLY=($(compgen -W '%s' -- \"$word\"))", words);
}

// The arguments of options come first: after `--kind` only kinds are offered.
static void print_arguments(const struct command *c)
{
	for (const struct cli_option *o = c->options; o->name; o++) {
		if (!o->argument)
			continue;
		printf("\t%s:--%s", c->name, o->name);
		if (o->letter)
			printf(" | %s:-%c", c->name, o->letter);
		fputs(") ", stdout);
		print_reply(o->words);
		puts("; return ;;");
	}
}

static void print_command(const struct command *c)
{
	printf("\t%s:-*) COMPREPLY=($(compgen -W '", c->name);
	for (const struct cli_option *o = c->options; o->name; o++)
		printf("%s--%s", o == c->options ? "" : " ", o->name);
	puts("' -- \"$word\")) ;;");
	printf("\t%s:*) ", c->name);
	print_reply(c->words);
	puts(" ;;");
}

int cmd_completion(const struct args *a)
{
	if (strcmp(a->operands[0], "bash") != 0)
		return args_wrong(a, "bash is the only shell there is a script for");
	puts("# bash completion for trapline " _TRAPLINE_VERSION ": source <(trapline completion bash)");
	puts("_trapline()\n{");
	puts("\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}");
	fputs("\tlocal commands='", stdout);
	print_command_names();
	puts("'\n\tif ((COMP_CWORD == 1)); then\n\t\tCOMPREPLY=($(compgen -W \"$commands\" -- "
	     "\"$word\"))\n\t\treturn\n\tfi");
	puts("\tcase $command:$before in");
	const struct command *c;
	for (size_t i = 0; (c = command_at(i)); i++)
		print_arguments(c);
	puts("\tesac\n\tcase $command:$word in");
	for (size_t i = 0; (c = command_at(i)); i++)
		print_command(c);
	puts("\tesac\n}\ncomplete -F _trapline trapline");
	return CLI_DONE;
}
