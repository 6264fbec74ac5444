// SPDX-License-Identifier: Apache-2.0
// A command that runs on until it is told to stop.
#ifndef CLI_RUN_LOOP_H
#define CLI_RUN_LOOP_H

#include "cli/options.h"
#include "io/loop.h"

// Locks the process in (io/sandbox.h) and runs the loop until SIGINT or SIGTERM. CLI_DONE, or CLI_FAILED after a line on stderr.
int run_loop(const struct args *a, struct loop *l);

#endif
