// SPDX-License-Identifier: Apache-2.0
// Between the poller and the workers that carry tunnels: what is said to devices inside, and what comes back. To each worker a
// bounded ring, and one from it. A record names the site by number and the round by device and token, never by a pointer: the
// worker seals it by the SA that the site has at that moment, and what it names may be gone when an answer comes.
#ifndef POLL_INSIDE_H
#define POLL_INSIDE_H

#include "base/addr.h"
#include "base/span.h"

struct inside;

struct inside_config {
	unsigned workers; // at most POLL_INSIDE_WORKERS
	void *arg;
	void (*wake)(void *arg, unsigned worker); // something is due for it
	void *asker;
	void (*wake_asker)(void *asker); // the same the other way
};

// ST_NO_MEMORY, ST_FULL (workers). The caller owns *out.
enum st inside_new(const struct inside_config *config, struct inside **out);
void inside_free(struct inside *in); // NULL is fine

struct inside_out {
	uint32_t site;
	int64_t device; // with the token, to say that it could not be sent
	uint64_t token;
	struct addr to;
	struct span bytes;
};

struct inside_in {
	uint32_t site;
	enum st why;    // ST_OK: a datagram `from` inside the site. Else: what `token` names was not sent
	int64_t device; // only then
	uint64_t token;
	struct addr from;
	struct span bytes;
};

// On the asker's thread. false: no room; counted, and lost like any datagram.
bool inside_say(struct inside *in, unsigned worker, const struct inside_out *out);
// Wakes the workers that something was said to since the last time: at the end of a turn.
void inside_said(struct inside *in);
// The next of what came, from whichever worker; its bytes are valid until the next call. false: nothing.
bool inside_next(struct inside *in, struct inside_in *out);

// On the thread of `worker`, in the same way.
bool inside_due(struct inside *in, unsigned worker, struct inside_out *out);
void inside_put(struct inside *in, unsigned worker, const struct inside_in *what);
void inside_done(struct inside *in, unsigned worker);

// What found no room, both ways; from any thread.
uint64_t inside_lost(const struct inside *in);

#endif
