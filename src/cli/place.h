// SPDX-License-Identifier: Apache-2.0
// Where a command finds its data, and what it writes to.
#ifndef CLI_PLACE_H
#define CLI_PLACE_H

#include "cli/options.h"
#include "daemon/config.h"

// The configuration that -c and --data name, complaints on stderr only when it has errors. CLI_DONE, or CLI_FAILED.
int place_config(const struct args *a, struct config **out);
// The data folder alone: --data, or as the configuration says. Malloced. CLI_DONE, or CLI_FAILED after a line on stderr.
int place_data(const struct args *a, char **out);
// Colour: a terminal, and NO_COLOR (no-color.org) not set.
bool place_colour(void);

#endif
