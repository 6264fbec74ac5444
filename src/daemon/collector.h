// SPDX-License-Identifier: Apache-2.0
// The running collector: everything that `serve` assembles, and what may be asked of it while it runs.
#ifndef DAEMON_COLLECTOR_H
#define DAEMON_COLLECTOR_H

#include <pthread.h>

#include "daemon/asking.h"
#include "daemon/config.h"
#include "daemon/listeners.h"
#include "daemon/tunnels.h"
#include "crypto/crypto.h"
#include "deliver/follower.h"
#include "intake/waiting.h"
#include "intake/worker.h"
#include "io/sandbox.h"
#include "store/engine_file.h"
#include "store/writer.h"

enum { COLLECTOR_OWN_RING = 2 << 20 }; // bytes; full: an event of the collector's own is left out

struct collector {
	struct config_flags flags;
	struct config *config;
	struct listeners listeners;
	struct worker *workers[INTAKE_WORKERS];
	unsigned worker_count;
	struct tunnels *tunnels;
	struct journal *journal; // until the writer has it
	struct writer *writer;
	struct waiting *room;
	struct engine_file engine;
	struct crypto *crypto;
	struct ring own;          // the collector's own events
	pthread_mutex_t own_lock; // several threads write them
	pthread_cond_t own_freed; // some of them are on disk
	struct follower *alarms;
	struct asking_part asking;
	struct sandbox_state sandbox;
	struct hash_key key;
	int64_t since;          // wall
	int64_t engine_started; // monotonic, when our snmpEngineTime was 0
	pthread_mutex_t lock;   // reload, status and saving, which come from different threads
};

// Each returns an exit code: 0, or why not after a line on stderr.
int collector_open(struct collector *c, const struct config_flags *flags); // sockets, privileges, journal, engine
int collector_start(struct collector *c);                                  // threads; after lock-in
void collector_stop(struct collector *c);
void collector_free(struct collector *c);

// Reads the configuration again; all or nothing. `said` gets what there is to complain about.
enum st collector_reload(struct collector *c, struct text *said);
// Once a second: what has to be looked after besides.
void collector_look(struct collector *c);
// The object of `status --json`.
void collector_status(struct collector *c, struct text *out);
// What the workers learned of engines, so that it survives the next start: DIR/engines.
void collector_save_engines(struct collector *c);
int collector_load_engines(struct collector *c);
// Puts one of the collector's own events into the journal; note: a JSON object. From any thread. false: there is no room
// for it now.
bool collector_note(struct collector *c, uint8_t kind, struct span note);
// The same, and waits until it is on disk. ST_FULL: there is no room for it now; ST_BUSY: it is not there after so long, and
// comes when the disk lets it.
enum st collector_note_durable(struct collector *c, uint8_t kind, struct span note, int64_t ms);

#endif
