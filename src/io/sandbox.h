// SPDX-License-Identifier: Apache-2.0
// Locked in after start (rule 11): no new privileges, Landlock for files where the kernel has it, seccomp for system
// calls. Must be called by the first thread before any other is started; threads inherit it.
#ifndef IO_SANDBOX_H
#define IO_SANDBOX_H

#include <stdbool.h>

#include "base/status.h"

struct sandbox {
	const char *const *writable; // folders: read, write, create, remove, rename inside; NULL-terminated
	const char *const *readable; // files or folders: read only; NULL-terminated
};

struct sandbox_state {
	int landlock_abi; // 0: the kernel has none
	bool seccomp;
};

// After it: files outside are EACCES, exec is EPERM, socket families but INET, INET6, UNIX, NETLINK are EPERM.
// Sockets on unprivileged ports, threads, the journal and reading the configuration's folders still work.
enum st sandbox_enter(const struct sandbox *s, struct sandbox_state *out);

// Before it: when started as root with a user given, become that user (its groups, no capabilities, no way back).
enum st privileges_drop(const char *user);

#endif
