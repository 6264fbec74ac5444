// SPDX-License-Identifier: Apache-2.0
// One device being asked: which message comes next, and what an answer is. A core without sockets, clock and timers; who owns
// it (poller.h) sends, waits and sends again.
#ifndef POLL_ASK_H
#define POLL_ASK_H

#include "crypto/crypto.h"
#include "crypto/secret.h"
#include "poll/access.h"
#include "poll/result.h"

struct ask;

struct ask_config {
	const struct poll_credential *credential; // outlives the ask
	struct crypto *crypto;                    // v3
	struct random random;
};

enum ask_next {
	ASK_WAIT,  // not for us, or not believed: nothing changed
	ASK_SEND,  // ask_write again and send that
	ASK_ENDED, // ask_result
};

// ST_NO_MEMORY, ST_SYSTEM (no randomness), ST_SYNTAX (a v3 entry that cannot be used). The caller owns *out: ask_free.
enum st ask_new(const struct ask_config *config, struct ask **out);
void ask_free(struct ask *a);
// Writes the message that is due, again when it was lost. ST_FULL, ST_SYSTEM.
enum st ask_write(struct ask *a, int64_t now, struct wr *w);
enum ask_next ask_input(struct ask *a, int64_t now, struct span datagram);
// What was read until now; its st is ST_OK after ASK_ENDED only if all was read.
struct poll_result *ask_result(struct ask *a);

#endif
