// SPDX-License-Identifier: Apache-2.0
#include "cli/options.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/commands.h"

static void say(const struct args *a, const char *format, va_list list)
{
	fprintf(stderr, "trapline %s: ", a->command->name);
	vfprintf(stderr, format, list);
	fputc('\n', stderr);
}

int args_wrong(const struct args *a, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	say(a, format, list);
	va_end(list);
	fprintf(stderr, "help: trapline help %s\n", a->command->name);
	return CLI_USAGE;
}

int args_failed(const struct args *a, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	say(a, format, list);
	va_end(list);
	return CLI_FAILED;
}

static const struct cli_option *find_name(const struct command *c, const char *name, size_t n)
{
	for (const struct cli_option *o = c->options; o && o->name; o++)
		if (strlen(o->name) == n && memcmp(o->name, name, n) == 0)
			return o;
	return NULL;
}

static const struct cli_option *find_letter(const struct command *c, char letter)
{
	for (const struct cli_option *o = c->options; o && o->name; o++)
		if (o->letter && o->letter == letter)
			return o;
	return NULL;
}

// One option, with the following word as its argument where it takes one. Returns how many words it used, 0: wrong.
static size_t take_option(struct args *a, char **words, size_t n)
{
	const char *word = words[0], *inside = NULL; // "--name=VALUE" or "-cVALUE"
	const struct cli_option *o;
	if (word[1] == '-') {
		const char *equals = strchr(word, '=');
		o = find_name(a->command, word + 2, equals ? (size_t)(equals - word - 2) : strlen(word + 2));
		inside = equals ? equals + 1 : NULL;
	} else {
		o = find_letter(a->command, word[1]);
		inside = word[2] ? word + 2 : NULL;
	}
	if (!o) {
		args_wrong(a, "there is no option %s", word);
		return 0;
	}
	if (!o->argument && inside) {
		args_wrong(a, "--%s takes no argument", o->name);
		return 0;
	}
	if (o->argument && !inside && n < 2) {
		args_wrong(a, "--%s wants %s", o->name, o->argument);
		return 0;
	}
	const char *value = !o->argument ? NULL : inside ? inside : words[1];
	a->given[a->given_count++] = (struct args_given){ o, value };
	return value && !inside ? 2 : 1;
}

static bool is_option(const char *word)
{
	return word[0] == '-' && word[1] && !isdigit((unsigned char)word[1]);
}

int args_parse(const struct command *command, char **words, size_t n, struct args *out)
{
	*out = (struct args){ .command = command };
	out->given = calloc(n + 1, sizeof *out->given);
	out->operands = calloc(n + 1, sizeof *out->operands);
	if (!out->given || !out->operands)
		return args_failed(out, "out of memory");
	bool options = true;
	for (size_t i = 0; i < n;) {
		if (options && strcmp(words[i], "--") == 0) {
			options = false;
			i++;
		} else if (options && is_option(words[i])) {
			size_t used = take_option(out, words + i, n - i);
			if (!used)
				return CLI_USAGE;
			i += used;
		} else {
			out->operands[out->operand_count++] = words[i++];
		}
	}
	if (args_has(out, "help"))
		return CLI_DONE;
	if (out->operand_count < command->least)
		return args_wrong(out, "it wants %s", command->operands);
	if (out->operand_count > command->most)
		return args_wrong(out, "too much: %s", out->operands[command->most]);
	return CLI_DONE;
}

void args_done(struct args *a)
{
	free(a->given);
	free(a->operands);
	*a = (struct args){ 0 };
}

const char *args_next(const struct args *a, const char *name, size_t *at)
{
	while (*at < a->given_count) {
		const struct args_given *g = &a->given[(*at)++];
		if (strcmp(g->option->name, name) == 0)
			return g->value ? g->value : "";
	}
	return NULL;
}

bool args_has(const struct args *a, const char *name)
{
	size_t at = 0;
	return args_next(a, name, &at) != NULL;
}

const char *args_value(const struct args *a, const char *name)
{
	const char *last = NULL;
	size_t at = 0;
	for (const char *v; (v = args_next(a, name, &at));)
		last = v;
	return last;
}

bool args_number(const struct args *a, const char *name, unsigned long min, unsigned long max, unsigned long *out)
{
	const char *text = args_value(a, name);
	if (!text)
		return true;
	char *end;
	unsigned long v = strtoul(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end || strlen(text) > 18 || v < min || v > max) {
		args_wrong(a, "--%s %s: write a whole number from %lu to %lu", name, text, min, max);
		return false;
	}
	*out = v;
	return true;
}
