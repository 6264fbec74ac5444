// SPDX-License-Identifier: Apache-2.0
// The collector's end of the tunnels: a data plane (tunnel/plane.h) for each worker, the sites that the configuration gives
// keys to, and what `status` says of both. A site keeps its number as long as the process lives, whatever a reload does.
#ifndef DAEMON_TUNNELS_H
#define DAEMON_TUNNELS_H

#include "daemon/config.h"
#include "daemon/listeners.h"
#include "intake/worker.h"
#include "poll/inside.h"

struct tunnels;

struct tunnels_options {
	struct crypto *crypto;
	struct worker *const *workers;
	unsigned worker_count;
	const char *dir; // the data folder
	// Puts an event into the journal, from any thread. false: no room.
	bool (*note)(void *arg, uint8_t kind, struct span note);
	void *arg;
};

// ST_NO_MEMORY, ST_SYSTEM, ST_IO (the secret in DIR/ike-secret). The workers must not run yet, and have to be gone before
// tunnels_free, which wipes every key.
enum st tunnels_new(const struct tunnels_options *options, struct tunnels **out);
void tunnels_free(struct tunnels *t);
// IKE has a thread of its own, from here to there.
enum st tunnels_start(struct tunnels *t);
void tunnels_stop(struct tunnels *t);

// Whose questions to devices inside are carried; before the workers run. It outlives them.
void tunnels_ask(struct tunnels *t, struct inside *questions);
// Says of each site of `access` how it will be reached, by what tunnels_prepare made ready.
void tunnels_routes(const struct tunnels *t, struct poll_access *access);

// Makes ready for a configuration whatever may fail: counters reserved in the data folder. Not ST_OK: `said` has a line, and
// everything is as before. Each is followed by tunnels_apply or tunnels_cancel.
enum st tunnels_prepare(struct tunnels *t, const struct config *c, const char *dir, struct text *said);
// Puts it into force, through worker_call. A site whose keys are the same stays up as it is.
void tunnels_apply(struct tunnels *t, const struct config *c, const struct listeners *ls, struct text *said);
void tunnels_cancel(struct tunnels *t);
// Reserves counters ahead; once a second. A site that cannot is taken down before its counters end, with a line in `said`.
void tunnels_look(struct tunnels *t, struct text *said);

// The member "tunnel" of the status: counters that sum to what was received, and each site.
void tunnels_status(struct tunnels *t, struct json *j);
// Whether keys are in memory that is never swapped out; true when there are none.
bool tunnels_locked(struct tunnels *t);

#endif
