// SPDX-License-Identifier: Apache-2.0
// port_holder with another root folder, so that tests can show it a machine that this one is not.
#ifndef IO_PORTS_H
#define IO_PORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"

enum port_limits {
	PORT_SOCKETS_MAX = 16,  // sockets on one port that are looked for; more are the same program's workers
	PORT_PROCESSES_MAX = 4, // processes named in the sentence
};

void port_holder_under(const char *root, bool tcp, uint16_t port, struct text *out);

#endif
