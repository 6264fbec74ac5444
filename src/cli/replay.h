// SPDX-License-Identifier: Apache-2.0
// A capture as the events that a collector would have made of it, for a trial of rules.
#ifndef CLI_REPLAY_H
#define CLI_REPLAY_H

#include "cli/options.h"
#include "deliver/trial.h"

// Every trap and inform to port 162 or 2697 that the configuration's users and communities let in; where it has no community,
// every one of version 1 and 2c. *events: how many. CLI_DONE, or CLI_FAILED after a line on stderr.
int replay_capture(const struct args *a, const char *path, struct trial *t, uint64_t *events);

#endif
