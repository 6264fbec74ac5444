// SPDX-License-Identifier: Apache-2.0
// The key table: every key of trapline.yaml, one row each: where it may stand, its type, where its value goes.
#ifndef DAEMON_CONFIG_KEYS_H
#define DAEMON_CONFIG_KEYS_H

#include "daemon/config_types.h"

enum config_block {
	BLOCK_TOP,
	BLOCK_RETENTION,
	BLOCK_COMMUNITY,
	BLOCK_USER,
	BLOCK_TUNNEL,
	BLOCK_IDENTITY,
	BLOCK_SITE,
	BLOCK_DENIED,
	BLOCK_READ,
	BLOCK_RULE_FILE, // the top of a rule file, which is a file of its own
	BLOCK_RULE,
	BLOCK_RULE_VALUE,
	BLOCK_COUNT
};

enum config_shape {
	SHAPE_ONE,   // one value
	SHAPE_LIST,  // a list of values
	SHAPE_BLOCK, // keys and values
	SHAPE_BLOCKS // a list of keys and values
};

struct config_build;
struct setting;
// Puts a checked setting where it belongs. `target` is what the block's own put made (struct policy_community for a
// community's keys), the struct config at the top.
typedef void config_put_fn(struct config_build *b, void *target, const struct setting *s);

struct config_key {
	enum config_block in;
	const char *name;
	enum config_shape shape;
	enum config_type type;
	uint64_t max;            // TYPE_NUMBER
	enum config_block block; // SHAPE_BLOCK, SHAPE_BLOCKS
	config_put_fn *put;      // NULL: not in force yet
	const char *meaning;     // for the man page and `help`
};

const struct config_key *config_keys(size_t *n);
const struct config_key *config_key_find(enum config_block in, const char *name);
// The key of the block that was probably meant, or NULL.
const struct config_key *config_key_near(enum config_block in, const char *name);
// An example of an entry, for complaints: "{ name: rotterdam, from: [ 10.1.0.0/16 ] }".
const char *config_block_example(enum config_block block);

#endif
