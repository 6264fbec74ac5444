// SPDX-License-Identifier: Apache-2.0
// The command table: what `trapline` can do, one row a command. Help, manual page and completion are made from it.
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/options.h"

typedef int command_fn(const struct args *a); // returns an exit code (enum cli_exit)

struct command {
	const char *name;
	const char *operands;             // "OID|NAME [VARBIND]..."; "" for none
	const char *words;                // what completes the first operand; NULL: nothing
	unsigned least, most;             // how many operands
	const char *summary;              // one line, for the list
	const char *about;                // a paragraph, for help and manual
	const struct cli_option *options; // ends with a row without a name; --help is in every one
	command_fn *run;
};

const struct command *command_find(const char *name); // NULL: no such command
// The rows in the order of help; NULL after the last.
const struct command *command_at(size_t i);

command_fn cmd_ack, cmd_alarms, cmd_check, cmd_clear, cmd_completion, cmd_decode, cmd_demo, cmd_devices, cmd_engine,
        cmd_events, cmd_explain, cmd_help, cmd_import, cmd_join, cmd_rebuild, cmd_rules, cmd_send, cmd_serve,
        cmd_silence, cmd_site, cmd_status, cmd_tunnel, cmd_verify, cmd_version, cmd_waiting, cmd_wrap;

#endif
