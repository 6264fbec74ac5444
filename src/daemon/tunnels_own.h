// SPDX-License-Identifier: Apache-2.0
// What the files of the tunnels share: tunnels.c (sites), tunnels_worker.c (a worker's data plane), tunnels_status.c.
#ifndef DAEMON_TUNNELS_OWN_H
#define DAEMON_TUNNELS_OWN_H

#include <pthread.h>

#include "daemon/tunnels.h"
#include "crypto/digest.h"
#include "tunnel/keyer.h"
#include "tunnel/lab_keys.h"
#include "tunnel/plane.h"

// Of one worker; touched by its thread alone once that runs.
struct tunnel_worker {
	struct tunnels *tunnels;
	unsigned index;
	struct worker *worker;
	struct aead_engine *engine;
	struct plane *plane;
};

enum { TUNNEL_MARK = 32 };

static const int64_t TUNNEL_DPD = INT64_C(60) * 1000000000; // a silent site is asked whether it lives

// A site by its number.
struct tunnel_site {
	char *name;
	bool up; // in force
	unsigned worker;
	bool ike;                  // its keys are IKE's; otherwise manual
	uint32_t ike_id;           // what IKE calls it
	uint8_t mark[TUNNEL_MARK]; // of its configuration
	uint8_t next_mark[TUNNEL_MARK];
	const struct config_ike *next_ike;
	struct lab_keys keys;
	struct lab_counter counter;
	// Made ready and not yet in force.
	bool wanted, fresh; // fresh: `next` is what it gets
	struct lab_keys next;
	struct lab_counter next_counter; // fd -1: goes on with that of now
};

struct tunnels {
	struct tunnels_options o;
	struct keyer *keyer;
	// Of the keyer's thread: what IKE's sites are called here, and our listeners.
	uint32_t *numbers;
	size_t number_count;
	struct addr paths[INTAKE_LISTENERS]; // port 0: none
	unsigned worker_count;
	struct tunnel_worker workers[INTAKE_WORKERS];
	pthread_mutex_t lock; // whoever adds a site may move all of them, while the keyer's thread looks at their names
	struct tunnel_site *sites;
	size_t site_count;
	struct inside *questions; // NULL: none
};

enum st tunnel_worker_open(struct tunnels *t, unsigned index);
void tunnel_worker_close(struct tunnel_worker *w);

// The site of a name, made when there is none. NULL: no memory.
struct tunnel_site *tunnel_site_of(struct tunnels *t, const char *name);

// tunnels_ike.c
enum st tunnels_ike_new(struct tunnels *t);
enum st tunnels_ike_prepare(struct tunnels *t, const struct config *c);
// Sites that are IKE's no longer first, then those that are new or changed.
void tunnels_ike_apply(struct tunnels *t, const struct config *c, const struct listeners *ls, struct text *said);
// What IKE knows of each site, by number.
struct tunnel_look {
	bool ike, up; // its keys are IKE's; it is connected
	struct ike_view view;
};
// *n of them, which the caller frees. NULL: no memory, or no sites. On any thread.
struct tunnel_look *tunnels_ike_look(struct tunnels *t, struct ike_counters *counters, size_t *n);

#endif
