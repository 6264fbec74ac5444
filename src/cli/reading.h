// SPDX-License-Identifier: Apache-2.0
// state.db for the commands that read it by themselves, whether or not the collector runs.
#ifndef CLI_READING_H
#define CLI_READING_H

#include "cli/options.h"
#include "store/state.h"

struct reading {
	const struct args *args;
	char *dir;
	struct state *state;
};

// Opens the state of the data folder; says on stderr how much of the journal is not in it yet. CLI_DONE, or CLI_FAILED after a
// line on stderr. reading_close in any case.
int reading_open(const struct args *a, struct reading *out);
void reading_close(struct reading *r);
// The exit code for the status of a read, after a line on stderr when it is not ST_OK.
int reading_code(const struct reading *r, enum st st);
// A whole number as an operand, an id; false after a line on stderr.
bool reading_id(const struct args *a, const char *text, int64_t *out);

#endif
