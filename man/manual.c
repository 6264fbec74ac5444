// SPDX-License-Identifier: Apache-2.0
// Fills a manual page's source: the line @COMMANDS@ becomes the command table, @OPTIONS name@ one command's options, @KEYS@
// the configuration's key table. So no page can forget an option. Prints scdoc(5) text on stdout.
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "daemon/config_keys.h"

enum { LINE_MAX_BYTES = 4096 };

// scdoc's marks are taken literally.
static void print_plain(const char *text)
{
	for (; *text; text++) {
		if (strchr("_*\\<>", *text))
			putchar('\\');
		putchar(*text);
	}
}

static void print_options(const struct command *c)
{
	for (const struct cli_option *o = c->options; o->name; o++) {
		if (o->letter)
			printf("*-%c*, ", o->letter);
		printf("*--%s*", o->name);
		if (o->argument) {
			fputs(" _", stdout);
			for (const char *p = o->argument; *p; p++)
				printf(*p == '_' ? "\\%c" : "%c", *p);
			putchar('_');
		}
		fputs("\n\t", stdout);
		print_plain(o->help);
		fputs("\n\n", stdout);
	}
}

static void print_commands(void)
{
	const struct command *c;
	for (size_t i = 0; (c = command_at(i)); i++) {
		printf("## trapline %s", c->name);
		putchar(*c->operands ? ' ' : '\n');
		if (*c->operands) {
			print_plain(c->operands);
			putchar('\n');
		}
		putchar('\n');
		print_plain(c->about);
		fputs("\n\n", stdout);
		print_options(c);
	}
}

static const char *shape_text(const struct config_key *k)
{
	static const char *const texts[] = { "", "list", "keys", "list of entries" };
	return texts[k->shape];
}

// Types whose values do not explain themselves.
static bool wants_example(const struct config_key *k)
{
	static const bool wants[TYPE_COUNT] = {
		[TYPE_LISTEN] = true, [TYPE_ENDPOINT] = true,  [TYPE_PREFIX] = true,
		[TYPE_SIZE] = true,   [TYPE_ENGINE_ID] = true, [TYPE_ADDRESS] = true,
	};
	return k->shape == SHAPE_BLOCK || k->shape == SHAPE_BLOCKS || wants[k->type];
}

static void print_block(enum config_block block, int depth)
{
	size_t n;
	const struct config_key *keys = config_keys(&n);
	for (size_t i = 0; i < n; i++) {
		const struct config_key *k = &keys[i];
		if (k->in != block)
			continue;
		bool parts = k->shape == SHAPE_BLOCK || k->shape == SHAPE_BLOCKS;
		printf("%.*s*%s*", depth, "\t\t\t\t", k->name);
		if (*shape_text(k))
			printf(" (%s)", shape_text(k));
		printf("\n%.*s\t", depth, "\t\t\t\t");
		print_plain(k->meaning);
		if (!k->put && block == BLOCK_TOP)
			fputs(" (accepted, not in force yet)", stdout);
		if (wants_example(k))
			fputs(". For example: ", stdout);
		if (wants_example(k))
			print_plain(parts ? config_block_example(k->block) : config_type_example(k->type));
		fputs("\n\n", stdout);
		if (parts)
			print_block(k->block, depth + 1);
	}
}

static int fill_line(char *line)
{
	char name[64];
	if (strcmp(line, "@COMMANDS@\n") == 0)
		print_commands();
	else if (strcmp(line, "@KEYS@\n") == 0)
		print_block(BLOCK_TOP, 0);
	else if (strcmp(line, "@RULES@\n") == 0)
		print_block(BLOCK_RULE_FILE, 0);
	else if (sscanf(line, "@OPTIONS %63[a-z]@", name) == 1 && command_find(name))
		print_options(command_find(name));
	else if (*line == '@')
		return 1;
	else
		fputs(line, stdout);
	return 0;
}

int main(int argc, char **argv)
{
	char line[LINE_MAX_BYTES];
	FILE *f = argc == 2 ? fopen(argv[1], "r") : NULL;
	if (!f) {
		fprintf(stderr, "usage: manual PAGE.scd\n");
		return 2;
	}
	int wrong = 0;
	while (fgets(line, sizeof line, f))
		wrong |= fill_line(line);
	fclose(f);
	if (wrong)
		fprintf(stderr, "%s: an unknown @mark@\n", argv[1]);
	return wrong || fflush(stdout) == EOF;
}
