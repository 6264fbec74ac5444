// SPDX-License-Identifier: Apache-2.0
// For builds with AddressSanitizer, LeakSanitizer or ThreadSanitizer only: at exit the leak check clones a process that
// shares our memory, stops our threads by ptrace and reads the memory map.
#include "io/calls.h"

#include <seccomp.h>
#include <stddef.h>

const int calls_extra[] = { SCMP_SYS(clone), SCMP_SYS(ptrace), SCMP_SYS(wait4), SCMP_SYS(prctl), CALLS_END };
const char *const calls_extra_readable[] = { "/proc", NULL };
