// SPDX-License-Identifier: Apache-2.0
// The build that is shipped needs nothing besides io/calls.c.
#include "io/calls.h"

#include <stddef.h>

const int calls_extra[] = { CALLS_END };
const char *const calls_extra_readable[] = { NULL };
