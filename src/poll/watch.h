// SPDX-License-Identifier: Apache-2.0
// Who is to be asked: a thread that reads state.db as any reader does. A device with an open alarm that was told of since the
// last look is asked soon, every other one with open alarms every few minutes.
#ifndef POLL_WATCH_H
#define POLL_WATCH_H

#include "poll/poller.h"

struct poll_watch;

// `dir` is copied; the poller outlives the watch. ST_NO_MEMORY, ST_SYSTEM.
enum st poll_watch_start(const char *dir, struct poller *p, struct poll_watch **out);
// This printer told an alert, whatever came of it: it is asked soon. From any thread.
void poll_watch_heard(struct poll_watch *w, int64_t device);
void poll_watch_stop(struct poll_watch *w); // NULL is fine

#endif
