// SPDX-License-Identifier: Apache-2.0
// Landlock (Documentation/userspace-api/landlock.rst of the kernel): which files can still be opened. Called once by
// sandbox_enter. Each kernel is asked for as much as its ABI knows; Debian 12 has ABI 2. Networking is not restricted
// here: new listeners are opened after lock-in, on reload.
#include "io/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/scoped.h"
#include "io/calls.h"

// Rights that are younger than Debian 12's kernel headers.
#define RIGHT_TRUNCATE (UINT64_C(1) << 14)  // ABI 3
#define RIGHT_IOCTL_DEV (UINT64_C(1) << 15) // ABI 5

#define RIGHTS_OF_FILES                                                                                                \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | RIGHT_TRUNCATE |  \
	 RIGHT_IOCTL_DEV)
#define RIGHTS_OF_MAKING_SPECIAL                                                                                       \
	(LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |                 \
	 LANDLOCK_ACCESS_FS_MAKE_SYM)
#define RIGHTS_TO_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
// The control socket is made in the data folder, hence MAKE_SOCK.
#define RIGHTS_TO_WRITE                                                                                                \
	(RIGHTS_TO_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                              \
	 LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |                  \
	 LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_REFER | RIGHT_TRUNCATE)
#define RIGHTS_OF_ABI_1 (RIGHTS_TO_READ | (LANDLOCK_ACCESS_FS_MAKE_SYM * 2 - 1))

// Every right that an ABI knows.
static uint64_t rights_known(int abi)
{
	return RIGHTS_OF_ABI_1 | (abi >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0) | (abi >= 3 ? RIGHT_TRUNCATE : 0) |
	       (abi >= 5 ? RIGHT_IOCTL_DEV : 0);
}

// Allows `rights` at and below a path.
static enum st path_allow(int ruleset, const char *path, uint64_t rights)
{
	int scoped(fd_close) fd = open(path, O_PATH | O_CLOEXEC);
	struct stat info;
	if (fd < 0)
		return errno == ENOENT || errno == EACCES ? ST_NONE : ST_SYSTEM;
	if (fstat(fd, &info) < 0)
		return ST_SYSTEM;
	struct landlock_path_beneath_attr rule = { .allowed_access =
		                                           S_ISDIR(info.st_mode) ? rights : rights & RIGHTS_OF_FILES,
		                                   .parent_fd = fd };
	return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0 ? ST_SYSTEM : ST_OK;
}

static enum st paths_allow(int ruleset, const char *const *paths, uint64_t rights, bool must_exist)
{
	for (; paths && *paths; paths++) {
		enum st st = path_allow(ruleset, *paths, rights);
		if (st == ST_NONE && !must_exist)
			continue;
		if (st != ST_OK)
			return ST_SYSTEM;
	}
	return ST_OK;
}

enum st landlock_enter(const struct sandbox *s, int *abi)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	*abi = version > 0 ? (int)version : 0;
	if (*abi == 0)
		return ST_OK;
	uint64_t known = rights_known(*abi);
	struct landlock_ruleset_attr attr = { .handled_access_fs = known };
	int scoped(fd_close) ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
	if (ruleset < 0)
		return ST_SYSTEM;
	if (paths_allow(ruleset, s->writable, RIGHTS_TO_WRITE & known, true) != ST_OK ||
	    paths_allow(ruleset, s->readable, RIGHTS_TO_READ, false) != ST_OK ||
	    paths_allow(ruleset, calls_extra_readable, RIGHTS_TO_READ, false) != ST_OK)
		return ST_SYSTEM;
	return syscall(SYS_landlock_restrict_self, ruleset, 0) < 0 ? ST_SYSTEM : ST_OK;
}
