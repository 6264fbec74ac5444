// SPDX-License-Identifier: Apache-2.0
// What an operator decides about what waits: it is written to DIR/local.yaml, then the configuration is read again, so a
// decision stands over a restart and a crash in between completes at the next start.
#ifndef DAEMON_DECIDE_H
#define DAEMON_DECIDE_H

#include "daemon/collector.h"

// What is said about an item that is allowed; NULL: not said.
struct decide_wish {
	const char *label; // of its community; else the label it has elsewhere, or the sender's address
	const char *from;  // a prefix; else the sender's address alone
	const char *user;  // v3: must be the name it came with
	const char *auth, *auth_password, *priv, *priv_password, *level;
};

// Allows an item: adds its source and credential, or its user with these passwords, and moves what waited. A user's passwords
// are tried on the message first. ST_OK: nothing of it waits any more. ST_NONE: no such item. ST_SYNTAX: the wish lacks
// something or is wrong. ST_DIGEST and others of v3: the passwords are wrong. ST_BUSY: allowed, but still moving.
// `said` gets a sentence whenever it is not ST_OK, and warnings.
enum st decide_allow(struct collector *c, uint64_t id, const struct decide_wish *wish, struct text *said);
// Denies an item: its messages go away, and what comes later from this address with this credential does not wait.
enum st decide_deny(struct collector *c, uint64_t id, struct text *said);
// Whether a message verifies under a user of this name and these passwords.
enum st decide_try_user(struct collector *c, const struct waiting_facts *f, const struct decide_wish *wish);

#endif
