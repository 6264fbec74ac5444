// SPDX-License-Identifier: Apache-2.0
// What the files of the tunnels share: tunnels.c (sites), tunnels_worker.c (a worker's data plane), tunnels_status.c.
#ifndef DAEMON_TUNNELS_OWN_H
#define DAEMON_TUNNELS_OWN_H

#include "daemon/tunnels.h"
#include "tunnel/lab_keys.h"
#include "tunnel/plane.h"

// Of one worker; touched by its thread alone once that runs.
struct tunnel_worker {
	struct worker *worker;
	struct aead_engine *engine;
	struct plane *plane;
};

// A site by its number. Only manual keys so far.
struct tunnel_site {
	char *name;
	bool up;
	unsigned worker;
	struct lab_keys keys;
	struct lab_counter counter;
	// Made ready and not yet in force.
	bool wanted, fresh; // fresh: `next` is what it gets
	struct lab_keys next;
	struct lab_counter next_counter; // fd -1: goes on with that of now
};

struct tunnels {
	struct crypto *crypto;
	unsigned worker_count;
	struct tunnel_worker workers[INTAKE_WORKERS];
	struct tunnel_site *sites;
	size_t site_count;
};

enum st tunnel_worker_open(struct tunnel_worker *w, struct crypto *crypto, struct worker *worker, unsigned index,
                           unsigned workers);
void tunnel_worker_close(struct tunnel_worker *w);

#endif
