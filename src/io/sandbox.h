// SPDX-License-Identifier: Apache-2.0
// Locked in after start (rule 11): no new privileges, Landlock for files where the kernel has it, seccomp for system
// calls. Must be called by the first thread before any other is started; threads inherit it.
#ifndef IO_SANDBOX_H
#define IO_SANDBOX_H

#include <stdbool.h>

#include "base/status.h"

// Each may be NULL. A readable path that does not exist is skipped; a writable one must exist.
struct sandbox {
	const char *const *writable; // folders: read, write, create, remove, rename inside; NULL-terminated
	// Files or folders: read only; NULL-terminated. For files of /proc give "/proc" itself: those below it come and go
	// inside the kernel, and a rule goes with them. Landlock shows nothing secret of other processes there.
	const char *const *readable;
};

struct sandbox_state {
	int landlock_abi; // 0: the kernel has none
	bool seccomp;     // false: the kernel was built without it
};

// After it: files outside are EACCES, exec is EPERM, socket families but INET, INET6, UNIX, NETLINK are EPERM.
// Sockets on unprivileged ports, threads, the journal and reading the configuration's folders still work. Other
// processes cannot be made (fork is EPERM too), traced or signalled. ST_SYSTEM with errno: nothing may go on.
enum st sandbox_enter(const struct sandbox *s, struct sandbox_state *out);

// Before it: when started as root with a user given, become that user (its groups, no capabilities, no way back).
// ST_NONE: no such user. ST_DENIED: not root, or the user is root by another name. ST_SYSTEM with errno: the process is
// half way and must end.
enum st privileges_drop(const char *user);
// Gives up every capability and stays who it is. ST_SYSTEM with errno.
enum st privileges_forget(void);

#endif
