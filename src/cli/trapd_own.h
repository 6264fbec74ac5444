// SPDX-License-Identifier: Apache-2.0
// The directives of snmptrapd.conf that mean something here, between the files that read them.
#ifndef CLI_TRAPD_OWN_H
#define CLI_TRAPD_OWN_H

#include "cli/trapd.h"

// A line: its directive and what follows it. `n` counts the arguments.
struct trapd_directive {
	struct trapd *trapd;
	const char *name;
	struct config_place at;
	char **argument; // NULL behind the last
	size_t n;
	trapd_include_fn *include;
	void *include_arg;
};

typedef void trapd_take_fn(const struct trapd_directive *d);

trapd_take_fn trapd_take_community, trapd_take_grant, trapd_take_user, trapd_take_listen; // trapd_take.c

// One more element at the end of a list, all zero; NULL: no memory (noted).
void *trapd_grow(struct trapd *t, void *list, size_t *count, size_t size);
char *trapd_copy(struct trapd *t, const char *text);

#endif
