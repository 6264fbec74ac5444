// SPDX-License-Identifier: Apache-2.0
// For builds with AddressSanitizer, LeakSanitizer or ThreadSanitizer only: at exit the leak check clones a process that
// shares our memory and stops our threads by ptrace, and reports read the memory map and the program's symbols.
#include "io/calls.h"

#include <seccomp.h>
#include <stddef.h>

const int calls_extra[] = { SCMP_SYS(clone), SCMP_SYS(ptrace),           SCMP_SYS(wait4), SCMP_SYS(waitid),
	                    SCMP_SYS(prctl), SCMP_SYS(personality),      SCMP_SYS(kill),  SCMP_SYS(prlimit64),
	                    SCMP_SYS(ioctl), SCMP_SYS(process_vm_readv), CALLS_END };
const char *const calls_extra_readable[] = { "/proc", "/usr", "/etc/ld.so.cache", NULL };
