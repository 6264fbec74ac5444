// SPDX-License-Identifier: Apache-2.0
// The tables of the system call filter. calls_plain.c or calls_sanitized.c gives the extra ones: Meson takes the second
// for a build with sanitizers, whose run-time library looks at its own process.
#ifndef IO_CALLS_H
#define IO_CALLS_H

#include <limits.h>
#include <stdint.h>

enum { CALLS_END = INT_MIN }; // neither a call nor one of libseccomp's pseudo numbers

// A call that is allowed when (argument & mask) == value.
struct call_if {
	int number;
	unsigned argument;
	uint64_t mask, value;
};

extern const int calls_allowed[];                // with any arguments; ends with CALLS_END
extern const struct call_if calls_if[];          // ends with number CALLS_END
extern const int calls_on_self[];                // argument 0 must be our own process id
extern const int calls_extra[];                  // allowed in this build besides
extern const char *const calls_extra_readable[]; // readable in this build besides; ends with NULL

#endif
