// SPDX-License-Identifier: Apache-2.0
// Becoming an ordinary user. Called by the daemon when root started it and the configuration names a user: after the
// privileged ports are open, before the sandbox. Nothing is believed: what was given up is asked for again.
#include "io/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// The three sets, each as two words of 32 capabilities (capabilities(7)).
static bool capabilities_clear(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return false;
	return syscall(SYS_capset, &head, none) == 0;
}

static bool capabilities_gone(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct now[_LINUX_CAPABILITY_U32S_3];
	if (syscall(SYS_capget, &head, now) < 0)
		return false;
	uint32_t left = 0;
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		left |= now[i].effective | now[i].permitted | now[i].inheritable;
	return left == 0;
}

static bool is_only(uid_t uid, gid_t gid)
{
	uid_t u[3];
	gid_t g[3];
	if (getresuid(&u[0], &u[1], &u[2]) < 0 || getresgid(&g[0], &g[1], &g[2]) < 0)
		return false;
	for (int i = 0; i < 3; i++)
		if (u[i] != uid || g[i] != gid)
			return false;
	return setuid(0) < 0 && seteuid(0) < 0 && capabilities_gone();
}

enum st privileges_drop(const char *user)
{
	errno = 0;
	const struct passwd *pw = getpwnam(user);
	if (!pw)
		return errno ? ST_SYSTEM : ST_NONE;
	uid_t uid = pw->pw_uid;
	gid_t gid = pw->pw_gid;
	if (uid == 0 || geteuid() != 0)
		return ST_DENIED;
	if (initgroups(user, gid) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return ST_SYSTEM;
	if (!capabilities_clear())
		return ST_SYSTEM;
	if (!is_only(uid, gid)) {
		errno = EPERM;
		return ST_SYSTEM;
	}
	return ST_OK;
}

enum st privileges_forget(void)
{
	if (capabilities_clear() && capabilities_gone())
		return ST_OK;
	errno = errno ? errno : EPERM;
	return ST_SYSTEM;
}
