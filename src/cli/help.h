// SPDX-License-Identifier: Apache-2.0
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/commands.h"

// One command with its options on stdout; returns CLI_DONE.
int help_print(const struct command *c);

#endif
