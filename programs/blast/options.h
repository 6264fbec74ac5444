// SPDX-License-Identifier: Apache-2.0
// The command line of trapline-blast.
#ifndef BLAST_OPTIONS_H
#define BLAST_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "maker.h"
#include "train.h"

struct options {
	struct maker_options message;
	struct train_options train; // .size is filled in from the message
	uint64_t rate;              // messages per second, 0: as fast as it goes
	uint64_t count;             // messages to send, 0: by time
	int64_t duration;           // nanoseconds, 0: by count
	uint64_t first;             // the first sequence number
	int64_t timeout, linger;    // nanoseconds: until an inform is sent again; after the last new one
	uint32_t window;            // informs outstanding at most
	const char *acked_file;     // NULL: none
};

// 0: go on; otherwise the exit code plus one (help was asked for: 1, wrong usage: 3), and what was to be said is said.
int options_parse(int argc, char **argv, struct options *out);

#endif
