// SPDX-License-Identifier: Apache-2.0
// The collector's asking back: the poller, who tells it whom to ask, and its credentials out of the configuration.
#ifndef DAEMON_ASKING_H
#define DAEMON_ASKING_H

#include <pthread.h>

#include "daemon/config.h"
#include "poll/watch.h"

struct asking_part {
	struct poller *poller;
	struct poll_watch *watch; // NULL while it does not run
	pthread_mutex_t lock;     // of watch
};

// Gives the poller what `read` says; takes config->access. A v3 entry uses the first of `users` with its name.
enum st asking_access(struct asking_part *a, struct config *config, struct span engine);
enum st asking_start(struct asking_part *a, const char *dir, struct writer *writer);
// A printer told an alert: it is asked soon. From any thread, at any time.
void asking_heard(struct asking_part *a, int64_t device);
void asking_stop(struct asking_part *a); // before the writer stops
void asking_free(struct asking_part *a);

#endif
