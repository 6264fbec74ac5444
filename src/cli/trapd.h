// SPDX-License-Identifier: Apache-2.0
// What an snmptrapd.conf (Net-SNMP 5.9, snmptrapd.conf(5)) means for Trapline: who may send what, and where it listens.
// Lines come in one by one; what cannot be carried over is said with its place, and never with its values.
#ifndef CLI_TRAPD_H
#define CLI_TRAPD_H

#include "cli/trapd_words.h"
#include "daemon/config_tree.h"

struct trapd_community {
	char *community;
	char **from; // prefixes as text
	size_t from_count;
};

struct trapd_user {
	char *name, *auth_password, *priv_password;
	const char *auth, *priv; // as we spell them; NULL: none
	struct config_place place;
};

// authUser: who may send, at which level.
struct trapd_grant {
	char *name;
	uint8_t level; // enum event_level
	struct config_place place;
};

struct trapd {
	struct trapd_community *communities;
	struct trapd_user *users;
	struct trapd_grant *grants;
	char **listen;
	size_t community_count, user_count, grant_count, listen_count;
	bool everybody;     // disableAuthorization
	bool other_program; // after [snmpd] and the like
	bool no_memory;
	struct text said; // one complaint a line: FILE:LINE: what, and why
	unsigned left_out;
};

// A file that a line includes; `folder` for includeDir. The name is as it was written.
typedef void trapd_include_fn(void *arg, const char *name, bool folder, struct config_place at);

// One line, without its end. `file` outlives the trapd.
void trapd_line(struct trapd *t, struct config_place at, struct span line, trapd_include_fn *include, void *arg);
// A complaint about a place, as a line of `said`.
__attribute__((format(printf, 3, 4))) void trapd_left_out(struct trapd *t, struct config_place at, const char *format,
                                                          ...);
// After the last line: what was understood as our configuration, secrets in it. ST_NO_MEMORY.
enum st trapd_write(struct trapd *t, struct config_tree *out);
void trapd_done(struct trapd *t); // wipes

#endif
