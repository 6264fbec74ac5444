// SPDX-License-Identifier: Apache-2.0
// The collector's listening sockets: opened by address, one for each worker, or taken over from the service manager, for the
// first worker. A port that cannot be had does not stop the collector: the listener says why, and who holds it.
#ifndef DAEMON_LISTENERS_H
#define DAEMON_LISTENERS_H

#include "daemon/config.h"
#include "intake/limits.h"
#include "intake/worker.h"

struct listener {
	bool used, open, tcp, passed; // passed: by the service manager
	bool tunnel;                  // ESP in UDP
	struct addr addr;
	char name[ADDR_TEXT + 8]; // "udp:0.0.0.0:2697"
	char why[256];            // when not open
	uint32_t rcvbuf;
	struct udp_socket udp[INTAKE_WORKERS]; // until handed to the workers
	int tcp_fd[INTAKE_WORKERS];            // likewise
};

struct listeners {
	struct listener list[INTAKE_LISTENERS];
};

// A listener's counters last as long as the process, so only INTAKE_LISTENERS different ones can be had in its time. Whether
// those of the configuration still can.
bool listeners_fit(struct listeners *ls, const struct config *c);
// Whether any is of the service manager's: those are served by the first worker, whoever sends.
bool listeners_passed(const struct listeners *ls);
// Opens what the configuration names and is not open, closes (on the workers too) what it names no longer.
// `first`: sockets from the service manager are looked at. Returns how many could not be opened.
unsigned listeners_apply(struct listeners *ls, const struct config *c, unsigned workers, bool first);
// Hands newly opened sockets to the workers and removes closed ones. Through worker_call.
enum st listeners_serve(struct listeners *ls, struct worker *const *workers, unsigned n);

#endif
