// SPDX-License-Identifier: Apache-2.0
// `trapline help` and `trapline version`, from the command table.
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/help.h"

enum { LINE = 80, TERM = 26 };

// Words of a paragraph in lines of LINE columns, each after `indent` blanks; `column` is where the first line stands.
static void print_wrapped(const char *text, int indent, int column)
{
	const char *blank = "";
	while (*text) {
		int n = (int)strcspn(text, " ");
		if (*blank && column + 1 + n > LINE) {
			printf("\n%*s", indent, "");
			column = indent;
			blank = "";
		}
		column += printf("%s%.*s", blank, n, text);
		blank = " ";
		text += n + (text[n] != 0);
	}
	putchar('\n');
}

static void print_term(const char *term, const char *text)
{
	int n = printf("  %s", term);
	if (n + 2 > TERM) {
		printf("\n%*s", TERM, "");
		n = TERM;
	} else {
		n += printf("%*s", TERM - n, "");
	}
	print_wrapped(text, TERM, n);
}

static int print_commands(void)
{
	puts("Trapline brings device alarms home: it receives SNMP traps, keeps them, and says what they mean.\n");
	puts("usage: trapline COMMAND [OPTION]...\n");
	const struct command *c;
	for (size_t i = 0; (c = command_at(i)); i++)
		print_term(c->name, c->summary);
	puts("\nA command with its options: trapline help COMMAND. Manual pages: trapline(1), trapline.yaml(5).");
	return CLI_DONE;
}

int help_print(const struct command *c)
{
	int column = printf("usage: trapline %s ", c->name);
	char words[LINE * 2];
	snprintf(words, sizeof words, "%s%s[OPTION]...", c->operands, *c->operands ? " " : "");
	print_wrapped(words, column, column);
	putchar('\n');
	print_wrapped(c->about, 0, 0);
	putchar('\n');
	for (const struct cli_option *o = c->options; o->name; o++) {
		char term[80], letter[8] = "";
		if (o->letter)
			snprintf(letter, sizeof letter, "-%c, ", o->letter);
		snprintf(term, sizeof term, "%s--%s%s%s", letter, o->name, o->argument ? " " : "",
		         o->argument ? o->argument : "");
		print_term(term, o->help);
	}
	return CLI_DONE;
}

int cmd_help(const struct args *a)
{
	if (a->operand_count == 0)
		return print_commands();
	const struct command *c = command_find(a->operands[0]);
	return c ? help_print(c) : args_wrong(a, "there is no command '%s'", a->operands[0]);
}

int cmd_version(const struct args *a)
{
	puts("trapline " _TRAPLINE_VERSION);
	return CLI_DONE;
}
