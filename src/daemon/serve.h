// SPDX-License-Identifier: Apache-2.0
// `trapline serve`: assembles the collector, locks it in, runs until SIGTERM or SIGINT; SIGHUP reloads.
#ifndef DAEMON_SERVE_H
#define DAEMON_SERVE_H

#include "daemon/config.h"

// Returns the exit code.
int serve_main(const struct config_flags *flags);

#endif
