// SPDX-License-Identifier: Apache-2.0
// The file part of the sandbox.
#ifndef IO_LANDLOCK_H
#define IO_LANDLOCK_H

#include "io/sandbox.h"

// Confines this thread (and those it starts) to the paths of s. *abi is what the kernel has, 0 for none, which is no
// error. no_new_privs must be set.
enum st landlock_enter(const struct sandbox *s, int *abi);

#endif
