// SPDX-License-Identifier: Apache-2.0
// The options of a command, as a table, and what was given of them. Help, manual and completion read the same rows.
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

// What completes an option's argument besides a list of words.
#define COMPLETE_FILE "@file"
#define COMPLETE_FOLDER "@folder"

struct cli_option {
	const char *name;     // "since", given as --since
	char letter;          // 'c', given as -c; 0: none
	const char *argument; // "WHEN"; NULL: a switch
	const char *words;    // "udp tcp", COMPLETE_FILE or COMPLETE_FOLDER; NULL: nothing
	const char *help;     // one line
};

struct command;

struct args_given {
	const struct cli_option *option;
	const char *value; // NULL for a switch
};

struct args {
	const struct command *command;
	struct args_given *given;
	size_t given_count;
	const char **operands;
	size_t operand_count;
};

// Reads what follows the command's name: options anywhere, "--" ends them, and "-" with a digit is an operand (a negative
// number). CLI_DONE, or CLI_USAGE or CLI_FAILED after a line on stderr. args_done in any case.
int args_parse(const struct command *command, char **words, size_t n, struct args *out);
void args_done(struct args *a);

bool args_has(const struct args *a, const char *name);
const char *args_value(const struct args *a, const char *name); // the last one given, or NULL
// The next value of a repeatable option after the first *at given ones; NULL at the end.
const char *args_next(const struct args *a, const char *name, size_t *at);

// "trapline events: ..." and how to get help on stderr; returns CLI_USAGE.
__attribute__((format(printf, 2, 3))) int args_wrong(const struct args *a, const char *format, ...);
// "trapline events: ..." on stderr; returns CLI_FAILED.
__attribute__((format(printf, 2, 3))) int args_failed(const struct args *a, const char *format, ...);
// A whole number of the range; false after args_wrong. *out keeps its value when the option was not given.
bool args_number(const struct args *a, const char *name, unsigned long min, unsigned long max, unsigned long *out);

#endif
